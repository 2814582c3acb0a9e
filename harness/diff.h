#ifndef HARNESS_DIFF_H
#define HARNESS_DIFF_H
/* Two results side by side: what got worse, what got better, what is new. Used by `tollgate diff`
 * and by reports with a baseline.
 *
 * Worse is
 *   - a verdict, or a check that both have, that is further down this list than it was: pass,
 *     inconclusive, fail; or that was on it and could not be judged now: not observable, invalid;
 *   - a check or a scenario that only the new result has and that does not pass. What the old one
 *     could not judge is no comparison, and counts as new: behind an invalid run whatever does not
 *     pass is worse, another invalid run too, and nothing is better. An expectation that asks for
 *     something else under its old name is told as new, unless it got worse;
 *   - worlds that disagree now, or a trace that diverges, and did not;
 *   - a p95 that rose so far that its 95 % intervals (report_figures.h) do not overlap;
 *   - a share of fresh answers (cache or upstream) that fell, or of errors and lost answers that
 *     rose, by more than 3.29 standard errors of the difference: by chance once in 2,000 times.
 * Better is the same the other way round. What only the old result has is told, and neither: who
 * takes a check away has his reasons, and a reviewer sees it; diff_forbid_missing() does not take
 * them.
 *
 * Example: 1,000 requests, errors 0.1 % before and 0.3 % now: z = 1.0, so it is told and nothing is
 * worse; 2.0 % now: z = 4.2, worse. */

#include <stdbool.h>
#include <stddef.h>

#include "harness/report_figures.h"
#include "harness/suite.h"

enum change { CHANGE_NONE, CHANGE_BETTER, CHANGE_WORSE, CHANGE_NEW, CHANGE_GONE };

/* One scenario in one world. What lies in only one of the results has NULL for the other. */
struct diff_world {
    const char *scenario; /* borrowed, as all here */
    const char *world;
    const struct suite_world *old, *new;
    struct figures old_figures, new_figures; /* of what is there */
    enum change verdict; /* NEW, GONE: the whole world; NEW with `old`: that was not judged */
    bool new_fails;      /* new, or not judged before, and it does not pass */
    enum change p95, fresh, errors;
    enum change agreement; /* real: of the two worlds, or of the trace with a fresh engine */
};

struct diff_check {
    const char *scenario;
    const char *world;
    const struct check *old, *new;
    enum change change; /* NEW with `old`: that was not judged, or asked for something else */
    bool new_fails;     /* it does not pass, and there is none before, or that was not judged */
};

struct diff {
    struct diff_world *worlds; /* owned; in the order of the new result, then what is gone */
    size_t world_count;
    struct diff_check *checks; /* owned; only those that changed, within worlds that both have */
    size_t check_count;
    size_t same_checks; /* the others that both have */
    size_t missing;     /* expectations and runs that only the old result has */
    bool worse;         /* anything */
    bool better;
};

/* Both are borrowed for as long as `out` lives. */
void diff_make(struct diff *out, const struct suite *old, const struct suite *new);
/* From now on, what is missing is worse: for a gate that must notice a test that is taken away. */
void diff_forbid_missing(struct diff *diff);
void diff_deinit(struct diff *diff);

/* Its world of a scenario; NULL when there is none. */
const struct diff_world *diff_find(const struct diff *diff, const char *scenario,
                                   const char *world);

/* Whether both runs are there and valid; an invalid one has no figures worth comparing. */
bool diff_has_figures(const struct diff_world *row);

/* "Worse: 2 checks fail that passed, ..." : one sentence. */
void diff_sentence(struct buf *out, const struct diff *diff);
/* All of it, for a terminal and for a pull request. */
void diff_write_text(struct buf *out, const struct diff *diff);
void diff_write_markdown(struct buf *out, const struct diff *diff);

/* One run's: "was pass; p95 +1.2 ms (WORSE), fresh -0.3 points, errors =". */
void diff_put_change(struct buf *out, const struct diff_world *row);

/* How two latencies, or two shares of their wholes, differ: "+1.2 ms", "-0.4 points", "=". */
void diff_put_latency(struct buf *out, uint64_t old_ns, uint64_t new_ns);
void diff_put_share(struct buf *out, uint64_t old_part, uint64_t old_whole, uint64_t new_part,
                    uint64_t new_whole);

/* `tollgate diff OLD NEW [--markdown]`: 0 the same or better, 1 worse, 2 bad usage or no result. */
int diff_command(int argc, char **argv);

#endif
