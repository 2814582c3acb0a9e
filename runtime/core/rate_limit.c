#include "core/rate_limit.h"

#include <assert.h>
#include <stdbool.h>

#include "base/mem.h"
#include "base/rng.h"

#define RATE_NONE UINT32_MAX

struct rate_bucket {
    struct rate_key client;
    instant_ns full_at;
    uint32_t older, newer; /* by the latest request */
    uint32_t next;         /* of the same chain */
};

struct rate_limit {
    const struct rate_limit_config *config; /* borrowed */
    struct rate_bucket *buckets;            /* owned */
    uint32_t *chains;                       /* owned: bucket + 1; 0: empty */
    uint32_t chain_mask;
    uint32_t clients_max;
    uint32_t count;
    uint32_t oldest, newest;
    uint64_t seed;
};

struct rate_limit *rate_limit_create(const struct rate_limit_config *config, uint32_t clients_max,
                                     uint64_t seed)
{
    assert(clients_max > 0 && clients_max <= UINT32_C(1) << 30);
    uint32_t chains = 2;
    while (chains < clients_max) chains *= 2;
    struct rate_limit *limit = mem_alloc(1, sizeof *limit);
    *limit = (struct rate_limit){
        .config = config,
        .buckets = mem_alloc(clients_max, sizeof *limit->buckets),
        .chains = mem_alloc(chains, sizeof *limit->chains),
        .chain_mask = chains - 1,
        .clients_max = clients_max,
        .oldest = RATE_NONE,
        .newest = RATE_NONE,
        .seed = seed,
    };
    return limit;
}

void rate_limit_destroy(struct rate_limit *limit)
{
    if (limit == NULL) return;
    mem_free(limit->buckets);
    mem_free(limit->chains);
    mem_free(limit);
}

static uint32_t *chain_of(struct rate_limit *limit, struct rate_key client)
{
    uint64_t hash = draw(limit->seed, client.high, client.low, 0);
    return &limit->chains[(uint32_t)hash & limit->chain_mask];
}

static uint32_t find(struct rate_limit *limit, struct rate_key client)
{
    uint32_t at = *chain_of(limit, client);
    while (at != 0) {
        const struct rate_bucket *bucket = &limit->buckets[at - 1];
        if (bucket->client.high == client.high && bucket->client.low == client.low) return at - 1;
        at = bucket->next;
    }
    return RATE_NONE;
}

static void unlink_age(struct rate_limit *limit, uint32_t index)
{
    const struct rate_bucket *bucket = &limit->buckets[index];
    if (bucket->older == RATE_NONE) {
        limit->oldest = bucket->newer;
    } else {
        limit->buckets[bucket->older].newer = bucket->newer;
    }
    if (bucket->newer == RATE_NONE) {
        limit->newest = bucket->older;
    } else {
        limit->buckets[bucket->newer].older = bucket->older;
    }
}

static void link_newest(struct rate_limit *limit, uint32_t index)
{
    struct rate_bucket *bucket = &limit->buckets[index];
    bucket->older = limit->newest;
    bucket->newer = RATE_NONE;
    if (limit->newest == RATE_NONE) {
        limit->oldest = index;
    } else {
        limit->buckets[limit->newest].newer = index;
    }
    limit->newest = index;
}

static void unlink_chain(struct rate_limit *limit, uint32_t index)
{
    uint32_t *at = chain_of(limit, limit->buckets[index].client);
    while (*at != index + 1) {
        assert(*at != 0);
        at = &limit->buckets[*at - 1].next;
    }
    *at = limit->buckets[index].next;
}

/* A place for a new client, not linked yet. */
static uint32_t take_place(struct rate_limit *limit)
{
    if (limit->count < limit->clients_max) return limit->count++;
    uint32_t index = limit->oldest;
    unlink_age(limit, index);
    unlink_chain(limit, index);
    return index;
}

static struct rate_bucket *bucket_of(struct rate_limit *limit, struct rate_key client,
                                     instant_ns now)
{
    uint32_t index = find(limit, client);
    if (index != RATE_NONE) {
        unlink_age(limit, index);
    } else {
        index = take_place(limit);
        uint32_t *chain = chain_of(limit, client);
        limit->buckets[index] = (struct rate_bucket){
            .client = client,
            .full_at = now,
            .next = *chain,
        };
        *chain = index + 1;
    }
    link_newest(limit, index);
    return &limit->buckets[index];
}

uint64_t rate_limit_admit(struct rate_limit *limit, struct rate_key client, instant_ns now)
{
    const struct rate_limit_config *config = limit->config;
    if (config->per_s == 0) return 0;
    uint64_t interval_ns = (NS_PER_S + config->per_s - 1) / config->per_s;
    uint32_t burst = config->burst == 0 ? config->per_s : config->burst;
    uint64_t slack_ns = (uint64_t)(burst - 1) * interval_ns;

    struct rate_bucket *bucket = bucket_of(limit, client, now);
    uint64_t empty_ns = instant_until(bucket->full_at, now);
    if (empty_ns > slack_ns) return empty_ns - slack_ns;
    bucket->full_at = instant_add(now, empty_ns + interval_ns);
    return 0;
}

uint32_t rate_limit_clients(const struct rate_limit *limit)
{
    return limit->count;
}
