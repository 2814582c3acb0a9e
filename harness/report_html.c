#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fixed.h"
#include "base/mem.h"
#include "harness/report.h"
#include "harness/report_figures.h"
#include "harness/report_html_parts.h"
#include "harness/report_text.h"

/* Dots over all panels of a page, each some 25 bytes; and of one panel, however few there are. */
enum { DOTS_OF_PAGE = 160000, DOTS_OF_PANEL_MIN = 400, DOTS_OF_PANEL_MAX = 6000 };

/* Exit codes of `tollgate run`, as a person sees them. */
static enum check_status suite_status(const struct suite *suite)
{
    switch (suite_exit_code(suite)) {
    case 0: return CHECK_PASS;
    case 3: return CHECK_INCONCLUSIVE;
    case 4: return CHECK_INVALID;
    default: return CHECK_FAIL;
    }
}

/* The page's own script may run, and no other: its hash is in the policy. */
static void put_script_hash(struct buf *out)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned char text[SHA256_DIGEST_LENGTH * 2];
    SHA256((const unsigned char *)report_page_js, strlen(report_page_js), digest);
    int length = EVP_EncodeBlock(text, digest, sizeof digest);
    buf_puts(out, "'sha256-");
    buf_put(out, text, (size_t)length);
    buf_putc(out, '\'');
}

static void put_head(struct buf *out, const struct suite *suite)
{
    /* No script, no picture, no font from anywhere: the page is what it is, also offline. */
    buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'; script-src ");
    put_script_hash(out);
    buf_puts(out, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n<title>tollgate ");
    report_text_escaped(out, suite->name);
    buf_puts(out, "</title>\n<style>\n");
    buf_puts(out, report_page_css);
    buf_puts(out, "</style>\n</head>\n<body>\n"
                  "<a class=\"skip\" href=\"#~scenarios\">Skip to the scenarios</a>\n");
}

static void put_when(struct buf *out, const struct suite *suite)
{
    time_t seconds = (time_t)(suite->started_wall_ms / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL) return;
    buf_printf(out, "<time>%04d-%02d-%02d %02d:%02d UTC</time>", utc.tm_year + 1900, utc.tm_mon + 1,
               utc.tm_mday, utc.tm_hour, utc.tm_min);
}

static void put_facts(struct buf *out, const struct suite *suite)
{
    buf_puts(out, "<p class=\"facts\">");
    put_when(out, suite);
    buf_puts(out, " · took ");
    report_text_latency(out, suite->wall_ns);
    uint64_t speed = figures_sim_speed(suite);
    if (speed > 0) {
        buf_puts(out, " · simulated ");
        report_text_count(out, speed);
        buf_puts(out, "× faster than real time");
    }
    buf_puts(out,
             " · <a href=\"result.json\">result.json</a> · "
             "<a href=\"junit.xml\">junit.xml</a> · <a href=\"summary.md\">summary.md</a></p>\n");
}

static void put_headline(struct buf *out, const struct suite *suite)
{
    enum check_status status = suite_status(suite);
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    suite_verdict_sentence(suite, &sentence);
    buf_puts(out, "<header>\n<p class=\"brand\"><b>tollgate</b> ");
    report_text_escaped(out, suite->name);
    buf_printf(out, "</p>\n<h1 class=\"%s\">", report_html_class(status));
    report_html_icon(out, status);
    buf_puts(out, "<span>");
    report_text_escaped(out, buf_text(&sentence));
    buf_puts(out, "</span></h1>\n");
    buf_deinit(&sentence);
    put_facts(out, suite);
    buf_puts(out, "<nav aria-label=\"Parts of this page\"><a href=\"#~scenarios\">Scenarios</a> "
                  "<a href=\"#~slo\">Service levels</a>");
    if (suite->coverage.count > 0) buf_puts(out, " <a href=\"#~coverage\">Coverage</a>");
    buf_puts(out, "</nav>\n</header>\n");
}

enum check_status report_html_status(const struct suite_scenario *item)
{
    enum check_status worst = CHECK_PASS;
    const struct suite_world *const worlds[] = { &item->sim, &item->real };
    for (size_t i = 0; i < 2; i++) {
        if (!worlds[i]->present) continue;
        enum check_status status = worlds[i]->verdict.status;
        if (check_status_badness(status) > check_status_badness(worst)) worst = status;
    }
    bool disagree =
        (item->has_parity && !item->parity.holds) || (item->has_replay && !item->replay.identical);
    bool hidden = disagree && check_status_badness(worst) < check_status_badness(CHECK_FAIL);
    return hidden ? CHECK_FAIL : worst;
}

/* What did not pass comes first, each kind in the order of the command line. */
static size_t *make_order(const struct suite *suite)
{
    size_t *order = mem_alloc(suite->count + 1, sizeof *order);
    size_t count = 0;
    for (int rank = check_status_badness(CHECK_INVALID); rank >= 0; rank--) {
        for (size_t i = 0; i < suite->count; i++) {
            if (check_status_badness(report_html_status(&suite->scenarios[i])) == rank)
                order[count++] = i;
        }
    }
    return order;
}

void report_write_html(struct buf *out, const struct suite *suite)
{
    size_t panels = 0;
    for (size_t i = 0; i < suite->count; i++) {
        if (suite->scenarios[i].sim.present) panels++;
        if (suite->scenarios[i].real.present) panels++;
    }
    uint64_t dots_max = DOTS_OF_PAGE / u64_max(panels, 1);
    dots_max = u64_min(u64_max(dots_max, DOTS_OF_PANEL_MIN), DOTS_OF_PANEL_MAX);
    size_t *order = make_order(suite);
    put_head(out, suite);
    put_headline(out, suite);
    buf_puts(out, "<main>\n");
    report_html_table(out, suite, order);
    for (size_t i = 0; i < suite->count; i++) {
        report_html_section(out, &suite->scenarios[order[i]], order[i], (size_t)dots_max);
    }
    report_html_slo(out, suite, order);
    report_html_coverage(out, &suite->coverage);
    buf_puts(out, "</main>\n<script>");
    buf_puts(out, report_page_js);
    buf_puts(out, "</script>\n</body>\n</html>\n");
    mem_free(order);
}
