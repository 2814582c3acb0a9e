#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "harness/report.h"
#include "harness/report_figures.h"
#include "harness/report_html_parts.h"
#include "harness/report_text.h"

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

static void put_head(struct buf *out, const struct suite *suite)
{
    /* No script, no picture, no font from anywhere: the page is what it is, also offline. */
    buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n<title>tollgate ");
    report_text_escaped(out, suite->name);
    buf_puts(out, "</title>\n<style>\n");
    report_html_style(out);
    buf_puts(out, "</style>\n</head>\n<body>\n");
}

static void put_when(struct buf *out, const struct suite *suite)
{
    time_t seconds = (time_t)(suite->started_wall_ms / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL) return;
    buf_printf(out, "<time>%04d-%02d-%02d %02d:%02d UTC</time>", utc.tm_year + 1900, utc.tm_mon + 1,
               utc.tm_mday, utc.tm_hour, utc.tm_min);
}

static void put_headline(struct buf *out, const struct suite *suite)
{
    static const char *const classes[] = {
        [CHECK_PASS] = "pass",
        [CHECK_FAIL] = "fail",
        [CHECK_INCONCLUSIVE] = "inconclusive",
        [CHECK_INVALID] = "invalid",
        [CHECK_UNOBSERVABLE] = "inconclusive",
    };
    enum check_status status = suite_status(suite);
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    suite_verdict_sentence(suite, &sentence);
    buf_puts(out, "<header>\n<p class=\"brand\"><b>tollgate</b> ");
    report_text_escaped(out, suite->name);
    buf_printf(out, "</p>\n<h1 class=\"%s\">", classes[status]);
    report_html_icon(out, status);
    buf_puts(out, "<span>");
    report_text_escaped(out, buf_text(&sentence));
    buf_puts(out, "</span></h1>\n<p class=\"facts\">");
    buf_deinit(&sentence);
    put_when(out, suite);
    buf_puts(out, " · took ");
    report_text_latency(out, suite->wall_ns);
    uint64_t speed = figures_sim_speed(suite);
    if (speed > 0) {
        buf_puts(out, " · simulated ");
        report_text_count(out, speed);
        buf_puts(out, "× faster than real time");
    }
    buf_puts(out, " · <a href=\"result.json\">result.json</a> · "
                  "<a href=\"junit.xml\">junit.xml</a></p>\n</header>\n");
}

void report_write_html(struct buf *out, const struct suite *suite)
{
    put_head(out, suite);
    put_headline(out, suite);
    buf_puts(out, "<main>\n");
    report_html_table(out, suite);
    for (size_t i = 0; i < suite->count; i++)
        report_html_section(out, &suite->scenarios[i], i);
    buf_puts(out, "</main>\n</body>\n</html>\n");
}
