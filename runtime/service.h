#ifndef RUNTIME_SERVICE_H
#define RUNTIME_SERVICE_H
/* The runtime: binds the policy engine to a server for callers and a client for the model server,
 * on one libuv loop.
 *
 *     POST /tsfm/forecast   a forecast, or a typed error as application/problem+json
 *     GET  /health/live     200 as long as the loop turns
 *     GET  /health/ready    200; 503 while warming up or draining
 *     GET  /metrics         Prometheus text
 *     GET  /openapi.json    this interface, in full (runtime/openapi.json)
 *
 * One turn: callbacks put what happened into an inbox; at the end of the loop's turn, or when a
 * request has come, the clock is read once, the engine is stepped with each input, its actions are
 * obeyed in order, and the alarm is set to engine_wakeup(). Nothing is started or cancelled from
 * inside a callback of libcurl.
 *
 * Example:
 *     service_create(&setup, &service, &note);
 *     uv_run(loop, UV_RUN_DEFAULT);            SIGTERM -> service_drain(service)
 *     service_destroy(service);                after on_drained has stopped the loop */

#include <uv.h>

#include "base/err.h"
#include "config/config.h"
#include "net/address.h"
#include "runtime/log.h"
#include "runtime/secrets.h"
#include "runtime/trace_file.h"
#include "runtime/workers.h"

struct service;

struct service_setup {
    uv_loop_t *loop;                     /* borrowed, as all pointers here */
    const struct runtime_config *config; /* must not change; engine.seed is the seed to use */
    const char *upstream;                /* base URL without a slash at the end; copied */
    struct address listen;
    struct workers *workers;             /* NULL: the only process */
    uint32_t worker;                     /* its number among them */
    struct log *log;
    struct trace_file *trace;            /* NULL: no trace */
    const struct secrets *secrets;       /* NULL: none */
    void (*on_drained)(void *context);   /* once after service_drain(): nothing is in work, the
                                          * answers are out */
    void *context;
};

/* ERR_NETWORK (or what http_server_create() says) when it cannot listen. */
MUST_USE enum err service_create(const struct service_setup *setup, struct service **out,
                                 struct err_note *note);
/* Where it listens, with the real port. */
struct address service_address(const struct service *service);
/* SIGHUP: reads the settings again, or takes those that the supervisor has read (see
 * runtime/reload.h). Not from inside a callback of libcurl. */
void service_reload(struct service *service, const struct config_source *source);
/* Takes no new work, lets calls in flight finish for at most `drain_s`, cuts the rest off with 503,
 * then calls on_drained. A second call changes nothing. */
void service_drain(struct service *service);
/* Cuts off what is in work and frees everything; turns the loop a little to close its handles. Not
 * from inside a callback of the loop. Accepts NULL. */
void service_destroy(struct service *service);

#endif
