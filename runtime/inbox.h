#ifndef RUNTIME_INBOX_H
#define RUNTIME_INBOX_H
/* What happened since the engine was last stepped, first come, first served. Sockets report from
 * the depths of libcurl's and libmicrohttpd's callbacks, where nothing may be started or cancelled;
 * the inputs wait here until the turn of the loop is over. */

#include <stdbool.h>
#include <stdint.h>

#include "core/engine.h"

struct inbox {
    struct engine_input *items; /* owned: a ring; grows when full */
    uint32_t capacity;
    uint32_t head;
    uint32_t count;
};

void inbox_init(struct inbox *inbox, uint32_t capacity);
void inbox_deinit(struct inbox *inbox);
void inbox_push(struct inbox *inbox, const struct engine_input *input);
/* False when it is empty. */
bool inbox_pop(struct inbox *inbox, struct engine_input *out);

#endif
