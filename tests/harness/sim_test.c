#include "harness/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

/* One request at 0 s, the upstream as given, the production settings. */
#define ONE_REQUEST(request, upstream)                                                             \
    "version: 1\nname: one\nteaches: One request.\nseed: 7\nduration: 4s\n"                        \
    "runtime: { env: prod }\n"                                                                     \
    "workload:\n  - arrival: { constant: 1/s }\n    to: 1s\n    keys: { count: 1 }\n"              \
    "    request: " request "\n"                                                                   \
    "upstream:\n" upstream                                                                         \
    "expect:\n  - order: guide\n"

#define GOOD_REQUEST "{ y_len: 64, horizon_steps: 12, liquidity_bucket: high }"

#define FAULT(text)                                                                                \
    "  latency: 40ms\n  phases:\n    - { name: trouble, from: 0s, to: 4s, faults: [ " text " ] }\n"

static const uint64_t ms = NS_PER_MS;

static void play_one(struct stage *stage, const char *yaml)
{
    stage_open(stage, yaml, NULL);
    assert_int_equal(1, stage->schedule.count);
    stage_simulate(stage);
}

static void sim_takes_connect_latency_and_transport(void **state)
{
    (void)state;
    struct stage stage;
    play_one(&stage, ONE_REQUEST(GOOD_REQUEST, "  latency: 40ms\n"));
    const struct run_answer *answer = &stage.run.answers[0];
    assert_int_equal(SERVED_UPSTREAM, answer->served);
    assert_int_equal(200, answer->http_status);
    assert_int_equal(40 * ms + SIM_CONNECT_NS + 2 * SIM_TRANSPORT_NS, answer->done_ns);
    assert_int_equal(1, answer->answers);
    assert_int_equal(1, stage.run.delivery_count);
    assert_int_equal(SIM_CONNECT_NS, stage.run.deliveries[0].at_ns);
    assert_int_equal(40 * ms, stage.run.deliveries[0].asked_ns);
    assert_true(stage.run.complete);
    assert_true(stage.run.permits_known);
    assert_int_equal(0, stage.run.permits_out);
    stage_close(&stage);
}

static void sim_reports_each_fault_as_a_client_would(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        enum outcome outcome;
        unsigned status;
        uint64_t latency_ns;
    } rows[] = {
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ status: 503 }")), OUTCOME_HTTP_503, 503, 40 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ status: 400 }")), OUTCOME_HTTP_4XX, 400, 40 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ at: response_head, do: reset }")), OUTCOME_READ_ERROR,
          0, 40 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ at: response_body@40%, do: reset }")),
          OUTCOME_READ_ERROR, 200, 40 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ at: response_body@100B, do: close }")),
          OUTCOME_PROTOCOL_ERROR, 200, 40 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ at: response_body@100000B, do: reset }")),
          OUTCOME_OK, 200, 40 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ at: response_body@100000B, do: stall }")),
          OUTCOME_OK, 200, 40 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ at: response_head, do: stall }")),
          OUTCOME_READ_TIMEOUT, 0, 1200 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ at: response_body@50%, do: stall }")),
          OUTCOME_READ_TIMEOUT, 0, 1240 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ answer: missing_quantile }")), OUTCOME_BAD_SCHEMA, 200,
          40 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ answer: wrong_id }")), OUTCOME_WRONG_ID, 200, 40 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ status: 502 }, { answer: wrong_id }")),
          OUTCOME_HTTP_502, 502, 40 },
        { ONE_REQUEST(GOOD_REQUEST, FAULT("{ delay: 500ms }")), OUTCOME_OK, 200, 540 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        play_one(&stage, rows[i].yaml);
        assert_true(stage.run.attempt_count > 0);
        const struct run_attempt *attempt = &stage.run.attempts[0];
        assert_string_equal(outcome_name(rows[i].outcome), outcome_name(attempt->outcome));
        assert_int_equal(rows[i].status, attempt->http_status);
        uint64_t off_ns = attempt->latency_ns - rows[i].latency_ns * ms;
        assert_true(off_ns <= SIM_CONNECT_NS + SIM_TRANSPORT_NS);
        assert_true(stage.run.answers[0].answered);
        stage_close(&stage);
    }
}

static void sim_honours_retry_after(void **state)
{
    (void)state;
    struct stage stage;
    play_one(&stage, ONE_REQUEST(GOOD_REQUEST, FAULT("{ status: 503, retry_after: 1s }")));
    assert_int_equal(2, stage.run.attempt_count);
    assert_int_equal(NS_PER_S, stage.run.attempts[1].backoff_ns);
    stage_close(&stage);
}

/* The answer comes at the very instant of the read limit: what comes from outside goes first. */
static void sim_takes_an_answer_before_a_timer_of_the_same_instant(void **state)
{
    (void)state;
    struct stage stage;
    play_one(&stage, ONE_REQUEST(GOOD_REQUEST, "  latency: 1199800us\n"));
    assert_int_equal(OUTCOME_OK, stage.run.attempts[0].outcome);
    stage_close(&stage);
    play_one(&stage, ONE_REQUEST(GOOD_REQUEST, "  latency: 1199801us\n"));
    assert_int_equal(OUTCOME_READ_TIMEOUT, stage.run.attempts[0].outcome);
    stage_close(&stage);
}

/* The first answer is complete at 1 s, when the second request for it arrives. */
static void sim_lets_the_upstream_go_before_an_arrival_of_the_same_instant(void **state)
{
    (void)state;
    static const char yaml[] =
        "version: 1\nname: two\nteaches: Two requests.\nseed: 7\nduration: 4s\n"
        "runtime: { env: prod }\n"
        "workload:\n  - arrival: { constant: 1/s }\n    to: 2s\n    keys: { count: 1 }\n"
        "    request: " GOOD_REQUEST "\n"
        "upstream:\n  latency: 999700us\n"
        "expect:\n  - order: guide\n";
    struct stage stage;
    stage_open(&stage, yaml, NULL);
    stage_simulate(&stage);
    assert_int_equal(2, stage.schedule.count);
    assert_int_equal(stage.schedule.items[1].at_ns,
                     stage.run.answers[0].done_ns - SIM_TRANSPORT_NS);
    assert_int_equal(SERVED_CACHE, stage.run.answers[1].served);
    stage_close(&stage);
}

static void sim_routes_low_liquidity_to_the_baseline(void **state)
{
    (void)state;
    struct stage stage;
    play_one(&stage, ONE_REQUEST("{ y_len: 64, horizon_steps: 12, liquidity_bucket: low }",
                                 "  latency: 40ms\n"));
    const struct run_answer *answer = &stage.run.answers[0];
    assert_int_equal(SERVED_BASELINE, answer->served);
    assert_int_equal(CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY, answer->cause);
    assert_int_equal(0, stage.run.attempt_count);
    assert_int_equal(PATH_INPUT_BASELINE_ONLY, stage.run.path[answer->path_at].step);
    stage_close(&stage);
}

static void sim_answers_503_when_no_call_is_free(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), "max_inflight=1");
    stage_simulate(&stage);
    stage_judge(&stage);
    const struct run_answer *answer = stage_answer(&stage, SERVED_ERROR, 0);
    assert_int_equal(503, answer->http_status);
    assert_int_equal(CODE_RUNTIME_OVERLOADED, answer->code);
    assert_int_equal(SIM_TRANSPORT_NS, answer->done_ns - answer->intended_ns);
    assert_int_equal(CHECK_PASS, stage.verdicts.status); /* refusing is within the rules */
    stage_close(&stage);
}

/* 100 equal requests in the second that the upstream takes for one. */
#define BURST                                                                                      \
    "version: 1\nname: burst\nteaches: A burst.\nseed: 7\nduration: 4s\n"                         \
    "runtime: { env: prod }\n"                                                                     \
    "workload:\n  - arrival: { constant: 100/s }\n    to: 1s\n    keys: { count: 1 }\n"            \
    "    request: " GOOD_REQUEST "\nupstream: { latency: 1s }\nexpect:\n  - order: guide\n"

static void sim_burst_of_equal_requests_costs_the_upstream_one(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, BURST, NULL);
    stage_simulate(&stage);
    stage_judge(&stage);
    assert_int_equal(1, stage.run.delivery_count);
    assert_int_equal(100, stage.schedule.count);
    for (size_t i = 0; i < stage.schedule.count; i++) {
        assert_int_equal(SERVED_UPSTREAM, stage.run.answers[i].served);
        assert_int_equal(i == 0, stage.run.answers[i].attempt_count);
    }
    assert_int_equal(CHECK_PASS, stage.verdicts.status);
    stage_close(&stage);

    stage_open(&stage, BURST, "single_flight=false");
    stage_simulate(&stage);
    assert_int_equal(100, stage.run.delivery_count);
    stage_close(&stage);
}

static void sim_has_no_second_level_but_the_scenarios(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, ONE_REQUEST(GOOD_REQUEST, "  latency: 40ms\n"), NULL);
    stage.config.engine.l2_enabled = true;
    stage_simulate(&stage);
    assert_int_equal(SERVED_UPSTREAM, stage.run.answers[0].served);
    assert_int_equal(PATH_BREAKER_CLOSED, stage.run.path[1].step); /* right after l1:miss */
    stage_close(&stage);
}

/* Each request of a scenario has a market of its own, so the trace alone shows it. */
static void sim_gives_requests_their_family_when_the_configuration_asks_for_it(void **state)
{
    (void)state;
    static const char *const settings[] = { "stale_family_key=false", "stale_family_key=true" };
    for (int i = 0; i < 2; i++) {
        struct stage stage;
        struct buf trace;
        struct err_note note = { .err = ERR_OK };
        const struct sim_options options = { .arrival_jitter_ns = 0 };
        stage_open(&stage, ONE_REQUEST(GOOD_REQUEST, "  latency: 40ms\n"), settings[i]);
        buf_init(&trace, BUF_UNBOUNDED);
        assert_int_equal(ERR_OK, sim_run(&stage.run, &options, &trace, &note));
        const char *family = strstr(buf_text(&trace), "\"family\":\"");
        assert_int_equal(family != NULL, i == 1);
        if (family != NULL) assert_null(strstr(family, "\"family\":\"00000000"));
        buf_deinit(&trace);
        stage_close(&stage);
    }
}

static void sim_refuses_requests_that_the_configuration_does_not_allow(void **state)
{
    (void)state;
    struct stage stage;
    struct err_note note = { .err = ERR_OK };
    struct sim_options options = { .arrival_jitter_ns = 0, .reply_jitter_ns = 0 };
    stage_open(&stage, ONE_REQUEST(GOOD_REQUEST, "  latency: 40ms\n"), "horizon_max=5");
    assert_int_equal(ERR_INVALID, sim_run(&stage.run, &options, NULL, &note));
    assert_non_null(strstr(note.sentence, "horizon_steps"));
    stage_close(&stage);
}

static void sim_answers_what_was_sent_at_the_very_end(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    stage_simulate(&stage);
    uint64_t last_ns = 0;
    for (size_t i = 0; i < stage.schedule.count; i++) {
        assert_true(stage.run.answers[i].answered);
        if (stage.run.answers[i].done_ns > last_ns) last_ns = stage.run.answers[i].done_ns;
    }
    assert_true(last_ns > stage.schedule.items[stage.schedule.count - 1].at_ns);
    stage_close(&stage);
}

/* The last request is over long before; the breaker's cooldown is not. */
static void sim_goes_on_until_the_duration_is_over(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage,
               "version: 1\nname: quiet\nteaches: Nothing.\nseed: 7\nduration: 30s\n"
               "runtime: { env: prod, set: { breaker_cooldown_s: 5, retry_count: 0 } }\n"
               "workload:\n  - arrival: { constant: 40/s }\n    to: 5s\n    keys: { count: 500 }\n"
               "    request: " GOOD_REQUEST "\n"
               "upstream:\n  latency: 40ms\n  phases:\n"
               "    - { name: outage, from: 4s, to: 30s, faults: [ { status: 503 } ] }\n"
               "expect:\n  - order: guide\n",
               NULL);
    stage_simulate(&stage);
    assert_int_equal(2, stage.run.transition_count);
    assert_int_equal(BREAKER_HALF_OPEN, stage.run.transitions[1].to);
    assert_true(stage.run.transitions[1].at > 8 * NS_PER_S);
    stage_close(&stage);
}

static void sim_is_the_same_each_time(void **state)
{
    (void)state;
    struct buf traces[2];
    struct run runs[2];
    struct stage stage;
    struct err_note note = { .err = ERR_OK };
    struct sim_options options = { .arrival_jitter_ns = 3,
                                   .reply_jitter_ns = 3 * ms,
                                   .jitter_seed = 5 };
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    for (int i = 0; i < 2; i++) {
        buf_init(&traces[i], BUF_UNBOUNDED);
        run_init(&runs[i], WORLD_SIM, &stage.scenario, &stage.schedule, &stage.config, 7);
        assert_int_equal(ERR_OK, sim_run(&runs[i], &options, &traces[i], &note));
    }
    assert_true(traces[0].length > 100000);
    assert_string_equal(buf_text(&traces[0]), buf_text(&traces[1]));
    assert_int_equal(runs[0].attempt_count, runs[1].attempt_count);
    assert_int_equal(runs[0].path_count, runs[1].path_count);
    assert_memory_equal(runs[0].path, runs[1].path, runs[0].path_count * sizeof *runs[0].path);
    for (size_t i = 0; i < stage.schedule.count; i++) {
        assert_int_equal(runs[0].answers[i].done_ns, runs[1].answers[i].done_ns);
        assert_int_equal(runs[0].answers[i].served, runs[1].answers[i].served);
    }
    for (int i = 0; i < 2; i++) {
        buf_deinit(&traces[i]);
        run_deinit(&runs[i]);
    }
    stage_close(&stage);
}

static void jitter_makes_replies_later_by_at_most_its_length(void **state)
{
    (void)state;
    struct stage stage;
    struct err_note note = { .err = ERR_OK };
    uint64_t plain_ns = 40 * ms + SIM_CONNECT_NS + 2 * SIM_TRANSPORT_NS;
    uint64_t longest_ns = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim_options options = { .arrival_jitter_ns = 5,
                                       .reply_jitter_ns = 5 * ms,
                                       .jitter_seed = seed };
        stage_open(&stage, ONE_REQUEST(GOOD_REQUEST, "  latency: 40ms\n"), NULL);
        assert_int_equal(ERR_OK, sim_run(&stage.run, &options, NULL, &note));
        uint64_t late_ns = stage.run.answers[0].done_ns - plain_ns;
        assert_true(late_ns <= 5 * ms);
        if (late_ns > longest_ns) longest_ns = late_ns;
        stage_close(&stage);
    }
    assert_true(longest_ns > 2 * ms);
}

/* Not a bound, which a busy machine would break: a figure to look at. */
static void sim_says_how_fast_it_is(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage,
               "version: 1\nname: fast\nteaches: Speed.\nseed: 42\nduration: 60s\n"
               "runtime: { env: prod, set: { cache_ttl_s: 5 } }\n"
               "workload:\n  - arrival: { poisson: 4000/s }\n    keys: { count: 1000 }\n"
               "    request: " GOOD_REQUEST "\n"
               "upstream:\n  latency: { p50: 40ms, p90: 90ms, p99: 220ms, max: 400ms }\n  phases:\n"
               "    - name: outage\n      from: 20s\n      to: 40s\n"
               "      faults: [ { status: 503, share: 60% } ]\n"
               "expect:\n  - order: guide\n",
               NULL);
    stage_simulate(&stage);
    print_message("%.0f simulated requests/s (%zu requests, %zu attempts, %.0f virtual seconds per "
                  "second)\n",
                  (double)stage.schedule.count * 1e9 / (double)stage.run.wall_ns,
                  stage.schedule.count, stage.run.attempt_count, 60e9 / (double)stage.run.wall_ns);
    assert_true(stage.run.wall_ns > 0);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_takes_connect_latency_and_transport),
        cmocka_unit_test(sim_reports_each_fault_as_a_client_would),
        cmocka_unit_test(sim_honours_retry_after),
        cmocka_unit_test(sim_takes_an_answer_before_a_timer_of_the_same_instant),
        cmocka_unit_test(sim_lets_the_upstream_go_before_an_arrival_of_the_same_instant),
        cmocka_unit_test(sim_routes_low_liquidity_to_the_baseline),
        cmocka_unit_test(sim_answers_503_when_no_call_is_free),
        cmocka_unit_test(sim_burst_of_equal_requests_costs_the_upstream_one),
        cmocka_unit_test(sim_has_no_second_level_but_the_scenarios),
        cmocka_unit_test(sim_gives_requests_their_family_when_the_configuration_asks_for_it),
        cmocka_unit_test(sim_refuses_requests_that_the_configuration_does_not_allow),
        cmocka_unit_test(sim_answers_what_was_sent_at_the_very_end),
        cmocka_unit_test(sim_goes_on_until_the_duration_is_over),
        cmocka_unit_test(sim_is_the_same_each_time),
        cmocka_unit_test(jitter_makes_replies_later_by_at_most_its_length),
        cmocka_unit_test(sim_says_how_fast_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
