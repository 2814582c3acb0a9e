#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/ledger.h"
#include "harness/reference.h"
#include "judge_fixture.h"

static void set_up(struct stage *stage)
{
    stage_open(stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    stage_simulate(stage);
    stage_judge(stage);
    assert_int_equal(CHECK_PASS, stage->verdicts.status);
}

/* Judges the spoiled run, and ends. */
static void expect_failure(struct stage *stage, const char *name, const char *text)
{
    stage_judge(stage);
    stage_assert_fails(stage, name, text);
    stage_close(stage);
}

static void a_good_run_breaks_no_invariant_and_each_has_seen_something(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    uint32_t invariants = 0;
    for (size_t i = 0; i < stage.verdicts.count; i++) {
        const struct check *check = &stage.verdicts.checks[i];
        if (strncmp(check->name, "invariant.", 10) != 0) continue;
        invariants++;
        stage_assert_passes(&stage, check->name);
        /* Nothing is refused here, and the run ends before the longest of its gates may open. */
        bool unseen = strcmp(check->name, "invariant.negative") == 0 ||
                      strcmp(check->name, "invariant.recovery") == 0;
        if (!unseen) assert_true(check->n > 0);
        assert_int_equal(0, check->line);
        assert_string_equal("", check->text);
    }
    assert_int_equal(24, invariants);
    stage_close(&stage);
}

static void one_answer_is_owed_to_each_request(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    stage.run.answers[42].answers = 2;
    expect_failure(&stage, "invariant.one_answer", "1 of 1200 break it (r000042): the first had 2");
    set_up(&stage);
    stage.run.answers[43].answered = false;
    stage.run.answers[44].answers = 0;
    expect_failure(&stage, "invariant.one_answer", "2 of 1200 break it (r000043, r000044): the "
                                                   "first was never answered");
}

static void no_attempt_starts_while_the_breaker_is_open(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    uint64_t opened_ns = stage.run.transitions[0].at;
    uint64_t left_ns = stage.run.transitions[1].at;
    struct run_attempt *attempt = &stage.run.attempts[stage.run.attempt_count / 3];
    uint64_t started_ns = attempt->started_ns;
    attempt->started_ns = opened_ns; /* of one instant: it may have come first */
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.no_attempt_while_open");
    attempt->started_ns = left_ns;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.no_attempt_while_open");
    attempt->started_ns = opened_ns + 1;
    stage_judge(&stage);
    stage_assert_fails(&stage, "invariant.no_attempt_while_open", "was open since 8.290 s");
    attempt->started_ns = left_ns - 1;
    stage_judge(&stage);
    stage_assert_fails(&stage, "invariant.no_attempt_while_open", "break it (r");
    attempt->started_ns = started_ns;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.no_attempt_while_open");
    stage_close(&stage);
}

static void answers_come_within_the_deadline_and_a_little_slack(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_answer *answer = &stage.run.answers[9];
    answer->sent_ns = answer->intended_ns + 3 * NS_PER_S; /* a late generator is not at fault */
    answer->done_ns = answer->sent_ns + 1801 * NS_PER_MS;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.deadline");
    answer->done_ns += 1;
    stage_judge(&stage);
    stage_assert_fails(&stage, "invariant.deadline", "the deadline is 1800.0 ms");
    stage.run.world = WORLD_REAL;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.deadline");
    answer->done_ns += 149 * NS_PER_MS;
    /* What the machine was seen to hold up is no fault of the service's either. */
    stage.run.service_stall = (struct run_stall){ .known = true, .worst_ns = NS_PER_MS };
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.deadline");
    stage.run.service_stall.known = false;
    expect_failure(&stage, "invariant.deadline", "break it (r000009): the first took 1950.0 ms");
}

static void cached_answers_are_not_older_than_allowed(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    stage_answer(&stage, SERVED_CACHE, 0)->age_ns = 2 * NS_PER_S + 1;
    expect_failure(&stage, "invariant.freshness", "served fresh at an age of 2.000 s, 2.000 s is");
    set_up(&stage);
    stage_answer(&stage, SERVED_STALE, 0)->age_ns = 6 * NS_PER_S + 1;
    expect_failure(&stage, "invariant.freshness", "served stale at an age of 6.000 s, 6.000 s is");
}

static void codes_fit_what_was_served(void **state)
{
    (void)state;
    static const struct {
        enum served served;
        enum code code, cause;
        enum cache_state cache_state;
        uint16_t status;
    } rows[] = {
        { SERVED_UPSTREAM, CODE_BASELINE_FALLBACK, CODE_NONE, CACHE_MISS, 200 },
        { SERVED_UPSTREAM, CODE_NONE, CODE_RUNTIME_5XX, CACHE_MISS, 200 },
        { SERVED_UPSTREAM, CODE_NONE, CODE_NONE, CACHE_FRESH, 200 },
        { SERVED_UPSTREAM, CODE_NONE, CODE_NONE, CACHE_MISS, 503 },
        { SERVED_CACHE, CODE_CACHE_STALE_SERVED, CODE_NONE, CACHE_FRESH, 200 },
        { SERVED_CACHE, CODE_NONE, CODE_NONE, CACHE_STALE, 200 },
        { SERVED_STALE, CODE_NONE, CODE_CIRCUIT_OPEN, CACHE_STALE, 200 },
        { SERVED_STALE, CODE_CACHE_STALE_SERVED, CODE_NONE, CACHE_STALE, 200 },
        { SERVED_STALE, CODE_CACHE_STALE_SERVED, CODE_CIRCUIT_OPEN, CACHE_FRESH, 200 },
        { SERVED_BASELINE, CODE_BASELINE_FALLBACK, CODE_BASELINE_FALLBACK, CACHE_MISS, 200 },
        { SERVED_BASELINE, CODE_RUNTIME_5XX, CODE_RUNTIME_5XX, CACHE_MISS, 200 },
        { SERVED_ERROR, CODE_NONE, CODE_NONE, CACHE_MISS, 503 },
        { SERVED_ERROR, CODE_RUNTIME_5XX, CODE_RUNTIME_5XX, CACHE_MISS, 200 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        set_up(&stage);
        struct run_answer *answer = stage_answer(&stage, SERVED_CACHE, 0); /* no attempts */
        answer->served = rows[i].served;
        answer->code = rows[i].code;
        answer->cause = rows[i].cause;
        answer->cache_state = rows[i].cache_state;
        answer->http_status = rows[i].status;
        expect_failure(&stage, "invariant.codes", "1 of 1200 break it (r");
    }
}

static void baseline_is_a_cause_when_the_configuration_asks_for_nothing_else(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), "baseline_only=true");
    stage_simulate(&stage);
    struct run_answer *answer = stage_answer(&stage, SERVED_BASELINE, 0);
    assert_int_equal(answer->cause, CODE_BASELINE_FALLBACK);
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.codes");
    stage_assert_passes(&stage, "order");
    stage_close(&stage);
}

static void the_cause_is_the_class_of_the_last_attempt(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_answer *answer = stage_answer(&stage, SERVED_STALE, 1);
    assert_int_equal(CODE_RUNTIME_5XX, answer->cause);
    answer->cause = CODE_RUNTIME_NETWORK;
    expect_failure(&stage, "invariant.codes",
                   "has cause RUNTIME_NETWORK, but its last attempt ended with RUNTIME_5XX");
}

static void forecasts_are_valid(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    stage_answer(&stage, SERVED_BASELINE, 0)->output_valid = false;
    expect_failure(&stage, "invariant.output", "served as baseline, holds no valid forecast");
}

static void only_answers_of_the_upstream_come_from_the_cache(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_answer *answer = stage_answer(&stage, SERVED_BASELINE, 0);
    answer->served = SERVED_CACHE; /* as if a baseline stored shortly before were served again */
    answer->age_ns = 100 * NS_PER_MS;
    expect_failure(&stage, "invariant.baseline_never_cached", "came from an entry of 0.100 s");
    set_up(&stage);
    stage_answer(&stage, SERVED_STALE, 0)->age_ns += 3 * NS_PER_MS;
    expect_failure(&stage, "invariant.baseline_never_cached", "answered that request at no such");
}

static void who_waited_for_an_answer_got_one_of_that_time(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_answer *answer = stage_answer(&stage, SERVED_BASELINE, 0);
    answer->served = SERVED_UPSTREAM; /* as if a flight had landed that nobody flew */
    answer->attempt_count = 0;
    expect_failure(&stage, "invariant.baseline_never_cached", "came from an entry of 0.000 s");
}

/* Four requests again and again, each of which the upstream refuses as wrong. */
#define STAGE_REFUSALS                                                                             \
    "version: 1\nname: refusals\nteaches: Refusals.\nseed: 7\nduration: 6s\n"                      \
    "runtime: { env: prod, set: { negative_cache_ttl_s: 2 } }\n"                                   \
    "workload:\n  - arrival: { constant: 20/s }\n    keys: { count: 4 }\n"                         \
    "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"                      \
    "upstream:\n  latency: 40ms\n  phases:\n"                                                      \
    "    - { name: refused, from: 0s, to: 6s, faults: [ { status: 422 } ] }\n"                     \
    "expect:\n  - order: guide\n"

static void a_request_kept_from_the_upstream_was_refused_lately(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_REFUSALS, NULL);
    stage_simulate(&stage);
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.negative");
    assert_true(stage_check(&stage, "invariant.negative")->n >= 10);
    size_t kept = 0;
    while (stage.run.path[stage.run.answers[kept].path_at + 1].step != PATH_NEGATIVE_HIT) kept++;
    stage.run.answers[kept].done_ns = 0; /* before the first refusal */
    expect_failure(&stage, "invariant.negative", "refused no such request in the 2.000 s before");

    stage_open(&stage, STAGE_REFUSALS, NULL);
    stage_simulate(&stage);
    for (size_t i = 0; i < stage.run.attempt_count; i++) stage.run.attempts[i].http_status = 404;
    expect_failure(&stage, "invariant.negative", "refused no such request");
}

static void permits_come_back(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    stage.run.permits_out = 3;
    stage.run.permits_known = false;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.permits_balance");
    stage.run.permits_known = true;
    expect_failure(&stage, "invariant.permits_balance", "3 permits were still out at the end");
}

static void attempts_are_limited_and_none_is_sent_twice(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_answer *answer = stage_answer(&stage, SERVED_UPSTREAM, 1);
    answer->attempt_count = 4; /* its neighbours' count as its own: only the number matters here */
    expect_failure(&stage, "invariant.attempts", "the first made 4 attempts, 3 are allowed");

    set_up(&stage);
    struct run_delivery again = stage.run.deliveries[5];
    *run_add_delivery(&stage.run) = again;
    expect_failure(&stage, "invariant.attempts", "received attempt 0 of the first twice");

    set_up(&stage);
    again = stage.run.deliveries[5];
    again.attempt = 1;
    *run_add_delivery(&stage.run) = again;
    expect_failure(&stage, "invariant.attempts", "of the first, which says that it made 1");

    set_up(&stage);
    again.request = UINT32_MAX; /* not of the schedule: a health check, say */
    *run_add_delivery(&stage.run) = again;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.attempts");
    stage_close(&stage);
}

/* A service that loses the request's id on the way, or invents answers, or a ledger that lost
 * lines. */
static void an_attempt_that_was_answered_was_received(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    stage.run.deliveries[5].request = UINT32_MAX;
    expect_failure(&stage, "invariant.attempts",
                   "had an answer (ok), but the upstream received no such attempt");

    set_up(&stage);
    stage.run.delivery_count = 0;
    expect_failure(&stage, "invariant.attempts", "but the upstream received no such attempt");
}

/* The trace of a run is complete, or the run says nothing. */
static void a_trace_that_leaves_attempts_out_makes_the_run_invalid(void **state)
{
    (void)state;
    struct stage stage;
    struct err_note note = { .err = ERR_OK };
    char path[] = "/tmp/tollgate-trace-XXXXXX";
    static const char trace[] = "{\"trace\":1}\n{\"end\":true,\"lines\":0}\n";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(sizeof trace - 1, write(fd, trace, sizeof trace - 1));
    close(fd);
    set_up(&stage);
    assert_int_equal(ERR_OK, trace_read(&stage.run, path, 0, &note));
    assert_false(stage.run.invalid); /* a simulation knows its starts */
    stage.run.attempts[3].start_known = false;
    assert_int_equal(ERR_OK, trace_read(&stage.run, path, 0, &note));
    unlink(path);
    assert_true(stage.run.invalid);
    assert_non_null(strstr(stage.run.invalid_reason, "trace does not tell of r"));
    stage_close(&stage);
}

static struct run_attempt *first_retry(struct stage *stage)
{
    for (size_t i = 0; i < stage->run.attempt_count; i++) {
        if (stage->run.attempts[i].number == 1) return &stage->run.attempts[i];
    }
    fail_msg("no retry was made");
    return NULL;
}

static void backoffs_stay_below_their_ceiling(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    first_retry(&stage)->backoff_ns = 100 * NS_PER_MS - 1;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.backoff");
    first_retry(&stage)->backoff_ns = 100 * NS_PER_MS;
    expect_failure(&stage, "invariant.backoff", "waited 100.0 ms, its ceiling is 100.0 ms");
}

/* Each wait is below its ceiling, and yet no jitter: none, all of it, always half. */
static void backoffs_are_spread_over_their_range(void **state)
{
    (void)state;
    for (uint64_t quarters = 0; quarters <= 4; quarters++) {
        struct stage stage;
        stage_open(&stage,
                   "version: 1\nname: judged\nseed: 7\nduration: 30s\n"
                   "runtime:\n  set:\n    breaker_count_ratio_floor: 0.8\n"
                   "    breaker_failure_ratio: 0.8\n"
                   "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 2000 }\n"
                   "upstream:\n  latency: 40ms\n  phases:\n"
                   "    - { name: bad, from: 1s, to: 29s, faults: [ { status: 503, share: 10% } ] "
                   "}\n"
                   "expect:\n  - order: guide\n",
                   NULL);
        stage_simulate(&stage);
        stage_judge(&stage);
        stage_assert_passes(&stage, "invariant.backoff");
        for (size_t i = 0; i < stage.run.attempt_count; i++) {
            struct run_attempt *attempt = &stage.run.attempts[i];
            if (attempt->number == 0) continue;
            uint64_t ceiling_ns = reference_backoff_ceiling_ns(
                &stage.config.engine.backoff, attempt->number - 1);
            attempt->backoff_ns = u64_min(ceiling_ns / 4 * quarters, ceiling_ns - 1);
        }
        stage_judge(&stage);
        stage_assert_fails(&stage, "invariant.backoff", "that is no full jitter");
        stage_close(&stage);
    }
}

static void backoffs_wait_for_retry_after(void **state)
{
    (void)state;
    static const char yaml[] =
        "version: 1\nname: asked\nteaches: Retry-After.\nseed: 7\nduration: 10s\n"
        "runtime: { env: prod }\n"
        "workload:\n  - arrival: { constant: 5/s }\n    keys: { count: 40 }\n"
        "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"
        "upstream:\n  latency: 40ms\n  phases:\n"
        "    - { name: busy, from: 2s, to: 4s, faults: [ { status: 503, retry_after: 1s } ] }\n"
        "expect:\n  - order: guide\n";
    struct stage stage;
    stage_open(&stage, yaml, NULL);
    stage_simulate(&stage);
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.backoff");
    assert_int_equal(NS_PER_S, first_retry(&stage)->backoff_ns);
    first_retry(&stage)->backoff_ns = 99 * NS_PER_MS; /* under the ceiling, but too early */
    stage_judge(&stage);
    stage_assert_fails(&stage, "invariant.backoff", "although Retry-After asked for 1000.0 ms");
    first_retry(&stage)->backoff_ns = NS_PER_S + 1;
    expect_failure(&stage, "invariant.backoff", "its ceiling is 1000.0 ms");
}

static void attempts_are_recorded_as_what_the_upstream_did(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_answer *answer = stage_answer(&stage, SERVED_STALE, 1);
    struct run_attempt *attempt = stage_attempt(&stage, answer, 0);
    assert_int_equal(OUTCOME_HTTP_503, attempt->outcome);
    attempt->outcome = OUTCOME_DEADLINE; /* the client's own limit may always come first */
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.outcomes");
    attempt->outcome = OUTCOME_READ_TIMEOUT; /* but not after 40 ms */
    stage_judge(&stage);
    stage_assert_fails(&stage, "invariant.outcomes",
                       "recorded as read_timeout, but the upstream's reply was http_503");
    attempt->outcome = OUTCOME_HTTP_502;
    stage_judge(&stage);
    stage_assert_fails(&stage, "invariant.outcomes", "recorded as http_502");
    stage.run.world = WORLD_REAL; /* of the same class and as retryable */
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.outcomes");
    attempt->outcome = OUTCOME_HTTP_5XX;
    expect_failure(&stage, "invariant.outcomes", "recorded as http_5xx");
}

static void the_breaker_moves_as_the_reference_does(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    assert_int_equal(5, stage.run.transition_count);
    stage.run.transition_count = 0;
    expect_failure(&stage, "invariant.breaker_automaton", "the breaker did not open at 8.290 s");

    set_up(&stage); /* without a trace nothing is known */
    stage.run.transition_count = 0;
    stage.run.attempts[7].start_known = false;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.breaker_automaton");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_run_breaks_no_invariant_and_each_has_seen_something),
        cmocka_unit_test(one_answer_is_owed_to_each_request),
        cmocka_unit_test(no_attempt_starts_while_the_breaker_is_open),
        cmocka_unit_test(answers_come_within_the_deadline_and_a_little_slack),
        cmocka_unit_test(cached_answers_are_not_older_than_allowed),
        cmocka_unit_test(codes_fit_what_was_served),
        cmocka_unit_test(baseline_is_a_cause_when_the_configuration_asks_for_nothing_else),
        cmocka_unit_test(the_cause_is_the_class_of_the_last_attempt),
        cmocka_unit_test(forecasts_are_valid),
        cmocka_unit_test(only_answers_of_the_upstream_come_from_the_cache),
        cmocka_unit_test(who_waited_for_an_answer_got_one_of_that_time),
        cmocka_unit_test(a_request_kept_from_the_upstream_was_refused_lately),
        cmocka_unit_test(permits_come_back),
        cmocka_unit_test(attempts_are_limited_and_none_is_sent_twice),
        cmocka_unit_test(an_attempt_that_was_answered_was_received),
        cmocka_unit_test(a_trace_that_leaves_attempts_out_makes_the_run_invalid),
        cmocka_unit_test(backoffs_stay_below_their_ceiling),
        cmocka_unit_test(backoffs_are_spread_over_their_range),
        cmocka_unit_test(backoffs_wait_for_retry_after),
        cmocka_unit_test(attempts_are_recorded_as_what_the_upstream_did),
        cmocka_unit_test(the_breaker_moves_as_the_reference_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
