/* Level 2 of parity: the figures of a whole run, in both worlds. */

#include "harness/parity_intervals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "judge_fixture.h"

/* 1,200 requests, each answered by the upstream after `latency_ns`, as simulation and as real run;
 * tests then change the real one. */
struct pair {
    struct stage sim, real;
    struct parity_intervals intervals;
};

static void pair_open(struct pair *pair, uint64_t latency_ns)
{
    struct stage *const stages[] = { &pair->sim, &pair->real };
    for (size_t i = 0; i < 2; i++) {
        stage_open(stages[i], STAGE_SCENARIO(STAGE_EXPECT), NULL);
        stage_make_up(stages[i]);
        for (size_t n = 0; n < stages[i]->schedule.count; n++) {
            struct run_answer *answer = &stages[i]->run.answers[n];
            answer->done_ns = answer->sent_ns + latency_ns;
        }
    }
}

static bool pair_holds(struct pair *pair)
{
    parity_intervals_begin(&pair->intervals, &pair->sim.run);
    parity_intervals_end(&pair->intervals, &pair->real.run);
    return pair->intervals.hold;
}

static void pair_close(struct pair *pair)
{
    stage_close(&pair->sim);
    stage_close(&pair->real);
}

static void assert_written(const struct parity_intervals *intervals, const char *wanted)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    parity_intervals_write(intervals, &text);
    assert_string_equal(buf_text(&text), wanted);
    buf_deinit(&text);
}

static void delay(struct run *run, uint64_t latency_ns)
{
    for (size_t i = 0; i < run->schedule->count; i++) {
        run->answers[i].done_ns = run->answers[i].sent_ns + latency_ns;
    }
}

static void the_p95_may_differ_by_3_ms_or_5_percent_and_not_by_a_nanosecond_more(void **state)
{
    (void)state;
    static const struct {
        uint64_t sim_ns, low_ns, high_ns;
    } rows[] = {
        { 40 * NS_PER_MS, 37 * NS_PER_MS, 43 * NS_PER_MS },
        { 200 * NS_PER_MS, 190 * NS_PER_MS, 210 * NS_PER_MS },
        { 1 * NS_PER_MS, 0, 4 * NS_PER_MS },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair pair;
        pair_open(&pair, rows[i].sim_ns);
        assert_true(pair_holds(&pair));
        delay(&pair.real.run, rows[i].high_ns);
        assert_true(pair_holds(&pair));
        delay(&pair.real.run, rows[i].high_ns + 1);
        assert_false(pair_holds(&pair));
        delay(&pair.real.run, rows[i].low_ns);
        assert_true(pair_holds(&pair));
        if (rows[i].low_ns > 0) {
            delay(&pair.real.run, rows[i].low_ns - 1);
            assert_false(pair_holds(&pair));
        }
        pair_close(&pair);
    }
}

static void what_differs_is_told_with_what_was_allowed(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, 40 * NS_PER_MS);
    assert_true(pair_holds(&pair));
    assert_written(&pair.intervals, "p95 and shares as simulated");
    delay(&pair.real.run, 60 * NS_PER_MS);
    for (size_t i = 0; i < 120; i++)
        pair.real.run.answers[i].served = SERVED_STALE;
    assert_false(pair_holds(&pair));
    assert_written(&pair.intervals,
                   "p95 60.0 ms over sockets, 40.0 ms simulated (37.0 ms to 43.0 ms allowed); "
                   "upstream 90.0 % over sockets, 100 % simulated (98.0 % to 100 % allowed); "
                   "stale 10.0 % over sockets, 0 % simulated (0 % to 2.0 % allowed)");
    struct check check = parity_intervals_check(&pair.intervals);
    assert_int_equal(check.status, CHECK_FAIL);
    pair_close(&pair);
}

static void a_share_may_differ_by_2_points(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, NS_PER_MS);
    for (size_t i = 0; i < 24; i++)
        pair.real.run.answers[i].served = SERVED_BASELINE;
    assert_true(pair_holds(&pair));
    pair.real.run.answers[24].served = SERVED_BASELINE; /* 25 of 1,200: 2.08 % */
    assert_false(pair_holds(&pair));
    pair_close(&pair);
}

static void requests_without_an_answer_are_a_share_too(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, NS_PER_MS);
    for (size_t i = 0; i < 30; i++)
        pair.real.run.answers[i].answered = false;
    assert_false(pair_holds(&pair));
    assert_int_equal(pair.intervals.shares_ppm[SERVED_NOBODY].real, 25000);
    for (size_t i = 0; i < pair.real.schedule.count; i++)
        pair.real.run.answers[i].answered = false;
    assert_false(pair_holds(&pair));
    assert_int_equal(pair.intervals.p95_ns.real, 0);
    pair_close(&pair);
}

static void how_late_the_load_generator_was_is_no_difference(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, 40 * NS_PER_MS);
    for (size_t i = 0; i < pair.real.schedule.count; i++) {
        pair.real.run.answers[i].sent_ns += 50 * NS_PER_MS;
    }
    delay(&pair.real.run, 40 * NS_PER_MS);
    assert_true(pair_holds(&pair));
    pair_close(&pair);
}

static void disturbed_simulations_widen_what_is_allowed(void **state)
{
    (void)state;
    struct pair pair;
    struct stage other;
    pair_open(&pair, 40 * NS_PER_MS);
    stage_open(&other, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    stage_make_up(&other);
    delay(&other.run, 60 * NS_PER_MS);
    for (size_t i = 0; i < 120; i++)
        other.run.answers[i].served = SERVED_STALE;
    parity_intervals_begin(&pair.intervals, &pair.sim.run);
    parity_intervals_add(&pair.intervals, &other.run);
    parity_intervals_end(&pair.intervals, &pair.real.run);
    assert_true(pair.intervals.hold);
    assert_int_equal(pair.intervals.shares_ppm[SERVED_STALE].high, 120000);
    assert_int_equal(pair.intervals.shares_ppm[SERVED_STALE].low, 0);
    assert_int_equal(pair.intervals.p95_ns.low, 37 * NS_PER_MS);
    assert_int_equal(pair.intervals.p95_ns.high, 63 * NS_PER_MS);
    stage_close(&other);
    pair_close(&pair);
}

/* One key, asked for every 100 ms while an entry lives for 300 ms: each fate hangs on milliseconds,
 * so that each request may be served either way; but not all of them the same way. */
static void requests_that_each_may_be_so_may_not_all_be_so(void **state)
{
    (void)state;
    struct stage stage;
    struct run other;
    struct parity parity;
    struct err_note note = { .err = ERR_OK };
    const struct sim_options options = { .jitter_seed = 0 };
    stage_open(&stage, STAGE_BRINK, NULL);
    stage_simulate(&stage);
    run_init(&other, WORLD_SIM, &stage.scenario, &stage.schedule, &stage.config, 7);
    assert_int_equal(ERR_OK, sim_run(&other, &options, NULL, &note));
    assert_int_equal(ERR_OK, parity_compare(&stage.run, &other, &parity, &note));
    assert_true(parity.holds);
    /* From the fourth request on, each is served from the cache, as it may be. */
    for (size_t i = 4; i < stage.schedule.count; i++)
        other.answers[i].served = SERVED_CACHE;
    assert_int_equal(ERR_OK, parity_compare(&stage.run, &other, &parity, &note));
    assert_true(parity.served_holds);
    assert_false(parity.intervals.hold);
    assert_false(parity.holds);
    run_deinit(&other);
    stage_close(&stage);
}

/* Of 100 answers the last `late` take `late_ns`, the others `latency_ns`. */
static void delay_some(struct run *run, uint64_t latency_ns, size_t late, uint64_t late_ns)
{
    delay(run, latency_ns);
    for (size_t i = 0; i < run->schedule->count; i++) {
        if (i % 100 < 100 - late) continue;
        run->answers[i].done_ns = run->answers[i].sent_ns + late_ns;
    }
}

/* 96 % come out of the cache, where one in fifty waits for the CPU over sockets. */
static void a_p95_on_an_edge_between_kinds_of_answers_may_be_on_either_side(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, NS_PER_MS);
    delay_some(&pair.sim.run, NS_PER_MS, 4, 60 * NS_PER_MS);
    delay_some(&pair.real.run, NS_PER_MS, 6, 20 * NS_PER_MS);
    assert_true(pair_holds(&pair));
    delay_some(&pair.real.run, NS_PER_MS, 6, 70 * NS_PER_MS); /* beyond either side */
    assert_false(pair_holds(&pair));
    delay_some(&pair.real.run, 10 * NS_PER_MS, 6, 20 * NS_PER_MS); /* all are late */
    assert_false(pair_holds(&pair));
    delay_some(&pair.sim.run, 10 * NS_PER_MS, 4, 60 * NS_PER_MS); /* no edge: six times */
    delay_some(&pair.real.run, 10 * NS_PER_MS, 6, 20 * NS_PER_MS);
    assert_false(pair_holds(&pair));
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_p95_may_differ_by_3_ms_or_5_percent_and_not_by_a_nanosecond_more),
        cmocka_unit_test(what_differs_is_told_with_what_was_allowed),
        cmocka_unit_test(a_share_may_differ_by_2_points),
        cmocka_unit_test(requests_without_an_answer_are_a_share_too),
        cmocka_unit_test(how_late_the_load_generator_was_is_no_difference),
        cmocka_unit_test(disturbed_simulations_widen_what_is_allowed),
        cmocka_unit_test(a_p95_on_an_edge_between_kinds_of_answers_may_be_on_either_side),
        cmocka_unit_test(requests_that_each_may_be_so_may_not_all_be_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
