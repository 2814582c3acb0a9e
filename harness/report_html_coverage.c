#include <inttypes.h>
#include <string.h>

#include "harness/report_html_parts.h"
#include "harness/report_text.h"

static void put_permille(struct buf *out, uint32_t permille)
{
    buf_printf(out, "%" PRIu32 ".%" PRIu32 " %%", permille / 10, permille % 10);
}

static void put_code(struct buf *out, const struct coverage *coverage)
{
    if (!coverage->has_code) return;
    buf_puts(out, "<p>The program's own tests reach ");
    put_permille(out, coverage->line_permille);
    buf_puts(out, " of ");
    report_text_count(out, coverage->lines_valid);
    buf_puts(out, " lines and ");
    put_permille(out, coverage->branch_permille);
    buf_puts(out, " of ");
    report_text_count(out, coverage->branches_valid);
    buf_puts(out, " branches (gcovr: <a href=\"../coverage/index.html\">line by line</a>).</p>\n");
}

static void put_item(struct buf *out, const struct coverage_item *item)
{
    if (item->count == 0) {
        buf_puts(out, "<li class=\"missed\"><span class=\"sr\">not reached: </span>");
        report_text_escaped(out, item->name);
        buf_puts(out, "</li>\n");
        return;
    }
    buf_puts(out, "<li title=\"");
    report_text_count(out, item->count);
    buf_printf(out, " times, in %" PRIu32 " scenario%s\">", item->scenarios,
               item->scenarios == 1 ? "" : "s");
    report_text_escaped(out, item->name);
    buf_puts(out, "</li>\n");
}

/* Items `from` to `to` are one group. */
static void put_group(struct buf *out, const struct coverage *coverage, size_t from, size_t to)
{
    size_t reached = 0;
    for (size_t i = from; i < to; i++)
        reached += coverage->items[i].count > 0;
    buf_puts(out, "<h3>");
    report_text_escaped(out, coverage->items[from].group);
    buf_printf(out, " <span class=\"zero\">%zu of %zu</span></h3>\n<ul class=\"chips\">\n", reached,
               to - from);
    for (size_t i = from; i < to; i++)
        put_item(out, &coverage->items[i]);
    buf_puts(out, "</ul>\n");
}

static void put_excuses(struct buf *out)
{
    size_t count = 0;
    const struct coverage_excuse *excuses = coverage_excuses(&count);
    buf_puts(out, "<details><summary>Not counted, because no scenario can ask for it</summary>\n"
                  "<ul>\n");
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, "<li>");
        report_text_escaped(out, excuses[i].name);
        buf_puts(out, ": ");
        report_text_escaped(out, excuses[i].reason);
        buf_puts(out, "</li>\n");
    }
    buf_puts(out, "</ul></details>\n");
}

void report_html_coverage(struct buf *out, const struct coverage *coverage)
{
    if (coverage->count == 0) return;
    buf_puts(out, "<section class=\"card\" id=\"~coverage\">\n<h2>Coverage</h2>\n"
                  "<p class=\"teaches\">These runs reach ");
    put_permille(out, coverage_permille(coverage));
    buf_printf(out,
               " of the behaviours that the service can show: %zu of %zu.%s</p>\n",
               coverage->reached, coverage->count,
               coverage->reached == coverage->count ? "" : " Dashed is what no scenario reaches.");
    put_code(out, coverage);
    size_t from = 0;
    for (size_t i = 1; i <= coverage->count; i++) {
        if (i < coverage->count &&
            strcmp(coverage->items[i].group, coverage->items[from].group) == 0) {
            continue;
        }
        put_group(out, coverage, from, i);
        from = i;
    }
    put_excuses(out);
    buf_puts(out, "</section>\n");
}
