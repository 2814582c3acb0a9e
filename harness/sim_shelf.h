#ifndef HARNESS_SIM_SHELF_H
#define HARNESS_SIM_SHELF_H
/* What the simulated Redis holds: by a request's key, when the forecast was written. Nothing is
 * ever dropped but all at once; how old may be served is the reader's affair. */

#include <stdbool.h>
#include <stddef.h>

#include "base/instant.h"
#include "core/cache.h"

struct sim_shelf_place;

struct sim_shelf {
    struct sim_shelf_place *places; /* owned: a power of two of them */
    size_t mask;
};

/* Room for `keys` distinct ones, which is never exceeded. */
void sim_shelf_init(struct sim_shelf *shelf, size_t keys);
void sim_shelf_deinit(struct sim_shelf *shelf);

void sim_shelf_put(struct sim_shelf *shelf, const struct cache_key *key, instant_ns written);
/* False: there is none. */
bool sim_shelf_get(const struct sim_shelf *shelf, const struct cache_key *key, instant_ns *written);
void sim_shelf_clear(struct sim_shelf *shelf);

#endif
