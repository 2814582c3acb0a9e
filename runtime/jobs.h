#ifndef RUNTIME_JOBS_H
#define RUNTIME_JOBS_H
/* Requests in work: one job per call id of the engine, all memory for them taken at start. A job
 * holds what the engine need not know: the exchange to answer, the parsed request, the running
 * transfer, the forecast that was made.
 *
 *     FREE --jobs_take--> QUEUED --the engine saw it--> RUNNING --answered--> FREE */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "forecast/request.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "runtime/bodies.h"
#include "runtime/request_memo.h"
#include "runtime/trace_context.h"

enum {
    REQUEST_ID_MAX = 64,    /* of the caller's X-Request-Id that is taken as it is */
    NONCE_MAX = REQUEST_ID_MAX + 8,
};

enum job_stage {
    JOB_FREE,
    JOB_QUEUED, /* its ENGINE_REQUEST waits in the inbox */
    JOB_RUNNING,
};

struct service;

struct job {
    struct service *service; /* borrowed */
    uint32_t id;             /* the engine's call id */
    enum job_stage stage;
    struct http_exchange *exchange; /* NULL once it was ended */
    char request_id[REQUEST_ID_MAX + 1];
    struct trace_context trace;     /* of the caller's traceparent */
    const char *tracestate;         /* valid, in `arena`; NULL: none to pass on */
    char span_id[SPAN_ID_LENGTH + 1]; /* of the latest attempt; "" without a trace */
    struct arena arena;             /* of `request` and the values of its answers */
    struct forecast_request request;
    struct memo_entry *memo;        /* what `request` was taken from, one reference; or NULL */
    struct body *body;              /* the forecast this call made, one reference; or NULL */
    struct body *l2_body;           /* what its L2 lookup found, one reference; or NULL */

    bool attempt_live;       /* the engine waits for a result of `attempt` */
    uint32_t attempt;        /* 0-based */
    bool l2_live;            /* the engine waits for ENGINE_L2_DONE */
    uint64_t l2_ticket;      /* of the lookup at Redis; 0: none is under way */
    uint64_t progress_turn;  /* turn of the loop in which progress was last reported */
    struct http_call *http;  /* the transfer; NULL once it ended */
    char nonce[NONCE_MAX + 1]; /* X-Request-ID of the attempt: "<request id>~<attempt>" */
    struct buf sent;         /* body of the attempt; borrowed by the transfer */
    bool keeps_memory;       /* free, but its arena and `sent` hold memory for the next one */
};

struct jobs {
    struct job *items; /* owned */
    uint32_t *free;    /* owned: a stack of free ids */
    uint32_t count;
    uint32_t free_count;
    uint32_t keeping; /* how many keep memory */
};

void jobs_init(struct jobs *jobs, uint32_t count, struct service *service);
/* Every job must be free. */
void jobs_deinit(struct jobs *jobs);
/* A job in stage QUEUED, or NULL when all are in work. */
struct job *jobs_take(struct jobs *jobs);
/* Frees what the job holds; its exchange and transfer must have ended. The scratch memory of some
 * jobs stays for those that take them next. */
void jobs_release(struct jobs *jobs, struct job *job);
uint32_t jobs_in_use(const struct jobs *jobs);

#endif
