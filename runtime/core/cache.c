#include "core/cache.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "core/families.h"

/* A slot is in one of three places: held (in the hash table and the LRU list), dropped (its body
 * waits to be freed), or free. `next` links the last two. Slots never used yet are not linked at
 * all: they are those from `slots_used` on, so that create touches no memory. */
struct cache_entry {
    struct cache_key key;
    instant_ns stored;
    uint64_t bytes;
    uint32_t older, newer; /* LRU neighbours */
    uint32_t next;         /* of the same bucket, or of the dropped or free list */
    uint32_t bucket;
};

struct cache {
    const struct cache_config *config; /* borrowed */
    uint32_t entries_size;             /* slots that memory was taken for */
    struct cache_entry *entries;       /* owned: by slot */
    uint32_t *buckets;                 /* owned: slot + 1; 0: empty */
    uint32_t bucket_mask;
    struct families families; /* owned; all zeros without config->families */
    uint32_t count;
    uint64_t bytes;
    uint32_t oldest, newest;
    uint32_t dropped, free;
    uint32_t slots_used;
};

bool cache_is_off(const struct cache_config *config)
{
    return config->entries_max == 0 || (config->ttl_ns == 0 && config->stale_ns == 0);
}

enum cache_state cache_state_at(const struct cache_config *config, uint64_t age_ns)
{
    if (age_ns < config->ttl_ns) return CACHE_FRESH;
    return age_ns < instant_add(config->ttl_ns, config->stale_ns) ? CACHE_STALE : CACHE_MISS;
}

struct cache *cache_create(const struct cache_config *config)
{
    struct cache *cache = mem_alloc(1, sizeof *cache);
    *cache = (struct cache){
        .config = config,
        .oldest = CACHE_NO_SLOT,
        .newest = CACHE_NO_SLOT,
        .dropped = CACHE_NO_SLOT,
        .free = CACHE_NO_SLOT,
    };
    /* With both times 0 it is off only until somebody sets one. */
    if (config->entries_max == 0) return cache;
    cache->entries_size = config->entries_max;
    assert(config->entries_max <= UINT32_C(1) << 30);
    uint32_t buckets = 2;
    while (buckets < config->entries_max)
        buckets *= 2;
    cache->bucket_mask = buckets - 1;
    cache->buckets = mem_alloc(buckets, sizeof *cache->buckets);
    cache->entries = mem_alloc(config->entries_max, sizeof *cache->entries);
    families_init(&cache->families, config->families ? config->entries_max : 0);
    return cache;
}

void cache_destroy(struct cache *cache)
{
    if (cache == NULL) return;
    families_deinit(&cache->families);
    mem_free(cache->entries);
    mem_free(cache->buckets);
    mem_free(cache);
}

/* The key is a SHA-256, evenly spread already; folding all of it also serves tests and simulations
 * whose keys differ in a few bytes only. */
uint32_t cache_key_hash(const struct cache_key *key)
{
    uint64_t words[CACHE_KEY_BYTES / sizeof(uint64_t)];
    memcpy(words, key->bytes, sizeof words);
    uint64_t hash = words[0] ^ (words[1] << 1) ^ (words[2] << 2) ^ (words[3] << 3);
    hash *= UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(hash >> 32);
}

static uint32_t cache_bucket(const struct cache *cache, const struct cache_key *key)
{
    return cache_key_hash(key) & cache->bucket_mask;
}

static uint32_t cache_lookup(const struct cache *cache, uint32_t bucket,
                             const struct cache_key *key)
{
    uint32_t at = cache->buckets[bucket];
    while (at != 0) {
        const struct cache_entry *entry = &cache->entries[at - 1];
        if (memcmp(&entry->key, key, sizeof *key) == 0) return at - 1;
        at = entry->next;
    }
    return CACHE_NO_SLOT;
}

static void lru_remove(struct cache *cache, uint32_t slot)
{
    const struct cache_entry *entry = &cache->entries[slot];
    if (entry->older == CACHE_NO_SLOT) {
        cache->oldest = entry->newer;
    } else {
        cache->entries[entry->older].newer = entry->newer;
    }
    if (entry->newer == CACHE_NO_SLOT) {
        cache->newest = entry->older;
    } else {
        cache->entries[entry->newer].older = entry->older;
    }
}

static void lru_append(struct cache *cache, uint32_t slot)
{
    cache->entries[slot].older = cache->newest;
    cache->entries[slot].newer = CACHE_NO_SLOT;
    if (cache->newest == CACHE_NO_SLOT) {
        cache->oldest = slot;
    } else {
        cache->entries[cache->newest].newer = slot;
    }
    cache->newest = slot;
}

static void lru_touch(struct cache *cache, uint32_t slot)
{
    if (cache->newest == slot) return;
    lru_remove(cache, slot);
    lru_append(cache, slot);
}

/* Takes an entry out of the table; its slot goes to the dropped ones. */
static void cache_drop(struct cache *cache, uint32_t slot)
{
    struct cache_entry *entry = &cache->entries[slot];
    uint32_t *link = &cache->buckets[entry->bucket];
    while (*link != slot + 1)
        link = &cache->entries[*link - 1].next;
    *link = entry->next;
    families_remove(&cache->families, slot);
    lru_remove(cache, slot);
    cache->count--;
    cache->bytes -= entry->bytes;
    entry->next = cache->dropped;
    cache->dropped = slot;
}

/* A dropped slot goes first: its body is replaced instead of waiting to be freed. */
static uint32_t cache_take_slot(struct cache *cache)
{
    if (cache->count == cache->config->entries_max) cache_drop(cache, cache->oldest);
    uint32_t *list = cache->dropped != CACHE_NO_SLOT ? &cache->dropped : &cache->free;
    uint32_t slot = *list;
    if (slot == CACHE_NO_SLOT) {
        assert(cache->slots_used < cache->config->entries_max);
        return cache->slots_used++;
    }
    *list = cache->entries[slot].next;
    return slot;
}

static uint32_t cache_insert(struct cache *cache, uint32_t bucket, const struct cache_key *key)
{
    uint32_t slot = cache_take_slot(cache);
    struct cache_entry *entry = &cache->entries[slot];
    entry->key = *key;
    entry->bytes = 0;
    entry->bucket = bucket;
    entry->next = cache->buckets[bucket];
    cache->buckets[bucket] = slot + 1;
    lru_append(cache, slot);
    cache->count++;
    return slot;
}

void cache_reconfigured(struct cache *cache)
{
    const struct cache_config *config = cache->config;
    assert(config->entries_max <= cache->entries_size);
    while (cache->count > config->entries_max || cache->bytes > config->bytes_max)
        cache_drop(cache, cache->oldest);
}

struct cache_hit cache_find(struct cache *cache, const struct cache_key *key, instant_ns now)
{
    const struct cache_hit miss = { .state = CACHE_MISS, .slot = CACHE_NO_SLOT };
    if (cache->count == 0) return miss;
    uint32_t slot = cache_lookup(cache, cache_bucket(cache, key), key);
    if (slot == CACHE_NO_SLOT) return miss;

    uint64_t age_ns = now - cache->entries[slot].stored;
    enum cache_state state = cache_state_at(cache->config, age_ns);
    if (state == CACHE_MISS) {
        cache_drop(cache, slot);
        return miss;
    }
    lru_touch(cache, slot);
    return (struct cache_hit){ .state = state, .slot = slot, .age_ns = age_ns };
}

uint32_t cache_store(struct cache *cache, const struct cache_key *key, uint64_t bytes,
                     instant_ns stored)
{
    if (cache_is_off(cache->config) || bytes > cache->config->bytes_max) return CACHE_NO_SLOT;

    uint32_t bucket = cache_bucket(cache, key);
    uint32_t slot = cache_lookup(cache, bucket, key);
    if (slot == CACHE_NO_SLOT) {
        slot = cache_insert(cache, bucket, key);
    } else {
        lru_touch(cache, slot);
    }
    struct cache_entry *entry = &cache->entries[slot];
    cache->bytes -= entry->bytes;
    entry->bytes = bytes;
    entry->stored = stored;
    /* The newest fits alone, so this ends before it. */
    while (cache->bytes > cache->config->bytes_max - bytes)
        cache_drop(cache, cache->oldest);
    cache->bytes += bytes;
    return slot;
}

/* Modulo 2^64, as `stored` may lie before the clock's zero. */
static bool was_made_before(const struct cache *cache, uint32_t slot, uint32_t other)
{
    return cache->entries[slot].stored - cache->entries[other].stored > UINT64_MAX / 2;
}

void cache_join_family(struct cache *cache, uint32_t slot, const struct cache_key *family)
{
    uint32_t present = families_find(&cache->families, family);
    if (present != CACHE_NO_SLOT && was_made_before(cache, slot, present)) return;
    families_put(&cache->families, family, slot);
}

struct cache_hit cache_find_family(struct cache *cache, const struct cache_key *family,
                                   instant_ns now)
{
    struct cache_hit hit = { .state = CACHE_MISS, .slot = CACHE_NO_SLOT };
    uint32_t slot = families_find(&cache->families, family);
    if (slot == CACHE_NO_SLOT) return hit;
    uint64_t age_ns = now - cache->entries[slot].stored;
    if (cache_state_at(cache->config, age_ns) == CACHE_MISS) {
        cache_drop(cache, slot);
        return hit;
    }
    lru_touch(cache, slot);
    return (struct cache_hit){ .state = CACHE_STALE, .slot = slot, .age_ns = age_ns };
}

uint32_t cache_pop_dropped(struct cache *cache)
{
    uint32_t slot = cache->dropped;
    if (slot == CACHE_NO_SLOT) return slot;
    cache->dropped = cache->entries[slot].next;
    cache->entries[slot].next = cache->free;
    cache->free = slot;
    return slot;
}

bool cache_has_dropped(const struct cache *cache)
{
    return cache->dropped != CACHE_NO_SLOT;
}

uint32_t cache_entries(const struct cache *cache)
{
    return cache->count;
}

uint64_t cache_bytes(const struct cache *cache)
{
    return cache->bytes;
}

const char *cache_state_name(enum cache_state state)
{
    switch (state) {
    case CACHE_MISS: return "miss";
    case CACHE_FRESH: return "fresh";
    case CACHE_STALE: return "stale_if_error";
    }
    assert(false && "no such cache state");
    return "";
}
