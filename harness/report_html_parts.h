#ifndef HARNESS_REPORT_HTML_PARTS_H
#define HARNESS_REPORT_HTML_PARTS_H
/* The pieces of index.html. Used by report_html.c, which puts them in order.
 *
 * Ids, so that links last: a scenario's section is "#name", a check "#name/check" (both as slugs,
 * report_text.h), the other sections "#~slo" and "#~coverage". The page is whole without its script
 * (page/report.js), which adds hover, zoom, sorting, filtering and the theme's switch. */

#include <stddef.h>

#include "base/buf.h"
#include "harness/suite.h"

/* page/report.css and page/report.js */
extern const char report_page_css[];
extern const char report_page_js[];

/* An icon and a word: never colour alone. `status` as in verdict.h. */
void report_html_badge(struct buf *out, enum check_status status);
/* Of a check: its status, or that it says little. */
void report_html_check_badge(struct buf *out, const struct check *check);
/* The icon alone, for beside a text that says it. */
void report_html_icon(struct buf *out, enum check_status status);
/* "pass", "fail", ...: one CSS class each. */
const char *report_html_class(enum check_status status);
/* The worst of a scenario's worlds, agreement included. */
enum check_status report_html_status(const struct suite_scenario *item);

/* One row per scenario and world, in this order of scenarios; links to the sections. */
void report_html_table(struct buf *out, const struct suite *suite, const size_t *order);

/* A scenario: what it teaches, its picture, its checks. `number` makes ids unique. */
void report_html_section(struct buf *out, const struct suite_scenario *item, size_t number,
                         size_t dots_max);

/* What did not pass first, with the requests that show it; invariants that held are folded. */
void report_html_checks(struct buf *out, const struct suite_scenario *item);

/* The timeline as a table, folded. */
void report_html_slices(struct buf *out, const struct suite_scenario *item);

/* Budgets, alerts and rollbacks: of one scenario, folded; and of all, as a section. */
void report_html_levels(struct buf *out, const struct suite_scenario *item);
void report_html_slo(struct buf *out, const struct suite *suite, const size_t *order);

/* Nothing when it is not known. */
void report_html_coverage(struct buf *out, const struct coverage *coverage);

#endif
