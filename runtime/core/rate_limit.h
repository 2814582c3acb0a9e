#ifndef CORE_RATE_LIMIT_H
#define CORE_RATE_LIMIT_H
/* A token bucket per client, integers only. A bucket is one moment, `full_at`: when it would be
 * full again. Each admitted request moves it by one interval (1 s / per_s, rounded up to a
 * nanosecond); a request is admitted when full_at - now is at most (burst - 1) intervals. That is
 * the bucket of `burst` tokens that gains `per_s` of them a second, without a timer and without
 * drift.
 *
 * Example: per_s 2, burst 3. At 0 three requests pass (full_at 1.5 s) and the fourth is told to
 * wait 500 ms; at 500 ms one passes, and the next waits 500 ms again.
 *
 * The table is bounded: a new client takes the place of the one that asked longest ago. When that
 * one's bucket was full nothing is lost; else it begins anew with a full one. So more clients at
 * once than `clients_max` are limited less, never more, than the setting says. */

#include <stdint.h>

#include "base/instant.h"

struct rate_limit_config {
    uint32_t per_s; /* 0: everything is admitted */
    uint32_t burst; /* 0: as per_s */
};

struct rate_key {
    uint64_t high;
    uint64_t low;
};

struct rate_limit;

/* `config` is borrowed and may change between calls. `seed`: so that nobody can choose addresses
 * that collide. */
struct rate_limit *rate_limit_create(const struct rate_limit_config *config, uint32_t clients_max,
                                     uint64_t seed);
void rate_limit_destroy(struct rate_limit *limit);

/* 0: admitted. Otherwise refused, and how long until the next request of this client would pass;
 * refusals cost the client nothing. `now` never goes back. */
uint64_t rate_limit_admit(struct rate_limit *limit, struct rate_key client, instant_ns now);

/* Clients in the table. */
uint32_t rate_limit_clients(const struct rate_limit *limit);

#endif
