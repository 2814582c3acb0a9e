#include "core/flights.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

void flights_init(struct flights *flights, uint32_t calls_max)
{
    assert(calls_max <= UINT32_C(1) << 30);
    uint32_t buckets = 2;
    while (buckets < calls_max)
        buckets *= 2;
    *flights = (struct flights){
        .items = mem_alloc(calls_max, sizeof *flights->items),
        .buckets = mem_alloc(buckets, sizeof *flights->buckets),
        .next = mem_alloc(calls_max, sizeof *flights->next),
        .prev = mem_alloc(calls_max, sizeof *flights->prev),
        .bucket_mask = buckets - 1,
    };
}

void flights_deinit(struct flights *flights)
{
    mem_free(flights->items);
    mem_free(flights->buckets);
    mem_free(flights->next);
    mem_free(flights->prev);
    *flights = (struct flights){ 0 };
}

static uint32_t *bucket_of(const struct flights *flights, const struct cache_key *key)
{
    return &flights->buckets[cache_key_hash(key) & flights->bucket_mask];
}

uint32_t flights_find(const struct flights *flights, const struct cache_key *key)
{
    uint32_t at = *bucket_of(flights, key);
    while (at != 0) {
        const struct flight *flight = &flights->items[at - 1];
        if (memcmp(&flight->key, key, sizeof *key) == 0) return at - 1;
        at = flight->next;
    }
    return FLIGHT_NONE;
}

uint32_t flights_start(struct flights *flights, const struct cache_key *key)
{
    uint32_t at = flights->free;
    if (at != 0) {
        flights->free = flights->items[at - 1].next;
    } else {
        at = ++flights->used;
    }
    uint32_t *bucket = bucket_of(flights, key);
    struct flight *flight = &flights->items[at - 1];
    flight->key = *key;
    flight->landed = false;
    flight->first = FLIGHT_NONE;
    flight->last = FLIGHT_NONE;
    flight->next = *bucket;
    *bucket = at;
    return at - 1;
}

void flights_join(struct flights *flights, uint32_t flight, uint32_t call)
{
    struct flight *joined = &flights->items[flight];
    assert(!joined->landed);
    flights->next[call] = FLIGHT_NONE;
    flights->prev[call] = joined->last;
    if (joined->last == FLIGHT_NONE) {
        joined->first = call;
    } else {
        flights->next[joined->last] = call;
    }
    joined->last = call;
    flights->waiting++;
}

static void take_out(struct flights *flights, struct flight *flight, uint32_t call)
{
    uint32_t next = flights->next[call];
    uint32_t prev = flights->prev[call];
    if (prev == FLIGHT_NONE) {
        assert(flight->first == call);
        flight->first = next;
    } else {
        flights->next[prev] = next;
    }
    if (next == FLIGHT_NONE) {
        assert(flight->last == call);
        flight->last = prev;
    } else {
        flights->prev[next] = prev;
    }
    flights->waiting--;
}

/* The key can be asked for anew. */
static void leave_the_air(struct flights *flights, uint32_t flight)
{
    uint32_t *link = bucket_of(flights, &flights->items[flight].key);
    while (*link != flight + 1)
        link = &flights->items[*link - 1].next;
    *link = flights->items[flight].next;
}

static void set_free(struct flights *flights, uint32_t flight)
{
    flights->items[flight].next = flights->free;
    flights->free = flight + 1;
}

static void leave_the_queue(struct flights *flights, uint32_t flight)
{
    const struct flight *left = &flights->items[flight];
    if (left->prev == 0) {
        flights->landed_first = left->next;
    } else {
        flights->items[left->prev - 1].next = left->next;
    }
    if (left->next == 0) {
        flights->landed_last = left->prev;
    } else {
        flights->items[left->next - 1].prev = left->prev;
    }
    set_free(flights, flight);
}

void flights_leave(struct flights *flights, uint32_t flight, uint32_t call)
{
    struct flight *left = &flights->items[flight];
    take_out(flights, left, call);
    if (left->landed && left->first == FLIGHT_NONE) leave_the_queue(flights, flight);
}

void flights_land(struct flights *flights, uint32_t flight, struct flight_result result)
{
    struct flight *landed = &flights->items[flight];
    assert(!landed->landed);
    leave_the_air(flights, flight);
    if (landed->first == FLIGHT_NONE) {
        set_free(flights, flight);
        return;
    }
    landed->landed = true;
    landed->result = result;
    landed->next = 0;
    landed->prev = flights->landed_last;
    if (landed->prev == 0) {
        flights->landed_first = flight + 1;
    } else {
        flights->items[landed->prev - 1].next = flight + 1;
    }
    flights->landed_last = flight + 1;
}

uint32_t flights_promote(struct flights *flights, uint32_t flight)
{
    struct flight *left = &flights->items[flight];
    assert(!left->landed);
    uint32_t call = left->first;
    if (call == FLIGHT_NONE) {
        leave_the_air(flights, flight);
        set_free(flights, flight);
    } else {
        take_out(flights, left, call);
    }
    return call;
}

bool flights_has_landed(const struct flights *flights)
{
    return flights->landed_first != 0;
}

uint32_t flights_pop(struct flights *flights, struct flight_result *result)
{
    if (flights->landed_first == 0) return FLIGHT_NONE;
    uint32_t flight = flights->landed_first - 1;
    uint32_t call = flights->items[flight].first;
    *result = flights->items[flight].result;
    flights_leave(flights, flight, call);
    return call;
}
