#include "harness/sim_reading.h"

#include <assert.h>
#include <strings.h>

#include "base/instant.h"

void sim_reading_begin(struct sim_reading *reading, const struct reply_plan *plan,
                       uint32_t answer_bytes, uint64_t bytes_max)
{
    uint64_t body_bytes = plan->status == 200 ? answer_bytes : SIM_ERROR_BYTES;
    if (plan->status == 200 && plan->answer == ANSWER_EMPTY) body_bytes = 0;
    *reading = (struct sim_reading){
        .body_bytes = body_bytes + plan->body_pad_bytes,
        .bytes_max = bytes_max,
    };
}

uint64_t sim_reading_left(const struct sim_reading *reading, const struct plan_step *step)
{
    uint64_t end = 0;
    switch (step->kind) {
    case PLAN_HEAD_PART:
        end = plan_step_end(step, SIM_HEAD_BYTES);
        return instant_until(end, reading->head_sent);
    case PLAN_HEAD: return SIM_HEAD_BYTES - reading->head_sent;
    case PLAN_BODY:
        end = plan_step_end(step, reading->body_bytes);
        return instant_until(end, reading->body_sent);
    case PLAN_GARBAGE: return step->to_bytes;
    case PLAN_END:
    case PLAN_STRAY:
    case PLAN_RESET:
    case PLAN_CLOSE:
    case PLAN_STALL: return 0;
    }
    assert(false && "no such step");
    return 0;
}

/* What Content-Length says. */
static uint64_t announced(const struct sim_reading *reading, const struct reply_plan *plan)
{
    if (plan->malform == MALFORM_LENGTH_SHORT) return reading->body_bytes / 2;
    if (plan->malform == MALFORM_LENGTH_LONG) return reading->body_bytes * 2 + 1;
    return reading->body_bytes;
}

/* A whole answer, as far as framing goes. */
static bool complete(const struct sim_reading *reading, const struct reply_plan *plan,
                     enum outcome *outcome)
{
    bool whole = reading->extra == 0 && reading->body_sent == reading->body_bytes &&
                 plan->malform != MALFORM_LENGTH_SHORT;
    if (plan->status != 200) {
        *outcome = classify_status(plan->status);
    } else if (plan->answer == ANSWER_WRONG_ID) {
        *outcome = OUTCOME_WRONG_ID;
    } else {
        bool good = plan->answer == ANSWER_GOOD || plan->answer == ANSWER_CROSSED_QUANTILES;
        *outcome = good && whole ? OUTCOME_OK : OUTCOME_BAD_SCHEMA;
    }
    return true;
}

static bool fail(enum outcome outcome, enum outcome *out)
{
    *out = outcome;
    return true;
}

static bool head_is_wrong(const struct sim_reading *reading, const struct reply_plan *plan)
{
    switch (plan->malform) {
    case MALFORM_LENGTH_DOUBLE:
    case MALFORM_LENGTH_NOT_NUMBER:
    case MALFORM_LENGTH_AND_CHUNKED:
    case MALFORM_STATUS_LINE:
    case MALFORM_HEAD_LINE: return true;
    case MALFORM_NONE:
    case MALFORM_LENGTH_SHORT:
    case MALFORM_LENGTH_LONG:
    case MALFORM_CHUNK_SIZE_INVALID:
    case MALFORM_CHUNK_SIZE_HUGE:
    case MALFORM_CHUNK_CUT: break;
    }
    return reading->head_spoiled || plan->head_pad_bytes >= SIM_HEADER_BYTES_MAX;
}

/* A Content-Encoding is refused: none was asked for. */
static bool is_encoded(const struct reply_plan *plan)
{
    for (uint32_t i = 0; i < plan->header_count; i++) {
        const struct plan_header *header = &plan->headers[i];
        if (strcasecmp(header->name, "Content-Encoding") != 0) continue;
        if (header->value[0] != '\0' && strcasecmp(header->value, "identity") != 0) return true;
    }
    return false;
}

static bool take_head(struct sim_reading *reading, const struct reply_plan *plan, uint64_t bytes,
                      bool last, enum outcome *outcome)
{
    if (plan->interim_count > SIM_1XX_MAX) return fail(OUTCOME_PROTOCOL_ERROR, outcome);
    reading->head_sent += bytes;
    if (!last) return false;
    if (head_is_wrong(reading, plan)) return fail(OUTCOME_PROTOCOL_ERROR, outcome);
    reading->head_seen = true;
    if (is_encoded(plan)) return fail(OUTCOME_DECODING_ERROR, outcome);
    if (plan->framing != FRAMING_LENGTH) return false;
    if (announced(reading, plan) > reading->bytes_max) return fail(OUTCOME_TOO_LARGE, outcome);
    return announced(reading, plan) == 0 && complete(reading, plan, outcome);
}

static bool take_body(struct sim_reading *reading, const struct reply_plan *plan,
                      enum outcome *outcome)
{
    bool bad_chunk = plan->malform == MALFORM_CHUNK_SIZE_INVALID ||
                     plan->malform == MALFORM_CHUNK_SIZE_HUGE;
    uint64_t got = reading->body_sent + reading->extra;
    switch (plan->framing) {
    case FRAMING_LENGTH: return got >= announced(reading, plan) && complete(reading, plan, outcome);
    case FRAMING_CHUNKED:
        if (bad_chunk || reading->extra > 0) return fail(OUTCOME_PROTOCOL_ERROR, outcome);
        break;
    case FRAMING_UNTIL_CLOSE: break;
    }
    return got > reading->bytes_max && fail(OUTCOME_TOO_LARGE, outcome);
}

static bool take_garbage(struct sim_reading *reading, const struct reply_plan *plan, uint64_t bytes,
                         enum outcome *outcome)
{
    if (!reading->head_seen) {
        reading->head_spoiled = true;
        return reading->head_sent == 0 && fail(OUTCOME_PROTOCOL_ERROR, outcome);
    }
    reading->extra += bytes;
    return take_body(reading, plan, outcome);
}

bool sim_reading_take(struct sim_reading *reading, const struct reply_plan *plan,
                      const struct plan_step *step, uint64_t bytes, enum outcome *outcome)
{
    switch (step->kind) {
    case PLAN_HEAD_PART: return take_head(reading, plan, bytes, false, outcome);
    case PLAN_HEAD:
        return take_head(reading, plan, bytes, reading->head_sent + bytes == SIM_HEAD_BYTES,
                         outcome);
    case PLAN_BODY:
        reading->body_sent += bytes;
        return bytes > 0 && take_body(reading, plan, outcome);
    case PLAN_GARBAGE: return take_garbage(reading, plan, bytes, outcome);
    case PLAN_END: return complete(reading, plan, outcome);
    case PLAN_RESET: return fail(OUTCOME_READ_ERROR, outcome);
    case PLAN_CLOSE:
        if (plan->framing == FRAMING_UNTIL_CLOSE && reading->head_seen) {
            return complete(reading, plan, outcome);
        }
        return fail(OUTCOME_PROTOCOL_ERROR, outcome);
    case PLAN_STRAY:
    case PLAN_STALL: return false; /* of a stall the engine's read timer knows */
    }
    assert(false && "no such step");
    return false;
}

bool sim_reading_outcome(const struct reply_plan *plan, uint32_t answer_bytes, uint64_t bytes_max,
                         enum outcome *outcome)
{
    struct sim_reading reading;
    sim_reading_begin(&reading, plan, answer_bytes, bytes_max);
    for (uint8_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        bool by_length = step->to_is_bytes && step->kind == PLAN_BODY;
        if (by_length || step->kind == PLAN_STALL) return false;
        uint64_t bytes = sim_reading_left(&reading, step);
        if (sim_reading_take(&reading, plan, step, bytes, outcome)) return true;
    }
    return false;
}
