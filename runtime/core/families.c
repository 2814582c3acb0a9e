#include "core/families.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"

void families_init(struct families *families, uint32_t slots)
{
    *families = (struct families){ .links = NULL };
    if (slots == 0) return;
    uint32_t buckets = 2;
    assert(slots <= UINT32_C(1) << 30);
    while (buckets < slots)
        buckets *= 2;
    families->bucket_mask = buckets - 1;
    families->buckets = mem_alloc(buckets, sizeof *families->buckets);
    families->links = mem_alloc(slots, sizeof *families->links);
}

void families_deinit(struct families *families)
{
    mem_free(families->links);
    mem_free(families->buckets);
    *families = (struct families){ .links = NULL };
}

uint32_t families_find(const struct families *families, const struct cache_key *family)
{
    if (families->links == NULL) return CACHE_NO_SLOT;
    uint32_t at = families->buckets[cache_key_hash(family) & families->bucket_mask];
    while (at != 0) {
        const struct family_link *link = &families->links[at - 1];
        if (memcmp(&link->family, family, sizeof *family) == 0) return at - 1;
        at = link->next;
    }
    return CACHE_NO_SLOT;
}

void families_put(struct families *families, const struct cache_key *family, uint32_t slot)
{
    if (families->links == NULL) return;
    uint32_t present = families_find(families, family);
    if (present == slot) return;
    if (present != CACHE_NO_SLOT) families_remove(families, present);
    struct family_link *link = &families->links[slot];
    assert(!link->linked);
    link->family = *family;
    link->bucket = cache_key_hash(family) & families->bucket_mask;
    link->next = families->buckets[link->bucket];
    link->linked = true;
    families->buckets[link->bucket] = slot + 1;
}

void families_remove(struct families *families, uint32_t slot)
{
    if (families->links == NULL || !families->links[slot].linked) return;
    struct family_link *gone = &families->links[slot];
    uint32_t *link = &families->buckets[gone->bucket];
    while (*link != slot + 1)
        link = &families->links[*link - 1].next;
    *link = gone->next;
    gone->linked = false;
}
