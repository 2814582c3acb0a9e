#ifndef HARNESS_REPORT_HTML_PARTS_H
#define HARNESS_REPORT_HTML_PARTS_H
/* The pieces of index.html. Used by report_html.c, which puts them in order. */

#include <stddef.h>

#include "base/buf.h"
#include "harness/suite.h"

/* The page's style sheet: light, dark, narrow and printed. */
void report_html_style(struct buf *out);

/* An icon and a word: never colour alone. `status` as in verdict.h. */
void report_html_badge(struct buf *out, enum check_status status);
/* The icon alone, for beside a text that says it. */
void report_html_icon(struct buf *out, enum check_status status);

/* One row per scenario and world; links to the sections. */
void report_html_table(struct buf *out, const struct suite *suite);

/* The section of scenario number `number`: what it teaches, its picture, its checks. */
void report_html_section(struct buf *out, const struct suite_scenario *item, size_t number);

/* What did not pass first, with the requests that show it; invariants that held are folded. */
void report_html_checks(struct buf *out, const struct suite_scenario *item);

#endif
