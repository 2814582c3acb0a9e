#ifndef SCENARIO_REALISED_H
#define SCENARIO_REALISED_H
/* What was realised of what a scenario asks for: how often each fault fired, of how many attempts,
 * and whether that is what its selection says.
 *
 *     share: 30 %, 1000 attempts, 287 fired: asked 300, believable 233 .. 370, so it is as asked
 *
 * A share is judged by the exact binomial distribution, on each side at one in a million: of so
 * many runs that do what they should one is called wrong. What counts is exact. A token bucket and
 * a cold start depend on the load; they are only reported. */

#include "base/buf.h"
#include "scenario/plan_state.h"

struct realised {
    const struct phase *phase;
    const struct fault *fault;
    struct plan_count count;
    bool judged;
    uint64_t least, most;       /* how often it may have fired */
    uint32_t asked_ppm;         /* the mean of the shares; of all for what is not a share */
    uint32_t low_ppm, high_ppm; /* the exact interval (99 %) of the share that fired */
};

/* Of a phase's fault, as plan_make() or plan_recount() counted. */
struct realised realised_of(const struct plan_state *state, const struct phase *phase,
                            size_t fault);
/* False: it is not what was asked for. */
bool realised_as_asked(const struct realised *realised);

/* Each fault of the scenario that has its say in plans, in the order of the file: what is at
 * connect happens before there is a plan. */
typedef void realised_visit_fn(void *context, const struct realised *realised);
void realised_each(const struct scenario *scenario, const struct plan_state *state,
                   realised_visit_fn *visit, void *context);

/* "outage: status 503 60%: fired 287 of 1000 attempts (28.7%, 99% interval 25.1% to 32.5%), asked
 * 60%" */
void realised_write(struct buf *out, const struct realised *realised);
/* A line for each of realised_each(); "" for none. */
void realised_write_all(struct buf *out, const struct scenario *scenario,
                        const struct plan_state *state);

/* The same as a JSON array: "phase", "fault", "attempts" it was meant for, "fired", "asked_ppm",
 * "low_ppm", "high_ppm", "judged", "as_asked". */
void realised_write_json(struct buf *out, const struct scenario *scenario,
                         const struct plan_state *state);

/* X binomial: the least k with P(X <= k) > `tail`, and the greatest with P(X >= k) > `tail`. */
struct realised_bounds {
    uint64_t least, most;
};
struct realised_bounds realised_bounds(uint64_t n, double share, double tail);

#endif
