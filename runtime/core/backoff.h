#ifndef CORE_BACKOFF_H
#define CORE_BACKOFF_H
/* Exponential backoff with full jitter (guide 2.2; Brooker, "Exponential Backoff And Jitter").
 *
 * The wait before retry n (0-based: the first retry is 0) is uniform in [0, min(cap, base * 2^n)).
 * Example, base 100 ms and cap 800 ms: ceilings 100, 200, 400, 800, 800, ... ms.
 * The draw is keyed, so the same request and attempt wait equally long in both worlds. */

#include <stdint.h>

struct backoff_config {
    uint64_t base_ns;
    uint64_t cap_ns; /* >= base_ns */
};

/* min(cap, base * 2^retry), without overflow. */
uint64_t backoff_ceiling_ns(const struct backoff_config *config, unsigned retry);
/* 0 .. ceiling-1 (0 when the ceiling is 0). */
uint64_t backoff_draw_ns(const struct backoff_config *config, uint64_t seed, uint64_t request_key,
                         unsigned retry);

/* The wait before a connection that nobody waits for is tried again after `failures` (>= 1) in a
 * row: in [ceiling / 2, ceiling), ceiling = min(cap, base * 2^(failures-1)). Never none, so that a
 * dead server is not asked in a circle; drawn, so that many clients do not come back at once.
 * `subject` tells the clients apart. */
uint64_t backoff_reconnect_ns(const struct backoff_config *config, uint64_t seed, uint64_t subject,
                              uint32_t failures);

#endif
