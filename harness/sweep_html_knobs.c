#include "harness/report_text.h"
#include "harness/sweep_html_parts.h"

enum { KNOB_WIDTH = 600, CELL_HEIGHT = 46, INTERVAL_WIDTH = 90 };

/* ---- cliffs ---- */

static void loss_range(const struct sweep_knob *knob, double *min, double *max)
{
    *min = 1e18;
    *max = -1e18;
    for (size_t i = 0; i < knob->count; i++) {
        const struct sweep_step *step = &knob->steps[i];
        if (!step->feasible) continue;
        if (step->loss < *min) *min = step->loss;
        if (step->loss > *max) *max = step->loss;
    }
}

static void put_title(struct buf *out, const struct sweep_parameter *parameter,
                      const struct sweep_step *step)
{
    buf_puts(out, "<title>");
    sweep_value_format(parameter->row, step->value, out);
    if (step->feasible) {
        buf_printf(out, ": loss %.2f", step->loss);
    } else {
        buf_puts(out, ": infeasible: ");
        report_text_escaped(out, step->why);
    }
    buf_puts(out, "</title>");
}

struct cell {
    double x, width, height;
};

static void put_cell(struct buf *out, const struct sweep_parameter *parameter,
                     const struct sweep_step *step, const struct cell *cell)
{
    buf_puts(out, "<g>");
    put_title(out, parameter, step);
    if (step->feasible) {
        buf_printf(out,
                   "<rect class=\"cell\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                   cell->x + 2, CELL_HEIGHT - cell->height, cell->width - 4, cell->height);
    } else {
        buf_printf(out,
                   "<rect class=\"cell bad\" x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%d\"/>",
                   cell->x + 2, cell->width - 4, CELL_HEIGHT);
        buf_printf(out, "<path class=\"cross\" d=\"M%.1f 18l10 10m0-10l-10 10\"/>",
                   cell->x + cell->width / 2 - 5);
    }
    buf_puts(out, "</g>\n");
}

/* One scale for all knobs: the widest of them fills its row, one that hardly matters is flat. */
static double loss_span(const struct sweep *sweep)
{
    double span = 0;
    for (size_t i = 0; i < sweep->spec->space.count; i++) {
        const struct sweep_knob *const knobs[] = { &sweep->pick_knobs[i],
                                                   &sweep->current_knobs[i] };
        for (size_t k = 0; k < 2; k++) {
            double min, max;
            if (knobs[k]->count == 0) continue;
            loss_range(knobs[k], &min, &max);
            if (max - min > span) span = max - min;
        }
    }
    return span;
}

/* Bars of the loss: the higher, the worse; the lowest still has a height. */
static void put_knob(struct buf *out, const struct sweep_parameter *parameter,
                     const struct sweep_knob *knob, uint64_t own, const char *whose,
                     double span)
{
    double min, max;
    loss_range(knob, &min, &max);
    double width = KNOB_WIDTH / (double)knob->count;
    buf_printf(out, "<svg viewBox=\"-1 -2 %d %d\" role=\"img\" aria-label=\"%s along %s\">\n",
               KNOB_WIDTH + 2, CELL_HEIGHT + 4, whose, parameter->row->key);
    for (size_t i = 0; i < knob->count; i++) {
        const struct sweep_step *step = &knob->steps[i];
        double share = max > min ? (step->loss - min) / span : 0;
        struct cell cell = { (double)i * width, width, 5 + share * (CELL_HEIGHT - 5) };
        put_cell(out, parameter, step, &cell);
        if (step->value != own) continue;
        buf_printf(out,
                   "<rect class=\"own\" x=\"%.1f\" y=\"-1\" width=\"%.1f\" height=\"%d\"/>",
                   cell.x, cell.width, CELL_HEIGHT + 2);
    }
    buf_puts(out, "</svg>\n<p><span>");
    sweep_value_format(parameter->row, knob->steps[0].value, out);
    buf_printf(out, "</span><span>%s: ", whose);
    sweep_value_format(parameter->row, own, out);
    if (max > min) buf_printf(out, "; loss %.2f to %.2f where feasible", min, max);
    buf_puts(out, "</span><span>");
    sweep_value_format(parameter->row, knob->steps[knob->count - 1].value, out);
    buf_puts(out, "</span></p>\n");
}

void sweep_html_knobs(struct buf *out, const struct sweep *sweep)
{
    sweep_html_open(out, "Cliffs",
                    "Along each setting, all others as in the pick, and as they are now. A cross: "
                    "infeasible, with the reason when touched; a bar: its loss, the higher the "
                    "worse, over the lowest of its row and to one scale for all rows; framed: the "
                    "setting's own value.");
    bool both = !sweep->finalists[0].is_current;
    double span = loss_span(sweep);
    for (size_t i = 0; i < sweep->spec->space.count; i++) {
        const struct sweep_parameter *parameter = &sweep->spec->space.parameters[i];
        buf_printf(out, "<div class=\"knob\"><h3>%s</h3>\n", parameter->row->key);
        if (both) {
            put_knob(out, parameter, &sweep->pick_knobs[i], sweep->finalists[0].point.values[i],
                     "pick", span);
        }
        put_knob(out, parameter, &sweep->current_knobs[i], parameter->current, "current",
                 span);
        buf_puts(out, "</div>\n");
    }
    sweep_html_close(out);
}

/* ---- paired differences ---- */

static void put_interval(struct buf *out, enum sweep_objective objective,
                         const struct sweep_interval *interval, double reach)
{
    bool more_is_better = objective == SWEEP_FRESH;
    const char *class = "";
    if (interval->low > 0) class = more_is_better ? " better" : " worse";
    if (interval->high < 0) class = more_is_better ? " worse" : " better";
    double half = INTERVAL_WIDTH / 2.0;
    double scale = reach > 0 ? (half - 4) / reach : 0;
    buf_printf(out, "<svg class=\"interval%s\" viewBox=\"0 0 %d 14\" aria-hidden=\"true\">"
                    "<line class=\"zero\" x1=\"%.0f\" x2=\"%.0f\" y1=\"0\" y2=\"14\"/>"
                    "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"7\" y2=\"7\"/>"
                    "<circle cx=\"%.1f\" cy=\"7\" r=\"3\"/></svg>",
               class, INTERVAL_WIDTH, half, half, half + scale * interval->low,
               half + scale * interval->high, half + scale * interval->mean);
}

static double reach_of(const struct sweep_interval *interval)
{
    double low = interval->low < 0 ? -interval->low : interval->low;
    double high = interval->high < 0 ? -interval->high : interval->high;
    return low > high ? low : high;
}

static struct sweep_interval difference(const struct sweep *sweep, size_t scenario,
                                        enum sweep_objective objective)
{
    return sweep_paired(sweep, sweep->finalists[0].key, sweep->current.key, scenario, objective);
}

static bool is_shown(const struct sweep *sweep, enum sweep_objective objective)
{
    return objective == SWEEP_OBJECTIVES || sweep->spec->weights[objective] > 0;
}

static void put_row(struct buf *out, const struct sweep *sweep, size_t scenario,
                    const double reaches[SWEEP_OBJECTIVES + 1])
{
    bool all = scenario == sweep->fresh_scenarios;
    buf_puts(out, "<tr><th>");
    report_text_escaped(out, all ? "all of them"
                                 : sweep->world->suite.scenarios[scenario].scenario.name);
    if (!all && sweep->world->held_out[scenario]) buf_puts(out, " (held out)");
    buf_puts(out, "</th>");
    for (enum sweep_objective i = SWEEP_FRESH; i <= SWEEP_OBJECTIVES; i++) {
        if (!is_shown(sweep, i)) continue;
        struct sweep_interval interval = difference(sweep, scenario, i);
        buf_puts(out, "<td>");
        put_interval(out, i, &interval, reaches[i]);
        sweep_put_interval(out, i, &interval);
        buf_puts(out, "</td>");
    }
    buf_puts(out, "</tr>\n");
}

void sweep_html_pairs(struct buf *out, const struct sweep *sweep)
{
    sweep_html_open(out, "The pick beside the current setting",
                    "Differences, seed by seed with the same luck for both: mean over the fresh "
                    "seeds with its 95 % interval by Student's t. Green: better; red: worse; grey: "
                    "may be chance.");
    double reaches[SWEEP_OBJECTIVES + 1] = { 0 };
    buf_puts(out, "<div class=\"scroll\"><table><thead><tr><th>scenario</th>");
    for (enum sweep_objective i = SWEEP_FRESH; i <= SWEEP_OBJECTIVES; i++) {
        if (!is_shown(sweep, i)) continue;
        buf_printf(out, "<th>%s</th>", sweep_objective_title(i));
        for (size_t j = 0; j <= sweep->fresh_scenarios; j++) {
            struct sweep_interval interval = difference(sweep, j, i);
            if (reach_of(&interval) > reaches[i]) reaches[i] = reach_of(&interval);
        }
    }
    buf_puts(out, "</tr></thead><tbody>\n");
    put_row(out, sweep, sweep->fresh_scenarios, reaches);
    for (size_t i = 0; i < sweep->fresh_scenarios; i++) put_row(out, sweep, i, reaches);
    buf_puts(out, "</tbody></table></div>\n");
    sweep_html_close(out);
}
