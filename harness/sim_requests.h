#ifndef HARNESS_SIM_REQUESTS_H
#define HARNESS_SIM_REQUESTS_H
/* The distinct requests of a schedule, as the engine sees them: each body is written as the load
 * generator would send it and parsed as the runtime would, so that key and route are the real
 * ones. */

#include "core/cache.h"
#include "core/taxonomy.h"
#include "harness/sim.h"

struct sim_request {
    struct cache_key key;
    struct cache_key family;  /* zeros without stale_family_key */
    enum code baseline_only;  /* its route; CODE_NONE is the full chain */
    enum code refused;        /* not a valid one: answered with this; CODE_NONE: valid */
    bool used;                /* the schedule has it */
    bool baseline_ok;         /* its baseline can be computed */
    bool baseline_valid;      /* and is a forecast: 0 <= q10 <= q50 <= q90 <= 1 */
    const char *model;        /* as the upstream is told; NULL: not */
    const char *market;
    uint32_t answer_bytes;    /* of a good answer, about: in the cache and on the wire */
};

/* The request of an arrival. */
const struct sim_request *sim_requests_at(const struct sim_requests *requests,
                                          const struct arrival *arrival);

#endif
