#include "scenario/plan_edit.h"

#include <assert.h>
#include <string.h>

enum { PPM_ALL = 1000000 };

void plan_append(struct reply_plan *plan, struct plan_step step)
{
    assert(plan->step_count < PLAN_STEPS_MAX);
    plan->steps[plan->step_count++] = step;
}

void plan_set_healthy(struct reply_plan *plan, uint64_t after_ns)
{
    struct plan_step *steps = plan->steps; /* written in their places: every plan begins so */
    steps[0] = (struct plan_step){ .kind = PLAN_HEAD, .after_ns = after_ns };
    steps[1] = (struct plan_step){ .kind = PLAN_BODY, .to_ppm = PPM_ALL };
    steps[2] = (struct plan_step){ .kind = PLAN_END };
    plan->step_count = 3;
}

void plan_insert(struct reply_plan *plan, int index, struct plan_step step)
{
    assert(index >= 0 && index < plan->step_count && plan->step_count < PLAN_STEPS_MAX);
    struct plan_step *at = &plan->steps[index];
    memmove(at + 1, at, (size_t)(plan->step_count - index) * sizeof *at);
    plan->step_count++;
    step.after_ns = at[1].after_ns;
    at[1].after_ns = 0;
    at[0] = step;
}

int plan_find_end(const struct reply_plan *plan)
{
    for (int i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == PLAN_END) return i;
    }
    return PLAN_NOWHERE;
}

static bool is_at_zero(const struct fault *fault)
{
    return fault->at_is_bytes ? fault->at_bytes == 0 : fault->at_ppm == 0;
}

/* Whether the fault's place lies before the end of a HEAD_PART or BODY step. */
static bool is_before(const struct fault *fault, const struct plan_step *step)
{
    if (is_at_zero(fault)) return true;
    bool whole = !step->to_is_bytes && step->to_ppm == PPM_ALL;
    if (whole) return true;
    if (step->to_is_bytes != fault->at_is_bytes) return false;
    return fault->at_is_bytes ? fault->at_bytes < step->to_bytes : fault->at_ppm < step->to_ppm;
}

/* Divides the step at `index`: what is before the fault's place becomes a step of its own. */
static int divide(struct reply_plan *plan, int index, const struct fault *fault)
{
    if (is_at_zero(fault)) return index;
    struct plan_step part = plan->steps[index];
    part.kind = fault->at == FAULT_AT_RESPONSE_HEAD ? PLAN_HEAD_PART : PLAN_BODY;
    part.to_is_bytes = fault->at_is_bytes;
    part.to_ppm = fault->at_ppm;
    part.to_bytes = fault->at_bytes;
    plan_insert(plan, index, part);
    plan->steps[index + 1].after_ns = part.piece_ns; /* the rhythm goes on; 0 without one */
    return index + 1;
}

/* Whether the fault's place is the end of a HEAD_PART or BODY step. */
static bool is_at_end_of(const struct fault *fault, const struct plan_step *step)
{
    if (step->to_is_bytes != fault->at_is_bytes) return false;
    return fault->at_is_bytes ? fault->at_bytes == step->to_bytes : fault->at_ppm == step->to_ppm;
}

int plan_split(struct reply_plan *plan, const struct fault *fault)
{
    bool in_head = fault->at == FAULT_AT_RESPONSE_HEAD;
    bool in_body = fault->at == FAULT_AT_RESPONSE_BODY;
    bool here = false; /* the steps so far end where the fault's place is */
    for (int i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        switch (step->kind) {
        case PLAN_HEAD_PART:
            if (here) return i;
            if (in_head && is_before(fault, step)) return divide(plan, i, fault);
            here = in_head && is_at_end_of(fault, step);
            break;
        case PLAN_HEAD:
            if (here) return i;
            if (in_head) return divide(plan, i, fault);
            break;
        case PLAN_BODY:
            if (here) return i;
            if (in_body && is_before(fault, step)) return divide(plan, i, fault);
            here = in_body && is_at_end_of(fault, step);
            break;
        case PLAN_END: return i;
        case PLAN_GARBAGE:
        case PLAN_STRAY: break;
        case PLAN_RESET:
        case PLAN_CLOSE:
        case PLAN_STALL: return PLAN_NOWHERE;
        }
    }
    return PLAN_NOWHERE;
}

void plan_remove(struct reply_plan *plan, int index)
{
    assert(index >= 0 && index + 1 < plan->step_count);
    struct plan_step *at = &plan->steps[index];
    uint64_t after_ns = at->after_ns;
    memmove(at, at + 1, (size_t)(plan->step_count - index - 1) * sizeof *at);
    plan->step_count--;
    at->after_ns += after_ns;
}

bool plan_is_ended(const struct reply_plan *plan)
{
    enum plan_step_kind last = plan->steps[plan->step_count - 1].kind;
    return last == PLAN_RESET || last == PLAN_CLOSE || last == PLAN_STALL;
}

void plan_add_behind(struct reply_plan *plan, struct plan_step step)
{
    if (plan_is_ended(plan))
        plan_insert(plan, plan->step_count - 1, step);
    else
        plan_append(plan, step);
}

void plan_end_at(struct reply_plan *plan, int index, enum plan_step_kind kind)
{
    assert(index >= 0 && index < plan->step_count);
    plan->steps[index] =
        (struct plan_step){ .kind = kind, .after_ns = plan->steps[index].after_ns };
    plan->step_count = (uint8_t)(index + 1);
}

/* Inside the request: nothing of the answer is ever sent. The earliest stop wins. */
static void stop_at(struct reply_plan *plan, const struct fault *fault, enum plan_step_kind kind)
{
    struct plan_stop stop = {
        .at = fault->at == FAULT_AT_REQUEST_HEAD ? STOP_AT_HEAD : STOP_AT_BODY,
        .to_is_bytes = fault->at_is_bytes,
        .to_ppm = fault->at_ppm,
        .to_bytes = fault->at_bytes,
    };
    const struct plan_stop *old = &plan->stop;
    if (old->at == STOP_AT_HEAD) return;
    if (old->at == STOP_AT_BODY && stop.at == STOP_AT_BODY) {
        if (old->to_is_bytes != stop.to_is_bytes) return;
        bool earlier = stop.to_is_bytes ? stop.to_bytes < old->to_bytes : stop.to_ppm < old->to_ppm;
        if (!earlier) return;
    }
    plan->stop = stop;
    plan->steps[0] = (struct plan_step){ .kind = kind };
    plan->step_count = 1;
}

void plan_cut(struct reply_plan *plan, const struct fault *fault, enum plan_step_kind kind)
{
    if (fault->at == FAULT_AT_REQUEST_HEAD || fault->at == FAULT_AT_REQUEST_BODY) {
        stop_at(plan, fault, kind);
        return;
    }
    int index = plan_split(plan, fault);
    if (index == PLAN_NOWHERE) return;
    if (plan->steps[index].kind != PLAN_END) {
        plan_end_at(plan, index, kind);
        return;
    }
    if (plan_is_ended(plan)) return;
    bool bare = index == plan->step_count - 1;
    if (kind == PLAN_STALL && bare) { /* it is only late to somebody who waits to be told of it */
        plan->framing = FRAMING_CHUNKED;
        plan_end_at(plan, index, kind);
        return;
    }
    plan_append(plan, (struct plan_step){ .kind = kind });
}

void plan_slow(struct reply_plan *plan, const struct fault *fault)
{
    int index = plan_split(plan, fault);
    if (index == PLAN_NOWHERE) return;
    bool in_head = fault->at == FAULT_AT_RESPONSE_HEAD;
    for (; index < plan->step_count; index++) {
        struct plan_step *step = &plan->steps[index];
        bool head = step->kind == PLAN_HEAD_PART || step->kind == PLAN_HEAD;
        if (in_head ? !head : step->kind != PLAN_BODY) {
            if (step->kind == PLAN_GARBAGE) continue;
            return;
        }
        step->piece_bytes = fault->piece_bytes;
        step->piece_ns = fault->piece_ns;
    }
}
