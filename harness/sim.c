#include "harness/sim.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "config/trace_head.h"
#include "core/engine_trace.h"
#include "forecast/response.h"
#include "harness/sim_requests.h"
#include "harness/sim_upstream.h"

struct sim_arrival {
    uint64_t at_ns;
    uint32_t request; /* index in the schedule */
};

struct sim {
    struct run *run;                       /* borrowed: filled */
    const struct sim_requests *requests;   /* borrowed */
    struct buf *trace;                     /* borrowed; NULL: none */
    struct engine_config config;           /* the engine borrows it */
    struct engine *engine;                 /* owned */
    struct sim_upstream upstream;          /* owned */
    uint32_t *request_of;                  /* owned: call id -> index in the schedule */
    uint32_t *free_ids;                    /* owned: a stack */
    uint32_t free_count;
    struct sim_arrival *arrivals;          /* owned: jittered and in order; NULL: as scheduled */
    size_t next_arrival;
    instant_ns now;
};

static int arrival_compare(const void *a, const void *b)
{
    const struct sim_arrival *left = a;
    const struct sim_arrival *right = b;
    if (left->at_ns != right->at_ns) return left->at_ns > right->at_ns ? 1 : -1;
    return (left->request > right->request) - (left->request < right->request);
}

/* Requests that come late may be overtaken by others. */
static struct sim_arrival *jittered_arrivals(const struct run *run,
                                             const struct sim_options *options)
{
    size_t count = run->schedule->count;
    struct sim_arrival *arrivals = mem_alloc(count, sizeof *arrivals);
    uint64_t stream = rng_stream("parity-arrival");
    for (size_t i = 0; i < count; i++) {
        uint64_t uniform = draw(options->jitter_seed, stream, i, 0);
        arrivals[i].at_ns = run->schedule->items[i].at_ns +
                            draw_below(uniform, options->arrival_jitter_ns + 1);
        arrivals[i].request = (uint32_t)i;
    }
    qsort(arrivals, count, sizeof *arrivals, arrival_compare);
    return arrivals;
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
    sim->config.l2_enabled = false; /* sim.h says why */
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
    if (options->arrival_jitter_ns > 0) sim->arrivals = jittered_arrivals(run, options);
}

static void sim_deinit(struct sim *sim)
{
    sim_upstream_deinit(&sim->upstream);
    mem_free(sim->arrivals);
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

static void on_answer(struct sim *sim, uint32_t call)
{
    const struct call_record *record = engine_record(sim->engine, call);
    uint32_t request = sim->request_of[call];
    struct run_answer *answer = &sim->run->answers[request];
    answer->done_ns = sim->now + SIM_TRANSPORT_NS;
    answer->answered = true;
    answer->answers++;
    answer->output_valid = true;
    answer->served = record->served;
    answer->code = record->code;
    answer->cause = record->cause;
    answer->cache_state = record->cache_state;
    answer->age_ns = record->age_ns;
    answer->http_status =
        record->served == SERVED_ERROR ? (uint16_t)response_status(record->code) : 200;
    keep_attempts(sim->run, request, record);
    sim->free_ids[sim->free_count++] = call;
}

static const struct sim_request *request_of(const struct sim *sim, uint32_t call)
{
    return sim_requests_at(sim->requests, &sim->run->schedule->items[sim->request_of[call]]);
}

static void start_attempt(struct sim *sim, const struct engine_action *action)
{
    struct sim_attempt begun = {
        .request_key = engine_record(sim->engine, action->call)->request_key,
        .number = action->attempt,
        .answer_bytes = request_of(sim, action->call)->answer_bytes,
    };
    sim_upstream_start(&sim->upstream, action->call, &begun, sim->now);
}

/* Steps the engine and does what it says. A baseline costs no time here: it is reported at once,
 * which is why there can be a second round. */
static void sim_step(struct sim *sim, const struct engine_input *first)
{
    struct engine_input input = *first;
    bool again;
    do {
        again = false;
        if (sim->trace != NULL) engine_trace_input(sim->trace, &input, sim->now);
        const struct engine_actions *actions = engine_step(sim->engine, &input, sim->now);
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
                input = (struct engine_input){ .kind = ENGINE_BASELINE_DONE,
                                               .call = action->call };
                input.baseline_ok = request_of(sim, action->call)->baseline_ok;
                break;
            case ENGINE_STORE: break; /* bodies are not kept */
            case ENGINE_DROP: break;
            case ENGINE_ANSWER: on_answer(sim, action->call); break;
            case ENGINE_L2_GET:
            case ENGINE_L2_CANCEL:
            case ENGINE_L2_PUT: assert(false && "the simulation has no second level"); break;
            case ENGINE_BREAKER: *run_add_transition(sim->run) = action->transition; break;
            }
        }
    } while (again);
}

static void on_overload(struct run *run, uint32_t request, instant_ns now)
{
    struct run_answer *answer = &run->answers[request];
    answer->done_ns = now + SIM_TRANSPORT_NS;
    answer->answered = true;
    answer->answers = 1;
    answer->output_valid = true;
    answer->served = SERVED_ERROR;
    answer->code = CODE_RUNTIME_OVERLOADED;
    answer->cause = CODE_RUNTIME_OVERLOADED;
    answer->http_status = (uint16_t)response_status(CODE_RUNTIME_OVERLOADED);
    answer->attempt_at = (uint32_t)run->attempt_count;
    answer->path_at = (uint32_t)run->path_count;
}

static void on_arrival(struct sim *sim)
{
    size_t at = sim->next_arrival++;
    uint32_t request = sim->arrivals == NULL ? (uint32_t)at : sim->arrivals[at].request;
    sim->run->answers[request].sent_ns = sim->now;
    if (sim->free_count == 0) {
        on_overload(sim->run, request, sim->now);
        return;
    }
    uint32_t call = sim->free_ids[--sim->free_count];
    sim->request_of[call] = request;
    const struct sim_request *wanted = request_of(sim, call);
    char id[REQUEST_ID_MAX];
    struct engine_input input = {
        .kind = ENGINE_REQUEST,
        .call = call,
        .request_key = hash_text(schedule_request_id(request, id)),
        .cache_key = wanted->key,
        .has_family = sim->config.cache.families,
        .family_key = wanted->family,
        .baseline_only = wanted->baseline_only,
    };
    sim_step(sim, &input);
}

static void keep_delivery(struct sim *sim, uint32_t call)
{
    const struct sim_attempt *attempt = &sim->upstream.attempts[call];
    const struct reply_plan *plan = &attempt->plan;
    *run_add_delivery(sim->run) = (struct run_delivery){
        .request = sim->request_of[call],
        .attempt = attempt->number,
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
        keep_delivery(sim, input.call);
        struct engine_input connected = input;
        connected.kind = ENGINE_ATTEMPT_CONNECTED;
        sim_step(sim, &connected);
    }
    if (input.kind == ENGINE_ATTEMPT_DONE && input.outcome == OUTCOME_OK) {
        input.body_bytes = request_of(sim, input.call)->answer_bytes;
    }
    sim_step(sim, &input);
}

static instant_ns next_arrival(const struct sim *sim)
{
    const struct schedule *schedule = sim->run->schedule;
    if (sim->next_arrival == schedule->count) return INSTANT_NEVER;
    return sim->arrivals == NULL ? schedule->items[sim->next_arrival].at_ns
                                 : sim->arrivals[sim->next_arrival].at_ns;
}

/* One event. False when nothing more can happen to a request and the scenario's time is over. */
static bool sim_turn(struct sim *sim)
{
    instant_ns upstream = sim_upstream_next(&sim->upstream);
    instant_ns arrival = next_arrival(sim);
    instant_ns outside = instant_min(upstream, arrival);
    instant_ns wakeup = engine_wakeup(sim->engine);
    if (wakeup < outside) {
        bool idle = sim->free_count == sim->config.calls_max && arrival == INSTANT_NEVER;
        if (idle && wakeup > u64_max(sim->run->scenario->duration_ns, sim->now)) return false;
        if (wakeup > sim->now) sim->now = wakeup;
        sim_step(sim, &(struct engine_input){ .kind = ENGINE_TIMER });
        return true;
    }
    if (outside == INSTANT_NEVER) return false;
    sim->now = outside;
    if (upstream <= arrival) on_upstream(sim);
    else on_arrival(sim);
    return true;
}

void sim_play(struct run *out, const struct sim_requests *requests,
              const struct sim_options *options, struct buf *trace)
{
    assert(out->world == WORLD_SIM);
    struct sim sim;
    instant_ns began = clock_now();
    sim_init(&sim, out, requests, options, trace);
    while (sim_turn(&sim)) {} /* ends: every call has a deadline, every arrival comes once */
    struct engine_stats stats = engine_stats(sim.engine);
    assert(stats.calls == 0);
    out->permits_known = true;
    out->permits_out = stats.permits_out;
    out->complete = true;
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
