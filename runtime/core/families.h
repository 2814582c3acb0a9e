#ifndef CORE_FAMILIES_H
#define CORE_FAMILIES_H
/* Which slot of the cache holds the latest answer of each family: requests that differ only in what
 * changes from one asking to the next (time, values). Part of core/cache.h, which owns the entries;
 * here is one link per slot, and one slot per family.
 *
 * Example: slot 3 joins family F, then slot 5 does: F is found in slot 5. Slot 3 stays an entry of
 * the cache, but no family's. When slot 5 leaves, F is not found any more. */

#include <stdbool.h>
#include <stdint.h>

#include "core/cache.h"

struct family_link {
    struct cache_key family;
    uint32_t next; /* slot + 1, of the same bucket; 0: the last */
    uint32_t bucket;
    bool linked;
};

/* All zeros: no families are kept, nothing is ever found. */
struct families {
    struct family_link *links; /* owned: by slot; NULL: none are kept */
    uint32_t *buckets;         /* owned: slot + 1; 0: empty */
    uint32_t bucket_mask;
};

/* All memory is taken here. `slots`: at most 2^30; 0: none are kept. */
void families_init(struct families *families, uint32_t slots);
void families_deinit(struct families *families);

/* CACHE_NO_SLOT when nothing is kept of it. */
uint32_t families_find(const struct families *families, const struct cache_key *family);
/* `slot`, of no other family, is its family's from now on, in place of the one that was. Nothing
 * when no families are kept. */
void families_put(struct families *families, const struct cache_key *family, uint32_t slot);
/* The slot's entry leaves the cache; nothing when it is no family's. */
void families_remove(struct families *families, uint32_t slot);

#endif
