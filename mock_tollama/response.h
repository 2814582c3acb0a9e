#ifndef MOCK_RESPONSE_H
#define MOCK_RESPONSE_H
/* A whole answer as it stands on the wire, and where the places of a plan are in it:
 *
 *     interim heads | head | chunk line | body, padding | end of chunk | last chunk
 *                   ^head 0 .. 100 %    ^body 0 .. 100 %                           ^ the end
 *
 * A place in the body counts the body's own bytes, whatever frames them: the chunk's line belongs
 * to its first byte, the line end behind it to its last. */

#include <stddef.h>
#include <stdint.h>

#include "mock/head.h"
#include "mock/spool.h"

struct response {
    struct spool spool; /* owned */
    uint64_t interim_length;
    uint64_t head_length;
    uint64_t chunk_line_length; /* 0: not chunked, or no body */
    uint64_t body_length;       /* with its padding */
    uint64_t chunk_end_length;
};

/* `body` is borrowed. */
void response_init(struct response *response, const struct head *head, const char *body,
                   size_t body_length, uint64_t wall_ms);
/* Without a body, which somebody else sends: its length is the head's content_length, and nothing
 * but the head counts in the spool. */
void response_init_head(struct response *response, const struct head *head, uint64_t wall_ms);
void response_deinit(struct response *response);

/* How many bytes of the spool are out when a step has been made; all of them for END. */
uint64_t response_target(const struct response *response, const struct plan_step *step);
/* Of so many bytes sent: those of the head, and those of the body's own. */
uint64_t response_head_sent(const struct response *response, uint64_t sent);
uint64_t response_body_sent(const struct response *response, uint64_t sent);

#endif
