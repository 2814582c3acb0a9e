#ifndef RUNTIME_BODIES_H
#define RUNTIME_BODIES_H
/* Rendered forecasts, shared by counting: the call that made one and the cache slot that keeps it
 * hold a reference each. The engine's cache knows slots only; here is what lies in them.
 *
 * Example: a call's answer is created (1 reference), put into slot 7 (2), the call ends (1), the
 * slot is dropped (0, freed). */

#include <stddef.h>
#include <stdint.h>

struct body {
    uint32_t references;
    uint32_t warnings; /* bits of enum forecast_warning that belong to the values */
    size_t length;
    char *text;        /* owned: response_write_forecast()'s text, without the closing brace */
};

/* One reference, the caller's. Takes `text` over (mem_free). */
struct body *body_create(char *text, size_t length, uint32_t warnings);
/* Gives a reference back; accepts NULL. */
void body_release(struct body *body);
/* What the body weighs in the cache: its bytes and what is kept beside them. */
uint64_t body_weight(const struct body *body);

struct bodies {
    struct body **slots; /* owned: by cache slot, NULL when empty */
    uint32_t count;
};

void bodies_init(struct bodies *bodies, uint32_t slots);
void bodies_deinit(struct bodies *bodies);
/* Takes a reference of its own; what was in the slot goes. */
void bodies_put(struct bodies *bodies, uint32_t slot, struct body *body);
void bodies_drop(struct bodies *bodies, uint32_t slot);
/* Borrowed; never NULL: the engine names only slots that hold something. */
const struct body *bodies_get(const struct bodies *bodies, uint32_t slot);

#endif
