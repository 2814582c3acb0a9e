/* Faults in virtual time: when things happen, and to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "harness/sim_reading.h"
#include "judge_fixture.h"

#define MS(n) ((uint64_t)(n)*NS_PER_MS)

/* One phase over all of the 4 s; 10 requests per second of five markets; one attempt each. */
#define FAULTY(upstream, faults)                                                                   \
    "version: 1\nname: faulty\nseed: 7\nduration: 4s\n"                                            \
    "runtime:\n  env: prod\n  set:\n    cache_entries_max: 0\n    retry_count: 0\n"                \
    "    breaker_min_volume: 1000000\n    breaker_failure_ratio: 0\n    read_timeout_s: 0.25\n"    \
    "    connect_timeout_s: 0.1\n    request_deadline_s: 9\n    retry_after_hold_cap_s: 0\n"       \
    "workload:\n  - arrival: { constant: 10/s }\n    keys: { count: 5 }\n"                         \
    "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"                      \
    "upstream:\n  " upstream "\n  phases:\n"                                                       \
    "    - { name: all, from: 0s, to: 4s, faults: [ " faults " ] }\n"                              \
    "expect:\n  - order: guide\n"

/* Every attempt, of which there is at least one, ended so after so long (a millisecond for the
 * network). */
static void assert_attempts(const char *yaml, enum outcome outcome, uint64_t least_ms)
{
    struct stage stage;
    stage_open(&stage, yaml, NULL);
    stage_simulate(&stage);
    assert_true(stage.run.attempt_count > 10);
    for (size_t i = 0; i < stage.run.attempt_count; i++) {
        const struct run_attempt *attempt = &stage.run.attempts[i];
        if (attempt->outcome != outcome || attempt->latency_ns < MS(least_ms) ||
            attempt->latency_ns > MS(least_ms + 1)) {
            fail_msg("%s\n%s after %.2f ms, wanted %s after %u", yaml,
                     outcome_name(attempt->outcome), (double)attempt->latency_ns / 1e6,
                     outcome_name(outcome), (unsigned)least_ms);
        }
    }
    stage_close(&stage);
}

static void pieces_take_their_time_and_keep_the_read_timer_alive(void **state)
{
    (void)state;
    enum { BODY = 160 + 12 * 60 }; /* of a good answer, in the simulation */
    assert_int_equal(SIM_HEAD_BYTES, 116);
    /* 880 bytes by 100: eight pauses. */
    assert_attempts(FAULTY("latency: 40ms", "{ at: response_body@0%, do: dribble, piece: 100B, "
                                            "every: 200ms }"),
                    OUTCOME_OK, 40 + (BODY - 1) / 100 * 200);
    assert_attempts(FAULTY("latency: 40ms", "{ at: response_body@50%, do: dribble, piece: 100B, "
                                            "every: 200ms }"),
                    OUTCOME_OK, 40 + (BODY / 2 - 1) / 100 * 200);
    /* 116 bytes by 10: eleven pauses. */
    assert_attempts(FAULTY("latency: 40ms", "{ at: response_head, do: dribble, piece: 10B, every: "
                                            "100ms }"),
                    OUTCOME_OK, 40 + 11 * 100);
    assert_attempts(FAULTY("latency: 40ms", "{ at: response_body@0%, do: throttle, rate: 880B/s }"),
                    OUTCOME_OK, 40 + (BODY - 1) / 17 * 17 * 1000 / 880);
    /* A pause that is longer than the timer ends it: after the first piece. */
    assert_attempts(FAULTY("latency: 40ms", "{ at: response_body@0%, do: dribble, piece: 100B, "
                                            "every: 300ms }"),
                    OUTCOME_READ_TIMEOUT, 40 + 250);
}

static void pauses_and_ends_come_when_they_should(void **state)
{
    (void)state;
    assert_attempts(FAULTY("latency: 40ms", "{ at: response_body@40%, do: delay, for: 200ms }"),
                    OUTCOME_OK, 240);
    assert_attempts(FAULTY("latency: 40ms",
                           "{ at: response_head@20B, do: delay, for: 200ms }, { at: "
                           "response_body@40%, do: delay, for: 100ms }"),
                    OUTCOME_OK, 340);
    assert_attempts(FAULTY("latency: 40ms", "{ at: response_end, do: delay, for: 200ms }"),
                    OUTCOME_OK, 240);
    assert_attempts(FAULTY("latency: 40ms", "{ at: response_end, do: slow_close, for: 200ms }"),
                    OUTCOME_OK, 240);
    assert_attempts(FAULTY("latency: 40ms", "{ at: response_end, do: stall }"),
                    OUTCOME_READ_TIMEOUT, 290);
    assert_attempts(FAULTY("latency: 40ms",
                           "{ at: response_body@40%, do: delay, for: 100ms }, { at: "
                           "response_body@40%, do: reset }"),
                    OUTCOME_READ_ERROR, 140);
    assert_attempts(FAULTY("latency: 40ms", "{ at: request_body@50%, do: reset }"),
                    OUTCOME_READ_ERROR, 0);
    assert_attempts(FAULTY("latency: 40ms",
                           "{ at: response_end, do: slow_close, for: 100ms }, { at: "
                           "response_body@40%, do: close }"),
                    OUTCOME_BAD_SCHEMA, 40); /* nobody can tell that more was to come */
}

static void connections_that_fail_are_never_requests(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        enum outcome outcome;
        uint64_t least_ms;
    } cases[] = {
        { FAULTY("latency: 40ms", "{ at: connect, do: refuse }"), OUTCOME_CONNECT_ERROR, 0 },
        { FAULTY("latency: 40ms", "{ at: connect, do: syn_drop }"), OUTCOME_CONNECT_TIMEOUT, 100 },
        { FAULTY("latency: 40ms", "{ at: connect, do: reset }"), OUTCOME_READ_ERROR, 0 },
        { FAULTY("latency: 40ms", "{ at: connect, do: close }"), OUTCOME_PROTOCOL_ERROR, 0 },
        { FAULTY("latency: 40ms", "{ at: connect, do: stall }"), OUTCOME_READ_TIMEOUT, 250 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stage stage;
        assert_attempts(cases[i].yaml, cases[i].outcome, cases[i].least_ms);
        stage_open(&stage, cases[i].yaml, NULL);
        stage_simulate(&stage);
        assert_int_equal(stage.run.delivery_count, 0);
        stage_close(&stage);
    }
}

static void selection_by_market_and_model_hits_them_alone(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage,
               FAULTY("latency: 40ms", "{ status: 503, market: w0-m3 }, { delay: 1ms, model: "
                                       "other }"),
               NULL);
    stage_simulate(&stage);
    for (size_t i = 0; i < stage.run.delivery_count; i++) {
        const struct run_delivery *delivery = &stage.run.deliveries[i];
        char market[WORKLOAD_MARKET_MAX];
        const struct arrival *arrival = &stage.schedule.items[delivery->request];
        workload_market_name(&stage.scenario, 0, arrival->key, market, sizeof market);
        assert_int_equal(delivery->fired, strcmp(market, "w0-m3") == 0 ? 1 : 0);
    }
    assert_int_equal(stage.run.delivery_count, 40);
    stage_close(&stage);
    stage_open(&stage, FAULTY("latency: 40ms", "{ status: 503, model: chronos }"), NULL);
    stage_simulate(&stage);
    for (size_t i = 0; i < stage.run.delivery_count; i++) {
        assert_int_equal(stage.run.deliveries[i].fired, 1); /* the configuration's own model */
    }
    assert_true(stage.run.delivery_count > 10);
    stage_close(&stage);
}

/* 10 requests per second on one worker that needs 150 ms each: ever slower, until the queue of two
 * is full. */
static void load_makes_the_upstream_slower_until_its_queue_is_full(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage,
               FAULTY("latency: 150ms\n  capacity: { workers: 1, queue: 2, on_full: 429 }",
                      "{ delay: 1ms, share: 0% }"),
               NULL);
    stage_simulate(&stage);
    size_t full = 0;
    uint64_t longest_ns = 0;
    for (size_t i = 0; i < stage.run.attempt_count; i++) {
        const struct run_attempt *attempt = &stage.run.attempts[i];
        if (attempt->outcome == OUTCOME_HTTP_429) full++;
        if (attempt->latency_ns > longest_ns) longest_ns = attempt->latency_ns;
    }
    /* 40 requests in 4 s, of which 26 or so can be served; and nobody waits over two others. */
    assert_in_range(full, 8, 14);
    assert_in_range(longest_ns, MS(249), MS(251)); /* the read timer: 150 + 2 * 150 is longer */
    for (size_t i = 0; i < stage.run.delivery_count; i++) {
        const struct run_delivery *delivery = &stage.run.deliveries[i];
        bool refused = (delivery->fired & PLAN_FIRED_FULL) != 0;
        assert_int_equal(delivery->asked_ns, refused ? 0 : MS(150) + delivery->wait_ns);
    }
    stage_close(&stage);
}

static void limits_of_the_client_are_met_exactly(void **state)
{
    (void)state;
    static const char small[] = "response_bytes_max=2000"; /* 880 bytes are an answer */
    static const struct {
        const char *yaml;
        enum outcome outcome;
    } cases[] = {
        { FAULTY("latency: 1ms", "{ huge_body: 1120B }"), OUTCOME_OK },
        { FAULTY("latency: 1ms", "{ huge_body: 1121B }"), OUTCOME_TOO_LARGE },
        { FAULTY("latency: 1ms", "{ interim: 8 }"), OUTCOME_OK },
        { FAULTY("latency: 1ms", "{ interim: 9 }"), OUTCOME_PROTOCOL_ERROR },
        { FAULTY("latency: 1ms", "{ huge_head: 90KiB }"), OUTCOME_OK },
        { FAULTY("latency: 1ms", "{ huge_head: 100KiB }"), OUTCOME_PROTOCOL_ERROR },
        { FAULTY("latency: 1ms", "{ huge_body: 2KiB }, { at: response_end, do: delay, for: 1ms }"),
          OUTCOME_TOO_LARGE },
        { FAULTY("latency: 1ms",
                 "{ huge_body: 2KiB }, { at: response_end, do: slow_close, for: 1ms "
                 "}"),
          OUTCOME_TOO_LARGE },
        { FAULTY("latency: 1ms", "{ answer: empty }, { at: response_body@40%, do: reset }"),
          OUTCOME_BAD_SCHEMA },
        { FAULTY("latency: 1ms", "{ status: 500 }, { malformed: length_short }"),
          OUTCOME_HTTP_5XX },
        { FAULTY("latency: 1ms", "{ status: 500 }, { answer: wrong_id }"), OUTCOME_HTTP_5XX },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stage stage;
        stage_open(&stage, cases[i].yaml, small);
        stage_simulate(&stage);
        for (size_t a = 0; a < stage.run.attempt_count; a++) {
            if (stage.run.attempts[a].outcome == cases[i].outcome) continue;
            fail_msg("%s\n%s, wanted %s", cases[i].yaml,
                     outcome_name(stage.run.attempts[a].outcome), outcome_name(cases[i].outcome));
        }
        stage_close(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_take_their_time_and_keep_the_read_timer_alive),
        cmocka_unit_test(pauses_and_ends_come_when_they_should),
        cmocka_unit_test(connections_that_fail_are_never_requests),
        cmocka_unit_test(selection_by_market_and_model_hits_them_alone),
        cmocka_unit_test(load_makes_the_upstream_slower_until_its_queue_is_full),
        cmocka_unit_test(limits_of_the_client_are_met_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
