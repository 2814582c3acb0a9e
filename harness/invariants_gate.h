#ifndef HARNESS_INVARIANTS_GATE_H
#define HARNESS_INVARIANTS_GATE_H
/* A request's passes through the chain's gate (hold, breaker, pool), read from its path: one for
 * each attempt, and perhaps one more that refused it.
 *
 *     pool:wait breaker:closed attempt:5xx hold    two: waited and began; held */

#include "harness/run.h"

struct gate {
    uint32_t request;
    uint32_t number;   /* of the attempt that it is about */
    bool waited;       /* for a place in the pool */
    bool asked_known;  /* asked_ns is meaningful */
    uint64_t asked_ns; /* when it came to the gate */
    enum path_step end;                /* breaker:closed, breaker:probe, or why not */
    const struct run_attempt *attempt; /* NULL: it was refused, or left while it waited */
    uint32_t at;       /* the next word to look at */
    bool joined;       /* waited for another call before: when that ended is not known */
    bool looked_up;    /* asked the second level before: when that ended only the simulator knows */
};

/* Whether a word is what the second level had to say. */
bool path_is_lookup(enum path_step step);

/* Whether any path has this word: most runs know no waits and no holds, and need not be walked
 * through for their sake. */
bool gate_has_word(const struct run *run, enum path_step step);

/* Whether Retry-After may have made waits longer than their draw. */
bool gate_may_be_told(const struct scenario *scenario);

/* Before the first of them. */
struct gate gate_first(uint32_t request);
/* The next one; false when there is none. */
bool gate_next(const struct run *run, struct gate *gate);

#endif
