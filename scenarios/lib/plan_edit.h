#ifndef SCENARIO_PLAN_EDIT_H
#define SCENARIO_PLAN_EDIT_H
/* How faults change a plan: they find, or make, the step that begins at their position, and put
 * theirs in its place or before it. Used by plan.c, plan_state.c and scenarios/lib/faults/. */

#include "scenario/fault.h"
#include "scenario/plan.h"

/* What a draw of a fault depends on. */
struct fault_moment {
    uint64_t seed;
    uint64_t request_key;
    unsigned attempt;
    uint64_t offset_ns; /* since the phase's start */
};

enum { PLAN_NOWHERE = -1 };

/* rng_stream("latency"), ("answer") and ("length"): their hashes are the same for ever. */
#define PLAN_STREAM_LATENCY UINT64_C(0xb0a95bd0f43a6516)
#define PLAN_STREAM_ANSWER UINT64_C(0xe3013a08518a937e)
#define PLAN_STREAM_LENGTH UINT64_C(0xeb3f662d73a031fa)

/* plan_compose() when the phase is known (NULL: none). */
void plan_compose_in(const struct scenario *scenario, const struct phase *phase, uint64_t seed,
                     const struct plan_query *query, const struct plan_fate *fate,
                     struct reply_plan *out);

/* The index of the step that begins at the fault's position (of END: END itself); splits one for it
 * when it must. PLAN_NOWHERE when an earlier fault ends the plan before it. A position in the same
 * place as another, or one that cannot be compared with it (a share and a number of bytes), comes
 * after it. */
int plan_split(struct reply_plan *plan, const struct fault *fault);

/* Puts `step` before the step at `index`, which then follows at once. */
void plan_insert(struct reply_plan *plan, int index, struct plan_step step);
/* Takes the step at `index` away; what follows waits as long as it did. */
void plan_remove(struct reply_plan *plan, int index);
/* Whether the connection's end is planned: RESET, CLOSE or STALL. */
bool plan_is_ended(const struct reply_plan *plan);
/* Puts `step` behind END and what is there, but before the connection's end. */
void plan_add_behind(struct reply_plan *plan, struct plan_step step);
/* Ends the plan at `index` with RESET, CLOSE or STALL. */
void plan_end_at(struct reply_plan *plan, int index, enum plan_step_kind kind);
/* Appends a step. */
void plan_append(struct reply_plan *plan, struct plan_step step);
/* The index of END; PLAN_NOWHERE when the plan has none. */
int plan_find_end(const struct reply_plan *plan);
/* HEAD, BODY 100 % and END, the first after `after_ns`. */
void plan_set_healthy(struct reply_plan *plan, uint64_t after_ns);

/* The common part of reset, close and stall, at all positions but connect. */
void plan_cut(struct reply_plan *plan, const struct fault *fault, enum plan_step_kind kind);
/* The common part of dribble and throttle. */
void plan_slow(struct reply_plan *plan, const struct fault *fault);

#endif
