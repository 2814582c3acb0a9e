#ifndef BASE_RNG_H
#define BASE_RNG_H
/* Chance that can be repeated.
 *
 * Every random choice of a run is a *keyed draw*: a function of (seed, stream, subject, number),
 * never of call order. So both worlds, any concurrency and every configuration of a sweep meet the
 * same luck: `draw(seed, rng_stream("backoff"), request_key, attempt)`.
 *
 * `struct rng` is a sequence (xoshiro256**, Blackman and Vigna 2018) for where order is fixed
 * anyway: building a schedule, random walks in tests. Probabilities are ratios, not floats. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 64-bit hash of bytes (FNV-1a, then a finaliser); stable across machines, not for secrets. */
uint64_t hash_bytes(const void *bytes, size_t length);
uint64_t hash_text(const char *text);

/* The number of a named stream: a new draw in one place disturbs no other. */
uint64_t rng_stream(const char *name);

/* A uniform 64-bit value for these four. */
uint64_t draw(uint64_t seed, uint64_t stream, uint64_t subject, uint64_t number);

/* Maps a uniform 64-bit value to 0 .. bound-1 (multiply-shift); bound > 0. */
uint64_t draw_below(uint64_t uniform, uint64_t bound);

/* True for a share of `ppm` in a million (0: never, 1,000,000 or more: always). */
bool draw_hits(uint64_t uniform, uint32_t ppm);

struct rng {
    uint64_t state[4];
};

void rng_init(struct rng *rng, uint64_t seed, const char *stream);
uint64_t rng_next(struct rng *rng);
/* 0 .. bound-1 */
uint64_t rng_below(struct rng *rng, uint64_t bound);

#endif
