#include "scenario/plan.h"

#include <assert.h>

#include "base/rng.h"
#include "scenario/plan_state.h"

enum { SHARE_ALL = 1000000 };

static void add_step(struct reply_plan *plan, struct plan_step step)
{
    assert(plan->step_count < PLAN_STEPS_MAX);
    plan->steps[plan->step_count++] = step;
}

static enum plan_step_kind cut_kind(enum fault_effect effect)
{
    if (effect == FAULT_RESET) return PLAN_RESET;
    return effect == FAULT_CLOSE ? PLAN_CLOSE : PLAN_STALL;
}

/* Whether a cut at `fault`'s position comes before what `plan` already does. A share and a number
 * of bytes cannot be compared without the body: there the first fault of the file stays. */
static bool cuts_earlier(const struct reply_plan *plan, const struct fault *fault)
{
    const struct plan_step *first = &plan->steps[0];
    if (first->kind != PLAN_HEAD) return false; /* cut at the head: nothing is earlier */
    if (fault->at == FAULT_AT_RESPONSE_HEAD) return true;
    const struct plan_step *body = &plan->steps[1];
    bool whole = plan->steps[2].kind == PLAN_END;
    if (whole) return true;
    if (body->to_is_bytes != fault->at_is_bytes) return false;
    return fault->at_is_bytes ? fault->at_bytes < body->to_bytes : fault->at_ppm < body->to_ppm;
}

static void apply_cut(struct reply_plan *plan, const struct fault *fault)
{
    if (!cuts_earlier(plan, fault)) return;
    uint64_t after_ns = plan->steps[0].after_ns;
    struct plan_step effect = { .kind = cut_kind(fault->effect) };
    plan->step_count = 0;
    if (fault->at == FAULT_AT_RESPONSE_HEAD) {
        effect.after_ns = after_ns;
        add_step(plan, effect);
        return;
    }
    add_step(plan, (struct plan_step){ .kind = PLAN_HEAD, .after_ns = after_ns });
    add_step(plan, (struct plan_step){ .kind = PLAN_BODY,
                                       .to_is_bytes = fault->at_is_bytes,
                                       .to_ppm = fault->at_ppm,
                                       .to_bytes = fault->at_bytes });
    add_step(plan, effect);
}

static void apply(struct reply_plan *plan, const struct fault *fault)
{
    if (fault->effect == FAULT_STATUS) {
        plan->status = fault->status;
        plan->has_retry_after = fault->has_retry_after;
        plan->retry_after_s = fault->retry_after_s;
    } else if (fault->effect == FAULT_DELAY) {
        plan->steps[0].after_ns += fault->delay.value_ns[0];
    } else if (fault->effect == FAULT_ANSWER) {
        plan->answer = fault->answer;
    } else {
        apply_cut(plan, fault);
    }
}

void plan_compose(const struct scenario *scenario, uint64_t seed, const struct plan_query *query,
                  const struct plan_fate *fate, struct reply_plan *out)
{
    *out = (struct reply_plan){ .status = 200, .fired = fate->fired, .wait_ns = fate->wait_ns };
    if (scenario != NULL) {
        uint64_t luck = draw(seed, rng_stream("latency"), query->request_key, query->attempt);
        out->latency_ns = latency_draw_ns(&scenario->latency, luck);
        out->phase = scenario_phase_at(scenario, query->offset_ns);
    }
    add_step(out, (struct plan_step){ .kind = PLAN_HEAD, .after_ns = out->latency_ns });
    add_step(out, (struct plan_step){ .kind = PLAN_BODY, .to_ppm = SHARE_ALL });
    add_step(out, (struct plan_step){ .kind = PLAN_END });
    for (size_t i = 0; out->phase != NULL && i < out->phase->fault_count; i++) {
        if ((fate->fired >> i & 1) != 0) apply(out, &out->phase->faults[i]);
    }
}

size_t plan_step_end(const struct plan_step *step, size_t length)
{
    assert(step->kind == PLAN_BODY || step->kind == PLAN_HEAD_PART);
    if (step->to_is_bytes) return step->to_bytes < length ? step->to_bytes : length;
    /* Split, so that no part is too long for the product. */
    size_t millions = length / SHARE_ALL;
    size_t rest = length % SHARE_ALL;
    return millions * step->to_ppm + rest * step->to_ppm / SHARE_ALL;
}

bool plan_steps_are_plain(const struct reply_plan *plan)
{
    const struct plan_step *steps = plan->steps;
    return plan->step_count == 3 && steps[0].kind == PLAN_HEAD && steps[1].kind == PLAN_BODY &&
           steps[2].kind == PLAN_END && !steps[1].to_is_bytes && steps[1].to_ppm == SHARE_ALL &&
           steps[1].after_ns == 0 && steps[2].after_ns == 0;
}

void plan_rules_write(struct buf *out, const struct reply_plan *plan)
{
    bool first = true;
    for (size_t i = 0; plan->phase != NULL && i < plan->phase->fault_count; i++) {
        if (((plan->fired >> i) & 1) == 0) continue;
        if (!first) buf_puts(out, " + ");
        buf_puts(out, plan->phase->faults[i].text);
        first = false;
    }
}
