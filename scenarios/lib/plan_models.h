#ifndef SCENARIO_PLAN_MODELS_H
#define SCENARIO_PLAN_MODELS_H
/* Which models are loaded, for cold starts: a model's first call loads it, and it is unloaded when
 * nobody called for a while. Remembers PLAN_MODELS_MAX of them; the one not called for longest
 * gives its place away. */

#include "scenario/fault.h"

enum { PLAN_MODELS_MAX = 16 };

struct plan_model {
    uint64_t name;     /* its hash */
    uint64_t ready_ns; /* since the phase's start */
    uint64_t used_ns;
    bool known;
};

/* Zeroed: none is loaded. */
struct plan_models {
    struct plan_model items[PLAN_MODELS_MAX];
};

/* A call at a moment (since the phase's start): how long it waits for its model. `name` may be
 * NULL. */
uint64_t plan_models_wait_ns(struct plan_models *models, const struct fault *fault,
                             const char *name, uint64_t now_ns);

#endif
