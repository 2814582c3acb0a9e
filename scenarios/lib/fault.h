#ifndef SCENARIO_FAULT_H
#define SCENARIO_FAULT_H
/* Faults: position x effect, and on which attempts (selection.h). Each one is a pure function from
 * plan to plan; several in one phase compose in the order of the file. docs/faults.md lists all of
 * them, made from fault_table.h.
 *
 *     { status: 503, retry_after: 1s, share: 60% }     answer with a status (whole seconds)
 *     { delay: 500ms, share: 10% }                     send the head later
 *     { at: response_head, do: reset }                 RST before the first byte
 *     { at: response_body@40%, do: reset, share: 10% } RST after 40 % of the body
 *     { at: response_body@100B, do: close }            FIN after 100 bytes of the body
 *     { at: response_body@50%, do: stall }             silence until the client gives up
 *     { answer: missing_quantile, share: 5% }          status 200, wrong schema
 *
 * `share` is per attempt, default 100 %. Each fault draws by (seed, its own stream, request,
 * attempt): the stream is made of the phase's name and the fault's own text without its share, so
 * that rules added elsewhere change nobody's fate, and a larger share hits the same attempts and
 * more. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/yaml.h"
#include "scenario/latency.h"
#include "scenario/selection.h"

/* name, the word in YAML (of its key, or after "do:") */
#define FAULT_EFFECT_LIST(X)                                                                       \
    X(FAULT_STATUS, "status")                                                                      \
    X(FAULT_DELAY, "delay")                                                                        \
    X(FAULT_RESET, "reset")                                                                        \
    X(FAULT_CLOSE, "close")                                                                        \
    X(FAULT_STALL, "stall")                                                                        \
    X(FAULT_ANSWER, "answer")                                                                      \
    X(FAULT_REFUSE, "refuse")                                                                      \
    X(FAULT_SYN_DROP, "syn_drop")                                                                  \
    X(FAULT_DRIBBLE, "dribble")                                                                    \
    X(FAULT_THROTTLE, "throttle")                                                                  \
    X(FAULT_GARBAGE, "garbage")                                                                    \
    X(FAULT_STRAY_ANSWER, "stray_answer")                                                          \
    X(FAULT_SLOW_CLOSE, "slow_close")                                                              \
    X(FAULT_MALFORMED, "malformed")                                                                \
    X(FAULT_INTERIM, "interim")                                                                    \
    X(FAULT_HUGE_HEAD, "huge_head")                                                                \
    X(FAULT_HUGE_BODY, "huge_body")                                                                \
    X(FAULT_RATE_LIMIT, "rate_limit")                                                              \
    X(FAULT_COLD_START, "cold_start")

enum fault_effect {
#define FAULT_EFFECT_ENUM(name, text) name,
    FAULT_EFFECT_LIST(FAULT_EFFECT_ENUM)
#undef FAULT_EFFECT_ENUM
        FAULT_EFFECT_COUNT
};

#define FAULT_POSITION_LIST(X)                                                                     \
    X(FAULT_AT_CONNECT, "connect")                                                                 \
    X(FAULT_AT_REQUEST_HEAD, "request_head")                                                       \
    X(FAULT_AT_REQUEST_BODY, "request_body")                                                       \
    X(FAULT_AT_RESPONSE_HEAD, "response_head")                                                     \
    X(FAULT_AT_RESPONSE_BODY, "response_body")                                                     \
    X(FAULT_AT_RESPONSE_END, "response_end")

/* FAULT_AT_RESPONSE_HEAD without a place is before the head's first byte. */
enum fault_position {
#define FAULT_POSITION_ENUM(name, text) name,
    FAULT_POSITION_LIST(FAULT_POSITION_ENUM)
#undef FAULT_POSITION_ENUM
        FAULT_POSITION_COUNT
};

/* What is wrong with a 200's body. */
#define ANSWER_FAULT_LIST(X)                                                                       \
    X(ANSWER_GOOD, "good")                                                                         \
    X(ANSWER_MISSING_QUANTILE, "missing_quantile")                                                 \
    X(ANSWER_WRONG_HORIZON, "wrong_horizon")                                                       \
    X(ANSWER_NOT_FINITE, "not_finite")                                                             \
    X(ANSWER_NOT_JSON, "not_json")                                                                 \
    X(ANSWER_TRUNCATED_JSON, "truncated_json")                                                     \
    X(ANSWER_WRONG_TYPES, "wrong_types")                                                           \
    X(ANSWER_ERROR_OBJECT, "error_object")                                                         \
    X(ANSWER_WRONG_ID, "wrong_id")                                                                 \
    X(ANSWER_CROSSED_QUANTILES, "crossed_quantiles")                                               \
    X(ANSWER_EMPTY, "empty")

enum answer_fault {
#define ANSWER_ENUM(name, text) name,
    ANSWER_FAULT_LIST(ANSWER_ENUM)
#undef ANSWER_ENUM
};

const char *answer_fault_name(enum answer_fault fault);

/* What is wrong with how an answer is framed; the bytes of its body are right. */
#define PLAN_MALFORM_LIST(X)                                                                       \
    X(MALFORM_NONE, "well_formed")                                                                 \
    X(MALFORM_LENGTH_SHORT, "length_short")                                                        \
    X(MALFORM_LENGTH_LONG, "length_long")                                                          \
    X(MALFORM_LENGTH_DOUBLE, "length_double")                                                      \
    X(MALFORM_LENGTH_NOT_NUMBER, "length_not_number")                                              \
    X(MALFORM_LENGTH_AND_CHUNKED, "length_and_chunked")                                            \
    X(MALFORM_CHUNK_SIZE_INVALID, "chunk_size_invalid")                                            \
    X(MALFORM_CHUNK_SIZE_HUGE, "chunk_size_huge")                                                  \
    X(MALFORM_CHUNK_CUT, "chunk_cut")                                                              \
    X(MALFORM_STATUS_LINE, "status_line")                                                          \
    X(MALFORM_HEAD_LINE, "head_line")

/*  length_short        Content-Length: half of the body's; all of the body is sent
 *  length_long         Content-Length: twice the body's and 1; the plan closes after the body
 *  length_double       two different Content-Length headers, the right one first
 *  length_not_number   Content-Length: twelve
 *  length_and_chunked  both Content-Length and Transfer-Encoding: chunked; sent chunked
 *  chunk_size_invalid  chunked, and the first chunk's size is "zz"
 *  chunk_size_huge     chunked, and the first chunk's size is of 17 hexadecimal digits "f"
 *  chunk_cut           chunked, and the chunk's size is twice what comes; the plan closes after it
 *  status_line         "HTTP/1.1 abc OK" stands for the first line
 *  head_line           one line of the head has no colon: "this is no header" */
enum plan_malform {
#define PLAN_MALFORM_ENUM(name, text) name,
    PLAN_MALFORM_LIST(PLAN_MALFORM_ENUM)
#undef PLAN_MALFORM_ENUM
};

const char *plan_malform_name(enum plan_malform malform);
const char *fault_effect_name(enum fault_effect effect);
const char *fault_position_name(enum fault_position position);

/* An extra header of an answer. */
struct plan_header {
    const char *name;
    const char *value;
};

struct fault {
    enum fault_effect effect;
    bool positioned;           /* written with "at" and "do" */
    enum fault_position at;    /* positioned ones */
    bool at_is_bytes;          /* at_bytes instead of at_ppm */
    uint32_t at_ppm;           /* 0..999,999 of the part: at its end nothing is left to spoil */
    uint64_t at_bytes;
    uint16_t status;           /* FAULT_STATUS: 200, or 300..599 but 304 */
    bool has_retry_after;      /* FAULT_STATUS, FAULT_RATE_LIMIT */
    bool retry_after_is_date;
    uint32_t retry_after_s;
    const struct plan_header *headers; /* FAULT_STATUS */
    uint32_t header_count;
    struct latency delay;      /* FAULT_DELAY: how long; at a position too */
    bool ramp_delay;           /* FAULT_DELAY: from ramp_from_ppm of it to ramp_to_ppm */
    uint32_t ramp_from_ppm, ramp_to_ppm;
    enum answer_fault answer;  /* FAULT_ANSWER */
    enum plan_malform malform; /* FAULT_MALFORMED */
    uint64_t size;             /* GARBAGE, HUGE_HEAD, HUGE_BODY: bytes; INTERIM: heads */
    uint64_t piece_bytes;      /* DRIBBLE, THROTTLE: > 0 */
    uint64_t piece_ns;         /* DRIBBLE, THROTTLE: > 0 */
    uint64_t for_ns;           /* SLOW_CLOSE; COLD_START: loading */
    uint64_t idle_ns;          /* COLD_START: unloads after it; 0: never */
    uint64_t rate_micro_per_s; /* RATE_LIMIT */
    uint32_t burst;            /* RATE_LIMIT: the bucket's size, >= 1 */
    struct selection select;
    uint64_t stream;           /* of its draws */
    uint64_t burst_stream;     /* of its bad times */
    const char *text;          /* as a person would write it, for the ledger: "status 503 60%" */
    int line, column;
};

/* Where a fault stands. */
struct fault_place {
    const char *phase;  /* its name */
    uint64_t length_ns; /* of the phase */
    unsigned twin;      /* faults before this one in it that would draw the same luck */
};

MUST_USE enum err fault_parse(const struct value_reader *reader, const struct yaml_node *node,
                              const struct fault_place *place, struct fault *out);

#endif
