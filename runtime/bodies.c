#include "runtime/bodies.h"

#include <assert.h>

#include "base/mem.h"

/* The engine's entry, the allocator's headers and the struct: about this much per answer. */
enum { BODY_OVERHEAD_BYTES = 192 };

struct body *body_create(char *text, size_t length, uint32_t warnings)
{
    struct body *body = mem_alloc(1, sizeof *body);
    *body = (struct body){
        .references = 1,
        .warnings = warnings,
        .length = length,
        .text = text,
    };
    return body;
}

void body_release(struct body *body)
{
    if (body == NULL) return;
    assert(body->references > 0);
    if (--body->references > 0) return;
    mem_free(body->text);
    mem_free(body);
}

uint64_t body_weight(const struct body *body)
{
    return body->length + BODY_OVERHEAD_BYTES;
}

void bodies_init(struct bodies *bodies, uint32_t slots)
{
    /* One more than needed, so that a cache of no entries has an array too. */
    *bodies = (struct bodies){
        .slots = mem_alloc(slots + (size_t)1, sizeof *bodies->slots),
        .count = slots,
    };
}

void bodies_deinit(struct bodies *bodies)
{
    for (uint32_t slot = 0; slot < bodies->count; slot++) body_release(bodies->slots[slot]);
    mem_free(bodies->slots);
    *bodies = (struct bodies){ 0 };
}

void bodies_put(struct bodies *bodies, uint32_t slot, struct body *body)
{
    assert(slot < bodies->count);
    assert(body != NULL);
    body->references++;
    body_release(bodies->slots[slot]);
    bodies->slots[slot] = body;
}

void bodies_drop(struct bodies *bodies, uint32_t slot)
{
    assert(slot < bodies->count);
    body_release(bodies->slots[slot]);
    bodies->slots[slot] = NULL;
}

const struct body *bodies_get(const struct bodies *bodies, uint32_t slot)
{
    assert(slot < bodies->count);
    assert(bodies->slots[slot] != NULL);
    return bodies->slots[slot];
}
