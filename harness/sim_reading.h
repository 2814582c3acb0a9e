#ifndef HARNESS_SIM_READING_H
#define HARNESS_SIM_READING_H
/* What the runtime's HTTP client makes of an answer while its bytes come in: when it takes it for
 * complete, and what it calls one that never is. A model of net/http_client.h and
 * runtime/upstream.c; a test plays every row of the fault table through both. */

#include <stdbool.h>
#include <stdint.h>

#include "core/classify.h"
#include "scenario/plan.h"

enum {
    SIM_HEAD_BYTES = 116, /* a plain head of the mock, about */
    SIM_ERROR_BYTES = 32, /* the body of an error: a short JSON object */
    SIM_1XX_MAX = 8,      /* net/http_client.h: HTTP_1XX_MAX */
    /* libcurl takes no header line that is longer. */
    SIM_HEADER_BYTES_MAX = 100 * 1024,
};

struct sim_reading {
    uint64_t body_bytes; /* that the upstream has to send */
    uint64_t bytes_max;  /* that the client takes */
    uint64_t head_sent, body_sent;
    uint64_t extra;      /* garbage inside the body */
    bool head_spoiled;
    bool head_seen;      /* complete: its status counts */
};

/* `answer_bytes` is the length of a good answer's body. */
void sim_reading_begin(struct sim_reading *reading, const struct reply_plan *plan,
                       uint32_t answer_bytes, uint64_t bytes_max);

/* How many bytes are left of a step. */
uint64_t sim_reading_left(const struct sim_reading *reading, const struct plan_step *step);

/* `bytes` of a step arrive (0 for those that send none). True when the attempt is over, as
 * `outcome`. */
bool sim_reading_take(struct sim_reading *reading, const struct reply_plan *plan,
                      const struct plan_step *step, uint64_t bytes, enum outcome *outcome);

/* What a client that waits for the end calls an answer; false when it has none (a stall), or when
 * that hangs on the length of the body, which is given about. */
bool sim_reading_outcome(const struct reply_plan *plan, uint32_t answer_bytes, uint64_t bytes_max,
                         enum outcome *outcome);

#endif
