#include "harness/sim_shelf.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

struct sim_shelf_place {
    bool taken;
    struct cache_key key;
    instant_ns written;
};

void sim_shelf_init(struct sim_shelf *shelf, size_t keys)
{
    size_t count = 2;
    while (count < 2 * keys)
        count *= 2;
    *shelf = (struct sim_shelf){
        .places = mem_alloc(count, sizeof *shelf->places),
        .mask = count - 1,
    };
}

void sim_shelf_deinit(struct sim_shelf *shelf)
{
    mem_free(shelf->places);
    shelf->places = NULL;
}

/* Its place, or the free one where it would be. Keys are hashes already. */
static struct sim_shelf_place *find(const struct sim_shelf *shelf, const struct cache_key *key)
{
    size_t at;
    memcpy(&at, key->bytes, sizeof at);
    for (size_t tries = 0; tries <= shelf->mask; tries++, at++) {
        struct sim_shelf_place *place = &shelf->places[at & shelf->mask];
        if (!place->taken || memcmp(&place->key, key, sizeof *key) == 0) return place;
    }
    assert(false && "more keys than were announced");
    return NULL;
}

void sim_shelf_put(struct sim_shelf *shelf, const struct cache_key *key, instant_ns written)
{
    *find(shelf, key) = (struct sim_shelf_place){ true, *key, written };
}

bool sim_shelf_get(const struct sim_shelf *shelf, const struct cache_key *key, instant_ns *written)
{
    const struct sim_shelf_place *place = find(shelf, key);
    *written = place->written;
    return place->taken;
}

void sim_shelf_clear(struct sim_shelf *shelf)
{
    memset(shelf->places, 0, (shelf->mask + 1) * sizeof *shelf->places);
}
