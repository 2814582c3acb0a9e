#include "base/mem.h"
#include "harness/report_text.h"
#include "harness/sweep_html_parts.h"

enum {
    CHART_WIDTH = 760,
    CHART_HEIGHT = 380,
    CHART_LEFT = 56,
    CHART_BOTTOM = 40,
    BAR_HEIGHT = 30,
    BAR_LEFT = 230,
    EXPLAIN_BINS = 8,
};

/* ---- Pareto ---- */

struct axes {
    double x_min, x_max, y_min, y_max;
};

static void widen(struct axes *axes, double x, double y)
{
    if (x < axes->x_min) axes->x_min = x;
    if (x > axes->x_max) axes->x_max = x;
    if (y < axes->y_min) axes->y_min = y;
    if (y > axes->y_max) axes->y_max = y;
}

static bool has_values(const struct sweep_candidate *candidate)
{
    return candidate->score.blocks > candidate->score.impossible;
}

static double place(double value, double min, double max, double length)
{
    return max > min ? (value - min) / (max - min) * length : length / 2;
}

static void put_point(struct buf *out, const struct axes *axes, const struct sweep_score *score,
                      const char *class, const char *title)
{
    double x = CHART_LEFT + place(score->value[SWEEP_CALLS], axes->x_min, axes->x_max,
                                  CHART_WIDTH - CHART_LEFT - 10);
    double y = CHART_HEIGHT - CHART_BOTTOM - place(score->value[SWEEP_FRESH], axes->y_min,
                                                   axes->y_max, CHART_HEIGHT - CHART_BOTTOM - 10);
    bool large = class[0] == 'p' || class[0] == 'c';
    buf_printf(out, "<circle class=\"point %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\">", class, x, y,
               large ? 7 : 3);
    buf_printf(out, "<title>%s: %.2f %% fresh, %.3f calls per request, %.2f %% slow, %.2f s "
                    "recovery, loss %.2f</title></circle>\n",
               title, 100 * score->value[SWEEP_FRESH], score->value[SWEEP_CALLS],
               100 * score->value[SWEEP_SLOW], score->value[SWEEP_RECOVERY], score->loss);
}

static void put_axes(struct buf *out, const struct axes *axes)
{
    buf_printf(out, "<path class=\"axis\" d=\"M%d 10V%dH%d\"/>\n", CHART_LEFT,
               CHART_HEIGHT - CHART_BOTTOM, CHART_WIDTH - 10);
    for (int i = 0; i <= 4; i++) {
        double share = i / 4.0;
        double x = CHART_LEFT + share * (CHART_WIDTH - CHART_LEFT - 10);
        double y = CHART_HEIGHT - CHART_BOTTOM - share * (CHART_HEIGHT - CHART_BOTTOM - 10);
        buf_printf(out, "<text class=\"middle\" x=\"%.0f\" y=\"%d\">%.2f</text>\n", x,
                   CHART_HEIGHT - CHART_BOTTOM + 16,
                   axes->x_min + share * (axes->x_max - axes->x_min));
        buf_printf(out, "<text class=\"end\" x=\"%d\" y=\"%.0f\">%.1f %%</text>\n", CHART_LEFT - 6,
                   y + 4, 100 * (axes->y_min + share * (axes->y_max - axes->y_min)));
    }
    buf_printf(out, "<text class=\"middle\" x=\"%d\" y=\"%d\">upstream calls per request "
                    "(up: share of fresh answers)</text>\n",
               (CHART_WIDTH + CHART_LEFT) / 2, CHART_HEIGHT - 4);
}

/* In the first round's blocks for all, so that they can be compared. */
static void first_round(const struct sweep *sweep, uint64_t key, struct sweep_score *out)
{
    sweep_score_make(sweep->store, key, sweep->search_blocks, sweep_search_blocks(sweep, 1), out);
}

void sweep_html_pareto(struct buf *out, const struct sweep *sweep)
{
    sweep_html_open(out, "Freshness against load",
                    "Every configuration with the first seed. Grey: infeasible; blue: feasible; "
                    "teal: on the Pareto front of its last round, which counts slow answers and "
                    "recovery too; green: the pick; ring: the current setting.");
    struct axes axes = { 1e9, -1e9, 1e9, -1e9 };
    struct sweep_score *scores = mem_alloc(sweep->count, sizeof *scores);
    for (size_t i = 0; i < sweep->count; i++) {
        first_round(sweep, sweep->candidates[i].key, &scores[i]);
        if (!has_values(&sweep->candidates[i])) continue;
        widen(&axes, scores[i].value[SWEEP_CALLS], scores[i].value[SWEEP_FRESH]);
    }
    buf_printf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"share of "
                    "fresh answers over upstream calls per request\">\n",
               CHART_WIDTH, CHART_HEIGHT);
    put_axes(out, &axes);
    static const char *const classes[] = { "bad", "feasible", "front" };
    for (size_t layer = 0; layer < 3; layer++) {
        for (size_t i = 1; i < sweep->count; i++) {
            const struct sweep_candidate *candidate = &sweep->candidates[i];
            size_t own = candidate->front == 0 ? 0 : candidate->front == 1 ? 2 : 1;
            if (own != layer || !has_values(candidate)) continue;
            char title[32];
            snprintf(title, sizeof title, "%u", candidate->id);
            put_point(out, &axes, &scores[i], classes[layer], title);
        }
    }
    put_point(out, &axes, &scores[0], "current", "current");
    const struct sweep_finalist *pick = sweep_pick(sweep);
    if (pick != NULL && !pick->is_current) {
        struct sweep_score score;
        first_round(sweep, pick->key, &score);
        put_point(out, &axes, &score, "pick", "pick");
    }
    buf_puts(out, "</svg>\n");
    mem_free(scores);
    sweep_html_close(out);
}

/* ---- sensitivity ---- */

struct sample {
    uint64_t *values; /* owned */
    double *feasible; /* owned */
    double *losses;   /* owned */
    size_t count;
};

static void take_sample(const struct sweep *sweep, size_t parameter, struct sample *out)
{
    out->count = 0;
    for (size_t i = 1; i < sweep->count; i++) {
        const struct sweep_candidate *candidate = &sweep->candidates[i];
        struct sweep_score score;
        first_round(sweep, candidate->key, &score);
        if (score.blocks == score.impossible) continue;
        out->values[out->count] = candidate->point.values[parameter];
        out->feasible[out->count] = sweep_score_feasible(&score) ? 1 : 0;
        out->losses[out->count++] = score.loss;
    }
}

static void put_bars(struct buf *out, const char *name, size_t row, double feasible, double loss)
{
    double length = CHART_WIDTH - BAR_LEFT - 60;
    size_t y = row * BAR_HEIGHT;
    buf_printf(out, "<text class=\"name end\" x=\"%d\" y=\"%zu\">%s</text>", BAR_LEFT - 8, y + 18,
               name);
    buf_printf(out, "<rect class=\"bar second\" x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"9\"/>",
               BAR_LEFT, y + 4, feasible * length);
    buf_printf(out, "<text x=\"%.1f\" y=\"%zu\">%.0f %%</text>", BAR_LEFT + 5 + feasible * length,
               y + 13, 100 * feasible);
    buf_printf(out, "<rect class=\"bar\" x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"9\"/>",
               BAR_LEFT, y + 15, loss * length);
    buf_printf(out, "<text x=\"%.1f\" y=\"%zu\">%.0f %%</text>\n", BAR_LEFT + 5 + loss * length,
               y + 24, 100 * loss);
}

void sweep_html_sensitivity(struct buf *out, const struct sweep *sweep)
{
    size_t knobs = sweep->spec->space.count;
    sweep_html_open(out, "What matters",
                    "Share of the variance over the sample that each setting explains alone: "
                    "amber, whether a configuration is feasible; blue, its loss. What is missing "
                    "to 100 % is the settings' acting together.");
    buf_printf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %zu\" role=\"img\" "
                    "aria-label=\"sensitivity\">\n",
               CHART_WIDTH, knobs * BAR_HEIGHT + 4);
    struct sample sample = { .values = mem_alloc(sweep->count, sizeof *sample.values),
                             .feasible = mem_alloc(sweep->count, sizeof *sample.feasible),
                             .losses = mem_alloc(sweep->count, sizeof *sample.losses) };
    for (size_t i = 0; i < knobs; i++) {
        take_sample(sweep, i, &sample);
        put_bars(out, sweep->spec->space.parameters[i].row->key, i,
                 sweep_explained(sample.values, sample.feasible, sample.count, EXPLAIN_BINS),
                 sweep_explained(sample.values, sample.losses, sample.count, EXPLAIN_BINS));
    }
    buf_puts(out, "</svg>\n");
    mem_free(sample.values);
    mem_free(sample.feasible);
    mem_free(sample.losses);
    sweep_html_close(out);
}
