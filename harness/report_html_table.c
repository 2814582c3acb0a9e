#include <inttypes.h>

#include "harness/report_figures.h"
#include "harness/report_html_parts.h"
#include "harness/report_text.h"

/* From the best to the worst, as the lanes of the pictures. */
static const enum served kinds[] = { SERVED_CACHE, SERVED_UPSTREAM, SERVED_STALE, SERVED_BASELINE,
                                     SERVED_ERROR };

enum { KINDS = sizeof kinds / sizeof kinds[0] };

const char *report_html_class(enum check_status status)
{
    switch (status) {
    case CHECK_PASS: return "pass";
    case CHECK_FAIL: return "fail";
    case CHECK_INCONCLUSIVE: return "inconclusive";
    case CHECK_INVALID: return "invalid";
    case CHECK_UNOBSERVABLE: return "unobservable";
    }
    return "invalid";
}

/* A tick, a cross, a question mark, an exclamation mark: told apart by shape and by colour. */
void report_html_icon(struct buf *out, enum check_status status)
{
    static const char *const shapes[] = {
        [CHECK_PASS] = "M4.5 8.3l2.4 2.4 4.6-5",
        [CHECK_FAIL] = "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6",
        [CHECK_INCONCLUSIVE] = "M6 6.2c0-2.6 4-2.6 4 0 0 1.6-2 1.5-2 3.1M8 11.8v.1",
        [CHECK_INVALID] = "M8 4.2v4.6M8 11.6v.1",
        [CHECK_UNOBSERVABLE] = "M4.8 8h6.4",
    };
    buf_printf(out,
               "<svg class=\"icon %s\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">"
               "<rect width=\"16\" height=\"16\" rx=\"4.5\"/><path d=\"%s\"/></svg>",
               report_html_class(status), shapes[status]);
}

void report_html_badge(struct buf *out, enum check_status status)
{
    buf_printf(out, "<span class=\"badge %s\">", report_html_class(status));
    report_html_icon(out, status);
    buf_printf(out, "%s</span>", check_status_name(status));
}

void report_html_check_badge(struct buf *out, const struct check *check)
{
    bool warns = check->status == CHECK_PASS && !check_is_quiet(check);
    enum check_status look = warns ? CHECK_INCONCLUSIVE : check->status;
    buf_printf(out, "<span class=\"badge %s\">", report_html_class(look));
    report_html_icon(out, look);
    buf_printf(out, "%s</span>", check_verdict_word(check));
}

/* A cell with the value by which the script sorts. */
static void open_cell(struct buf *out, uint64_t value, bool zero)
{
    buf_printf(out, "<td class=\"n%s\" data-v=\"%" PRIu64 "\">", zero ? " zero" : "", value);
}

static void put_shares(struct buf *out, const struct figures *figures)
{
    for (int i = 0; i < KINDS; i++) {
        uint64_t count = figures->served[kinds[i]];
        open_cell(out, figures->n == 0 ? 0 : count * 1000000 / figures->n, count == 0);
        report_text_share_escaped(out, count, figures->n);
        buf_puts(out, "</td>");
    }
}

static void put_agreement(struct buf *out, const struct suite_scenario *item, int rows)
{
    const struct parity *parity = &item->parity;
    uint64_t share = parity->decided == 0 ? 0 : parity->agree * UINT64_C(1000000) / parity->decided;
    buf_printf(out, "<td class=\"n\" rowspan=\"%d\" data-v=\"%" PRIu64 "\">", rows, share);
    if (!item->has_parity) {
        buf_puts(out, "<span class=\"zero\">–</span></td>");
        return;
    }
    report_html_icon(out, parity->holds ? CHECK_PASS : CHECK_FAIL);
    buf_putc(out, ' ');
    report_text_share_escaped(out, parity->agree, parity->decided);
    buf_puts(out, "</td>");
}

static void put_row(struct buf *out, const struct suite_world *world)
{
    struct figures figures;
    figures_make(&figures, &world->run);
    buf_printf(out, "<td>%s</td><td data-v=\"%d\">", world_name(world->run.world),
               check_status_badness(world->verdict.status));
    report_html_badge(out, world->verdict.status);
    buf_puts(out, "</td>");
    open_cell(out, figures.n, false);
    report_text_count(out, figures.n);
    buf_puts(out, "</td>");
    open_cell(out, figures.p95_ns, false);
    report_text_latency(out, figures.p95_ns);
    buf_puts(out, "</td>");
    put_shares(out, &figures);
}

static void put_scenario(struct buf *out, const struct suite_scenario *item)
{
    int rows = (item->sim.present ? 1 : 0) + (item->real.present ? 1 : 0);
    if (rows == 0) return;
    buf_printf(out, "<tbody data-status=\"%s\" data-text=\"",
               report_html_class(report_html_status(item)));
    report_text_escaped(out, item->scenario.name);
    buf_putc(out, ' ');
    report_text_escaped(out, item->scenario.teaches);
    buf_printf(out, "\">\n<tr><th scope=\"rowgroup\" rowspan=\"%d\"><a href=\"#", rows);
    report_text_slug(out, item->scenario.name);
    buf_puts(out, "\">");
    report_text_escaped(out, item->scenario.name);
    buf_puts(out, "</a></th>");
    put_row(out, item->sim.present ? &item->sim : &item->real);
    put_agreement(out, item, rows);
    buf_puts(out, "</tr>\n");
    if (rows == 2) {
        buf_puts(out, "<tr>");
        put_row(out, &item->real);
        buf_puts(out, "</tr>\n");
    }
    buf_puts(out, "</tbody>\n");
}

void report_html_table(struct buf *out, const struct suite *suite, const size_t *order)
{
    static const char *const labels[KINDS] = { "Cache", "Upstream", "Stale", "Baseline", "Error" };
    buf_puts(out, "<div class=\"scroll card\" id=\"~scenarios\" tabindex=\"0\" role=\"region\" "
                  "aria-label=\"All scenarios\">\n<table class=\"overview\">\n<thead>\n<tr>"
                  "<th scope=\"col\">Scenario</th><th scope=\"col\">World</th>"
                  "<th scope=\"col\">Verdict</th><th scope=\"col\" class=\"n\">Requests</th>"
                  "<th scope=\"col\" class=\"n\">p95</th>");
    for (int i = 0; i < KINDS; i++) {
        buf_printf(out, "<th scope=\"col\" class=\"n\"><i class=\"key %s\"></i>%s</th>",
                   served_name(kinds[i]), labels[i]);
    }
    buf_puts(out, "<th scope=\"col\" class=\"n\" title=\"Requests with one possible fate that both "
                  "worlds served the same way\">Worlds agree</th></tr>\n</thead>\n");
    for (size_t i = 0; i < suite->count; i++)
        put_scenario(out, &suite->scenarios[order[i]]);
    buf_puts(out, "</table>\n</div>\n");
}
