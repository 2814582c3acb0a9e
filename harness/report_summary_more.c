#include <string.h>

#include "harness/report_summary.h"
#include "harness/report_text.h"
#include "harness/slo.h"

static bool has_alert(const struct slo_report *report)
{
    for (size_t kind = 0; kind < SLO_COUNT; kind++) {
        for (size_t i = 0; i < SLO_ALERTS; i++) {
            if (report->indicators[kind].alerts[i].fired) return true;
        }
    }
    return false;
}

static void put_indicators(struct buf *out, const struct suite_scenario *item,
                           const struct suite_world *world, size_t *alerted)
{
    struct slo_report report;
    if (!world->present) return;
    slo_report_make(&world->run, &report);
    if (!report.known || !has_alert(&report)) return;
    (*alerted)++;
    for (size_t kind = 0; kind < SLO_COUNT; kind++) {
        struct buf text;
        buf_init(&text, BUF_UNBOUNDED);
        slo_sentence_write(&report.indicators[kind], &text);
        buf_puts(out, "- ");
        report_text_markdown(out, item->scenario.name);
        buf_printf(out, " (%s), %s: ", world_name(world->run.world),
                   slo_kind_name((enum slo_kind)kind));
        report_text_markdown(out, buf_text(&text));
        buf_putc(out, '\n');
        buf_deinit(&text);
    }
}

void report_summary_slo(struct buf *out, const struct suite *suite)
{
    struct buf text;
    size_t alerted = 0;
    buf_init(&text, BUF_UNBOUNDED);
    for (size_t i = 0; i < suite->count; i++) {
        put_indicators(&text, &suite->scenarios[i], &suite->scenarios[i].sim, &alerted);
        put_indicators(&text, &suite->scenarios[i], &suite->scenarios[i].real, &alerted);
    }
    if (alerted > 0) {
        buf_printf(out,
                   "\n<details><summary>%zu run%s would have alerted somebody</summary>\n\n%s\n"
                   "</details>\n",
                   alerted, alerted == 1 ? "" : "s", buf_text(&text));
    }
    buf_deinit(&text);
}

void report_summary_coverage(struct buf *out, const struct coverage *coverage)
{
    if (coverage->count == 0) return;
    buf_printf(out,
               "\n<details><summary>Behaviour coverage: %zu of %zu (%u.%u %%)</summary>\n\n"
               "Not reached:\n\n",
               coverage->reached, coverage->count, coverage_permille(coverage) / 10,
               coverage_permille(coverage) % 10);
    const char *group = "";
    for (size_t i = 0; i < coverage->count; i++) {
        const struct coverage_item *item = &coverage->items[i];
        if (item->count > 0) continue;
        bool first = strcmp(group, item->group) != 0;
        group = item->group;
        buf_puts(out, first ? "- " : ", ");
        if (first) {
            report_text_markdown(out, group);
            buf_puts(out, ": ");
        }
        report_text_markdown(out, item->name);
        const struct coverage_item *next = NULL;
        for (size_t n = i + 1; n < coverage->count && next == NULL; n++) {
            if (coverage->items[n].count == 0) next = &coverage->items[n];
        }
        if (next == NULL || strcmp(next->group, group) != 0) buf_putc(out, '\n');
    }
    buf_puts(out, "\n</details>\n");
}
