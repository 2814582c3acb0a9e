#ifndef MOCK_HEAD_H
#define MOCK_HEAD_H
/* The head of a response as bytes, for answers that the server cannot send itself. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct head {
    unsigned status;
    const char *content_type; /* NULL: none */
    const char *request_id;   /* NULL: none */
    bool has_retry_after;
    uint32_t retry_after_s;
    size_t content_length;
    bool closes; /* tell the client that the connection ends with this answer */
};

void head_write(struct buf *out, const struct head *head);
/* "Service Unavailable"; "Status" for one without a name. */
const char *head_reason(unsigned status);
/* Whether a response of this status may have a body. */
bool head_has_body(unsigned status);

#endif
