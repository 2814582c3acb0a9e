#ifndef RUNTIME_REQUEST_LOG_H
#define RUNTIME_REQUEST_LOG_H
/* What is logged of requests, attempts and the breaker. Every line about one request carries its
 * request_id and, when the caller sent a valid traceparent, its trace_id.
 *
 *     event          level  when
 *     request        debug  a request was answered (warn, limited: with a typed error)
 *     refused        info   a request was refused before the chain; limited
 *     attempt        debug  an attempt failed (warn: its answer was no forecast); limited
 *     breaker        info   the breaker moved (warn: it opened), and how many requests it had kept
 *                           from the model server since the last warning
 *     breaker_open   warn   it still does: once per breaker_open_warning_interval_s
 *
 * "limited": at most LOG_LIMITED_PER_SECOND of them a second; the next line says how many are
 * missing. */

#include "core/throttle.h"
#include "forecast/response.h"
#include "runtime/jobs.h"
#include "runtime/log.h"
#include "runtime/trace_context.h"

struct request_log {
    struct log *log; /* borrowed */
    struct throttle open_warning;
};

void request_log_init(struct request_log *request_log, struct log *log);

/* `warning_interval_ns`: of breaker_open. */
void request_log_answer(struct request_log *request_log, const struct job *job,
                        const struct call_record *record, uint64_t warning_interval_ns);
void request_log_refusal(struct request_log *request_log, const struct response_problem *problem,
                         const struct trace_context *trace);
void request_log_attempt(struct request_log *request_log, const struct job *job,
                         enum log_level level, enum outcome outcome, const char *detail);
void request_log_breaker(struct request_log *request_log,
                         const struct breaker_transition *transition);

#endif
