#ifndef MOCK_HEAD_H
#define MOCK_HEAD_H
/* The head of a response as bytes, for answers that the server cannot send itself. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "mock/spool.h"
#include "scenario/plan.h"

struct head {
    unsigned status;
    const char *content_type;        /* NULL: none */
    const char *request_id;          /* NULL: none */
    const struct reply_plan *plan;   /* framing, what is malformed, padding, more headers */
    const struct plan_header *extra; /* of the order */
    size_t extra_count;
    uint64_t content_length;
};

/* The text of the Retry-After header: seconds, or a date so much later than `wall_ms`. */
enum { HEAD_DATE_MAX = 32 };
const char *head_retry_after(const struct reply_plan *plan, uint64_t wall_ms,
                             char out[HEAD_DATE_MAX]);
/* "Mon, 23 Nov 2026 17:17:06 GMT" (IMF-fixdate, RFC 9110 5.6.7); returns `out`. */
const char *head_date(uint64_t wall_ms, char out[HEAD_DATE_MAX]);

/* Adds it to the spool. */
void head_write(struct spool *out, const struct head *head, uint64_t wall_ms);
/* "Service Unavailable"; "Status" for one without a name. */
const char *head_reason(unsigned status);
/* Whether a response of this status may have a body. */
bool head_has_body(unsigned status);

#endif
