#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/parity.h"
#include "judge_fixture.h"

#define SCENARIO(workload, upstream)                                                               \
    "version: 1\nname: load\nteaches: A kind of load.\nseed: 7\nduration: 10s\n"                   \
    "runtime: { env: prod, set: { cache_ttl_s: 2, cache_stale_if_error_s: 4 } }\n"                 \
    "workload:\n" workload "upstream:\n" upstream "expect:\n  - order: guide\n"

#define CLOSED                                                                                     \
    "  - arrival: { closed: { clients: 3, think: 100ms } }\n    keys: { count: 20 }\n"             \
    "    request: { y_len: 64 }\n"
#define CYCLE                                                                                      \
    "  - arrival: { cycle: { top: 10, every: 3s, concurrency: 4 } }\n"                             \
    "    request: { y_len: 64 }\n"
#define OPEN "  - arrival: { poisson: 30/s }\n    keys: { count: 9 }\n    request: { y_len: 64 }\n"
#define OUTAGE                                                                                     \
    "  latency: 40ms\n  phases:\n"                                                                 \
    "    - { name: outage, from: 4s, to: 7s, faults: [ { status: 503 } ] }\n"

static void simulate(struct stage *stage, const char *yaml)
{
    stage_open(stage, yaml, NULL);
    stage_simulate(stage);
    stage_judge(stage);
    for (size_t i = 0; i < stage->verdicts.count; i++) {
        const struct check *check = &stage->verdicts.checks[i];
        if (check->status == CHECK_FAIL) fail_msg("%s: %s", check->name, check->sentence);
    }
}

/* Requests of the run in order of time, with the numbers that they had before it. */
static void check_order(const struct run *run)
{
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        uint32_t number = run->schedule->items[i].number;
        assert_int_equal(answer->intended_ns, run->schedule->items[i].at_ns);
        assert_true(i == 0 || answer->intended_ns >= run->answers[i - 1].intended_ns);
        assert_int_equal(run_index_of(run, number), i);
        assert_int_equal(run->plan->items[number].key, run->schedule->items[i].key);
        for (uint32_t a = 0; a < answer->attempt_count; a++) {
            assert_int_equal(run->attempts[answer->attempt_at + a].request, i);
        }
    }
}

static void clients_of_a_closed_loop_wait_for_their_answers(void **state)
{
    (void)state;
    struct stage stage;
    simulate(&stage, SCENARIO(CLOSED, "  latency: 40ms\n"));
    const struct run *run = &stage.run;
    uint32_t per_client = (uint32_t)(stage.schedule.count / 3);
    assert_int_equal(per_client, 101);
    assert_in_range(run->schedule->count, 3 * 70, 3 * 99); /* 140 ms a turn, 100.2 ms for a hit */
    check_order(run);
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        uint32_t number = run->schedule->items[i].number;
        if (number % per_client == 0) continue; /* the client's first */
        const struct run_answer *before = &run->answers[run_index_of(run, number - 1)];
        assert_int_equal(run->answers[i].intended_ns, before->done_ns + 100 * NS_PER_MS);
    }
    assert_int_equal(run_index_of(run, per_client - 1), UINT32_MAX); /* never got so far */
    for (size_t i = 0; i < run->delivery_count; i++) {
        assert_in_range(run->deliveries[i].request, 0, run->schedule->count - 1);
    }
    stage_close(&stage);
}

static void a_cycle_sends_its_top_keys_with_few_at_once(void **state)
{
    (void)state;
    struct stage stage;
    simulate(&stage, SCENARIO(OPEN CYCLE, "  latency: 40ms\n"));
    const struct run *run = &stage.run;
    check_order(run);
    uint32_t seen[4] = { 0 };
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (run->schedule->items[i].workload == 0) {
            assert_int_equal(answer->cycle, RUN_NO_CYCLE);
            continue;
        }
        assert_in_range(answer->cycle, 0, 3);
        assert_int_equal(run->schedule->items[i].key, seen[answer->cycle]++);
        assert_true(answer->intended_ns >= answer->cycle * 3 * NS_PER_S);
        uint32_t at_once = 0;
        for (uint32_t j = 0; j < run->schedule->count; j++) {
            const struct run_answer *other = &run->answers[j];
            if (other->cycle == RUN_NO_CYCLE || other->intended_ns > answer->intended_ns) continue;
            at_once += other->done_ns > answer->intended_ns;
        }
        assert_in_range(at_once, 1, 4);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(seen[i], 10);
    stage_close(&stage);
}

static void bad_requests_are_refused_and_reach_nobody(void **state)
{
    (void)state;
    struct stage stage;
    simulate(&stage, SCENARIO(OPEN "    mix: [ { share: 80% }, { request: { bad: nan } },"
                                   " { request: { bad: empty } } ]\n",
                              "  latency: 40ms\n"));
    const struct run *run = &stage.run;
    uint32_t refused = 0;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        bool bad = run->schedule->items[i].key >= 9;
        assert_int_equal(answer->http_status, bad ? 400 : 200);
        assert_int_equal(answer->code, bad ? CODE_INPUT_INVALID : CODE_NONE);
        if (bad) assert_int_equal(answer->attempt_count, 0);
        refused += bad;
    }
    assert_in_range(refused, run->schedule->count / 10, run->schedule->count * 3 / 10);
    stage_close(&stage);
}

static void what_is_refused_is_what_is_bad(void **state)
{
    (void)state;
    static const char yaml[] = SCENARIO(
        OPEN "    mix: [ { share: 80% }, { request: { bad: nan } } ]\n", "  latency: 40ms\n");
    for (int spoil = 0; spoil < 4; spoil++) {
        struct stage stage;
        stage_open(&stage, yaml, NULL);
        stage_simulate(&stage);
        struct run *run = &stage.run;
        uint32_t good = 0;
        uint32_t bad = 0;
        while (run->schedule->items[bad].key < 9)
            bad++;
        while (run->schedule->items[good].key >= 9)
            good++;
        struct run_answer refused = run->answers[bad];
        if (spoil == 1) run->answers[bad] = run->answers[good];
        if (spoil == 2) run->answers[good] = refused;
        if (spoil == 3) run_add_delivery(run)->request = bad;
        stage_judge(&stage);
        if (spoil == 0) stage_assert_passes(&stage, "invariant.input");
        if (spoil == 1)
            stage_assert_fails(&stage, "invariant.input", "is bad (nan) and got status 200");
        if (spoil == 2) stage_assert_fails(&stage, "invariant.input", "is a valid request");
        if (spoil == 3) stage_assert_fails(&stage, "invariant.input", "was sent to the upstream");
        stage_close(&stage);
    }
}

static void clients_that_hang_up_are_answered_by_nobody(void **state)
{
    (void)state;
    struct stage stage;
    simulate(&stage, SCENARIO("  - arrival: { poisson: 60/s }\n    keys: { count: 200 }\n"
                              "    request: { y_len: 64 }\n"
                              "    client: { hang_up: 30%, after: 20ms }\n",
                              OUTAGE));
    const struct run *run = &stage.run;
    uint32_t hung_up = 0;
    uint32_t stayed = 0;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        bool would = run->schedule->items[i].manner == CLIENT_HANGS_UP;
        assert_true(answer->answered != answer->hung_up);
        if (answer->hung_up) {
            assert_true(would);
            assert_int_equal(answer->done_ns, answer->intended_ns + 20 * NS_PER_MS);
        } else if (would) { /* answered before it lost patience: from the cache, or at once */
            assert_true(answer->done_ns < answer->intended_ns + 20 * NS_PER_MS);
        }
        hung_up += answer->hung_up;
        stayed += would && answer->answered;
    }
    assert_true(hung_up > 20 && stayed > 20);
    stage_close(&stage);
}

/* The runtime's answer leaves at 40.3 ms and would be there at 40.5 ms. */
static void an_answer_on_its_way_reaches_nobody_who_hung_up(void **state)
{
    (void)state;
    static const struct {
        const char *after;
        bool hung_up;
    } rows[] = { { "40200us", true }, { "40400us", true }, { "40600us", false } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char yaml[1024];
        struct stage stage;
        snprintf(yaml, sizeof yaml,
                 SCENARIO("  - arrival: { constant: 1/s }\n    keys: { count: 1000 }\n"
                          "    request: { y_len: 64 }\n"
                          "    client: { hang_up: 100%%, after: %s }\n",
                          "  latency: 40ms\n"),
                 rows[i].after);
        simulate(&stage, yaml);
        assert_int_equal(stage.run.answers[0].hung_up, rows[i].hung_up);
        assert_int_equal(stage.run.answers[0].answered, !rows[i].hung_up);
        stage_close(&stage);
    }
}

static void a_slow_upload_counts_from_its_end(void **state)
{
    (void)state;
    struct stage stage;
    simulate(&stage, SCENARIO(OPEN CLOSED "    client: { slow_upload: 50%, over: 300ms }\n",
                              "  latency: 40ms\n"));
    const struct run *run = &stage.run;
    uint32_t slow = 0;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        const struct arrival *before = &run->plan->items[run->schedule->items[i].number];
        assert_int_equal(answer->sent_ns, answer->intended_ns);
        assert_true(run_latency_ns(answer) < 50 * NS_PER_MS);
        if (before->manner == CLIENT_SLOW && before->number < run->plan->open_count) {
            assert_int_equal(answer->intended_ns, before->at_ns + 300 * NS_PER_MS);
        }
        slow += before->manner == CLIENT_SLOW;
    }
    assert_true(slow > 50);
    stage_close(&stage);
}

/* Every kind at once, through an outage: a world that is late within the margin tells the same
 * story, and one with another cache does not. */
static void parity_follows_requests_that_the_run_decides(void **state)
{
    (void)state;
    static const char yaml[] = SCENARIO(
        OPEN
        "    client: { hang_up: 20%, after: 25ms, slow_upload: 10%, over: 100ms }\n" CLOSED CYCLE
        "    client: { hang_up: 10%, after: 25ms }\n",
        OUTAGE);
    struct stage stage;
    simulate(&stage, yaml);
    for (uint64_t seed = 1000; seed < 1005; seed++) {
        struct run late;
        struct parity parity;
        struct err_note note = { .err = ERR_OK };
        struct sim_options options = { .arrival_jitter_ns = PARITY_MARGIN_NS,
                                       .reply_jitter_ns = PARITY_MARGIN_NS,
                                       .jitter_seed = seed };
        run_init(&late, WORLD_SIM, &stage.scenario, &stage.schedule, &stage.config, 7);
        assert_int_equal(ERR_OK, sim_run(&late, &options, NULL, &note));
        assert_int_equal(ERR_OK, parity_compare(&stage.run, &late, &parity, &note));
        assert_true(parity.served_holds);
        assert_true(parity.requests > 400);
        run_deinit(&late);
    }
    stage_close(&stage);

    struct stage other;
    struct parity parity;
    struct run spoiled;
    struct err_note note = { .err = ERR_OK };
    struct sim_options options = { .jitter_seed = 0 };
    simulate(&stage, yaml);
    stage_open(&other, yaml, "cache_ttl_s=0");
    run_init(&spoiled, WORLD_SIM, &stage.scenario, &stage.schedule, &other.config, 7);
    assert_int_equal(ERR_OK, sim_run(&spoiled, &options, NULL, &note));
    assert_int_equal(ERR_OK, parity_compare(&stage.run, &spoiled, &parity, &note));
    assert_false(parity.holds);
    run_deinit(&spoiled);
    stage_close(&other);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_of_a_closed_loop_wait_for_their_answers),
        cmocka_unit_test(a_cycle_sends_its_top_keys_with_few_at_once),
        cmocka_unit_test(bad_requests_are_refused_and_reach_nobody),
        cmocka_unit_test(what_is_refused_is_what_is_bad),
        cmocka_unit_test(clients_that_hang_up_are_answered_by_nobody),
        cmocka_unit_test(an_answer_on_its_way_reaches_nobody_who_hung_up),
        cmocka_unit_test(a_slow_upload_counts_from_its_end),
        cmocka_unit_test(parity_follows_requests_that_the_run_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
