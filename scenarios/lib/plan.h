#ifndef SCENARIO_PLAN_H
#define SCENARIO_PLAN_H
/* A reply plan: what the upstream does with one attempt, as data. The mock plays it on a socket,
 * the simulator in virtual time; neither decides anything. plan_state.h makes it.
 *
 * Healthy, 40 ms:                 { 40ms HEAD } { 0 BODY 100% } { 0 END }
 * 60 % 503:                       status = 503, same steps
 * response_body@40% reset:        { 40ms HEAD } { 0 BODY 40% } { 0 RESET }
 * response_head stall:            { 40ms STALL }
 * response_head@20B delay 200ms:  { 40ms HEAD_PART 20B } { 200ms HEAD } { 0 BODY 100% } { 0 END }
 * request_body@50% close:         stop = { STOP_AT_BODY, 50% }, { 0 CLOSE }
 *
 * Several faults that cut the response: the earliest position wins, and of equal ones (or a share
 * and a number of bytes, which cannot be compared) the first in the file. A step that ends before
 * what was sent already sends nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "scenario/scenario.h"

enum plan_step_kind {
    PLAN_HEAD_PART, /* send the head up to `to` */
    PLAN_HEAD,      /* send the whole head */
    PLAN_BODY,      /* send the body up to `to` */
    PLAN_GARBAGE,   /* send `to_bytes` bytes that belong to nothing (plan_garbage) */
    PLAN_END,       /* the response is complete; the connection stays */
    PLAN_STRAY,     /* after END: a second whole answer, 200 with another id; it stays open */
    PLAN_RESET,     /* RST */
    PLAN_CLOSE,     /* FIN */
    PLAN_STALL,     /* nothing more, ever */
};

struct plan_step {
    enum plan_step_kind kind;
    bool to_is_bytes;     /* HEAD_PART, BODY */
    uint32_t to_ppm;      /* HEAD_PART, BODY: of the part's length, rounded down */
    uint64_t to_bytes;    /* HEAD_PART, BODY: at most the part's length; GARBAGE: how many */
    uint64_t after_ns;    /* since the step before it was done (its last piece was sent); the first:
                             since the request was read, or its part of `stop` */
    uint64_t piece_bytes; /* HEAD_PART, HEAD, BODY: 0: at once; else this step's bytes leave in
                             pieces of so many, the first at once and one every piece_ns */
    uint64_t piece_ns;
};

/* How the end of the body is told. */
enum plan_framing {
    FRAMING_LENGTH,
    FRAMING_CHUNKED,     /* END sends the last chunk; positions count the body's own bytes */
    FRAMING_UNTIL_CLOSE, /* neither length nor chunks, "Connection: close"; complete at CLOSE */
};

/* Where the upstream stops reading the request and acts; nothing more is read then. */
enum plan_stop_at {
    STOP_NONE,
    STOP_AT_HEAD, /* the head was read, no byte of the body */
    STOP_AT_BODY, /* the body was read up to `to` */
};

struct plan_stop {
    enum plan_stop_at at;
    bool to_is_bytes;
    uint32_t to_ppm;
    uint64_t to_bytes;
};

enum {
    PLAN_STEPS_MAX = 20,
    PLAN_RULES_MAX = SCENARIO_FAULTS_MAX,
    PLAN_POSITIONS_MAX = 6, /* faults with a place in the response, per phase */
};

/* In `fired`: the upstream's queue was full (scenario: capacity). */
#define PLAN_FIRED_FULL (UINT32_C(1) << 31)

struct reply_plan {
    uint16_t status;
    bool has_retry_after;
    bool retry_after_is_date;  /* an IMF-fixdate: now + retry_after_s */
    uint32_t retry_after_s;
    enum answer_fault answer;
    enum plan_malform malform; /* at most one thing is malformed */
    enum plan_framing framing;
    uint32_t interim_count;    /* "100 Continue" heads before the head; they count in no position */
    uint64_t head_pad_bytes;   /* the length of one X-Pad header's value; 0: no such header */
    uint64_t body_pad_bytes;   /* white space behind the JSON, which stays valid */
    const struct plan_header *headers; /* more of them; borrowed from the scenario */
    uint32_t header_count;
    struct plan_stop stop;
    uint64_t latency_ns;       /* the healthy part: what the latency table gave */
    uint64_t wait_ns;          /* of the first step's after_ns: what nobody drew, the queue at
                                  `capacity` and the loading of a cold model */
    uint64_t luck;             /* for garbage and the forms of a broken answer; 0: no fault */
    const struct phase *phase; /* in force; NULL: none */
    uint32_t fired;            /* bit i: phase->faults[i] applies; PLAN_FIRED_FULL */
    uint8_t step_count;
    uint32_t drawn_ppm[PLAN_RULES_MAX]; /* of rules that fired: what each drew; others: not set */
    struct plan_step steps[PLAN_STEPS_MAX]; /* last: those behind step_count are not set */
};

struct plan_query {
    uint64_t request_key; /* hash_text(X-Request-Id without our attempt suffix) */
    unsigned attempt;     /* X-Attempt, 0-based */
    uint64_t offset_ns;   /* since the scenario's start, when the request was read */
    const char *model, *market, *path; /* of the request; NULL: not known */
    bool past_head; /* plan_make_head() said false: faults that stop in the request had their say */
};

/* What was decided for an attempt; with its query it says everything. */
struct plan_fate {
    uint32_t fired;
    uint64_t wait_ns;
};

/* Pure: the same query and fate give the same plan, always. `seed` is the scenario's, or the
 * command line's. `scenario` NULL: healthy, at once. */
void plan_compose(const struct scenario *scenario, uint64_t seed, const struct plan_query *query,
                  const struct plan_fate *fate, struct reply_plan *out);

/* A share or a number of bytes, in bytes of a part of `length`: rounded down, at most the length.
 * */
size_t plan_part_end(bool is_bytes, uint32_t ppm, uint64_t bytes, size_t length);
/* How far a HEAD_PART or BODY step goes, in bytes, of a part of `length`. */
size_t plan_step_end(const struct plan_step *step, size_t length);
/* Where reading stops, in bytes of a body of `length`. */
size_t plan_stop_end(const struct plan_stop *stop, size_t length);

/* Fills `out` with what a GARBAGE step sends: keyed by plan->luck, never the beginning of a HTTP
 * head, of a chunk's size or of JSON. */
void plan_garbage(const struct reply_plan *plan, char *out, size_t length);

/* The healthy shape: HEAD, BODY 100 % and END without a pause between, framed by its length, with
 * nothing added and nothing malformed. */
bool plan_steps_are_plain(const struct reply_plan *plan);

/* "fault texts joined by ' + '", "" when none fired; for ledgers. */
void plan_rules_write(struct buf *out, const struct reply_plan *plan);

#endif
