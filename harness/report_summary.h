#ifndef HARNESS_REPORT_SUMMARY_H
#define HARNESS_REPORT_SUMMARY_H
/* The pieces of summary.md. Used by report_summary.c, which puts them in order. */

#include "harness/diff.h"

/* ✅ and the like: never the icon alone, a word stands beside it. */
const char *report_summary_icon(enum check_status status);

/* A row per scenario and world; of many, those that passed and did not change are folded. `diff` is
 * the change since the baseline, NULL: there is none. */
void report_summary_table(struct buf *out, const struct suite *suite, const struct diff *diff);

/* Error budgets and who would have been paged, folded; nothing when nobody would. */
void report_summary_slo(struct buf *out, const struct suite *suite);

/* Behaviour coverage, folded, with what was not reached; nothing when it is not known. */
void report_summary_coverage(struct buf *out, const struct coverage *coverage);

#endif
