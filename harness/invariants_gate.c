#include "harness/invariants_gate.h"

#include "harness/invariants.h"

struct gate gate_first(uint32_t request)
{
    return (struct gate){ .request = request, .number = UINT32_MAX };
}

bool gate_may_be_told(const struct scenario *scenario)
{
    for (size_t p = 0; p < scenario->phase_count; p++) {
        const struct phase *phase = &scenario->phases[p];
        for (size_t f = 0; f < phase->fault_count; f++) {
            const struct fault *fault = &phase->faults[f];
            if (fault->has_retry_after || fault->header_count > 0) return true;
        }
    }
    return false;
}

bool gate_has_word(const struct run *run, enum path_step step)
{
    for (size_t i = 0; i < run->path_count; i++) {
        if (run->path[i].step == step) return true;
    }
    return false;
}

bool path_is_lookup(enum path_step step)
{
    return step == PATH_L2_FRESH || step == PATH_L2_STALE || step == PATH_L2_MISS ||
           step == PATH_L2_TIMEOUT;
}

/* Whether a word ends a pass. */
static bool is_end(enum path_step step)
{
    return step == PATH_HOLD || step == PATH_BREAKER_CLOSED || step == PATH_BREAKER_OPEN ||
           step == PATH_BREAKER_PROBE || step == PATH_BREAKER_PROBES_OUT ||
           step == PATH_POOL_FULL || step == PATH_POOL_TIMEOUT;
}

static void begin(const struct run *run, struct gate *gate)
{
    const struct run_answer *answer = &run->answers[gate->request];
    gate->number++;
    gate->waited = false;
    gate->attempt = NULL;
    gate->asked_known = false;
    if (gate->number < answer->attempt_count) {
        gate->attempt = &run->attempts[answer->attempt_at + gate->number];
    }
    if (gate->number == 0) {
        gate->asked_ns = u64_max(answer->sent_ns, answer->looked_ns);
        gate->asked_known = !gate->joined && (run->world == WORLD_SIM || !gate->looked_up);
    } else if (gate->attempt != NULL) {
        const struct run_attempt *before = gate->attempt - 1;
        gate->asked_ns = before->started_ns + before->latency_ns + gate->attempt->backoff_ns;
        gate->asked_known = true;
    } else if (run->world == WORLD_SIM && !gate_may_be_told(run->scenario)) {
        const struct run_attempt *last = &run->attempts[answer->attempt_at + gate->number - 1];
        gate->asked_ns = last->started_ns + last->latency_ns +
                         invariant_drawn_backoff_ns(run, gate->request, gate->number - 1);
        gate->asked_known = gate->asked_ns <= answer->done_ns; /* else it was refused at once */
    }
}

bool gate_next(const struct run *run, struct gate *gate)
{
    const struct run_answer *answer = &run->answers[gate->request];
    bool began = false;
    while (gate->at < answer->path_count) {
        enum path_step step = (enum path_step)run->path[answer->path_at + gate->at++].step;
        if (step == PATH_FLIGHT_JOINED) gate->joined = true;
        if (path_is_lookup(step)) gate->looked_up = true;
        if (step != PATH_POOL_WAIT && !is_end(step)) continue;
        if (!began) begin(run, gate);
        began = true;
        if (step == PATH_POOL_WAIT) {
            gate->waited = true;
            continue;
        }
        gate->end = step;
        if (step != PATH_BREAKER_CLOSED && step != PATH_BREAKER_PROBE) gate->attempt = NULL;
        return true;
    }
    if (!began) return false;
    gate->end = PATH_POOL_WAIT; /* its client left */
    gate->attempt = NULL;
    return true;
}
