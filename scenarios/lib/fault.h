#ifndef SCENARIO_FAULT_H
#define SCENARIO_FAULT_H
/* Faults: position x effect, and how often. Each one is a pure function from plan to plan; several
 * in one phase compose in the order of the file.
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

enum fault_effect {
    FAULT_STATUS,
    FAULT_DELAY,
    FAULT_RESET,
    FAULT_CLOSE,
    FAULT_STALL,
    FAULT_ANSWER,
};

enum fault_position { FAULT_AT_RESPONSE_HEAD, FAULT_AT_RESPONSE_BODY };

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
    X(ANSWER_WRONG_ID, "wrong_id")

enum answer_fault {
#define ANSWER_ENUM(name, text) name,
    ANSWER_FAULT_LIST(ANSWER_ENUM)
#undef ANSWER_ENUM
};

const char *answer_fault_name(enum answer_fault fault);

struct fault {
    enum fault_effect effect;
    enum fault_position at;    /* RESET, CLOSE, STALL */
    bool at_is_bytes;          /* FAULT_AT_RESPONSE_BODY: at_bytes instead of at_ppm */
    uint32_t at_ppm;           /* 0..999,999 of the body: at its end nothing is left to spoil */
    uint64_t at_bytes;
    uint16_t status;           /* FAULT_STATUS: 200 or 400..599 */
    bool has_retry_after;
    uint32_t retry_after_s;
    uint64_t delay_ns;         /* FAULT_DELAY */
    enum answer_fault answer;  /* FAULT_ANSWER */
    uint32_t share_ppm;
    uint64_t stream;           /* of its draws */
    const char *text;          /* as a person would write it, for the ledger: "status 503 60%" */
    int line, column;
};

/* `phase` names the phase, `twin` counts faults before this one in it that would draw the same luck
 * (equal but for their share). */
MUST_USE enum err fault_parse(const struct yaml_file *file, const struct yaml_node *node,
                              const char *phase, unsigned twin, struct arena *arena,
                              struct fault *out, struct err_note *note);

#endif
