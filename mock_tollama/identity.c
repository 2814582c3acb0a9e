#include "mock/identity.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

enum { ATTEMPT_MAX = 1000000 };

void identity_table_init(struct identity_table *table)
{
    table->slots = mem_alloc(IDENTITY_BODIES_MAX, sizeof(*table->slots));
}

void identity_table_deinit(struct identity_table *table)
{
    mem_free(table->slots);
    table->slots = NULL;
}

void identity_table_clear(struct identity_table *table)
{
    memset(table->slots, 0, IDENTITY_BODIES_MAX * sizeof(*table->slots));
}

/* Which occurrence of this body it is, from 0. */
static uint32_t count_body(struct identity_table *table, uint64_t hash)
{
    struct identity_slot *found = &table->slots[hash % IDENTITY_BODIES_MAX];
    for (size_t i = 0; i < IDENTITY_PROBES; i++) {
        struct identity_slot *slot = &table->slots[(hash + i) % IDENTITY_BODIES_MAX];
        if (slot->seen > 0 && slot->body_hash != hash) continue;
        found = slot;
        break;
    }
    if (found->body_hash != hash) *found = (struct identity_slot){ .body_hash = hash };
    return found->seen++;
}

static bool all_digits(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static size_t length_without_attempt(const char *id)
{
    const char *tilde = strrchr(id, '~');
    if (tilde == NULL || tilde == id || !all_digits(tilde + 1)) return strlen(id);
    return (size_t)(tilde - id);
}

static unsigned attempt_parse(const char *text)
{
    unsigned value = 0;
    if (text == NULL || !all_digits(text)) return 0;
    for (; *text != '\0' && value < ATTEMPT_MAX; text++)
        value = value * 10 + (unsigned)(*text - '0');
    return value;
}

static char *id_room(const struct identity_source *source, size_t bytes)
{
    bool fits = source->room != NULL && bytes <= IDENTITY_ROOM;
    return fits ? source->room : mem_alloc(bytes, 1);
}

struct identity identity_make(struct identity_table *table, const struct identity_source *source)
{
    struct identity identity = { .attempt = attempt_parse(source->attempt) };
    if (source->request_id != NULL && source->request_id[0] != '\0') {
        size_t length = length_without_attempt(source->request_id);
        identity.id = id_room(source, length + 1);
        memcpy(identity.id, source->request_id, length);
        identity.id[length] = '\0';
        return identity;
    }
    uint64_t hash = hash_bytes(source->body, source->body_length);
    identity.id = id_room(source, IDENTITY_ROOM);
    snprintf(identity.id, IDENTITY_ROOM, "body-%016llx-%u", (unsigned long long)hash,
             count_body(table, hash));
    return identity;
}
