#ifndef HARNESS_SWEEP_HTML_PARTS_H
#define HARNESS_SWEEP_HTML_PARTS_H
/* The pieces of sweep.html. Used by sweep_html.c, which puts them in order. */

#include "harness/sweep_report.h"

/* The page's style sheet: light, dark, narrow and printed. */
extern const char sweep_html_style[];

/* <section><h2>title</h2><p>lead</p>; `lead` may hold markup. */
void sweep_html_open(struct buf *out, const char *title, const char *lead);
void sweep_html_close(struct buf *out);
/* <td> with a value of one parameter. */
void sweep_html_setting(struct buf *out, const struct sweep_parameter *parameter, uint64_t value);
/* "feasible" or "infeasible", with a mark: never colour alone. */
void sweep_html_feasible(struct buf *out, bool feasible);

void sweep_html_changes(struct buf *out, const struct sweep *sweep);
void sweep_html_pairs(struct buf *out, const struct sweep *sweep);
void sweep_html_knobs(struct buf *out, const struct sweep *sweep);
void sweep_html_pareto(struct buf *out, const struct sweep *sweep);
void sweep_html_sensitivity(struct buf *out, const struct sweep *sweep);
void sweep_html_finalists(struct buf *out, const struct sweep *sweep);
void sweep_html_confirmation(struct buf *out, const struct sweep *sweep,
                             const struct sweep_confirmation *confirmation);
void sweep_html_refusals(struct buf *out, const struct sweep *sweep);

#endif
