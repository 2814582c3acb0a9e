/* What was realised, against what was asked for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "fault_fixture.h"
#include "scenario/fates.h"
#include "scenario/realised.h"

static void play(struct faults *faults, uint64_t requests)
{
    for (uint64_t i = 0; i < requests; i++) {
        struct plan_query query = { .request_key = draw(9, 9, i, 0),
                                    .offset_ns = i * (UINT64_C(10000000000) / requests) };
        struct reply_plan plan;
        plan_make(faults->state, &query, &plan);
    }
}

static struct realised realised(const struct faults *faults, size_t fault)
{
    return realised_of(faults->state, &faults->scenario.phases[0], fault);
}

/* P(X <= k), term by term. */
static double cdf(uint64_t k, uint64_t n, double p)
{
    double sum = 0;
    for (uint64_t i = 0; i <= k; i++) {
        sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) +
                   (double)i * log(p) + (double)(n - i) * log(1 - p));
    }
    return sum;
}

static void bounds_are_those_of_the_binomial_distribution(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        double p;
    } cases[] = { { 1, 0.5 }, { 10, 0.3 }, { 100, 0.01 }, { 1000, 0.6 }, { 500, 0.999 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (double tail = 0.05; tail > 1e-5; tail /= 10) {
            uint64_t n = cases[i].n;
            struct realised_bounds bounds = realised_bounds(n, cases[i].p, tail);
            assert_true(bounds.least <= bounds.most && bounds.most <= n);
            if (bounds.least > 0) assert_true(cdf(bounds.least - 1, n, cases[i].p) <= tail);
            assert_true(cdf(bounds.least, n, cases[i].p) > tail);
            if (bounds.most < n) assert_true(1 - cdf(bounds.most, n, cases[i].p) <= tail);
            if (bounds.most > 0)
                assert_true(1 - cdf(bounds.most - 1, n, cases[i].p) > tail * 0.999);
        }
    }
    struct realised_bounds never = realised_bounds(50, 0, 0.01);
    struct realised_bounds always = realised_bounds(50, 1, 0.01);
    assert_int_equal(never.most, 0);
    assert_int_equal(always.least, 50);
}

static void faults_that_were_played_are_as_asked(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(
        &faults,
        "{ status: 503, share: 30% }, { delay: 1ms, ramp: { from: 0%, to: 100% } }, { "
        "interim: 1, exact_share: 12.5% }, { huge_head: 1B, first: 7 }, { huge_body: "
        "1B, nth: 3 }, { answer: empty, every: 6, after: 5s }, { malformed: head_line, "
        "burst: { bad: 1s, good: 1s }, share: 50% }, { cold_start: 1s }",
        NULL);
    play(&faults, 4000);
    static const uint64_t exact[] = { 0, 0, 500, 7, 1, 333 };
    for (size_t i = 0; i < faults.scenario.phases[0].fault_count; i++) {
        struct realised one = realised(&faults, i);
        assert_true(realised_as_asked(&one));
        assert_true(one.low_ppm <= one.high_ppm);
        if (i < 2 || i > 5) continue;
        assert_int_equal(one.count.fired, exact[i]);
        assert_int_equal(one.least, exact[i]);
        assert_int_equal(one.most, exact[i]);
    }
    assert_int_equal(realised(&faults, 0).count.eligible, 4000);
    assert_in_range(realised(&faults, 1).asked_ppm, 499000, 501000);
    assert_int_equal(realised(&faults, 5).count.eligible, 2000);
    assert_in_range(realised(&faults, 6).count.eligible, 400, 3600);
    assert_false(realised(&faults, 7).judged);
    faults_close(&faults);
}

static void what_did_not_fire_as_asked_is_told(void **state)
{
    (void)state;
    struct faults faults;
    struct buf text;
    faults_open_good(&faults, "{ status: 503, share: 30% }, { delay: 1ms, exact_share: 50% }",
                     NULL);
    buf_init(&text, BUF_UNBOUNDED);
    for (uint64_t i = 0; i < 1000; i++) { /* twice as often as asked, and once too often */
        struct plan_query query = { .request_key = i, .offset_ns = i };
        struct plan_fate fate = { .fired = (i % 5 < 3 ? 1u : 0) | (i < 501 ? 2u : 0) };
        plan_recount(faults.state, &query, &fate);
    }
    struct realised share = realised(&faults, 0);
    struct realised exact = realised(&faults, 1);
    assert_int_equal(share.count.fired, 600);
    assert_false(realised_as_asked(&share));
    assert_false(realised_as_asked(&exact));
    assert_in_range(share.low_ppm, 557000, 561000); /* Clopper and Pearson, 99 % */
    assert_in_range(share.high_ppm, 638000, 641000);
    realised_write_all(&text, &faults.scenario, faults.state);
    assert_non_null(strstr(buf_text(&text), "all: status 503 30%: fired 600 of 1000 attempts (60%, "
                                            "99% interval 55.9"));
    assert_non_null(strstr(buf_text(&text), "asked 30%: NOT AS ASKED\n"));
    assert_non_null(strstr(buf_text(&text), "asked 500: NOT AS ASKED\n"));
    buf_deinit(&text);
    faults_close(&faults);
}

static void nothing_met_is_nothing_wrong(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults, "{ status: 503, share: 30% }, { at: connect, do: refuse }", NULL);
    struct realised none = realised(&faults, 0);
    assert_true(realised_as_asked(&none));
    assert_int_equal(none.high_ppm, 1000000);
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    realised_write_all(&text, &faults.scenario, faults.state);
    assert_string_equal(buf_text(&text), "all: status 503 30%: fired 0 of 0 attempts\n");
    buf_deinit(&text);
    faults_close(&faults);
}

static void fates_are_told_before_anything_runs(void **state)
{
    (void)state;
    struct faults faults;
    struct buf text;
    faults_open_good(
        &faults,
        "{ status: 503, retry_after: 1s, first: 1, until: 1s }, { at: "
        "response_body@40%, do: reset, nth: 1, after: 1s, until: 2s }, { at: connect, "
        "do: refuse, after: 2s, until: 3s }, { at: request_body@50%, do: close, after: "
        "3s, until: 4s }, { at: response_head, do: dribble, every: 5ms, share: 99%, "
        "after: 4s }",
        NULL);
    buf_init(&text, BUF_UNBOUNDED);
    fates_write(&text, &faults.scenario, 42, (struct fates_range){ 6, 1 });
    static const char *const lines[] = {
        "r000000         0s  all              503 after 40ms, Retry-After 1s\n"
        "    status 503 retry_after 1s first 1 until 1s\n",
        "r000001         1s  all              200 after 40ms, RST after 40% of the body\n",
        "r000002         2s  all              connection refused\n",
        "r000003         3s  all              FIN after 50% of the request's body\n",
        "r000004         4s  all              200 after 40ms, head in pieces of 1 bytes every 5ms\n"
        "    dribble 1B every 5ms at response_head 99% after 4s (drew ",
        "and 4 more\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strstr(buf_text(&text), lines[i]) == NULL) {
            fail_msg("%s\nis not in\n%s", lines[i], buf_text(&text));
        }
    }
    buf_deinit(&text);
    faults_close(&faults);
}

static void retries_have_fates_of_their_own(void **state)
{
    (void)state;
    struct faults faults;
    struct buf text;
    char line[128];
    faults_open_good(&faults, "{ status: 503, attempt: 0 }, { delay: 1ms, share: 50% }", NULL);
    buf_init(&text, BUF_UNBOUNDED);
    fates_write(&text, &faults.scenario, 42, (struct fates_range){ 8, 3 });
    for (unsigned attempt = 1; attempt < 3; attempt++) {
        struct reply_plan plan;
        struct plan_query query = { .request_key = hash_text("r000007"),
                                    .attempt = attempt,
                                    .offset_ns = UINT64_C(7000000000) };
        plan_make(faults.state, &query, &plan);
        snprintf(line, sizeof line, "     ~%-2u %9s  %-16s 200 after %s\n", attempt, "", "",
                 plan.fired != 0 ? "41ms" : "40ms");
        const char *at =
            strstr(buf_text(&text), "\nr000007         7s  all              503 after ");
        assert_non_null(at);
        assert_non_null(strstr(at, line));
    }
    assert_null(strstr(buf_text(&text), "~3"));
    buf_deinit(&text);
    faults_close(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_are_those_of_the_binomial_distribution),
        cmocka_unit_test(faults_that_were_played_are_as_asked),
        cmocka_unit_test(what_did_not_fire_as_asked_is_told),
        cmocka_unit_test(nothing_met_is_nothing_wrong),
        cmocka_unit_test(fates_are_told_before_anything_runs),
        cmocka_unit_test(retries_have_fates_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
