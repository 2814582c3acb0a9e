#include "harness/sim.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "config/trace_head.h"
#include "core/engine_trace.h"
#include "forecast/response.h"
#include "harness/sim_arrivals.h"
#include "harness/sim_redis.h"
#include "harness/sim_requests.h"
#include "harness/sim_upstream.h"

struct sim {
    struct run *run;                       /* borrowed: filled */
    const struct sim_requests *requests;   /* borrowed */
    struct buf *trace;                     /* borrowed; NULL: none */
    struct engine_config config;           /* the engine borrows it */
    struct engine *engine;                 /* owned */
    struct sim_upstream upstream;          /* owned */
    struct sim_redis redis;                /* owned */
    uint32_t *request_of;                  /* owned: call id -> index in the schedule */
    uint32_t *free_ids;                    /* owned: a stack */
    uint32_t free_count;
    struct sim_arrivals arrivals;          /* owned */
    bool has_gone;                         /* some clients hang up */
    struct timers gone;                    /* owned, with has_gone: by call id: its client's end */
    instant_ns now;
};

static bool has_hang_ups(const struct scenario *scenario)
{
    bool has = false;
    for (size_t i = 0; i < scenario->workload_count; i++) {
        has = has || scenario->workloads[i].client.hang_up_ppm > 0;
    }
    return has;
}

/* As it is simulated, which may differ from what was configured. */
static void write_trace_head(const struct sim *sim)
{
    struct runtime_config *config = mem_copy(sim->run->config, sizeof *config);
    config->engine = sim->config;
    trace_head_write(sim->trace, "tollgate", TOLLGATE_VERSION, 0, config);
    mem_free(config);
}

static void sim_init(struct sim *sim, struct run *run, const struct sim_requests *requests,
                     const struct sim_options *options, struct buf *trace)
{
    *sim = (struct sim){
        .run = run,
        .requests = requests,
        .trace = trace,
        .config = run->config->engine,
    };
    /* A runtime without a seed draws one at its start; here the run's takes its place. */
    if (sim->config.seed == 0) sim->config.seed = run->seed;
    sim->config.l2_enabled = run->scenario->redis.given;
    if (trace != NULL) write_trace_head(sim);
    uint32_t calls_max = sim->config.calls_max;
    sim->engine = engine_create(&sim->config);
    sim->request_of = mem_alloc(calls_max, sizeof *sim->request_of);
    sim->free_ids = mem_alloc(calls_max, sizeof *sim->free_ids);
    while (sim->free_count < calls_max) {
        sim->free_ids[sim->free_count] = calls_max - 1 - sim->free_count;
        sim->free_count++;
    }
    sim_upstream_init(&sim->upstream, run, options, calls_max);
    sim_redis_init(&sim->redis, run, sim->config.seed, options);
    sim_arrivals_init(&sim->arrivals, run, options);
    sim->has_gone = has_hang_ups(run->scenario);
    if (sim->has_gone) timers_init(&sim->gone, calls_max);
}

static void sim_deinit(struct sim *sim)
{
    sim_upstream_deinit(&sim->upstream);
    sim_redis_deinit(&sim->redis);
    sim_arrivals_deinit(&sim->arrivals);
    if (sim->has_gone) timers_deinit(&sim->gone);
    mem_free(sim->free_ids);
    mem_free(sim->request_of);
    engine_destroy(sim->engine);
}

static void keep_attempts(struct run *run, uint32_t request, const struct call_record *record)
{
    struct run_answer *answer = &run->answers[request];
    answer->attempt_at = (uint32_t)run->attempt_count;
    answer->attempt_count = record->attempt_count;
    for (uint32_t i = 0; i < record->attempt_count; i++) {
        const struct attempt_record *attempt = &record->attempts[i];
        *run_add_attempt(run) = (struct run_attempt){
            .request = request,
            .number = i,
            .outcome = attempt->outcome,
            .http_status = attempt->http_status,
            .start_known = true,
            .started_ns = attempt->started,
            .backoff_ns = attempt->backoff_ns,
            .latency_ns = attempt->latency_ns,
        };
    }
    answer->path_at = (uint32_t)run->path_count;
    answer->path_count = record->path_count;
    for (uint32_t i = 0; i < record->path_count; i++) *run_add_path(run) = record->path[i];
}

/* Whether its client left before the answer could reach it. */
static bool left_before(struct sim *sim, uint32_t call, const struct call_record *record)
{
    instant_ns gone = sim->has_gone ? timers_at(&sim->gone, call) : INSTANT_NEVER;
    if (gone != INSTANT_NEVER) timers_clear(&sim->gone, call);
    return record->served == SERVED_NOBODY || gone <= sim->now + SIM_TRANSPORT_NS;
}

static const struct sim_request *request_of(const struct sim *sim, uint32_t call)
{
    return sim_requests_at(sim->requests, &sim->run->schedule->items[sim->request_of[call]]);
}

static void on_answer(struct sim *sim, uint32_t call)
{
    const struct call_record *record = engine_record(sim->engine, call);
    uint32_t request = sim->request_of[call];
    struct run_answer *answer = &sim->run->answers[request];
    if (answer->answered || answer->hung_up) { /* twice: the judge's affair */
        answer->answers++;
        return;
    }
    keep_attempts(sim->run, request, record);
    sim->free_ids[sim->free_count++] = call;
    /* Of bodies only baselines are computed. */
    answer->output_valid =
        record->served != SERVED_BASELINE || request_of(sim, call)->baseline_valid;
    answer->age_ns = record->age_ns;
    if (left_before(sim, call, record)) {
        answer->hung_up = true;
        answer->done_ns = sim->now;
        sim_arrivals_done(&sim->arrivals, request, sim->now);
        return;
    }
    answer->done_ns = sim->now + SIM_TRANSPORT_NS;
    answer->answered = true;
    answer->answers++;
    answer->served = record->served;
    answer->code = record->code;
    answer->cause = record->cause;
    answer->cache_state = record->cache_state;
    answer->http_status =
        record->served == SERVED_ERROR ? (uint16_t)response_status(record->code) : 200;
    sim_arrivals_done(&sim->arrivals, request, answer->done_ns);
}

static void start_attempt(struct sim *sim, const struct engine_action *action)
{
    const struct sim_request *request = request_of(sim, action->call);
    struct sim_asked asked = {
        .request_key = engine_record(sim->engine, action->call)->request_key,
        .number = action->attempt,
        .answer_bytes = request->answer_bytes,
        .model = request->model,
        .market = request->market,
    };
    sim_upstream_start(&sim->upstream, action->call, &asked, sim->now);
}

static void begin_lookup(struct sim *sim, uint32_t call)
{
    uint64_t request_key = engine_record(sim->engine, call)->request_key;
    sim_redis_get(&sim->redis, call, &request_of(sim, call)->key, request_key, sim->now);
}

/* It has its answer, or is given up. */
static void end_lookup(struct sim *sim, uint32_t call)
{
    sim->run->answers[sim->request_of[call]].looked_ns = sim->now;
}

static void cancel_lookup(struct sim *sim, uint32_t call)
{
    sim_redis_cancel(&sim->redis, call);
    end_lookup(sim, call);
}

static void put_forecast(struct sim *sim, uint32_t call)
{
    uint64_t request_key = engine_record(sim->engine, call)->request_key;
    sim_redis_put(&sim->redis, &request_of(sim, call)->key, request_key, sim->now);
}

/* Steps the engine and does what it says. A baseline costs no time here: it is reported at once,
 * which is why there can be a second round. */
static void sim_step(struct sim *sim, const struct engine_input *first)
{
    const struct engine_input *input = first; /* a copy right after it was written is slow */
    struct engine_input second;
    bool again;
    do {
        again = false;
        if (sim->trace != NULL) engine_trace_input(sim->trace, input, sim->now);
        const struct engine_actions *actions = engine_step(sim->engine, input, sim->now);
        for (uint32_t i = 0; i < actions->count; i++) {
            const struct engine_action *action = &actions->items[i];
            if (sim->trace != NULL) {
                engine_trace_action(sim->trace, sim->engine, action, sim->now);
            }
            switch (action->kind) {
            case ENGINE_START_ATTEMPT: start_attempt(sim, action); break;
            case ENGINE_CANCEL_ATTEMPT: sim_upstream_cancel(&sim->upstream, action->call); break;
            case ENGINE_RUN_BASELINE:
                assert(!again); /* a step moves one call, which computes one baseline */
                again = true;
                second = (struct engine_input){ .kind = ENGINE_BASELINE_DONE,
                                                .call = action->call };
                second.baseline_ok = request_of(sim, action->call)->baseline_ok;
                input = &second;
                break;
            case ENGINE_STORE: break; /* bodies are not kept */
            case ENGINE_DROP: break;
            case ENGINE_ANSWER: on_answer(sim, action->call); break;
            case ENGINE_L2_GET: begin_lookup(sim, action->call); break;
            case ENGINE_L2_CANCEL: cancel_lookup(sim, action->call); break;
            case ENGINE_L2_PUT: put_forecast(sim, action->call); break;
            case ENGINE_BREAKER: *run_add_transition(sim->run) = action->transition; break;
            }
        }
    } while (again);
}

/* Answered before the engine heard of it: no call is free, or the request is not a valid one. */
static void refuse(struct sim *sim, uint32_t request, enum code code)
{
    struct run_answer *answer = &sim->run->answers[request];
    answer->done_ns = sim->now + SIM_TRANSPORT_NS;
    answer->answered = true;
    answer->answers = 1;
    answer->output_valid = true;
    answer->served = SERVED_ERROR;
    answer->code = code;
    answer->cause = code;
    answer->http_status = (uint16_t)response_status(code);
    answer->attempt_at = (uint32_t)sim->run->attempt_count;
    answer->path_at = (uint32_t)sim->run->path_count;
    sim_arrivals_done(&sim->arrivals, request, answer->done_ns);
}

static void on_arrival(struct sim *sim)
{
    uint32_t request = sim_arrivals_take(&sim->arrivals, sim->now);
    if (request == UINT32_MAX) return;
    const struct arrival *arrival = &sim->run->plan->items[request];
    const struct sim_request *wanted = sim_requests_at(sim->requests, arrival);
    if (wanted->refused != CODE_NONE || sim->free_count == 0) {
        if (wanted->refused == CODE_NONE) sim->run->out_of_calls = true;
        refuse(sim, request,
               wanted->refused != CODE_NONE ? wanted->refused : CODE_RUNTIME_OVERLOADED);
        return;
    }
    uint32_t call = sim->free_ids[--sim->free_count];
    sim->request_of[call] = request;
    if (arrival->manner == CLIENT_HANGS_UP) {
        uint64_t after_ns = sim->run->scenario->workloads[arrival->workload].client.after_ns;
        timers_set(&sim->gone, call, sim->now + after_ns);
    }
    struct engine_input input = {
        .kind = ENGINE_REQUEST,
        .call = call,
        .request_key = schedule_request_key(request),
        .cache_key = wanted->key,
        .has_family = sim->config.cache.families,
        .family_key = wanted->family,
        .baseline_only = wanted->baseline_only,
    };
    sim_step(sim, &input);
}

/* The engine answers nobody then. */
static void on_gone(struct sim *sim)
{
    uint32_t call = timers_pop(&sim->gone, sim->now);
    sim_step(sim, &(struct engine_input){ .kind = ENGINE_CLIENT_GONE, .call = call });
}

static void keep_delivery(struct sim *sim, uint32_t call)
{
    const struct sim_attempt *attempt = &sim->upstream.attempts[call];
    const struct reply_plan *plan = &attempt->plan;
    *run_add_delivery(sim->run) = (struct run_delivery){
        .request = sim->request_of[call],
        .attempt = attempt->asked.number,
        .at_ns = sim->now,
        .fired = plan->fired,
        .wait_ns = plan->wait_ns,
        .phase = plan->phase == NULL ? UINT32_MAX
                                     : (uint32_t)(plan->phase - sim->run->scenario->phases),
        .asked_ns = plan->steps[0].after_ns,
    };
}

static void on_upstream(struct sim *sim)
{
    struct engine_input input;
    if (!sim_upstream_pop(&sim->upstream, sim->now, &input)) return;
    if (input.kind == ENGINE_ATTEMPT_SENT) {
        if (sim->upstream.attempts[input.call].planned) keep_delivery(sim, input.call);
        struct engine_input connected = input;
        connected.kind = ENGINE_ATTEMPT_CONNECTED;
        sim_step(sim, &connected);
    }
    if (input.kind == ENGINE_ATTEMPT_DONE && input.outcome == OUTCOME_OK) {
        input.body_bytes = request_of(sim, input.call)->answer_bytes;
    }
    sim_step(sim, &input);
}

static void on_redis(struct sim *sim)
{
    struct engine_input input;
    if (!sim_redis_pop(&sim->redis, sim->now, &input)) return;
    end_lookup(sim, input.call);
    if (input.l2_hit) input.body_bytes = request_of(sim, input.call)->answer_bytes;
    sim_step(sim, &input);
}

/* One event. False when nothing more can happen to a request and the scenario's time is over. */
static bool sim_turn(struct sim *sim)
{
    instant_ns upstream = sim_upstream_next(&sim->upstream);
    instant_ns arrival = sim_arrivals_next(&sim->arrivals);
    instant_ns gone = sim->has_gone ? timers_next(&sim->gone) : INSTANT_NEVER;
    bool idle = sim->free_count == sim->config.calls_max && arrival == INSTANT_NEVER;
    instant_ns redis = idle ? INSTANT_NEVER : sim_redis_next(&sim->redis);
    instant_ns outside = instant_min(instant_min(instant_min(upstream, arrival), gone), redis);
    instant_ns wakeup = engine_wakeup(sim->engine);
    if (wakeup < outside) {
        if (idle && wakeup > u64_max(sim->run->scenario->duration_ns, sim->now)) return false;
        if (wakeup > sim->now) sim->now = wakeup;
        sim_step(sim, &(struct engine_input){ .kind = ENGINE_TIMER });
        return true;
    }
    if (outside == INSTANT_NEVER) return false;
    sim->now = outside;
    if (redis == outside) on_redis(sim);
    else if (upstream == outside) on_upstream(sim);
    else if (arrival == outside) on_arrival(sim);
    else on_gone(sim);
    return true;
}

static void finish(struct sim *sim)
{
    struct engine_stats stats = engine_stats(sim->engine);
    assert(stats.calls == 0);
    sim->run->permits_known = true;
    sim->run->permits_out = stats.permits_out;
    sim->run->complete = true;
}

static void break_off(struct sim *sim, int number)
{
    sim->run->stopped_ns = sim->now;
    run_interrupt(sim->run, number);
}

void sim_play(struct run *out, const struct sim_requests *requests,
              const struct sim_options *options, struct buf *trace)
{
    assert(out->world == WORLD_SIM);
    struct sim sim;
    instant_ns began = clock_now();
    sim_init(&sim, out, requests, options, trace);
    int number = 0;
    /* Ends: every call has a deadline, every arrival comes once. */
    do number = options->interrupt == NULL ? 0 : options->interrupt();
    while (number == 0 && sim_turn(&sim));
    if (number == 0) finish(&sim);
    else break_off(&sim, number);
    run_settle(out);
    run_close(out);
    sim_deinit(&sim);
    out->wall_ns = clock_now() - began;
}

enum err sim_run(struct run *out, const struct sim_options *options, struct buf *trace,
                 struct err_note *note)
{
    instant_ns began = clock_now();
    struct sim_requests *requests = sim_requests_create(out, note);
    if (requests == NULL) return ERR_INVALID;
    sim_play(out, requests, options, trace);
    sim_requests_destroy(requests);
    out->wall_ns = clock_now() - began;
    return ERR_OK;
}
