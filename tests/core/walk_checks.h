#ifndef TESTS_WALK_CHECKS_H
#define TESTS_WALK_CHECKS_H
/* The random walk's world: what its driver knows of each call and each cache slot, and the rules
 * that every action of the engine must obey. A broken rule fails the running test. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rng.h"
#include "core/engine.h"

enum { WALK_CALLS = 12, WALK_SLOTS = 4, WALK_KEYS = 7, WALK_FAMILIES = 3 };

struct walk_call {
    bool active;
    bool running;  /* an attempt is out */
    bool baseline; /* RUN_BASELINE is to be answered */
    bool gone;     /* its client left */
    bool l2;       /* L2_GET is to be answered */
    bool l2_held;  /* the second level had a body for it */
    instant_ns l2_made;
    uint8_t key;
    instant_ns arrived;
    instant_ns ended;        /* the latest attempt */
    uint64_t retry_after_ns; /* of the latest attempt; 0: none */
    uint32_t attempts;
};

struct walk_slot {
    bool held;
    uint8_t key;
    instant_ns stored;
};

/* What all walks together have reached: a walk that reaches little proves little. */
struct walk_reach {
    uint32_t path[PATH_BASELINE_FAILED + 1];
    uint32_t rule[BREAKER_RULE_PROBES_PASSED + 1];
    uint32_t served[SERVED_COUNT];
    uint32_t action[ENGINE_L2_PUT + 1];
    uint32_t retries;
    uint32_t late_results;
};

struct walk {
    struct engine_config config;
    struct engine *engine;
    struct rng rng;
    instant_ns now;
    struct walk_call calls[WALK_CALLS];
    struct walk_slot slots[WALK_SLOTS];
    uint32_t running;
    uint64_t first_attempts, retries;
    instant_ns refused_until[WALK_KEYS + WALK_CALLS]; /* by key: refused for good */
    enum breaker_state breaker;
    uint32_t generation;
    instant_ns held_until; /* before the step */
    uint64_t trace_hash;   /* of every line so far */
    struct buf line;
    struct walk_reach *reach; /* borrowed */
};

/* walk_paths.c: the path is a word of the chain's grammar, and fits what was served. */
void walk_check_path(const struct call_record *record);

/* Steps, checks and books every action, and answers RUN_BASELINE at once. */
void walk_step(struct walk *walk, const struct engine_input *input);

#endif
