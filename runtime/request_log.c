#include "runtime/request_log.h"

void request_log_init(struct request_log *request_log, struct log *log)
{
    *request_log = (struct request_log){ .log = log };
}

static void put_ids(struct log_line *line, const char *request_id,
                    const struct trace_context *trace)
{
    log_text(line, "request_id", request_id);
    if (trace->trace_id[0] != '\0') log_text(line, "trace_id", trace->trace_id);
}

static void put_code(struct log_line *line, const char *key, enum code code)
{
    log_text(line, key, code == CODE_NONE ? NULL : code_name(code));
}

static void warn_of_open_breaker(struct request_log *request_log,
                                 const struct call_record *record, uint64_t interval_ns)
{
    uint64_t times = 0;
    for (uint32_t i = 0; i < record->path_count; i++) {
        uint8_t step = record->path[i].step;
        if (step == PATH_BREAKER_OPEN || step == PATH_BREAKER_PROBES_OUT) times++;
    }
    if (times == 0) return;
    uint64_t told = throttle_count(&request_log->open_warning, interval_ns, times,
                                   record->finished);
    struct log_line line;
    if (told == 0 || !log_begin(request_log->log, &line, LOG_LEVEL_WARN, "breaker_open")) return;
    log_text(&line, "state", breaker_state_name(record->breaker));
    log_u64(&line, "skipped", told);
    log_text(&line, "message", "the circuit breaker keeps requests from the model server; they are "
                               "answered from the cache or by the baseline");
    log_end(request_log->log, &line);
}

void request_log_answer(struct request_log *request_log, const struct job *job,
                        const struct call_record *record, uint64_t warning_interval_ns)
{
    warn_of_open_breaker(request_log, record, warning_interval_ns);
    struct log *log = request_log->log;
    struct log_line line;
    bool on = record->served == SERVED_ERROR
                  ? log_begin_limited(log, &line, LOG_LEVEL_WARN, "request")
                  : log_begin(log, &line, LOG_LEVEL_DEBUG, "request");
    if (!on) return;
    put_ids(&line, job->request_id, &job->trace);
    log_text(&line, "served", served_name(record->served));
    put_code(&line, "code", record->code);
    put_code(&line, "cause", record->cause);
    log_u64(&line, "attempts", record->attempt_count);
    log_ms(&line, "latency_ms", record->finished - record->arrived);
    log_end(log, &line);
}

void request_log_refusal(struct request_log *request_log, const struct response_problem *problem,
                         const struct trace_context *trace)
{
    struct log_line line;
    if (!log_begin_limited(request_log->log, &line, LOG_LEVEL_INFO, "refused")) return;
    put_ids(&line, problem->request_id, trace);
    log_u64(&line, "status", problem->status);
    put_code(&line, "code", problem->code);
    put_code(&line, "cause", problem->cause);
    log_text(&line, "detail", problem->detail);
    log_end(request_log->log, &line);
}

void request_log_attempt(struct request_log *request_log, const struct job *job,
                         enum log_level level, enum outcome outcome, const char *detail)
{
    struct log_line line;
    if (!log_begin_limited(request_log->log, &line, level, "attempt")) return;
    put_ids(&line, job->request_id, &job->trace);
    if (job->span_id[0] != '\0') log_text(&line, "span_id", job->span_id);
    log_u64(&line, "attempt", job->attempt);
    log_text(&line, "outcome", outcome_name(outcome));
    put_code(&line, "code", classify(outcome)->code);
    log_text(&line, "detail", detail);
    log_end(request_log->log, &line);
}

void request_log_breaker(struct request_log *request_log,
                         const struct breaker_transition *transition)
{
    uint64_t skipped = throttle_take(&request_log->open_warning);
    if (transition->to == BREAKER_OPEN) throttle_start(&request_log->open_warning, transition->at);
    struct log_line line;
    enum log_level level = transition->to == BREAKER_OPEN ? LOG_LEVEL_WARN : LOG_LEVEL_INFO;
    if (!log_begin(request_log->log, &line, level, "breaker")) return;
    log_text(&line, "from", breaker_state_name(transition->from));
    log_text(&line, "to", breaker_state_name(transition->to));
    log_text(&line, "rule", breaker_rule_name(transition->rule));
    log_u64(&line, "failures", transition->failures);
    log_u64(&line, "volume", transition->volume);
    log_ms(&line, "cooldown_ms", transition->cooldown_ns);
    log_u64(&line, "skipped", skipped);
    log_end(request_log->log, &line);
}
