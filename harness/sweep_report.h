#ifndef HARNESS_SWEEP_REPORT_H
#define HARNESS_SWEEP_REPORT_H
/* The files that a finished sweep leaves in its folder, each written to a temporary name and
 * renamed:
 *
 *     configs/<env>.yaml  the pick, ready to use, with a comment above each changed line
 *     sweep.html          what was found: one self-contained page
 *     sweep.csv           one row per configuration of the sample, and the finalists
 *     sweep.jsonl         the same with the measures of each scenario, one object per line
 *
 * What does not depend on the machine (all but the page's confirmation) is the same byte for byte
 * for any number of jobs and shards. */

#include "harness/sweep_confirm.h"
#include "harness/sweep_search.h"

MUST_USE enum err sweep_report_write(const struct sweep *sweep,
                                     const struct sweep_confirmation *confirmation,
                                     const char *folder, struct err_note *note);

void sweep_report_csv(struct buf *out, const struct sweep *sweep);
void sweep_report_jsonl(struct buf *out, const struct sweep *sweep);
/* The base configuration's text with the pick's values. */
MUST_USE enum err sweep_report_config(struct buf *out, const struct sweep *sweep,
                                      struct err_note *note);
void sweep_report_html(struct buf *out, const struct sweep *sweep,
                       const struct sweep_confirmation *confirmation);
/* One sentence: what to set, or why not. */
void sweep_report_verdict(struct buf *out, const struct sweep *sweep);
/* Why scenarios refuse configurations: one line per scenario that refuses any, worst first; the
 * advice when one refuses all. */
void sweep_report_refusals(struct buf *out, const struct sweep *sweep);

/* ---- shared by the reports ---- */

/* "fresh +1.20 pp [0.80, 1.60]" of one objective; differences of shares in percentage points. */
void sweep_put_interval(struct buf *out, enum sweep_objective objective,
                        const struct sweep_interval *interval);
/* 97.3 %, 0.412, 3.1 s */
void sweep_put_value(struct buf *out, enum sweep_objective objective, double value);
const char *sweep_objective_title(enum sweep_objective objective);

/* How often one scenario refuses configurations of the sample in the first round. */
struct sweep_refusal {
    size_t scenario;
    size_t tried;    /* configurations that were simulated in it */
    size_t refused;
    char check[96];  /* the most frequent first check */
    size_t check_count;
};

/* By scenario, held-out ones left out; from the most refusing. Returns how many; the caller frees
 * *out. */
size_t sweep_refusals(const struct sweep *sweep, struct sweep_refusal **out);

#endif
