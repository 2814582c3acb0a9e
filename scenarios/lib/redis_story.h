#ifndef SCENARIO_REDIS_STORY_H
#define SCENARIO_REDIS_STORY_H
/* The `redis` section of a scenario: a second cache level, and what happens to it. The harness
 * starts a real redis-server and plays the phases on it; the simulator plays them in virtual time.
 *
 *     redis:
 *       latency: { p50: 200us, p99: 1ms, max: 2ms }     # of the simulated one; 200us without it
 *       phases:
 *         - { name: redis-outage, from: 8s, to: 16s, do: down }
 *         - { name: wiped, at: 18s, do: flush }
 *
 *     down   connections are closed, then refused; it comes back empty
 *     hang   takes connections and commands, and answers nothing until the phase is over
 *     flush  at one moment all entries are lost
 *
 * The server is there and empty when the scenario begins. `redis: {}` is one without trouble. */

#include <stdbool.h>
#include <stddef.h>

#include "scenario/latency.h"

struct scenario;

enum redis_effect { REDIS_DOWN, REDIS_HANG, REDIS_FLUSH };

enum { REDIS_PHASES_MAX = 16 };

struct redis_phase {
    const char *name;
    uint64_t from_ns, to_ns; /* from <= t < to, offsets from the scenario's start; flush: equal */
    enum redis_effect effect;
    int line, column;
};

struct redis_story {
    bool given;                       /* the scenario has the section */
    bool calm;                        /* its phases do nothing: to see what they matter */
    struct latency latency;           /* of one command in the simulator, there and back */
    const struct redis_phase *phases; /* in order of time, not overlapping */
    size_t phase_count;
};

const char *redis_effect_name(enum redis_effect effect);

/* Fills `scenario->redis`; its duration and its upstream's phases are there already. */
MUST_USE enum err redis_story_parse(const struct value_reader *reader,
                                    const struct yaml_node *node, struct scenario *scenario);

/* The phase in force at an offset (a flush never is); NULL: none. */
const struct redis_phase *redis_story_phase_at(const struct redis_story *story,
                                               uint64_t offset_ns);

#endif
