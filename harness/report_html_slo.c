#include <inttypes.h>

#include "harness/canary.h"
#include "harness/report_html_parts.h"
#include "harness/report_text.h"
#include "harness/slo.h"

/* ---- of one scenario ---- */

static void put_indicator(struct buf *out, const struct slo_indicator *indicator)
{
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    slo_sentence_write(indicator, &sentence);
    buf_printf(out, "<li><b>%s</b>: ", slo_kind_name(indicator->kind));
    report_text_share_escaped(out, indicator->good_ppm, 1000000);
    buf_puts(out, " good of ");
    report_text_count(out, indicator->n);
    buf_printf(out, " requests, the objective is %g&nbsp;%%; ",
               (double)indicator->objective_ppm / 10000);
    report_text_escaped(out, buf_text(&sentence));
    buf_puts(out, ".</li>\n");
    buf_deinit(&sentence);
}

static void put_rollback(struct buf *out, enum rollback_trigger trigger,
                         const struct rollback *rollback)
{
    if (!rollback->fired) return;
    buf_puts(out, "<li><b>rollback</b>: ");
    report_text_escaped(out, rollback_trigger_rule(trigger));
    buf_puts(out, ", at ");
    report_text_moment(out, rollback->at_ns);
    buf_puts(out, ".</li>\n");
}

static void put_world(struct buf *out, const struct suite_world *world)
{
    struct slo_report report;
    struct rollback rollbacks[ROLLBACK_TRIGGERS];
    if (!world->present) return;
    slo_report_make(&world->run, &report);
    buf_printf(out, "<p class=\"world\">%s</p>\n<ul class=\"levels\">\n",
               world_name(world->run.world));
    if (!report.known) {
        buf_puts(out, "<li>Not known: the run is not valid, or not complete.</li>\n</ul>\n");
        return;
    }
    for (size_t i = 0; i < SLO_COUNT; i++)
        put_indicator(out, &report.indicators[i]);
    rollback_find(&world->run, rollbacks);
    for (int i = 0; i < ROLLBACK_TRIGGERS; i++) {
        put_rollback(out, (enum rollback_trigger)i, &rollbacks[i]);
    }
    buf_puts(out, "</ul>\n");
}

void report_html_levels(struct buf *out, const struct suite_scenario *item)
{
    buf_puts(out, "<details><summary>Service levels, had this happened in production</summary>\n");
    put_world(out, &item->sim);
    put_world(out, &item->real);
    buf_puts(out, "</details>\n");
}

/* ---- of all ---- */

static void put_spent(struct buf *out, const struct slo_indicator *indicator)
{
    buf_printf(out, "<td class=\"n\" data-v=\"%" PRIu64 "\">", indicator->spent_ppm);
    report_text_share_escaped(out, indicator->good_ppm, 1000000);
    buf_printf(out, " <span class=\"%s\">%.1f&nbsp;%% spent</span></td>",
               indicator->spent_ppm > 20000 ? "hot" : "zero", (double)indicator->spent_ppm / 10000);
}

static void put_alerts(struct buf *out, const struct slo_report *report)
{
    const char *separator = "";
    for (size_t kind = 0; kind < SLO_COUNT; kind++) {
        for (size_t i = 0; i < SLO_ALERTS; i++) {
            const struct slo_alert *alert = &report->indicators[kind].alerts[i];
            if (!alert->fired) continue;
            buf_printf(out, "%s%s after ", separator, slo_alert_rules[i].severity);
            report_text_moment(out, alert->at_ns);
            buf_printf(out, " (%s)", slo_kind_name((enum slo_kind)kind));
            separator = ", ";
            break; /* the most urgent of an objective says it */
        }
    }
    if (separator[0] == '\0') buf_puts(out, "<span class=\"zero\">nobody</span>");
}

static void put_rollbacks(struct buf *out, const struct run *run)
{
    struct rollback rollbacks[ROLLBACK_TRIGGERS];
    const char *separator = "";
    rollback_find(run, rollbacks);
    for (int i = 0; i < ROLLBACK_TRIGGERS; i++) {
        if (!rollbacks[i].fired) continue;
        buf_printf(out, "%s%s at ", separator, rollback_trigger_name((enum rollback_trigger)i));
        report_text_moment(out, rollbacks[i].at_ns);
        separator = ", ";
    }
    if (separator[0] == '\0') buf_puts(out, "<span class=\"zero\">no</span>");
}

/* Whether it would have kept anybody busy. */
static bool is_quiet(const struct slo_report *report, const struct run *run)
{
    struct rollback rollbacks[ROLLBACK_TRIGGERS];
    rollback_find(run, rollbacks);
    for (int i = 0; i < ROLLBACK_TRIGGERS; i++) {
        if (rollbacks[i].fired) return false;
    }
    for (size_t kind = 0; kind < SLO_COUNT; kind++) {
        for (size_t i = 0; i < SLO_ALERTS; i++) {
            if (report->indicators[kind].alerts[i].fired) return false;
        }
    }
    return true;
}

static void put_row(struct buf *out, const struct suite_scenario *item, const struct run *run,
                    const struct slo_report *report)
{
    buf_puts(out, "<tbody><tr><th scope=\"row\"><a href=\"#");
    report_text_slug(out, item->scenario.name);
    buf_puts(out, "\">");
    report_text_escaped(out, item->scenario.name);
    buf_printf(out, "</a></th><td>%s</td>", world_name(run->world));
    for (size_t i = 0; i < SLO_COUNT; i++)
        put_spent(out, &report->indicators[i]);
    buf_puts(out, "<td>");
    put_alerts(out, report);
    buf_puts(out, "</td><td>");
    put_rollbacks(out, run);
    buf_puts(out, "</td></tr></tbody>\n");
}

/* The rows of those that are quiet, or of the others; how many. */
static size_t put_rows(struct buf *out, const struct suite *suite, const size_t *order, bool quiet)
{
    size_t count = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[order[i]];
        const struct suite_world *const worlds[] = { &item->sim, &item->real };
        for (size_t w = 0; w < 2; w++) {
            struct slo_report report;
            if (!worlds[w]->present) continue;
            const struct run *run = &worlds[w]->run;
            slo_report_make(run, &report);
            if (!report.known || is_quiet(&report, run) != quiet) continue;
            put_row(out, item, run, &report);
            count++;
        }
    }
    return count;
}

static void put_table(struct buf *out, const struct buf *rows)
{
    buf_puts(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                  "aria-label=\"Service levels\"><table class=\"overview\"><thead><tr>"
                  "<th scope=\"col\">Scenario</th><th scope=\"col\">World</th>"
                  "<th scope=\"col\" class=\"n\">Availability</th>"
                  "<th scope=\"col\" class=\"n\">Latency</th>"
                  "<th scope=\"col\" class=\"n\">Freshness</th>"
                  "<th scope=\"col\">Would have alerted</th>"
                  "<th scope=\"col\">Rollback</th></tr></thead>\n");
    buf_puts(out, buf_text(rows));
    buf_puts(out, "</table></div>\n");
}

void report_html_slo(struct buf *out, const struct suite *suite, const size_t *order)
{
    struct buf rows;
    buf_init(&rows, BUF_UNBOUNDED);
    buf_puts(out, "<section class=\"card\" id=\"~slo\">\n<h2>Service levels</h2>\n"
                  "<p class=\"teaches\">Had each scenario been the end of 30 otherwise healthy "
                  "days: how much of the month's error budget it takes, who would have been "
                  "alerted, and whether a canary would have been rolled back.</p>\n");
    if (put_rows(&rows, suite, order, false) > 0) put_table(out, &rows);
    buf_clear(&rows);
    size_t quiet = put_rows(&rows, suite, order, true);
    if (quiet > 0) {
        buf_printf(out,
                   "<details><summary>%zu run%s would have alerted nobody and rolled nothing "
                   "back</summary>\n",
                   quiet, quiet == 1 ? "" : "s");
        put_table(out, &rows);
        buf_puts(out, "</details>\n");
    }
    buf_puts(out, "</section>\n");
    buf_deinit(&rows);
}
