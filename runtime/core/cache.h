#ifndef CORE_CACHE_H
#define CORE_CACHE_H
/* The first-level cache (guide 5): which keys are held, since when, in which slot. The bodies
 * themselves belong to the driver, who keeps them in an array by slot number.
 *
 * An entry of age a is fresh while a < ttl_ns, stale while a < ttl_ns + stale_ns, then gone.
 * Least recently used entries leave when the number of entries or of bytes is over its bound.
 *
 * Example: ttl 60 s, stale 120 s; stored at 10 s: fresh until 70 s, stale until 190 s. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

enum { CACHE_KEY_BYTES = 32 };
#define CACHE_NO_SLOT UINT32_MAX

struct cache_key {
    uint8_t bytes[CACHE_KEY_BYTES]; /* SHA-256 of the request's canonical form */
};

struct cache_config {
    uint64_t ttl_ns;      /* 0: nothing is ever fresh */
    uint64_t stale_ns;    /* 0: no stale-if-error */
    uint32_t entries_max; /* 0: no cache, as when both times are 0; at most 2^30 */
    uint64_t bytes_max;   /* over all bodies */
    bool families;        /* entries may join families: cache_find_family() */
};

enum cache_state { CACHE_MISS, CACHE_FRESH, CACHE_STALE };

struct cache_hit {
    enum cache_state state;
    uint32_t slot;   /* CACHE_NO_SLOT on a miss */
    uint64_t age_ns; /* 0 on a miss */
};

/* Whether such a cache never holds anything. */
bool cache_is_off(const struct cache_config *config);

/* What an entry of this age is. */
enum cache_state cache_state_at(const struct cache_config *config, uint64_t age_ns);

/* Evenly spread over 32 bits. */
uint32_t cache_key_hash(const struct cache_key *key);

struct cache; /* allocated at create, nothing later */

/* `config` is borrowed; who changes it calls cache_reconfigured() before anything else. */
struct cache *cache_create(const struct cache_config *config);
/* Entries over a lowered bound leave, oldest use first; ages are judged by the new times.
 * entries_max never exceeds what it was at create (asserted); families does not change. */
void cache_reconfigured(struct cache *cache);
void cache_destroy(struct cache *cache);

/* Looks a key up and counts it as used. An entry that is gone leaves now. */
struct cache_hit cache_find(struct cache *cache, const struct cache_key *key, instant_ns now);

/* Takes an answer of `bytes` bytes in that was made at `stored`, now or earlier (modulo 2^64: it
 * may lie before the clock's zero): replaces the entry of an equal key (same slot), or takes a
 * free slot, or the slot of the least recently used. CACHE_NO_SLOT when it cannot be held (larger
 * than bytes_max, or no cache): then nothing changed. The driver puts the body into the returned
 * slot, dropping what was there. Entries that leave for another reason (too old, room for bytes)
 * wait in a list: see cache_pop_dropped(). */
uint32_t cache_store(struct cache *cache, const struct cache_key *key, uint64_t bytes,
                     instant_ns stored);

/* Makes the entry that was just stored in `slot` the one by which its family is found, unless the
 * present one was made later. Equal keys have equal families. Nothing without config->families. */
void cache_join_family(struct cache *cache, uint32_t slot, const struct cache_key *family);

/* The family's latest answer, as long as it is held; it counts as used. It answered another
 * request, so it is CACHE_STALE at any age below ttl_ns + stale_ns and never CACHE_FRESH. */
struct cache_hit cache_find_family(struct cache *cache, const struct cache_key *family,
                                   instant_ns now);

/* A slot whose body the driver can free now; CACHE_NO_SLOT when there is none. */
uint32_t cache_pop_dropped(struct cache *cache);
/* Whether cache_pop_dropped() has something to give. */
bool cache_has_dropped(const struct cache *cache);

uint32_t cache_entries(const struct cache *cache);
uint64_t cache_bytes(const struct cache *cache);

/* "fresh", "stale_if_error", "miss" (guide 5's tag values). */
const char *cache_state_name(enum cache_state state);

#endif
