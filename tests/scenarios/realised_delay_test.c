/* What was realised of latencies and delays, against their distributions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/instant.h"
#include "base/mem.h"
#include "base/rng.h"
#include "fault_fixture.h"
#include "scenario/realised_delay.h"

enum { LATE_US = 100 };

static void a_sketch_is_right_to_a_128th(void **state)
{
    (void)state;
    static struct delay_sketch sketch;
    uint64_t before = 0;
    assert_int_equal(delay_sketch_at(&sketch, 1), 0);
    for (uint64_t i = 0; i < 5000; i++) delay_sketch_add(&sketch, (i + 1) * 17 * NS_PER_US);
    for (uint64_t rank = 1; rank <= 5000; rank += 7) {
        uint64_t exact_ns = rank * 17 * NS_PER_US;
        uint64_t got_ns = delay_sketch_at(&sketch, rank);
        assert_in_range(got_ns, exact_ns, exact_ns + exact_ns / 128 + 1);
        assert_true(got_ns >= before);
        before = got_ns;
    }
    assert_int_equal(delay_sketch_at(&sketch, 5000), 5000 * 17 * NS_PER_US);
    delay_sketch_add(&sketch, 3);
    assert_int_equal(delay_sketch_at(&sketch, 1), 1023);
    delay_sketch_add(&sketch, UINT64_MAX / 2); /* longer than its longest step */
    assert_int_equal(delay_sketch_at(&sketch, 5002), UINT64_MAX / 2);
}

/* Plays so many attempts of the one phase; `late_ns` behind each. */
static struct realised_delays *play(struct faults *faults, uint64_t attempts, uint64_t late_ns)
{
    struct realised_delays *delays = realised_delays_create(&faults->scenario);
    for (uint64_t i = 0; i < attempts; i++) {
        struct plan_query query = { .request_key = draw(9, 9, i, 0),
                                    .offset_ns = i * (10 * NS_PER_S / attempts) };
        struct reply_plan plan;
        plan_make(faults->state, &query, &plan);
        realised_delays_add(delays, &(struct realised_wait){ .plan = &plan,
                                                             .begun = true,
                                                             .late_ns = late_ns,
                                                             .pauses_known = true,
                                                             .pause_late_ns = 2 * late_ns });
    }
    return delays;
}

static void what_was_drawn_is_as_asked(void **state)
{
    (void)state;
    static const char *const FAULTS[] = {
        "{ delay: { uniform: [100ms, 300ms] }, share: 40% }",
        "{ at: response_body@40%, do: delay, for: { lognormal: { median: 40ms, p99: 400ms } }, "
        "share: 40% }",
    };
    for (size_t i = 0; i < 2; i++) {
        struct faults faults;
        size_t wrong = 9;
        faults_open_good(&faults, FAULTS[i], "latency: { p50: 40ms, p90: 90ms, max: 400ms }");
        struct realised_delays *delays = play(&faults, 3000, LATE_US * NS_PER_US);
        assert_int_equal(realised_delays_count(delays), 2);
        struct realised_delay latency = realised_delay_of(delays, 0);
        struct realised_delay fault = realised_delay_of(delays, 1);
        assert_true(realised_delay_as_asked(&latency, &wrong));
        assert_true(realised_delay_as_asked(&fault, &wrong));
        assert_int_equal(latency.count, 3000);
        assert_in_range(fault.count, 1000, 1400);
        assert_int_equal(latency.quantiles[0].asked_ns, 40 * NS_PER_MS);
        assert_int_equal(latency.quantiles[1].asked_ns, 90 * NS_PER_MS);
        assert_int_equal(latency.asked_max_ns, 400 * NS_PER_MS);
        assert_in_range(latency.late_p99_ns, LATE_US * NS_PER_US,
                        LATE_US * NS_PER_US * 129 / 128);
        assert_int_equal(fault.late_max_ns, (i + 1) * LATE_US * NS_PER_US);
        if (i == 0) assert_int_equal(fault.quantiles[0].asked_ns, 200 * NS_PER_MS);
        for (size_t q = 0; q < REALISED_QUANTILES; q++) {
            const struct realised_quantile *at = &latency.quantiles[q];
            assert_true(at->low_ns <= at->realised_ns && at->realised_ns <= at->high_ns);
            assert_true(at->low_ns <= at->asked_ns + LATE_US * NS_PER_US);
        }
        realised_delays_destroy(delays);
        faults_close(&faults);
    }
}

static void another_distribution_is_not_as_asked(void **state)
{
    (void)state;
    struct faults asked, played;
    struct buf text;
    size_t wrong = 9;
    faults_open_good(&asked, "{ delay: 100ms }", "latency: { p50: 40ms, p90: 90ms, max: 400ms }");
    faults_open_good(&played, "{ delay: 100ms }", "latency: { p50: 40ms, p90: 140ms, max: 400ms }");
    struct realised_delays *delays = realised_delays_create(&asked.scenario);
    for (uint64_t i = 0; i < 1000; i++) {
        struct plan_query query = { .request_key = draw(9, 9, i, 0), .offset_ns = i };
        struct reply_plan plan;
        plan_make(played.state, &query, &plan);
        plan.phase = &asked.scenario.phases[0];
        realised_delays_add(delays, &(struct realised_wait){ .plan = &plan, .begun = true });
    }
    struct realised_delay latency = realised_delay_of(delays, 0);
    assert_false(realised_delay_as_asked(&latency, &wrong));
    assert_int_equal(wrong, 1);
    buf_init(&text, BUF_UNBOUNDED);
    realised_delays_write_all(&text, delays);
    assert_non_null(strstr(buf_text(&text), "p90 NOT AS ASKED"));
    assert_non_null(strstr(buf_text(&text), "\nall: delay 100ms: 1000 attempts; p50 100ms (95% "
                                            "interval 100ms to 100ms), asked 100ms; "));
    buf_clear(&text);
    realised_delays_write_json(&text, delays);
    assert_non_null(strstr(buf_text(&text), "\"as_asked\":false"));
    realised_delays_reset(delays);
    assert_int_equal(realised_delay_of(delays, 0).count, 0);
    buf_deinit(&text);
    realised_delays_destroy(delays);
    faults_close(&asked);
    faults_close(&played);
}

static void a_faster_distribution_is_not_as_asked_either(void **state)
{
    (void)state;
    struct faults asked, played;
    size_t wrong = 9;
    faults_open_good(&asked, "{ delay: 100ms }", "latency: { p50: 60ms, p90: 90ms, max: 400ms }");
    faults_open_good(&played, "{ delay: 100ms }", "latency: { p50: 40ms, p90: 90ms, max: 400ms }");
    struct realised_delays *delays = realised_delays_create(&asked.scenario);
    for (uint64_t i = 0; i < 1000; i++) {
        struct plan_query query = { .request_key = draw(9, 9, i, 0), .offset_ns = i };
        struct reply_plan plan;
        plan_make(played.state, &query, &plan);
        plan.fired = 0;
        realised_delays_add(delays, &(struct realised_wait){ .plan = &plan, .begun = true });
    }
    struct realised_delay latency = realised_delay_of(delays, 0);
    assert_false(realised_delay_as_asked(&latency, &wrong));
    assert_int_equal(wrong, 0);
    realised_delays_destroy(delays);
    faults_close(&asked);
    faults_close(&played);
}

static void who_left_before_counts_with_what_was_drawn(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults, "{ delay: 50ms }, { delay: 10ms, share: 50% }", "latency: 10ms");
    struct realised_delays *delays = realised_delays_create(&faults.scenario);
    for (uint64_t i = 0; i < 100; i++) {
        struct plan_query query = { .request_key = i, .offset_ns = i };
        struct reply_plan plan;
        plan_make(faults.state, &query, &plan);
        plan.steps[0].after_ns += 7;
        realised_delays_add(delays, &(struct realised_wait){
                                        .plan = &plan, .above_ns = 7, .late_ns = NS_PER_S });
    }
    /* Where both fired, neither can be told. */
    struct realised_delay alone = realised_delay_of(delays, 1);
    assert_in_range(alone.count, 30, 70);
    assert_int_equal(alone.realised_max_ns, 50 * NS_PER_MS);
    assert_int_equal(alone.late_max_ns, 0);
    assert_int_equal(realised_delay_of(delays, 2).count, 0);
    assert_int_equal(realised_delay_of(delays, 0).count, 100);
    assert_true(realised_delay_as_asked(&alone, NULL));
    realised_delays_destroy(delays);
    faults_close(&faults);
}

static void refusals_and_ramps_are_not_judged(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults,
                     "{ delay: 50ms, ramp_delay: { from: 0%, to: 100% } }, "
                     "{ rate_limit: { rate: 1/m, burst: 1 } }",
                     "latency: 10ms");
    struct realised_delays *delays = play(&faults, 200, 0);
    struct realised_delay latency = realised_delay_of(delays, 0);
    struct realised_delay ramp = realised_delay_of(delays, 1);
    assert_true(realised_delay_as_asked(&latency, NULL));
    assert_false(ramp.judged);
    assert_true(realised_delay_as_asked(&ramp, NULL));
    realised_delays_destroy(delays);
    faults_close(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sketch_is_right_to_a_128th),
        cmocka_unit_test(what_was_drawn_is_as_asked),
        cmocka_unit_test(another_distribution_is_not_as_asked),
        cmocka_unit_test(a_faster_distribution_is_not_as_asked_either),
        cmocka_unit_test(who_left_before_counts_with_what_was_drawn),
        cmocka_unit_test(refusals_and_ramps_are_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
