#include "runtime/service.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/engine_trace.h"
#include "forecast/model_request.h"
#include "runtime/state.h"

enum {
    /* Above our own admission, so that libcurl never queues: cancelled transfers may still hold
     * their sockets for a moment. */
    CLIENT_CONNECTIONS_EXTRA = 64,
    INBOUND_IDLE_S = 75,
    INBOX_START = 1024,
    /* After so many steps sockets get their turn; what is left is due at once. */
    TURN_STEPS_MAX = 16384,
    TRACE_FLUSH_MS = 200,
};

/* Obeying. */

static struct job *job_of(struct service *service, uint32_t call)
{
    assert(call < service->jobs.count);
    return &service->jobs.items[call];
}

static void answer(struct service *service, struct job *job)
{
    const struct call_record *record = engine_record(service->engine, job->id);
    metrics_on_answer(&service->metrics, record);
    request_log_answer(&service->request_log, job, record,
                       service->config->server.breaker_open_warning_interval_ns);
    if (job->exchange != NULL) reply_answer(job, record);
    jobs_release(&service->jobs, job);
}

/* There is no second level: every lookup misses at once. */
static void miss_l2(struct service *service, struct job *job)
{
    job->l2_live = true;
    service_push(service, &(struct engine_input){ .kind = ENGINE_L2_DONE, .call = job->id });
}

static void obey(struct service *service, const struct engine_action *action)
{
    switch (action->kind) {
    case ENGINE_START_ATTEMPT:
        upstream_start(job_of(service, action->call), action->attempt, action->deadline);
        break;
    case ENGINE_CANCEL_ATTEMPT:
        metrics_on_attempt(&service->metrics, action->outcome);
        upstream_cancel(job_of(service, action->call));
        break;
    case ENGINE_RUN_BASELINE: upstream_run_baseline(job_of(service, action->call)); break;
    case ENGINE_STORE:
        bodies_put(&service->bodies, action->slot, job_of(service, action->call)->body);
        break;
    case ENGINE_DROP: bodies_drop(&service->bodies, action->slot); break;
    case ENGINE_ANSWER: answer(service, job_of(service, action->call)); break;
    case ENGINE_BREAKER:
        metrics_on_transition(&service->metrics, &action->transition);
        request_log_breaker(&service->request_log, &action->transition);
        break;
    case ENGINE_L2_GET: miss_l2(service, job_of(service, action->call)); break;
    case ENGINE_L2_CANCEL: job_of(service, action->call)->l2_live = false; break;
    case ENGINE_L2_PUT: break;
    }
}

static void trace_input(struct service *service, const struct engine_input *input)
{
    struct buf *out = trace_file_begin(service->setup.trace);
    if (out == NULL) return;
    engine_trace_input(out, input, service->now);
    trace_file_end(service->setup.trace);
}

static void trace_action(struct service *service, const struct engine_action *action)
{
    struct buf *out = trace_file_begin(service->setup.trace);
    if (out == NULL) return;
    engine_trace_action(out, service->engine, action, service->now);
    trace_file_end(service->setup.trace);
}

static void service_step(struct service *service, const struct engine_input *input)
{
    trace_input(service, input);
    const struct engine_actions *actions = engine_step(service->engine, input, service->now);
    for (uint32_t i = 0; i < actions->count; i++) {
        trace_action(service, &actions->items[i]);
        obey(service, &actions->items[i]);
    }
}

/* The turn. */

/* Whether the engine still waits for this: between the report and now, an earlier input of the same
 * turn may have ended the attempt or the call. */
static bool take(struct service *service, const struct engine_input *input)
{
    struct job *job = job_of(service, input->call);
    switch (input->kind) {
    case ENGINE_TIMER: break;
    case ENGINE_REQUEST:
        assert(job->stage == JOB_QUEUED);
        job->stage = JOB_RUNNING;
        return true;
    case ENGINE_CLIENT_GONE:
    case ENGINE_BASELINE_DONE: return job->stage == JOB_RUNNING;
    case ENGINE_ATTEMPT_CONNECTED:
    case ENGINE_ATTEMPT_PROGRESS:
    case ENGINE_ATTEMPT_SENT: return job->attempt_live && job->attempt == input->attempt;
    case ENGINE_L2_DONE:
        if (!job->l2_live) return false;
        job->l2_live = false;
        return true;
    case ENGINE_ATTEMPT_DONE:
        if (!job->attempt_live || job->attempt != input->attempt) return false;
        job->attempt_live = false;
        metrics_on_attempt(&service->metrics, input->outcome);
        return true;
    }
    assert(false && "nobody pushes it");
    return false;
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle;
}

void service_push(struct service *service, const struct engine_input *input)
{
    inbox_push(&service->inbox, input);
    if (!service->in_turn) uv_idle_start(&service->no_sleep, on_idle);
}

void service_turn(struct service *service)
{
    assert(!service->in_turn);
    service->in_turn = true;
    service->turn++;
    instant_ns now = clock_now();
    if (now > service->now) service->now = now;

    struct engine_input input;
    for (uint32_t steps = 0; steps < TURN_STEPS_MAX; steps++) {
        if (inbox_pop(&service->inbox, &input)) {
            if (take(service, &input)) service_step(service, &input);
        } else if (engine_wakeup(service->engine) <= service->now) {
            input = (struct engine_input){ .kind = ENGINE_TIMER };
            service_step(service, &input);
        } else {
            break;
        }
    }
    service->in_turn = false;
    bool more = service->inbox.count > 0;
    alarm_set(&service->alarm, more ? service->now : engine_wakeup(service->engine));
    if (!more) uv_idle_stop(&service->no_sleep);
}

static void on_turn_end(uv_check_t *handle)
{
    struct service *service = handle->data;
    service_turn(service);
    shutdown_check(service);
}

static void on_alarm(void *context)
{
    (void)context; /* it has waked the loop: that is all */
}

static void on_flush(uv_timer_t *timer)
{
    struct service *service = timer->data;
    trace_file_flush(service->setup.trace);
}

/* Life. */

static void init_handles(struct service *service)
{
    uv_loop_t *loop = service->setup.loop;
    alarm_init(&service->alarm, loop, on_alarm, service);
    uv_check_init(loop, &service->turn_end);
    uv_idle_init(loop, &service->no_sleep);
    uv_timer_init(loop, &service->flush_timer);
    uv_timer_init(loop, &service->drain_timer);
    service->handles_open = 4;
    service->turn_end.data = service;
    service->no_sleep.data = service;
    service->flush_timer.data = service;
    service->drain_timer.data = service;
    uv_check_start(&service->turn_end, on_turn_end);
    if (service->setup.trace != NULL) {
        uv_timer_start(&service->flush_timer, on_flush, TRACE_FLUSH_MS, TRACE_FLUSH_MS);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct service *service = handle->data;
    service->handles_open--;
}

static void close_handles(struct service *service)
{
    alarm_close(&service->alarm);
    uv_close((uv_handle_t *)&service->turn_end, on_closed);
    uv_close((uv_handle_t *)&service->no_sleep, on_closed);
    uv_close((uv_handle_t *)&service->flush_timer, on_closed);
    uv_close((uv_handle_t *)&service->drain_timer, on_closed);
    while (service->handles_open > 0) uv_run(service->setup.loop, UV_RUN_NOWAIT);
}

static char *attempt_url(const char *upstream, const struct forecast_config *config)
{
    struct buf url;
    buf_init(&url, BUF_UNBOUNDED);
    buf_puts(&url, upstream);
    buf_puts(&url, model_request_path(config));
    return buf_take(&url);
}

enum err service_create(const struct service_setup *setup, struct service **out,
                        struct err_note *note)
{
    const struct runtime_config *config = setup->config;
    struct service *service = mem_alloc(1, sizeof *service);
    service->setup = *setup;
    service->config = config;
    const struct http_server_config server = {
        .loop = setup->loop,
        .listen = setup->listen,
        .body_bytes_max = config->server.body_bytes_max,
        .connections_max = config->server.inbound_connections_max,
        .idle_timeout_s = INBOUND_IDLE_S,
        .on_request = inbound_on_request,
        .on_gone = inbound_on_gone,
        .context = service,
    };
    enum err rc = http_server_create(&server, &service->server, note);
    if (rc != ERR_OK) {
        mem_free(service);
        return rc;
    }
    service->client = http_client_create(&(struct http_client_config){
        .loop = setup->loop,
        .connections_max = config->engine.pool.connections_max + CLIENT_CONNECTIONS_EXTRA,
        .keepalive_max = config->server.max_keepalive_connections,
        .keepalive_expiry_ns = config->server.keepalive_expiry_ns,
    });
    service->attempt_url = attempt_url(setup->upstream, &config->forecast);
    service->engine = engine_create(&config->engine);
    jobs_init(&service->jobs, config->engine.calls_max, service);
    bodies_init(&service->bodies, config->engine.cache.entries_max);
    inbox_init(&service->inbox, INBOX_START);
    request_log_init(&service->request_log, setup->log);
    init_handles(service);
    *out = service;
    return ERR_OK;
}

struct address service_address(const struct service *service)
{
    return http_server_address(service->server);
}

void service_destroy(struct service *service)
{
    if (service == NULL) return;
    shutdown_cut(service);
    http_server_destroy(service->server);
    http_client_destroy(service->client);
    close_handles(service);
    inbox_deinit(&service->inbox);
    bodies_deinit(&service->bodies);
    jobs_deinit(&service->jobs);
    engine_destroy(service->engine);
    mem_free(service->attempt_url);
    mem_free(service);
}
