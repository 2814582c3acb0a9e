#include "runtime/service.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/engine_trace.h"
#include "forecast/model_request.h"
#include "runtime/state.h"

enum {
    /* Above our own admission, so that libcurl never queues: cancelled transfers may still hold
     * their sockets for a moment. */
    CLIENT_CONNECTIONS_EXTRA = 64,
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
    if (job->exchange != NULL) {
        metrics_on_answer(&service->metrics, record);
        cycle_on_answer(&service->cycle,
                        &(struct cycle_answer){ job->request.as_of_unix_s, record->arrived,
                                                record->finished },
                        &service->metrics);
    } else { /* shutdown_cut() has answered, whatever the engine says */
        metrics_on_cut(&service->metrics, record);
    }
    request_log_answer(&service->request_log, job, record,
                       service->config->server.breaker_open_warning_interval_ns);
    if (job->exchange != NULL) reply_answer(job, record);
    jobs_release(&service->jobs, job);
}

static void store(struct service *service, const struct engine_action *action)
{
    const struct job *job = job_of(service, action->call);
    struct body *body = action->tier == CACHE_TIER_L2 ? job->l2_body : job->body;
    bodies_put(&service->bodies, action->slot, body);
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
    case ENGINE_STORE: store(service, action); break;
    case ENGINE_DROP: bodies_drop(&service->bodies, action->slot); break;
    case ENGINE_ANSWER: answer(service, job_of(service, action->call)); break;
    case ENGINE_BREAKER:
        metrics_on_transition(&service->metrics, &action->transition);
        warmer_on_breaker(service->warmer, action->transition.to);
        request_log_breaker(&service->request_log, &action->transition);
        break;
    case ENGINE_L2_GET: l2_get(job_of(service, action->call)); break;
    case ENGINE_L2_CANCEL: l2_cancel(job_of(service, action->call)); break;
    case ENGINE_L2_PUT: l2_put(job_of(service, action->call)); break;
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
        warmer_on_attempt(service->warmer, job->request.model_name, input->outcome);
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
    page_publish(service);
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

/* NULL without a key. */
static const char *upstream_header(const struct secrets *secrets, char out[SECRET_MAX + 32])
{
    if (secrets == NULL || secrets->upstream_key[0] == '\0') return NULL;
    snprintf(out, SECRET_MAX + 32, "Authorization: Bearer %s", secrets->upstream_key);
    return out;
}

enum err service_create(const struct service_setup *setup, struct service **out,
                        struct err_note *note)
{
    char header[SECRET_MAX + 32];
    const struct runtime_config *config = setup->config;
    struct service *service = mem_alloc(1, sizeof *service);
    service->setup = *setup;
    service->settings = mem_copy(config, sizeof *config);
    service->config = service->settings;
    const struct http_server_config server = {
        .loop = setup->loop,
        .listen = setup->listen,
        .share = setup->workers == NULL ? PORT_ALONE : PORT_SHARED,
        .body_bytes_max = config->server.body_bytes_max,
        .connections_max = config->server.inbound_connections_max,
        .connections_per_client_max = config->guard.connections_per_client_max,
        .limits = {
            .head_ns = config->guard.header_timeout_ns,
            .body_ns = config->guard.body_timeout_ns,
            .body_bytes_per_s_min = config->guard.body_bytes_per_s_min,
            .send_ns = config->guard.send_timeout_ns,
            .idle_ns = config->guard.idle_timeout_ns,
        },
        .make_room = true,
        .on_request = inbound_on_request,
        .on_head = inbound_on_head,
        .on_accept_error = inbound_on_accept_error,
        .on_gone = inbound_on_gone,
        .context = service,
    };
    enum err rc = http_server_create(&server, &service->server, note);
    if (rc != ERR_OK) {
        mem_free(service->settings);
        mem_free(service);
        return rc;
    }
    service->client = http_client_create(&(struct http_client_config){
        .loop = setup->loop,
        .connections_max = config->engine.pool.connections_max + CLIENT_CONNECTIONS_EXTRA,
        .keepalive_max = config->server.max_keepalive_connections,
        .keepalive_expiry_ns = config->server.keepalive_expiry_ns,
        .ca_file = config->upstream.ca_file[0] == '\0' ? NULL : config->upstream.ca_file,
        .header = upstream_header(setup->secrets, header),
        .tls_unverified = !config->upstream.tls_verify,
    });
    service->guard = guard_create(&service->config->guard,
                                  setup->secrets == NULL ? NULL : setup->secrets->api_token,
                                  config->engine.seed);
    service->attempt_url = attempt_url(setup->upstream, &config->forecast);
    service->engine = engine_create(&config->engine);
    jobs_init(&service->jobs, config->engine.calls_max, service);
    value_texts_init(&service->value_texts, VALUE_TEXTS_DEFAULT, TRANSFORM_LOGIT,
                     FORECAST_EPS_DEFAULT);
    request_memo_init(&service->memo, config->server.request_memo_bytes_max, config->engine.seed);
    bodies_init(&service->bodies, config->engine.cache.entries_max);
    inbox_init(&service->inbox, INBOX_START);
    request_log_init(&service->request_log, setup->log);
    page_init(service);
    init_handles(service);
    service->warmer = warmer_create(service);
    service->l2 = l2_create(service);
    reload_catch_up(service);
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
    warmer_close(service->warmer);
    http_server_destroy(service->server);
    http_client_destroy(service->client);
    l2_destroy(service->l2);
    close_handles(service);
    warmer_free(service->warmer);
    inbox_deinit(&service->inbox);
    bodies_deinit(&service->bodies);
    request_memo_deinit(&service->memo);
    value_texts_deinit(&service->value_texts);
    jobs_deinit(&service->jobs);
    guard_destroy(service->guard);
    engine_destroy(service->engine);
    mem_free(service->attempt_url);
    mem_free(service->settings);
    mem_free(service);
}
