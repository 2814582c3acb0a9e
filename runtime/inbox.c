#include "runtime/inbox.h"

#include <assert.h>

#include "base/mem.h"

void inbox_init(struct inbox *inbox, uint32_t capacity)
{
    assert(capacity > 0);
    *inbox = (struct inbox){
        .items = mem_alloc(capacity, sizeof *inbox->items),
        .capacity = capacity,
    };
}

void inbox_deinit(struct inbox *inbox)
{
    mem_free(inbox->items);
    *inbox = (struct inbox){ 0 };
}

static void grow(struct inbox *inbox)
{
    struct inbox bigger;
    inbox_init(&bigger, inbox->capacity * 2);
    struct engine_input input;
    while (inbox_pop(inbox, &input)) inbox_push(&bigger, &input);
    inbox_deinit(inbox);
    *inbox = bigger;
}

void inbox_push(struct inbox *inbox, const struct engine_input *input)
{
    if (inbox->count == inbox->capacity) grow(inbox);
    inbox->items[(inbox->head + inbox->count) % inbox->capacity] = *input;
    inbox->count++;
}

bool inbox_pop(struct inbox *inbox, struct engine_input *out)
{
    if (inbox->count == 0) return false;
    *out = inbox->items[inbox->head];
    inbox->head = (inbox->head + 1) % inbox->capacity;
    inbox->count--;
    return true;
}
