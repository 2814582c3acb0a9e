#ifndef SCENARIO_PLAN_H
#define SCENARIO_PLAN_H
/* A reply plan: what the upstream does with one attempt, as data. The mock plays it on a socket,
 * the simulator in virtual time; neither decides anything.
 *
 * Healthy, 40 ms:                 { 40ms HEAD } { 0 BODY 100% } { 0 END }
 * 60 % 503:                       status = 503, same steps
 * response_body@40% reset:        { 40ms HEAD } { 0 BODY 40% } { 0 RESET }
 * response_head stall:            { 40ms STALL }
 *
 * Several faults that cut the response: the earliest position wins, and of equal ones (or a share
 * and a number of bytes, which cannot be compared) the first in the file. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "scenario/scenario.h"

enum plan_step_kind {
    PLAN_HEAD,  /* send the whole head */
    PLAN_BODY,  /* send the body up to `to` */
    PLAN_END,   /* the response is complete; the connection stays */
    PLAN_RESET, /* RST */
    PLAN_CLOSE, /* FIN */
    PLAN_STALL, /* nothing more, ever */
};

struct plan_step {
    enum plan_step_kind kind;
    uint64_t after_ns;    /* since the step before it; the first: since the request was read */
    bool to_is_bytes;     /* PLAN_BODY */
    uint32_t to_ppm;      /* PLAN_BODY: of the body's length, rounded down */
    uint64_t to_bytes;    /* PLAN_BODY: at most the body's length */
};

enum { PLAN_STEPS_MAX = 8, PLAN_RULES_MAX = SCENARIO_FAULTS_MAX };

struct reply_plan {
    uint16_t status;
    bool has_retry_after;
    uint32_t retry_after_s;
    enum answer_fault answer;
    uint8_t step_count;
    struct plan_step steps[PLAN_STEPS_MAX];
    uint64_t latency_ns;       /* the healthy part: what the latency table gave */
    const struct phase *phase; /* in force; NULL: none */
    uint32_t fired;            /* bit i: phase->faults[i] applies */
};

struct plan_query {
    uint64_t request_key; /* hash_text(X-Request-Id without our attempt suffix) */
    unsigned attempt;     /* X-Attempt, 0-based */
    uint64_t offset_ns;   /* since the scenario's start, when the request was read */
};

/* Pure: the same query gives the same plan, always. `seed` is the scenario's, or the command
 * line's. */
void plan_make(const struct scenario *scenario, uint64_t seed, const struct plan_query *query,
               struct reply_plan *out);

/* How far a BODY step goes, in bytes. */
size_t plan_body_end(const struct plan_step *step, size_t body_length);

/* "fault texts joined by ' + '", "" when none fired; for ledgers. */
void plan_rules_write(struct buf *out, const struct reply_plan *plan);

#endif
