#include "harness/invariants.h"

static const struct request_shape *shape_of(const struct run *run, uint32_t index)
{
    const struct arrival *arrival = &run->schedule->items[index];
    return workload_shape(&run->scenario->workloads[arrival->workload], arrival->key);
}

/* Another service may call it by another code, but not by another status. */
static bool is_refusal(const struct run *run, const struct run_answer *answer)
{
    bool status = answer->http_status >= 400 && answer->http_status < 500;
    return status && (run->foreign || answer->code == CODE_INPUT_INVALID);
}

static const char *code_text(const struct run_answer *answer)
{
    return answer->code == CODE_NONE ? "none" : code_name(answer->code);
}

void invariant_input(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (answer->hung_up || !answer->answered) continue;
        invariant->check->n++;
        enum bad_request bad = shape_of(run, i)->bad;
        if (bad != BAD_NOTHING && !is_refusal(run, answer)) {
            invariant_breach(invariant, i, "the first is bad (%s) and got status %u and code %s",
                             bad_request_names[bad], answer->http_status, code_text(answer));
        }
        bool untried = answer->attempt_count == 0 && answer->path_count == 0;
        if (bad == BAD_NOTHING && answer->http_status == 400 && untried) {
            invariant_breach(invariant, i, "the first is a valid request and was refused with 400");
        }
    }
    for (size_t i = 0; i < run->delivery_count; i++) {
        uint32_t request = run->deliveries[i].request;
        if (request == UINT32_MAX || shape_of(run, request)->bad == BAD_NOTHING) continue;
        invariant_breach(invariant, request, "the first is bad (%s) and was sent to the upstream",
                         bad_request_names[shape_of(run, request)->bad]);
    }
}
