#include "harness/invariants_gate.h"

struct gate gate_first(const struct run *run, uint32_t request)
{
    (void)run;
    return (struct gate){ .request = request, .number = UINT32_MAX };
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
        gate->asked_ns = answer->sent_ns;
        gate->asked_known = !gate->joined;
    } else if (gate->attempt != NULL) {
        const struct run_attempt *before = gate->attempt - 1;
        gate->asked_ns = before->started_ns + before->latency_ns + gate->attempt->backoff_ns;
        gate->asked_known = true;
    }
}

bool gate_next(const struct run *run, struct gate *gate)
{
    const struct run_answer *answer = &run->answers[gate->request];
    bool began = false;
    while (gate->at < answer->path_count) {
        enum path_step step = (enum path_step)run->path[answer->path_at + gate->at++].step;
        if (step == PATH_FLIGHT_JOINED) gate->joined = true;
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
