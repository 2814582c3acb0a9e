#include "base/mem.h"
#include "harness/report_text.h"
#include "harness/sweep_html_parts.h"

static void put_head_cells(struct buf *out, const struct sweep *sweep)
{
    buf_puts(out, "<th class=\"n\">loss</th>");
    for (enum sweep_objective i = SWEEP_FRESH; i < SWEEP_OBJECTIVES; i++) {
        if (sweep->spec->weights[i] <= 0) continue;
        buf_printf(out, "<th class=\"n\">%s</th>", sweep_objective_title(i));
    }
}

static void put_interval_cell(struct buf *out, enum sweep_objective objective,
                              const struct sweep_interval *interval)
{
    buf_puts(out, "<td class=\"n\">");
    sweep_put_interval(out, objective, interval);
    buf_puts(out, "</td>");
}

static void put_change(struct buf *out, const struct sweep *sweep, size_t i)
{
    const struct sweep_parameter *parameter = &sweep->spec->space.parameters[i];
    const struct sweep_effect *effect = &sweep->effects[i];
    buf_printf(out, "<tr><th>%s</th>", parameter->row->key);
    sweep_html_setting(out, parameter, parameter->current);
    sweep_html_setting(out, parameter, sweep->finalists[0].point.values[i]);
    put_interval_cell(out, SWEEP_OBJECTIVES, &effect->loss);
    for (enum sweep_objective j = SWEEP_FRESH; j < SWEEP_OBJECTIVES; j++) {
        if (sweep->spec->weights[j] > 0) put_interval_cell(out, j, &effect->objectives[j]);
    }
    buf_puts(out, "<td class=\"why\">");
    report_text_escaped(out, effect->why);
    buf_puts(out, "</td></tr>\n");
}

void sweep_html_changes(struct buf *out, const struct sweep *sweep)
{
    sweep_html_open(out, "What to set",
                    "Each line alone: the pick against the pick with the current value in this "
                    "place; mean over the fresh seeds with its 95 % interval. Less loss is "
                    "better.");
    buf_puts(out, "<div class=\"scroll\"><table><thead><tr><th>setting</th><th class=\"n\">from"
                  "</th><th class=\"n\">to</th>");
    put_head_cells(out, sweep);
    buf_puts(out, "<th>with the former value</th></tr></thead><tbody>\n");
    size_t same = 0;
    for (size_t i = 0; i < sweep->spec->space.count; i++) {
        if (sweep->effects[i].changed) put_change(out, sweep, i);
        else same++;
    }
    buf_puts(out, "</tbody></table></div>\n");
    if (same > 0) {
        buf_puts(out, "<p class=\"lead\">As before: ");
        const char *separator = "";
        for (size_t i = 0; i < sweep->spec->space.count; i++) {
            if (sweep->effects[i].changed) continue;
            buf_printf(out, "%s%s ", separator, sweep->spec->space.parameters[i].row->key);
            sweep_value_format(sweep->spec->space.parameters[i].row,
                               sweep->spec->space.parameters[i].current, out);
            separator = ", ";
        }
        buf_puts(out, ".</p>\n");
    }
    sweep_html_close(out);
}

/* ---- finalists ---- */

static void put_finalist(struct buf *out, const struct sweep *sweep, const char *name,
                         const struct sweep_finalist *finalist)
{
    buf_printf(out, "<tr><th>%s</th><td>", name);
    sweep_html_feasible(out, sweep_score_feasible(&finalist->fresh));
    buf_puts(out, "</td><td class=\"n\">");
    if (finalist->neighbours_known) {
        buf_printf(out, "%zu of %zu", finalist->neighbours_feasible, finalist->neighbour_count);
    } else {
        buf_puts(out, "not tried");
    }
    buf_printf(out, "</td><td class=\"n\">%.2f</td>", finalist->fresh.loss);
    for (enum sweep_objective i = SWEEP_FRESH; i < SWEEP_OBJECTIVES; i++) {
        if (sweep->spec->weights[i] <= 0) continue;
        buf_puts(out, "<td class=\"n\">");
        sweep_put_value(out, i, finalist->fresh.value[i]);
        buf_puts(out, "</td>");
    }
    for (size_t i = 0; i < sweep->spec->space.count; i++) {
        sweep_html_setting(out, &sweep->spec->space.parameters[i], finalist->point.values[i]);
    }
    buf_puts(out, "</tr>\n");
}

static void put_neighbours(struct buf *out, const struct sweep *sweep, const char *whose,
                           const struct sweep_finalist *finalist)
{
    if (!finalist->neighbours_known || sweep_finalist_robust(finalist)) return;
    buf_printf(out, "<h3>Beside %s, infeasible</h3>\n<ul>\n", whose);
    for (size_t i = 0; i < finalist->neighbour_count; i++) {
        const struct sweep_neighbour *neighbour = &finalist->neighbours[i];
        const struct sweep_parameter *parameter =
            &sweep->spec->space.parameters[neighbour->parameter];
        if (neighbour->feasible) continue;
        buf_printf(out, "<li>%s ", parameter->row->key);
        sweep_value_format(parameter->row, neighbour->value, out);
        buf_printf(out, " (%+d %%): ", neighbour->permille / 10);
        report_text_escaped(out, neighbour->where);
        if (neighbour->where[0] != '\0') buf_puts(out, ", ");
        report_text_escaped(out, neighbour->why);
        buf_puts(out, "</li>\n");
    }
    buf_puts(out, "</ul>\n");
}

void sweep_html_finalists(struct buf *out, const struct sweep *sweep)
{
    sweep_html_open(out, "Finalists",
                    "On fresh seeds and with the held-out scenarios: feasible first, then those "
                    "whose neighbours (each setting at -25 %, -10 %, +10 % and +25 %) are feasible "
                    "too, then by loss.");
    buf_puts(out, "<div class=\"scroll\"><table><thead><tr><th>configuration</th><th>fresh seeds"
                  "</th><th class=\"n\">neighbours feasible</th>");
    put_head_cells(out, sweep);
    for (size_t i = 0; i < sweep->spec->space.count; i++) {
        buf_printf(out, "<th class=\"n\">%s</th>", sweep->spec->space.parameters[i].row->key);
    }
    buf_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < sweep->finalist_count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%u%s%s", sweep->finalists[i].id,
                 sweep->finalists[i].is_shifted ? ", moved off a cliff" : "",
                 i == 0 ? " (pick)" : "");
        put_finalist(out, sweep, name, &sweep->finalists[i]);
    }
    put_finalist(out, sweep, "current", &sweep->current);
    buf_puts(out, "</tbody></table></div>\n");
    put_neighbours(out, sweep, "the pick", &sweep->finalists[0]);
    put_neighbours(out, sweep, "the current setting", &sweep->current);
    sweep_html_close(out);
}

/* ---- confirmation ---- */

static void put_world(struct buf *out, const struct sweep *sweep,
                      const struct sweep_measure *measure)
{
    if (measure->state == SWEEP_IMPOSSIBLE || measure->state == SWEEP_UNKNOWN) return;
    const double values[SWEEP_OBJECTIVES] = {
        [SWEEP_FRESH] = measure->fresh_ppm / 1e6,
        [SWEEP_SLOW] = measure->slow_ppm / 1e6,
        [SWEEP_CALLS] = measure->calls_ppm / 1e6,
        [SWEEP_RECOVERY] = (double)measure->recovery_ns / 1e9,
    };
    const char *separator = "";
    for (enum sweep_objective i = SWEEP_FRESH; i < SWEEP_OBJECTIVES; i++) {
        if (sweep->spec->weights[i] <= 0) continue;
        buf_puts(out, separator);
        if (i == SWEEP_RECOVERY && !measure->has_recovery) buf_puts(out, "–");
        else sweep_put_value(out, i, values[i]);
        separator = " · ";
    }
    if (measure->check[0] == '\0') return;
    buf_puts(out, "<br>");
    report_text_escaped(out, measure->check);
}

static void put_pair(struct buf *out, const struct sweep *sweep, const char *role,
                     const struct sweep_pair *pair)
{
    buf_printf(out, "<tr><th>%s</th><td>", role);
    report_text_escaped(out, sweep->world->suite.scenarios[pair->scenario].scenario.name);
    buf_puts(out, "</td><td>");
    sweep_html_feasible(out, pair->sim.state == SWEEP_FEASIBLE);
    buf_puts(out, "</td><td>");
    if (pair->status == CHECK_INVALID) buf_puts(out, "invalid run");
    else sweep_html_feasible(out, pair->real.state == SWEEP_FEASIBLE);
    if (pair->disagrees) buf_puts(out, "; the worlds disagree");
    buf_puts(out, "</td><td class=\"why\">");
    put_world(out, sweep, &pair->sim);
    buf_puts(out, "</td><td class=\"why\">");
    put_world(out, sweep, &pair->real);
    buf_puts(out, "</td></tr>\n");
}

void sweep_html_confirmation(struct buf *out, const struct sweep *sweep,
                             const struct sweep_confirmation *confirmation)
{
    if (!confirmation->done) {
        sweep_html_open(out, "Over real sockets", "Not played (yet).");
        sweep_html_close(out);
        return;
    }
    struct buf lead;
    buf_init(&lead, BUF_UNBOUNDED);
    report_text_escaped(&lead, confirmation->sentence);
    buf_printf(&lead, " One seed (%llu); measures: fresh · slow · calls · recovery, as far as "
                      "they count. <a href=\"confirm/index.html\">The whole report.</a>",
               (unsigned long long)sweep->spec->confirm_seed);
    sweep_html_open(out, "Over real sockets", buf_text(&lead));
    buf_deinit(&lead);
    buf_puts(out, "<div class=\"scroll\"><table><thead><tr><th>configuration</th><th>scenario</th>"
                  "<th>simulated</th><th>over sockets</th><th>simulated</th><th>over sockets</th>"
                  "</tr></thead><tbody>\n");
    for (size_t i = 0; i < confirmation->count; i++) {
        const struct sweep_confirmed *item = &confirmation->items[i];
        for (size_t j = 0; j < item->pair_count; j++) {
            put_pair(out, sweep, item->role, &item->pairs[j]);
        }
    }
    buf_puts(out, "</tbody></table></div>\n");
    sweep_html_close(out);
}

/* ---- refusals ---- */

void sweep_html_refusals(struct buf *out, const struct sweep *sweep)
{
    struct sweep_refusal *refusals;
    size_t count = sweep_refusals(sweep, &refusals);
    sweep_html_open(out, "Which scenarios refuse configurations",
                    "Of the first round, with the check that fails first most often. One that "
                    "refuses none chooses nothing; one that refuses all says nothing about "
                    "settings.");
    buf_puts(out, "<div class=\"scroll\"><table><thead><tr><th>scenario</th><th class=\"n\">refused"
                  "</th><th class=\"n\">of</th><th>most often</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++) {
        const struct sweep_refusal *refusal = &refusals[i];
        buf_puts(out, "<tr><th>");
        report_text_escaped(out,
                            sweep->world->suite.scenarios[refusal->scenario].scenario.name);
        buf_printf(out, "</th><td class=\"n\">%zu</td><td class=\"n\">%zu</td><td>",
                   refusal->refused, refusal->tried);
        report_text_escaped(out, refusal->check);
        if (refusal->check_count > 0) buf_printf(out, " (%zu)", refusal->check_count);
        buf_puts(out, "</td></tr>\n");
    }
    buf_puts(out, "</tbody></table></div>\n");
    mem_free(refusals);
    sweep_html_close(out);
}
