#include "engine_fixture.h"

void fixture_init(struct fixture *f)
{
    *f = (struct fixture){
        .config = {
            .seed = 42,
            .calls_max = 16,
            .connect_timeout_ns = 250 * MS,
            .read_timeout_ns = 1200 * MS,
            .write_timeout_ns = 250 * MS,
            .pool_timeout_ns = 150 * MS,
            .request_deadline_ns = 1800 * MS,
            .retry_count = 2,
            .backoff = { .base_ns = 100 * MS, .cap_ns = 800 * MS },
            .min_attempt_budget_ns = 100 * MS,
            .retry_after_hold_cap_ns = 5 * SEC,
            .pool = { .connections_max = 4, .queue_max = 4 },
            .breaker = {
                .failures_to_open = 3,
                .window_ns = 30 * SEC,
                .min_volume = 1,
                .cooldown_ns = 10 * SEC,
                .half_open_probes = 2,
                .probe_deadline_ns = 2 * SEC,
            },
            .cache = {
                .ttl_ns = 60 * SEC,
                .stale_ns = 120 * SEC,
                .entries_max = 8,
                .bytes_max = 10000,
            },
        },
        .now = 1 * SEC,
    };
    buf_init(&f->text, BUF_UNBOUNDED);
}

void fixture_start(struct fixture *f)
{
    f->engine = engine_create(&f->config);
}

void fixture_deinit(struct fixture *f)
{
    engine_destroy(f->engine);
    engine_destroy(NULL);
    buf_deinit(&f->text);
}

/* What a kind of action does not use says nothing, so that a driver may log all of it. */
static void check_unused(const struct engine_action *action)
{
    enum engine_action_kind kind = action->kind;
    bool slotted = kind == ENGINE_STORE || kind == ENGINE_DROP || kind == ENGINE_L2_PUT;
    bool attempt = kind == ENGINE_START_ATTEMPT || kind == ENGINE_CANCEL_ATTEMPT;
    if (kind == ENGINE_DROP || kind == ENGINE_BREAKER) assert_int_equal(action->call, 0);
    if (!attempt) assert_int_equal(action->attempt, 0);
    if (!slotted) assert_int_equal(action->slot, CACHE_NO_SLOT);
    if (kind != ENGINE_CANCEL_ATTEMPT) assert_int_equal(action->outcome, OUTCOME_OK);
    if (kind != ENGINE_STORE) assert_int_equal(action->tier, CACHE_TIER_NONE);
    if (kind != ENGINE_START_ATTEMPT) assert_int_equal(action->deadline, 0);
}

static void put_action(struct fixture *f, const struct engine_action *action)
{
    struct buf *text = &f->text;
    check_unused(action);
    if (text->length > 0) buf_puts(text, ", ");
    switch (action->kind) {
    case ENGINE_START_ATTEMPT:
        assert_int_equal(action->deadline, record(f, action->call)->deadline);
        buf_printf(text, "start %u.%u", action->call, action->attempt);
        break;
    case ENGINE_CANCEL_ATTEMPT:
        buf_printf(text, "cancel %u.%u %s", action->call, action->attempt,
                   outcome_name(action->outcome));
        break;
    case ENGINE_L2_GET: buf_printf(text, "l2 get %u", action->call); break;
    case ENGINE_L2_CANCEL: buf_printf(text, "l2 cancel %u", action->call); break;
    case ENGINE_L2_PUT: buf_printf(text, "l2 put %u", action->call); break;
    case ENGINE_RUN_BASELINE: buf_printf(text, "baseline %u", action->call); break;
    case ENGINE_STORE:
        assert_int_equal(action->slot, record(f, action->call)->cache_slot);
        buf_printf(text, "store %u%s", action->call,
                   action->tier == CACHE_TIER_L2 ? " from l2" : "");
        break;
    case ENGINE_DROP: buf_printf(text, "drop %u", action->slot); break;
    case ENGINE_ANSWER: {
        const struct call_record *answered = record(f, action->call);
        assert_int_equal(answered->finished, f->now);
        buf_printf(text, "answer %u %s", action->call, served_name(answered->served));
        if (answered->code == CODE_NONE) {
            assert_int_equal(answered->cause, CODE_NONE);
        } else {
            buf_printf(text, " %s %s", code_name(answered->code), code_name(answered->cause));
        }
        break;
    }
    case ENGINE_BREAKER:
        buf_printf(text, "%s>%s %s", breaker_state_name(action->transition.from),
                   breaker_state_name(action->transition.to),
                   breaker_rule_name(action->transition.rule));
        break;
    }
}

static void step_more(struct fixture *f, const struct engine_input *input)
{
    const struct engine_actions *actions = engine_step(f->engine, input, f->now);
    for (uint32_t i = 0; i < actions->count; i++)
        put_action(f, &actions->items[i]);
}

const char *step(struct fixture *f, struct engine_input input)
{
    buf_clear(&f->text);
    step_more(f, &input);
    return buf_text(&f->text);
}

const char *request(struct fixture *f, uint32_t call, uint8_t key)
{
    return step(f, (struct engine_input){ .kind = ENGINE_REQUEST,
                                          .call = call,
                                          .request_key = 1000 + call,
                                          .cache_key = { .bytes = { [3] = key } } });
}

const char *baseline_only(struct fixture *f, uint32_t call, enum code cause)
{
    return step(
        f, (struct engine_input){ .kind = ENGINE_REQUEST, .call = call, .baseline_only = cause });
}

static struct engine_input attempt_input(struct fixture *f, uint32_t call,
                                         enum engine_input_kind kind)
{
    return (struct engine_input){ .kind = kind,
                                  .call = call,
                                  .attempt = record(f, call)->attempt_count - 1u };
}

const char *connected(struct fixture *f, uint32_t call)
{
    return step(f, attempt_input(f, call, ENGINE_ATTEMPT_CONNECTED));
}

const char *progress(struct fixture *f, uint32_t call)
{
    return step(f, attempt_input(f, call, ENGINE_ATTEMPT_PROGRESS));
}

const char *sent(struct fixture *f, uint32_t call)
{
    return step(f, attempt_input(f, call, ENGINE_ATTEMPT_SENT));
}

const char *done(struct fixture *f, uint32_t call, enum outcome outcome)
{
    struct engine_input input = attempt_input(f, call, ENGINE_ATTEMPT_DONE);
    input.outcome = outcome;
    input.http_status = outcome == OUTCOME_OK ? 200 : outcome == OUTCOME_HTTP_503 ? 503 : 0;
    input.body_bytes = 100;
    return step(f, input);
}

const char *done_retry_after(struct fixture *f, uint32_t call, enum outcome outcome,
                             uint64_t retry_after_ns)
{
    struct engine_input input = attempt_input(f, call, ENGINE_ATTEMPT_DONE);
    input.outcome = outcome;
    input.has_retry_after = true;
    input.retry_after_ns = retry_after_ns;
    return step(f, input);
}

const char *baseline_done(struct fixture *f, uint32_t call, bool ok)
{
    return step(
        f, (struct engine_input){ .kind = ENGINE_BASELINE_DONE, .call = call, .baseline_ok = ok });
}

const char *client_gone(struct fixture *f, uint32_t call)
{
    return step(f, (struct engine_input){ .kind = ENGINE_CLIENT_GONE, .call = call });
}

const char *timer(struct fixture *f)
{
    return step(f, (struct engine_input){ .kind = ENGINE_TIMER });
}

const char *wake(struct fixture *f)
{
    instant_ns wakeup = engine_wakeup(f->engine);
    assert_true(wakeup != INSTANT_NEVER);
    if (wakeup > f->now) f->now = wakeup;
    return timer(f);
}

const char *drain(struct fixture *f)
{
    const struct engine_input input = { .kind = ENGINE_TIMER };
    buf_clear(&f->text);
    for (int i = 0; i < 1000 && engine_wakeup(f->engine) <= f->now; i++)
        step_more(f, &input);
    assert_true(engine_wakeup(f->engine) > f->now);
    return buf_text(&f->text);
}

const char *path(struct fixture *f, uint32_t call)
{
    buf_clear(&f->text);
    for (uint32_t i = 0; i < record(f, call)->path_count; i++) {
        if (i > 0) buf_putc(&f->text, ' ');
        buf_puts(&f->text, path_entry_name(record(f, call)->path[i]));
    }
    return buf_text(&f->text);
}

const struct call_record *record(const struct fixture *f, uint32_t call)
{
    return engine_record(f->engine, call);
}

struct engine_stats stats(const struct fixture *f)
{
    return engine_stats(f->engine);
}

uint64_t drawn_ns(const struct fixture *f, uint32_t call, unsigned retry)
{
    return backoff_draw_ns(&f->config.backoff, f->config.seed, record(f, call)->request_key, retry);
}

void fail_one(struct fixture *f, uint32_t call, uint8_t key, enum outcome outcome)
{
    request(f, call, key);
    assert_int_equal(record(f, call)->attempt_count, 1);
    done(f, call, outcome);
    baseline_done(f, call, true);
    assert_int_equal(record(f, call)->served, SERVED_BASELINE);
}

void fill(struct fixture *f, uint32_t call, uint8_t key)
{
    request(f, call, key);
    done(f, call, OUTCOME_OK);
    assert_int_equal(record(f, call)->served, SERVED_UPSTREAM);
}

void open_breaker(struct fixture *f)
{
    for (uint8_t i = 0; i < 3; i++)
        fail_one(f, 15, (uint8_t)(200 + i), OUTCOME_HTTP_5XX);
    assert_int_equal(stats(f).breaker, BREAKER_OPEN);
}
