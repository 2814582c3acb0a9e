#ifndef RUNTIME_STATE_H
#define RUNTIME_STATE_H
/* What the parts of the service share; nobody else includes this.
 *
 *     service.c   memory, the turn of the loop, which action goes where
 *     inbound.c   requests of callers: routes, request ids, parsing
 *     upstream.c  attempts: transfers, what their results mean, forecasts made from them
 *     l2.c        the second-level cache (l2.h)
 *     reply.c     answers
 *     page.c      figures, summed over workers
 *     reload.c    other settings while it runs
 *     shutdown.c  draining and cutting off */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/engine.h"
#include "forecast/response.h"
#include "forecast/value_texts.h"
#include "net/alarm.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "runtime/bodies.h"
#include "runtime/cycles.h"
#include "runtime/guard.h"
#include "runtime/inbox.h"
#include "runtime/jobs.h"
#include "runtime/l2.h"
#include "runtime/metrics.h"
#include "runtime/request_memo.h"
#include "runtime/request_log.h"
#include "runtime/service.h"
#include "runtime/warmer.h"

struct service {
    struct service_setup setup;
    struct runtime_config *settings;     /* owned; service_reload() changes them */
    const struct runtime_config *config; /* the same, for everybody else */
    struct engine *engine;               /* owned, as all below */
    struct http_server *server;
    struct guard *guard;
    struct http_client *client;
    char *attempt_url;
    struct jobs jobs;
    struct bodies bodies;
    struct request_memo memo;
    struct value_texts value_texts;
    struct inbox inbox;
    struct metrics metrics;
    struct cycle cycle; /* of the callers, for the metrics */
    uint64_t reloads_taken;               /* of the supervisor's */
    struct metrics_gauges counted_before; /* by earlier processes of this worker */
    struct warmer *warmer;
    struct l2 *l2;               /* NULL: there is no second level */
    struct request_log request_log;

    struct alarm alarm;
    uv_check_t turn_end;
    uv_idle_t no_sleep;       /* active while the inbox has something: the loop must not wait */
    uv_timer_t flush_timer;   /* of the trace */
    uv_timer_t drain_timer;
    unsigned handles_open;

    instant_ns now;           /* of this turn */
    uint64_t turn;
    uint64_t ids_made;        /* request ids drawn for callers who sent none */
    bool in_turn;
    bool draining;
    bool cut;                 /* calls in flight were cut off, or none was left */
};

/* service.c */

/* To be handled at the end of this turn of the loop. */
void service_push(struct service *service, const struct engine_input *input);
/* Handles everything that is due now; for the end of a turn and for shutdown.c. */
void service_turn(struct service *service);

/* inbound.c: the server's callbacks; `context` is the service. */

void inbound_on_request(void *context, struct http_exchange *exchange);
/* Lets the guard judge the head. */
void inbound_on_head(void *context, struct http_exchange *exchange);
void inbound_on_accept_error(void *context, int error);
void inbound_on_gone(void *context, struct http_exchange *exchange);

/* trace_headers.c */

/* The caller's trace; an empty one without exactly one valid traceparent. */
void trace_headers_read(struct http_exchange *exchange, struct trace_context *out);
/* Its tracestate, copied; NULL when there is none to pass on. */
const char *trace_headers_state(struct http_exchange *exchange, struct arena *arena);

/* upstream.c */

void upstream_start(struct job *job, uint32_t attempt, instant_ns deadline);
void upstream_cancel(struct job *job);
/* How the transfer alone went: OUTCOME_OK is a complete 200 whose body nobody has looked at. */
enum outcome upstream_judge_transfer(const struct http_result *result);
/* Computes the baseline into job->body; the result goes to the inbox. */
void upstream_run_baseline(struct job *job);

/* reply.c */

/* Answers the job's exchange as the finished record says, and ends it. */
void reply_answer(struct job *job, const struct call_record *record);
/* application/problem+json, with Retry-After: 1 for a 503; ends the exchange. `extra`: one header
 * more, NULL for none. */
void reply_problem(struct http_exchange *exchange, const struct response_problem *problem,
                   const struct http_header *extra);
/* Any other text, copied; ends the exchange. */
void reply_text(struct http_exchange *exchange, unsigned status, const char *content_type,
                const struct buf *text);

/* page.c */

/* Goes on with the counters of the worker's earlier processes. */
void page_init(struct service *service);
/* At the end of each turn: lets the other workers see this one's figures. */
void page_publish(struct service *service);
/* GET /metrics */
void page_write(struct service *service, struct buf *out);

/* reload.c */

/* A worker that was started after a reload: takes what it changed. */
void reload_catch_up(struct service *service);

/* shutdown.c */

/* At the end of each turn: whether the drain is over. */
void shutdown_check(struct service *service);
/* Answers what is in work with 503 and lets the engine forget it. */
void shutdown_cut(struct service *service);

#endif
