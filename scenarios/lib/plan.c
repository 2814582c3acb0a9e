#include "scenario/plan.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/rng.h"
#include "scenario/faults/fault_kind.h"
#include "scenario/plan_edit.h"

enum { PPM_ALL = 1000000 };

/* Everything but what was drawn, which is looked at where a rule fired, and the steps, of which
 * only `step_count` are: a simulation makes a million plans in a second. */
static void clear(struct reply_plan *out)
{
    memset(out, 0, offsetof(struct reply_plan, drawn_ppm));
    out->status = 200;
}

/* The queue was full: at once, and nothing else happens. */
static void refuse_full(struct reply_plan *plan, enum capacity_full on_full)
{
    plan_set_healthy(plan, 0);
    switch (on_full) {
    case FULL_503: plan->status = 503; return;
    case FULL_429: plan->status = 429; return;
    case FULL_RESET: plan_end_at(plan, 0, PLAN_RESET); return;
    case FULL_CLOSE: plan_end_at(plan, 0, PLAN_CLOSE); return;
    }
}

static void apply_faults(struct reply_plan *plan, const struct fault_moment *moment)
{
    for (uint32_t left = plan->fired; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        if (i >= plan->phase->fault_count) return;
        const struct fault *fault = &plan->phase->faults[i];
        plan->drawn_ppm[i] = 0;
        if (fault->select.share_ppm < PPM_ALL || fault->select.ramp) {
            uint64_t drawn =
                draw(moment->seed, fault->stream, moment->request_key, moment->attempt);
            plan->drawn_ppm[i] = (uint32_t)draw_below(drawn, PPM_ALL);
        }
        fault_kind(fault->effect)->apply(plan, fault, moment);
    }
}

void plan_compose(const struct scenario *scenario, uint64_t seed, const struct plan_query *query,
                  const struct plan_fate *fate, struct reply_plan *out)
{
    if (scenario != NULL) {
        const struct phase *phase = scenario_phase_at(scenario, query->offset_ns);
        plan_compose_in(scenario, phase, seed, query, fate, out);
        return;
    }
    clear(out);
    plan_set_healthy(out, 0);
}

void plan_compose_in(const struct scenario *scenario, const struct phase *phase, uint64_t seed,
                     const struct plan_query *query, const struct plan_fate *fate,
                     struct reply_plan *out)
{
    clear(out);
    out->fired = fate->fired;
    out->wait_ns = fate->wait_ns;
    out->phase = phase;
    uint64_t luck = draw(seed, PLAN_STREAM_LATENCY, query->request_key, query->attempt);
    out->latency_ns = latency_draw_ns(&scenario->latency, luck);
    if ((fate->fired & PLAN_FIRED_FULL) != 0) {
        refuse_full(out, scenario->capacity.on_full);
        return;
    }
    plan_set_healthy(out, out->latency_ns);
    if (out->phase != NULL && out->fired != 0) {
        const struct fault_moment moment = {
            .seed = seed,
            .request_key = query->request_key,
            .attempt = query->attempt,
            .offset_ns = query->offset_ns - out->phase->from_ns,
        };
        out->luck = draw(seed, PLAN_STREAM_ANSWER, query->request_key, query->attempt);
        apply_faults(out, &moment);
    }
    out->steps[0].after_ns += fate->wait_ns;
}

size_t plan_part_end(bool is_bytes, uint32_t ppm, uint64_t bytes, size_t length)
{
    if (is_bytes) return bytes < length ? bytes : length;
    /* Split, so that no part is too long for the product. */
    size_t millions = length / PPM_ALL;
    size_t rest = length % PPM_ALL;
    return millions * ppm + rest * ppm / PPM_ALL;
}

size_t plan_step_end(const struct plan_step *step, size_t length)
{
    assert(step->kind == PLAN_BODY || step->kind == PLAN_HEAD_PART);
    return plan_part_end(step->to_is_bytes, step->to_ppm, step->to_bytes, length);
}

size_t plan_stop_end(const struct plan_stop *stop, size_t length)
{
    if (stop->at != STOP_AT_BODY) return 0;
    return plan_part_end(stop->to_is_bytes, stop->to_ppm, stop->to_bytes, length);
}

void plan_garbage(const struct reply_plan *plan, char *out, size_t length)
{
    /* No letter, digit, bracket or blank, and a zero first: no protocol begins so. */
    for (size_t i = 0; i < length; i++) {
        uint64_t byte = i == 0 ? 0 : draw_below(draw(plan->luck, 0, i, 0), 128) | 0x80;
        out[i] = (char)(unsigned char)byte;
    }
}

bool plan_steps_are_plain(const struct reply_plan *plan)
{
    const struct plan_step *steps = plan->steps;
    return plan->step_count == 3 && steps[0].kind == PLAN_HEAD && steps[1].kind == PLAN_BODY &&
           steps[2].kind == PLAN_END && !steps[1].to_is_bytes && steps[1].to_ppm == PPM_ALL &&
           steps[1].after_ns == 0 && steps[2].after_ns == 0 && steps[0].piece_bytes == 0 &&
           steps[1].piece_bytes == 0 && plan->framing == FRAMING_LENGTH &&
           plan->malform == MALFORM_NONE && plan->stop.at == STOP_NONE &&
           plan->interim_count == 0 && plan->head_pad_bytes == 0 && plan->body_pad_bytes == 0;
}

void plan_rules_write(struct buf *out, const struct reply_plan *plan)
{
    bool first = true;
    if ((plan->fired & PLAN_FIRED_FULL) != 0) {
        buf_puts(out, "queue full");
        return;
    }
    for (size_t i = 0; plan->phase != NULL && i < plan->phase->fault_count; i++) {
        if (((plan->fired >> i) & 1) == 0) continue;
        if (!first) buf_puts(out, " + ");
        buf_puts(out, plan->phase->faults[i].text);
        first = false;
    }
}
