#include <assert.h>

#include "runtime/state.h"

/* How long answers that were just given may take to leave the process. */
enum { LINGER_MS = 50 };

static void log_stop(struct service *service, const char *event, uint32_t inflight)
{
    struct log_line line;
    if (!log_begin(service->setup.log, &line, LOG_LEVEL_INFO, event)) return;
    log_u64(&line, "inflight", inflight);
    log_end(service->setup.log, &line);
}

static void on_lingered(uv_timer_t *timer)
{
    struct service *service = timer->data;
    if (service->setup.on_drained != NULL) service->setup.on_drained(service->setup.context);
}

static void linger(struct service *service)
{
    service->cut = true;
    uv_timer_start(&service->drain_timer, on_lingered, LINGER_MS, 0);
}

static void on_patience_end(uv_timer_t *timer)
{
    struct service *service = timer->data;
    log_stop(service, "drain_timeout", jobs_in_use(&service->jobs));
    shutdown_cut(service);
    linger(service);
}

void service_drain(struct service *service)
{
    if (service->draining) return;
    service->draining = true;
    warmer_stop(service->warmer);
    log_stop(service, "drain", jobs_in_use(&service->jobs));
    http_server_drain(service->server);
    uv_timer_start(&service->drain_timer, on_patience_end,
                   service->config->server.drain_ns / NS_PER_MS, 0);
    shutdown_check(service);
}

void shutdown_check(struct service *service)
{
    if (!service->draining || service->cut) return;
    if (jobs_in_use(&service->jobs) > 0 || http_server_pending(service->server) > 0) return;
    linger(service);
}

void shutdown_cut(struct service *service)
{
    for (uint32_t i = 0; i < service->jobs.count; i++) {
        struct job *job = &service->jobs.items[i];
        if (job->stage == JOB_FREE) continue;
        if (job->exchange != NULL) {
            reply_problem(job->exchange, &(struct response_problem){
                .status = 503,
                .code = CODE_RUNTIME_OVERLOADED,
                .detail = "this process was shut down before the forecast was ready",
                .request_id = job->request_id,
            }, NULL);
            job->exchange = NULL;
        }
        service_push(service, &(struct engine_input){ .kind = ENGINE_CLIENT_GONE, .call = i });
    }
    /* Two at most: a baseline may be due from the first. */
    for (int turns = 0; turns < 4 && jobs_in_use(&service->jobs) > 0; turns++) {
        service_turn(service);
    }
    assert(jobs_in_use(&service->jobs) == 0);
}
