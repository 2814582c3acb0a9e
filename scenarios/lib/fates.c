#include "scenario/fates.h"

#include <stdio.h>

#include "base/instant.h"
#include "base/rng.h"
#include "base/units.h"
#include "scenario/arrival.h"
#include "scenario/plan_state.h"
#include "scenario/workload.h"

enum { PPM_ALL = 1000000 };

/* As exact as a person reads. */
static const char *short_time(uint64_t ns, char out[UNITS_TEXT_MAX])
{
    uint64_t unit = ns >= NS_PER_MS ? 10 * NS_PER_US : 1;
    return units_format_duration((ns + unit / 2) / unit * unit, out);
}

static void write_place(struct buf *out, bool is_bytes, uint32_t ppm, uint64_t bytes,
                        const char *part)
{
    char share[UNITS_TEXT_MAX];
    if (is_bytes)
        buf_printf(out, " after %llu bytes of the %s", (unsigned long long)bytes, part);
    else
        buf_printf(out, " after %s of the %s", units_format_share(ppm, share), part);
}

static const char *end_name(enum plan_step_kind kind)
{
    if (kind == PLAN_RESET) return "RST";
    return kind == PLAN_CLOSE ? "FIN" : "silence";
}

static void write_pace(struct buf *out, const struct plan_step *step)
{
    char every[UNITS_TEXT_MAX];
    if (step->piece_bytes == 0) return;
    buf_printf(out, ", %s in pieces of %llu bytes every %s",
               step->kind == PLAN_BODY ? "body" : "head", (unsigned long long)step->piece_bytes,
               units_format_duration(step->piece_ns, every));
}

/* What comes after the first step. `before` is the step that sent something last. */
static void write_step(struct buf *out, const struct plan_step *step,
                       const struct plan_step *before)
{
    char pause[UNITS_TEXT_MAX];
    if (step->after_ns > 0) {
        buf_printf(out, ", pause of %s", short_time(step->after_ns, pause));
        if (before->kind == PLAN_HEAD_PART || before->kind == PLAN_BODY) {
            write_place(out, before->to_is_bytes, before->to_ppm, before->to_bytes,
                        before->kind == PLAN_BODY ? "body" : "head");
        }
    }
    switch (step->kind) {
    case PLAN_HEAD_PART:
    case PLAN_HEAD:
    case PLAN_BODY: write_pace(out, step); return;
    case PLAN_GARBAGE:
        buf_printf(out, ", %llu bytes of garbage", (unsigned long long)step->to_bytes);
        break;
    case PLAN_END: return;
    case PLAN_STRAY: buf_puts(out, ", a second answer"); return;
    case PLAN_RESET:
    case PLAN_CLOSE:
    case PLAN_STALL: buf_printf(out, ", %s", end_name(step->kind)); break;
    }
    if (before->kind == PLAN_HEAD_PART || before->kind == PLAN_BODY) {
        write_place(out, before->to_is_bytes, before->to_ppm, before->to_bytes,
                    before->kind == PLAN_BODY ? "body" : "head");
    } else if (before->kind == PLAN_HEAD) {
        buf_puts(out, " after the head");
    }
}

static void write_details(struct buf *out, const struct reply_plan *plan)
{
    if (plan->has_retry_after) {
        buf_printf(out, ", Retry-After %us%s", plan->retry_after_s,
                   plan->retry_after_is_date ? " as a date" : "");
    }
    if (plan->answer != ANSWER_GOOD) buf_printf(out, ", %s", answer_fault_name(plan->answer));
    if (plan->malform != MALFORM_NONE) {
        buf_printf(out, ", malformed %s", plan_malform_name(plan->malform));
    }
    if (plan->interim_count > 0) buf_printf(out, ", %u interim answers", plan->interim_count);
    if (plan->head_pad_bytes > 0) {
        buf_printf(out, ", a header of %llu bytes", (unsigned long long)plan->head_pad_bytes);
    }
    if (plan->body_pad_bytes > 0) {
        buf_printf(out, ", %llu bytes more", (unsigned long long)plan->body_pad_bytes);
    }
}

void plan_write(struct buf *out, const struct reply_plan *plan)
{
    char after[UNITS_TEXT_MAX];
    const struct plan_step *first = &plan->steps[0];
    bool answers =
        first->kind == PLAN_HEAD || first->kind == PLAN_HEAD_PART || first->kind == PLAN_GARBAGE;
    if (answers)
        buf_printf(out, "%u", (unsigned)plan->status);
    else
        buf_puts(out, end_name(first->kind));
    if (plan->stop.at == STOP_AT_HEAD) buf_puts(out, " after the request's head");
    if (plan->stop.at == STOP_AT_BODY) {
        const struct plan_stop *stop = &plan->stop;
        write_place(out, stop->to_is_bytes, stop->to_ppm, stop->to_bytes, "request's body");
    }
    if (first->after_ns > 0 || answers) {
        buf_printf(out, " after %s", short_time(first->after_ns, after));
    }
    if (!answers) return;
    write_details(out, plan);
    write_pace(out, first);
    for (uint8_t i = 1; i < plan->step_count; i++) {
        write_step(out, &plan->steps[i], &plan->steps[i - 1]);
    }
}

static void write_rules(struct buf *out, const struct reply_plan *plan)
{
    char share[UNITS_TEXT_MAX];
    char wait[UNITS_TEXT_MAX];
    if ((plan->fired & PLAN_FIRED_FULL) != 0)
        buf_puts(out, "    the queue is full\n");
    else if (plan->wait_ns > 0) {
        buf_printf(out, "    waits %s for a worker or a cold model\n",
                   short_time(plan->wait_ns, wait));
    }
    for (size_t i = 0; plan->phase != NULL && i < plan->phase->fault_count; i++) {
        if ((plan->fired >> i & 1) == 0) continue;
        const struct fault *fault = &plan->phase->faults[i];
        bool drawn = fault->select.counter != COUNT_EXACT_SHARE &&
                     (fault->select.share_ppm < PPM_ALL || fault->select.ramp);
        buf_printf(out, "    %s", fault->text);
        if (drawn) {
            buf_printf(out, " (drew %s)", units_format_share(plan->drawn_ppm[i], share));
        }
        buf_putc(out, '\n');
    }
}

static const char *connect_text(enum plan_connect connect)
{
    switch (connect) {
    case CONNECT_OPEN: return "";
    case CONNECT_REFUSE: return "connection refused";
    case CONNECT_SYN_DROP: return "connection never made";
    case CONNECT_RESET: return "connection reset at once";
    case CONNECT_CLOSE: return "connection closed at once";
    case CONNECT_STALL: return "connection accepted, never read";
    }
    return "";
}

static void write_attempt(struct buf *out, struct plan_state *state,
                          const struct plan_query *query)
{
    struct reply_plan plan;
    if (query->attempt > 0) buf_printf(out, "     ~%-2u %9s  %-16s ", query->attempt, "", "");
    plan_make(state, query, &plan);
    plan_write(out, &plan);
    buf_putc(out, '\n');
    write_rules(out, &plan);
}

static void write_fate(struct buf *out, const struct scenario *scenario, struct plan_state *state,
                       const struct arrival *arrival, unsigned attempts)
{
    char id[REQUEST_ID_MAX];
    char at[UNITS_TEXT_MAX];
    char market[WORKLOAD_MARKET_MAX];
    const struct workload *workload = &scenario->workloads[arrival->workload];
    uint64_t at_ns = arrival->at_ns / NS_PER_MS * NS_PER_MS; /* as much as a person reads */
    enum plan_connect connect = plan_connect_at(state, arrival->at_ns);
    const struct phase *phase = scenario_phase_at(scenario, arrival->at_ns);
    schedule_request_id(arrival->number, id);
    buf_printf(out, "%-8s %9s  %-16s ", id, units_format_duration(at_ns, at),
               phase == NULL ? "-" : phase->name);
    if (connect != CONNECT_OPEN) {
        buf_printf(out, "%s\n", connect_text(connect));
        return;
    }
    struct plan_query query = {
        .request_key = hash_text(id),
        .offset_ns = arrival->at_ns,
        .model = workload_shape(workload, arrival->key)->model,
        .market =
            workload_market_name(scenario, arrival->workload, arrival->key, market, sizeof market),
    };
    for (; query.attempt < attempts; query.attempt++) write_attempt(out, state, &query);
}

void fates_write(struct buf *out, const struct scenario *scenario, uint64_t seed,
                 struct fates_range range)
{
    struct schedule schedule;
    struct plan_state *state = plan_state_create(scenario, seed);
    schedule_create(scenario, seed, &schedule);
    buf_printf(out, "%-8s %9s  %-16s %s\n", "id", "at", "phase",
               range.attempts == 1 ? "fate of the first attempt"
                                   : "fate of the first attempt; ~1: of its first retry");
    for (size_t i = 0; i < schedule.open_count && i < range.requests; i++) {
        write_fate(out, scenario, state, &schedule.items[i], range.attempts);
    }
    if (schedule.open_count > range.requests) {
        buf_printf(out, "and %zu more\n", schedule.open_count - range.requests);
    }
    if (schedule.count > schedule.open_count) {
        buf_puts(out, "when closed loops and cycles ask, only a run tells\n");
    }
    schedule_destroy(&schedule);
    plan_state_destroy(state);
}
