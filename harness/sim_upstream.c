#include "harness/sim_upstream.h"

#include <assert.h>

#include "base/mem.h"
#include "base/rng.h"
#include "harness/sim_arrivals.h"

void sim_upstream_init(struct sim_upstream *upstream, const struct run *run,
                       const struct sim_options *options, uint32_t calls_max)
{
    *upstream = (struct sim_upstream){
        .plans = plan_state_create(run->scenario, run->seed),
        .options = options,
        .jitter_stream = rng_stream("parity-jitter"),
        .bytes_max = run->config->server.response_bytes_max,
        .path = model_request_path(&run->config->forecast),
        .attempts = mem_resize(NULL, calls_max, sizeof *upstream->attempts), /* most stay unused */
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
                        const struct sim_asked *asked, instant_ns now)
{
    struct sim_attempt *attempt = &upstream->attempts[call];
    attempt->asked = *asked;
    attempt->sent = false;
    attempt->planned = false;
    attempt->reading.head_seen = false;
    attempt->step = 0;
    attempt->connect = plan_connect_at(upstream->plans, now);
    if (attempt->connect == CONNECT_SYN_DROP) timers_clear(&upstream->timers, call);
    else timers_set(&upstream->timers, call, now + SIM_CONNECT_NS);
}

void sim_upstream_cancel(struct sim_upstream *upstream, uint32_t call)
{
    timers_clear(&upstream->timers, call);
}

instant_ns sim_upstream_next(const struct sim_upstream *upstream)
{
    return timers_next(&upstream->timers);
}

static uint64_t jitter_ns(const struct sim_upstream *upstream, const struct sim_asked *asked)
{
    return sim_late_ns(upstream->options, upstream->jitter_stream, asked->request_key,
                       asked->number, upstream->options->reply_jitter_ns);
}

/* The upstream has read the request, or as much of it as it will. */
static void on_read(struct sim_upstream *upstream, uint32_t call, instant_ns now)
{
    struct sim_attempt *attempt = &upstream->attempts[call];
    const struct sim_asked *asked = &attempt->asked;
    bool head_only = plan_needs_head(upstream->plans, now);
    struct plan_query query = {
        .request_key = asked->request_key,
        .attempt = asked->number,
        .offset_ns = now,
        .model = head_only ? NULL : asked->model,
        .market = head_only ? NULL : asked->market,
        .path = upstream->path,
    };
    plan_make(upstream->plans, &query, &attempt->plan);
    assert(attempt->plan.step_count > 0);
    attempt->planned = true;
    sim_reading_begin(&attempt->reading, &attempt->plan, asked->answer_bytes, upstream->bytes_max);
    timers_set(&upstream->timers, call,
               now + attempt->plan.steps[0].after_ns + jitter_ns(upstream, asked) +
                   SIM_TRANSPORT_NS);
}

static void on_sent(struct sim_upstream *upstream, uint32_t call, instant_ns now)
{
    struct sim_attempt *attempt = &upstream->attempts[call];
    attempt->sent = true;
    if (attempt->connect == CONNECT_OPEN) on_read(upstream, call, now);
    else if (attempt->connect != CONNECT_STALL) {
        timers_set(&upstream->timers, call, now + SIM_TRANSPORT_NS);
    }
}

static void done(struct engine_input *out, const struct sim_attempt *attempt,
                 enum outcome outcome)
{
    const struct reply_plan *plan = &attempt->plan;
    bool answered = attempt->planned && attempt->reading.head_seen;
    out->kind = ENGINE_ATTEMPT_DONE;
    out->outcome = outcome;
    out->http_status = answered ? plan->status : 0;
    bool broken = outcome == OUTCOME_READ_ERROR || outcome == OUTCOME_PROTOCOL_ERROR ||
                  outcome == OUTCOME_TOO_LARGE;
    if (!answered || broken || !plan->has_retry_after) return;
    out->has_retry_after = true;
    out->retry_after_ns = (uint64_t)plan->retry_after_s * NS_PER_S;
}

/* Before a connection carries anything. */
static bool play_connect(const struct sim_attempt *attempt, struct engine_input *out)
{
    if (attempt->connect == CONNECT_REFUSE) done(out, attempt, OUTCOME_CONNECT_ERROR);
    if (attempt->connect == CONNECT_RESET) done(out, attempt, OUTCOME_READ_ERROR);
    if (attempt->connect == CONNECT_CLOSE) done(out, attempt, OUTCOME_PROTOCOL_ERROR);
    return true;
}

/* Plays one step, or a piece of it. True while the attempt goes on, `next_ns` later. */
static bool play_step(struct sim_attempt *attempt, struct engine_input *out, uint64_t *next_ns)
{
    const struct reply_plan *plan = &attempt->plan;
    const struct plan_step *step = &plan->steps[attempt->step];
    uint64_t left = sim_reading_left(&attempt->reading, step);
    bool piece = step->piece_bytes > 0 && left > step->piece_bytes;
    uint64_t bytes = piece ? step->piece_bytes : left;
    enum outcome outcome;
    if (sim_reading_take(&attempt->reading, plan, step, bytes, &outcome)) {
        done(out, attempt, outcome);
        return false;
    }
    if (bytes > 0) out->kind = ENGINE_ATTEMPT_PROGRESS;
    if (!piece) attempt->step++;
    if (attempt->step == plan->step_count) return false;
    *next_ns = piece ? step->piece_ns : plan->steps[attempt->step].after_ns;
    return true;
}

bool sim_upstream_pop(struct sim_upstream *upstream, instant_ns now, struct engine_input *out)
{
    uint32_t call = timers_pop(&upstream->timers, now);
    assert(call != TIMERS_NONE);
    struct sim_attempt *attempt = &upstream->attempts[call];
    uint64_t next_ns = 0;
    *out = (struct engine_input){ .kind = ENGINE_TIMER,
                                  .call = call,
                                  .attempt = attempt->asked.number };
    if (!attempt->sent && attempt->connect != CONNECT_REFUSE) {
        out->kind = ENGINE_ATTEMPT_SENT;
        on_sent(upstream, call, now);
        return true;
    }
    if (attempt->connect != CONNECT_OPEN) return play_connect(attempt, out);
    do {
        if (!play_step(attempt, out, &next_ns)) return out->kind != ENGINE_TIMER;
    } while (next_ns == 0);
    timers_set(&upstream->timers, call, now + next_ns);
    return out->kind != ENGINE_TIMER;
}
