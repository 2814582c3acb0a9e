#include "harness/sim_upstream.h"

#include <assert.h>

#include "base/mem.h"
#include "base/rng.h"

/* The body of an error is a short JSON object. */
enum { ERROR_BODY_BYTES = 32 };

void sim_upstream_init(struct sim_upstream *upstream, const struct run *run,
                       const struct sim_options *options, uint32_t calls_max)
{
    *upstream = (struct sim_upstream){
        .plans = plan_state_create(run->scenario, run->seed),
        .options = options,
        .jitter_stream = rng_stream("parity-jitter"),
        .attempts = mem_alloc(calls_max, sizeof *upstream->attempts),
    };
    timers_init(&upstream->timers, calls_max);
}

void sim_upstream_deinit(struct sim_upstream *upstream)
{
    timers_deinit(&upstream->timers);
    plan_state_destroy(upstream->plans);
    mem_free(upstream->attempts);
    upstream->attempts = NULL;
}

void sim_upstream_start(struct sim_upstream *upstream, uint32_t call,
                        const struct sim_attempt *begun, instant_ns now)
{
    struct sim_attempt *attempt = &upstream->attempts[call];
    attempt->request_key = begun->request_key;
    attempt->number = begun->number;
    attempt->answer_bytes = begun->answer_bytes;
    attempt->sent = false;
    attempt->head_seen = false;
    attempt->step = 0;
    timers_set(&upstream->timers, call, now + SIM_CONNECT_NS);
}

void sim_upstream_cancel(struct sim_upstream *upstream, uint32_t call)
{
    timers_clear(&upstream->timers, call);
}

instant_ns sim_upstream_next(const struct sim_upstream *upstream)
{
    return timers_next(&upstream->timers);
}

static uint64_t jitter_ns(const struct sim_upstream *upstream, const struct sim_attempt *attempt)
{
    if (upstream->options->reply_jitter_ns == 0) return 0;
    uint64_t uniform = draw(upstream->options->jitter_seed, upstream->jitter_stream,
                            attempt->request_key, attempt->number);
    return draw_below(uniform, upstream->options->reply_jitter_ns + 1);
}

static void on_sent(struct sim_upstream *upstream, uint32_t call, instant_ns now)
{
    struct sim_attempt *attempt = &upstream->attempts[call];
    attempt->sent = true;
    struct plan_query query = {
        .request_key = attempt->request_key,
        .attempt = attempt->number,
        .offset_ns = now,
    };
    plan_make(upstream->plans, &query, &attempt->plan);
    assert(attempt->plan.step_count > 0);
    timers_set(&upstream->timers, call,
               now + attempt->plan.steps[0].after_ns + jitter_ns(upstream, attempt) +
                   SIM_TRANSPORT_NS);
}

/* What a complete answer is taken for. */
static enum outcome outcome_of(const struct reply_plan *plan)
{
    if (plan->status != 200) return classify_status(plan->status);
    if (plan->answer == ANSWER_WRONG_ID) return OUTCOME_WRONG_ID;
    return plan->answer == ANSWER_GOOD ? OUTCOME_OK : OUTCOME_BAD_SCHEMA;
}

static void done(struct engine_input *out, const struct sim_attempt *attempt,
                 enum outcome outcome)
{
    out->kind = ENGINE_ATTEMPT_DONE;
    out->outcome = outcome;
    out->http_status = attempt->head_seen ? attempt->plan.status : 0;
}

static void complete(struct engine_input *out, const struct sim_attempt *attempt)
{
    done(out, attempt, outcome_of(&attempt->plan));
    out->has_retry_after = attempt->plan.has_retry_after;
    out->retry_after_ns = (uint64_t)attempt->plan.retry_after_s * NS_PER_S;
}

static bool is_whole_body(const struct sim_attempt *attempt, const struct plan_step *step)
{
    size_t length = attempt->plan.status == 200 ? attempt->answer_bytes : ERROR_BODY_BYTES;
    return plan_step_end(step, length) == length;
}

/* Plays one step. True while the attempt goes on. */
static bool play_step(struct sim_attempt *attempt, struct engine_input *out)
{
    const struct plan_step *step = &attempt->plan.steps[attempt->step++];
    switch (step->kind) {
    case PLAN_HEAD:
        attempt->head_seen = true;
        out->kind = ENGINE_ATTEMPT_PROGRESS;
        return true;
    case PLAN_BODY:
        out->kind = ENGINE_ATTEMPT_PROGRESS;
        if (!is_whole_body(attempt, step)) return true;
        complete(out, attempt);
        return false;
    case PLAN_END: complete(out, attempt); return false;
    case PLAN_RESET: done(out, attempt, OUTCOME_READ_ERROR); return false;
    case PLAN_CLOSE: done(out, attempt, OUTCOME_PROTOCOL_ERROR); return false;
    case PLAN_HEAD_PART:
    case PLAN_GARBAGE:
    case PLAN_STRAY: return true;
    case PLAN_STALL: return false; /* the engine's read timer will end it */
    }
    assert(false && "no such step");
    return false;
}

bool sim_upstream_pop(struct sim_upstream *upstream, instant_ns now, struct engine_input *out)
{
    uint32_t call = timers_pop(&upstream->timers, now);
    assert(call != TIMERS_NONE);
    struct sim_attempt *attempt = &upstream->attempts[call];
    *out = (struct engine_input){ .kind = ENGINE_TIMER, .call = call, .attempt = attempt->number };
    if (!attempt->sent) {
        out->kind = ENGINE_ATTEMPT_SENT;
        on_sent(upstream, call, now);
        return true;
    }
    const struct reply_plan *plan = &attempt->plan;
    do {
        if (!play_step(attempt, out)) return out->kind != ENGINE_TIMER;
        if (attempt->step == plan->step_count) return out->kind != ENGINE_TIMER;
    } while (plan->steps[attempt->step].after_ns == 0);
    timers_set(&upstream->timers, call, now + plan->steps[attempt->step].after_ns);
    return out->kind != ENGINE_TIMER;
}
