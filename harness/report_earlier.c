#include "harness/report_earlier.h"

#include "harness/report_json_run.h"
#include "harness/report_text.h"

void report_json_earlier(struct json *json, const struct earlier *earlier)
{
    json_key(json, "earlier_plays");
    json_open(json, '[');
    for (size_t i = 0; i < earlier->count; i++) {
        const struct earlier_play *play = &earlier->items[i];
        json_open(json, '{');
        json_key(json, "seed");
        report_json_wide(json, play->seed);
        json_member_string(json, "verdict", check_status_name(play->status));
        json_member_string(json, "reason", play->reason);
        json_key(json, "failing_checks");
        json_open(json, '[');
        for (size_t f = 0; f < play->failed_count; f++)
            json_string(json, play->failed[f]);
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
}

/* The sentence, through what makes it harmless where it is put. */
static void put_sentence(struct buf *out, const struct earlier *earlier,
                         void (*put)(struct buf *out, const char *text))
{
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    earlier_write(earlier, &sentence);
    put(out, buf_text(&sentence));
    buf_deinit(&sentence);
}

void report_html_earlier(struct buf *out, const struct earlier *earlier)
{
    if (earlier->count == 0) return;
    buf_puts(out, "<p class=\"facts\">real, ");
    put_sentence(out, earlier, report_text_escaped);
    buf_puts(out, "</p>\n");
}

void report_summary_earlier(struct buf *out, const struct suite *suite)
{
    size_t scenarios = 0;
    size_t plays = 0;
    struct buf lines;
    buf_init(&lines, BUF_UNBOUNDED);
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        const struct earlier *earlier = &item->real.earlier;
        if (earlier->count == 0) continue;
        scenarios++;
        plays += earlier->count;
        buf_puts(&lines, "- ");
        report_text_markdown(&lines, item->scenario.name);
        buf_puts(&lines, ": ");
        put_sentence(&lines, earlier, report_text_markdown);
        buf_putc(&lines, '\n');
    }
    if (plays > 0) {
        buf_printf(out,
                   "\n<details><summary>Played again, because the machine had spoilt a run: "
                   "%zu scenario%s, %zu time%s</summary>\n\n%s\n</details>\n",
                   scenarios, scenarios == 1 ? "" : "s", plays, plays == 1 ? "" : "s",
                   buf_text(&lines));
    }
    buf_deinit(&lines);
}

void report_junit_earlier(struct buf *out, const struct suite *suite)
{
    bool any = false;
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        if (item->real.earlier.count == 0) continue;
        if (!any) buf_puts(out, "  <properties>\n");
        any = true;
        buf_puts(out, "    <property name=\"played_again.");
        report_text_escaped(out, item->scenario.name);
        buf_puts(out, "\" value=\"");
        put_sentence(out, &item->real.earlier, report_text_escaped);
        buf_puts(out, "\"/>\n");
    }
    if (any) buf_puts(out, "  </properties>\n");
}
