#include <assert.h>

#include "core/engine_internal.h"

/* The gate. */

/* The call gets no (further) attempt. When it has made one, the cause stays what became of it:
 * that says more than the refusal, which the path shows anyway. */
static void refuse(struct engine *engine, uint32_t id, enum path_step step, enum code code)
{
    struct call *call = &engine->calls[id];
    call_path(call, step);
    if (call->record.attempt_count == 0) call->cause = code;
    call_fall_back(engine, id);
}

/* Hold and breaker. False when one of them refused, and the call has fallen back. */
static bool may_start(struct engine *engine, uint32_t id)
{
    if (engine->now < engine->held_until) {
        refuse(engine, id, PATH_HOLD, engine->held_code);
        return false;
    }
    if (!breaker_would_admit(engine->breaker)) {
        bool open = breaker_state(engine->breaker) == BREAKER_OPEN;
        refuse(engine, id, open ? PATH_BREAKER_OPEN : PATH_BREAKER_PROBES_OUT, CODE_CIRCUIT_OPEN);
        return false;
    }
    return true;
}

/* A phase begins, or begins anew: its own limit, or the deadline when that is not later. */
static void set_limit(struct engine *engine, uint32_t id, enum call_state phase)
{
    struct call *call = &engine->calls[id];
    uint64_t limit_ns = engine->config->read_timeout_ns;
    call->limit_outcome = OUTCOME_READ_TIMEOUT;
    if (phase == CALL_CONNECT) {
        limit_ns = engine->config->connect_timeout_ns;
        call->limit_outcome = OUTCOME_CONNECT_TIMEOUT;
    } else if (phase == CALL_WRITE) {
        limit_ns = engine->config->write_timeout_ns;
        call->limit_outcome = OUTCOME_WRITE_TIMEOUT;
    }
    instant_ns limit = instant_add(engine->now, limit_ns);
    if (limit >= call->record.deadline) {
        limit = call->record.deadline;
        call->limit_outcome = OUTCOME_DEADLINE;
    }
    call_enter(engine, id, phase, limit);
}

/* The call holds a place in the pool, hold and breaker have agreed. */
static void start(struct engine *engine, uint32_t id)
{
    struct call *call = &engine->calls[id];
    bool admitted = breaker_admit(engine->breaker, engine->now, &call->permit);
    assert(admitted);
    call_path(call, call->permit.probe == 0 ? PATH_BREAKER_CLOSED : PATH_BREAKER_PROBE);

    struct call_record *record = &call->record;
    assert(record->attempt_count < ATTEMPTS_MAX);
    uint32_t attempt = record->attempt_count++;
    record->attempts[attempt] = (struct attempt_record){
        .started = engine->now,
        .backoff_ns = call->backoff_ns,
    };
    engine->attempts_count++;
    if (attempt == 0) retry_budget_earn(&engine->budget);
    set_limit(engine, id, CALL_CONNECT);

    struct engine_action *action = engine_add(engine, ENGINE_START_ATTEMPT, id);
    action->attempt = attempt;
    action->deadline = record->deadline;
}

/* A first attempt is worth waiting for until the deadline; a retry only while it would still have
 * its least budget. */
static instant_ns patience_end(const struct engine *engine, const struct call *call)
{
    const struct engine_config *config = engine->config;
    uint64_t left_ns = instant_until(call->record.deadline, engine->now);
    uint64_t keep_ns = call->record.attempt_count == 0 ? 0 : config->min_attempt_budget_ns;
    uint64_t wait_ns = left_ns > keep_ns ? left_ns - keep_ns : 0;
    return engine->now + u64_min(wait_ns, config->pool_timeout_ns);
}

void attempt_ask(struct engine *engine, uint32_t id)
{
    struct call *call = &engine->calls[id];
    if (engine->now >= call->record.deadline) { /* woken too late, or waited for another call */
        if (call->record.attempt_count == 0) call->cause = CODE_RUNTIME_TIMEOUT;
        call_fall_back(engine, id);
        return;
    }
    if (!may_start(engine, id)) return;
    switch (pool_ask(&engine->pool, id)) {
    case POOL_GRANTED: start(engine, id); return;
    case POOL_FULL: refuse(engine, id, PATH_POOL_FULL, CODE_RUNTIME_OVERLOADED); return;
    case POOL_WAIT:
        call_path(call, PATH_POOL_WAIT);
        call_enter(engine, id, CALL_POOL, patience_end(engine, call));
        return;
    }
}

void attempt_on_grant(struct engine *engine, uint32_t id)
{
    assert(engine->calls[id].state == CALL_POOL);
    if (may_start(engine, id)) {
        start(engine, id);
    } else {
        pool_release(&engine->pool);
    }
}

void attempt_on_pool_timeout(struct engine *engine, uint32_t id)
{
    pool_leave(&engine->pool, id);
    refuse(engine, id, PATH_POOL_TIMEOUT, CODE_RUNTIME_OVERLOADED);
}

/* The attempt. */

static bool is_running(const struct call *call)
{
    return call->state == CALL_CONNECT || call->state == CALL_WRITE || call->state == CALL_READ;
}

static void check_current(const struct engine *engine, const struct engine_input *input)
{
    const struct call *call = &engine->calls[input->call];
    assert(is_running(call));
    assert(input->attempt + 1 == call->record.attempt_count);
}

/* A report of a later phase says that the earlier ones are over. */
void attempt_on_progress(struct engine *engine, const struct engine_input *input)
{
    check_current(engine, input);
    enum call_state phase = engine->calls[input->call].state;
    if (input->kind == ENGINE_ATTEMPT_SENT) {
        phase = CALL_READ;
    } else if (phase == CALL_CONNECT) {
        phase = CALL_WRITE;
    } else if (input->kind == ENGINE_ATTEMPT_CONNECTED) {
        return; /* known already: it restarts nothing */
    }
    set_limit(engine, input->call, phase);
}

/* Books the end of the running attempt everywhere: record, path, pool, breaker. */
static void end(struct engine *engine, uint32_t id, enum outcome outcome, uint16_t http_status)
{
    struct call *call = &engine->calls[id];
    struct call_record *record = &call->record;
    struct attempt_record *attempt = &record->attempts[record->attempt_count - 1];
    attempt->outcome = outcome;
    attempt->http_status = http_status;
    attempt->latency_ns = engine->now - attempt->started;
    call_path(call, PATH_ATTEMPT);
    record->path[record->path_count - 1].outcome = (uint8_t)outcome;
    call->cause = classify(outcome)->code;

    pool_release(&engine->pool);
    engine->attempts_count--;
    struct breaker_transition transition;
    if (breaker_record(engine->breaker, call->permit, outcome, engine->now, &transition)) {
        engine_add_breaker(engine, &transition);
    }
}

static void hold(struct engine *engine, uint64_t retry_after_ns, enum code code)
{
    uint64_t length_ns = u64_min(retry_after_ns, engine->config->retry_after_hold_cap_ns);
    instant_ns until = instant_add(engine->now, length_ns);
    if (length_ns == 0 || until <= engine->held_until) return;
    engine->held_until = until;
    engine->held_code = code;
}

/* The wait is fixed and fits the deadline. */
static void wait_for_retry(struct engine *engine, uint32_t id, uint64_t wait_ns)
{
    struct call *call = &engine->calls[id];
    instant_ns due = engine->now + wait_ns;
    if (breaker_state(engine->breaker) == BREAKER_OPEN && due < breaker_wakeup(engine->breaker)) {
        refuse(engine, id, PATH_BREAKER_OPEN, CODE_CIRCUIT_OPEN); /* as it would be then */
        return;
    }
    if (!retry_budget_spend(&engine->budget, engine->now)) {
        call_path(call, PATH_RETRY_BUDGET);
        call_fall_back(engine, id);
        return;
    }
    call->backoff_ns = wait_ns;
    call_enter(engine, id, CALL_BACKOFF, due);
}

/* After a failed attempt: a retry after its backoff, or the fallback. */
static void retry_or_fall_back(struct engine *engine, uint32_t id, enum outcome outcome,
                               uint64_t retry_after_ns)
{
    const struct engine_config *config = engine->config;
    struct call *call = &engine->calls[id];
    const struct outcome_rule *rule = classify(outcome);
    if (!rule->retryable) {
        call_fall_back(engine, id);
        return;
    }
    uint64_t left_ns = instant_until(call->record.deadline, engine->now);
    bool hopeless = left_ns < config->min_attempt_budget_ns;
    uint64_t wait_max_ns = hopeless ? 0 : left_ns - config->min_attempt_budget_ns;
    if (retry_after_ns > wait_max_ns) {
        hold(engine, retry_after_ns, rule->code);
        call_fall_back(engine, id);
        return;
    }
    uint32_t retry = call->record.attempt_count - 1u;
    if (hopeless || retry >= config->retry_count) {
        call_fall_back(engine, id);
        return;
    }
    uint64_t wait_ns = u64_max(retry_after_ns, backoff_draw_ns(&config->backoff, config->seed,
                                                               call->record.request_key, retry));
    if (wait_ns > wait_max_ns) {
        call_fall_back(engine, id);
        return;
    }
    wait_for_retry(engine, id, wait_ns);
}

void attempt_on_done(struct engine *engine, const struct engine_input *input)
{
    check_current(engine, input);
    assert(input->outcome != OUTCOME_ABANDONED); /* that is ENGINE_CLIENT_GONE's */
    end(engine, input->call, input->outcome, input->http_status);
    if (input->outcome == OUTCOME_OK) {
        call_answer_upstream(engine, input->call, input->body_bytes);
        return;
    }
    if (input->outcome == OUTCOME_HTTP_4XX) {
        lookup_on_refusal(engine, input->call, input->http_status);
    }
    retry_or_fall_back(engine, input->call, input->outcome,
                       input->has_retry_after ? input->retry_after_ns : 0);
}

static void cancel(struct engine *engine, uint32_t id, enum outcome outcome)
{
    struct engine_action *action = engine_add(engine, ENGINE_CANCEL_ATTEMPT, id);
    action->attempt = engine->calls[id].record.attempt_count - 1u;
    action->outcome = outcome;
    end(engine, id, outcome, 0);
}

void attempt_on_limit(struct engine *engine, uint32_t id)
{
    enum outcome outcome = engine->calls[id].limit_outcome;
    cancel(engine, id, outcome);
    retry_or_fall_back(engine, id, outcome, 0);
}

void attempt_abandon(struct engine *engine, uint32_t id)
{
    cancel(engine, id, OUTCOME_ABANDONED);
}
