/* On which attempts a fault fires: each selection over many attempts, with fixed seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "fault_fixture.h"

enum { REQUESTS = 20000 };

/* Request i comes at its part of the 10 s. */
static struct plan_query query_of(uint64_t i)
{
    return (struct plan_query){
        .request_key = draw(3, 1, i, 0),
        .attempt = 0,
        .offset_ns = i * (10000000000 / REQUESTS),
    };
}

static bool fires(struct faults *faults, const struct plan_query *query)
{
    struct reply_plan plan;
    plan_make(faults->state, query, &plan);
    return (plan.fired & 1) != 0;
}

static size_t count_fired(const char *fault, uint64_t from, uint64_t to)
{
    struct faults faults;
    size_t hits = 0;
    faults_open_good(&faults, fault, NULL);
    for (uint64_t i = 0; i < REQUESTS; i++) {
        struct plan_query query = query_of(i);
        bool fired = fires(&faults, &query);
        if (i >= from && i < to && fired) hits++;
    }
    faults_close(&faults);
    return hits;
}

static void counting_selections_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        size_t hits;
    } cases[] = {
        { "{ status: 503, first: 5 }", 5 },
        { "{ status: 503, nth: 7 }", 1 },
        { "{ status: 503, every: 5 }", REQUESTS / 5 },
        { "{ status: 503, every: 7 }", REQUESTS / 7 },
        { "{ status: 503, exact_share: 30% }", REQUESTS * 3 / 10 },
        { "{ status: 503, exact_share: 0.01% }", 2 },
        { "{ status: 503, exact_share: 100% }", REQUESTS },
        { "{ status: 503, exact_share: 0% }", 0 },
        { "{ status: 503, after: 2s, until: 4s }", REQUESTS / 5 },
        { "{ status: 503, after: 2s, until: 4s, every: 2 }", REQUESTS / 10 },
        { "{ status: 503, attempt: 1 }", 0 },
        { "{ status: 503, attempt: \"<= 0\" }", REQUESTS },
        { "{ status: 503, model: chronos }", 0 }, /* not known */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t hits = count_fired(cases[i].fault, 0, REQUESTS);
        if (hits != cases[i].hits) fail_msg("%s: %zu", cases[i].fault, hits);
    }
}

static void counters_fire_at_their_number(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults,
                     "{ status: 503, nth: 7 }, { delay: 1ms, every: 3 }, { answer: "
                     "wrong_id, first: 2 }",
                     NULL);
    for (uint64_t i = 1; i <= 12; i++) {
        struct reply_plan plan = faults_plan(&faults, i, 0, i);
        uint32_t wanted = (i == 7 ? 1u : 0) | (i % 3 == 0 ? 2u : 0) | (i <= 2 ? 4u : 0);
        assert_int_equal(plan.fired, wanted);
    }
    plan_state_reset(faults.state);
    assert_int_equal(faults_plan(&faults, 1, 0, 1).fired, 4);
    faults_close(&faults);
}

/* At every moment, not only at the end. */
static void exact_share_is_exact_to_within_one(void **state)
{
    (void)state;
    static const uint32_t percents[] = { 1, 3, 17, 30, 50, 61, 99 };
    for (size_t p = 0; p < sizeof percents / sizeof percents[0]; p++) {
        struct faults faults;
        char yaml[64];
        uint64_t hits = 0;
        snprintf(yaml, sizeof yaml, "{ status: 503, exact_share: %u%% }", percents[p]);
        faults_open_good(&faults, yaml, NULL);
        for (uint64_t i = 1; i <= 2000; i++) {
            struct plan_query query = query_of(i);
            if (fires(&faults, &query)) hits++;
            assert_true(hits * 100 <= i * percents[p]);
            assert_true(hits * 100 + 100 > i * percents[p]);
        }
        faults_close(&faults);
    }
}

static void counters_count_what_the_others_let_through(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults,
                     "{ status: 503, model: b, first: 3 }, { delay: 1ms, attempt: \">= "
                     "1\", every: 2 }",
                     NULL);
    uint64_t hits[2] = { 0, 0 };
    for (uint64_t i = 0; i < 40; i++) {
        struct plan_query query = query_of(i);
        query.model = i % 4 == 0 ? "b" : "chronos";
        query.attempt = (unsigned)(i % 2);
        struct reply_plan plan;
        plan_make(faults.state, &query, &plan);
        if ((plan.fired & 1) != 0) assert_true(i % 4 == 0 && i <= 8);
        hits[0] += plan.fired & 1;
        hits[1] += plan.fired >> 1 & 1;
    }
    assert_int_equal(hits[0], 3);
    assert_int_equal(hits[1], 10); /* of 20 retries */
    faults_close(&faults);
}

static void counter_counts_the_hits_of_a_draw(void **state)
{
    (void)state;
    struct faults drawn;
    struct faults counted;
    uint64_t hits = 0;
    faults_open_good(&drawn, "{ status: 503, share: 30% }", NULL);
    faults_open_good(&counted, "{ status: 503, share: 30%, first: 5 }", NULL);
    for (uint64_t i = 0; i < 200; i++) {
        struct plan_query query = query_of(i);
        if (fires(&drawn, &query)) hits++;
        bool wanted = fires(&drawn, &query) && hits <= 5;
        assert_int_equal(fires(&counted, &query), wanted);
    }
    assert_true(hits > 40);
    faults_close(&drawn);
    faults_close(&counted);
}

static void names_stand_for_what_they_begin(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults,
                     "{ status: 503, market: btc }, { delay: 1ms, model: a-b }, { answer: "
                     "wrong_id, path: /v1/forecast }",
                     NULL);
    static const struct {
        const char *model, *market, *path;
        uint32_t fired;
    } cases[] = {
        { "a-b", "btc", "/v1/forecast", 7 },
        { "a-b-c", "btc-m3", "/api/forecast", 3 },
        { "a-bc", "btcx", "/v1/forecast/", 0 },
        { "a", "bt", "/v1", 0 },
        { NULL, NULL, NULL, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plan_query query = query_of(i);
        struct reply_plan plan;
        query.model = cases[i].model;
        query.market = cases[i].market;
        query.path = cases[i].path;
        plan_make(faults.state, &query, &plan);
        assert_int_equal(plan.fired, cases[i].fired);
    }
    faults_close(&faults);
}

/* Within 4.5 standard deviations, in each fifth of the time. */
static void ramp_moves_the_share_over_its_time(void **state)
{
    (void)state;
    static const size_t wanted[] = { 400, 1200, 2000, 2800, 3600 }; /* of 4000 each */
    for (uint64_t fifth = 0; fifth < 5; fifth++) {
        size_t hits = count_fired("{ status: 503, ramp: { from: 0%, to: 100% } }", fifth * 4000,
                                  (fifth + 1) * 4000);
        assert_in_range(hits, wanted[fifth] - 150, wanted[fifth] + 150);
    }
    size_t down =
        count_fired("{ status: 503, ramp: { from: 100%, to: 0% }, after: 5s }", 10000, 12000);
    assert_in_range(down, 1800 - 61, 1800 + 61);
    assert_int_equal(
        count_fired("{ status: 503, ramp: { from: 100%, to: 0% }, after: 5s }", 0, 10000), 0);
}

/* Over 40 phases' worth of time (by seeds): the share of bad time and how long a bad time lasts. */
static void bursts_have_their_share_and_their_mean_length(void **state)
{
    (void)state;
    enum { SEEDS = 200, STEPS = 10000 }; /* of 1 ms */
    struct faults faults;
    faults_open_good(&faults, "{ status: 503, burst: { bad: 100ms, good: 400ms } }", NULL);
    uint64_t bad = 0;
    uint64_t begun = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct plan_state *plans = plan_state_create(&faults.scenario, seed);
        bool before = false;
        for (uint64_t i = 0; i < STEPS; i++) {
            struct plan_query query = { .request_key = i, .offset_ns = i * 1000000 };
            struct reply_plan plan;
            plan_make(plans, &query, &plan);
            if (plan.fired != 0) bad++;
            if (plan.fired != 0 && !before) begun++;
            before = plan.fired != 0;
        }
        plan_state_destroy(plans);
    }
    /* 2,000 s with about 4,000 bursts: 20 % +- 2 %, 100 ms +- 8 ms (those at the edges are cut). */
    assert_in_range(bad * 1000 / (SEEDS * STEPS), 190, 210);
    assert_in_range(bad / begun, 94, 108);
    faults_close(&faults);
}

static void burst_is_the_same_whoever_asks_and_in_any_order(void **state)
{
    (void)state;
    struct faults faults;
    bool forward[1000];
    faults_open_good(&faults, "{ status: 503, burst: { bad: 100ms, good: 100ms } }", NULL);
    for (uint64_t i = 0; i < 1000; i++) {
        struct plan_query query = { .request_key = i, .offset_ns = i * 10000000 };
        forward[i] = fires(&faults, &query);
    }
    for (uint64_t i = 1000; i > 0; i--) {
        struct plan_query query = { .request_key = i * 77,
                                    .attempt = 3,
                                    .offset_ns = (i - 1) * 10000000 };
        assert_int_equal(fires(&faults, &query), forward[i - 1]);
    }
    faults_close(&faults);
}

/* Keyed selections: the order in which requests are read changes nobody's fate, and neither do
 * rules that are added elsewhere. */
static void order_of_reading_changes_no_keyed_fate(void **state)
{
    (void)state;
    static const char mine[] =
        "{ status: 503, share: 30% }, { delay: { uniform: [1ms, 50ms] }, ramp: { from: 0%, to: 60% "
        "} }, { at: response_body@40%, do: reset, burst: { bad: 1s, good: 1s }, share: 50% }";
    static const char crowd[] =
        "{ status: 503, share: 30% }, { delay: { uniform: [1ms, 50ms] }, ramp: { from: 0%, to: 60% "
        "} }, { at: response_body@40%, do: reset, burst: { bad: 1s, good: 1s }, share: 50% }, { "
        "answer: wrong_id, share: 20% }, { interim: 3, every: 2 }, { delay: 3ms, first: 100 }";
    struct faults a;
    struct faults b;
    uint64_t *first_ns = mem_alloc(REQUESTS, sizeof *first_ns);
    uint32_t *fired = mem_alloc(REQUESTS, sizeof *fired);
    faults_open_good(&a, mine, NULL);
    faults_open_good(&b, crowd, NULL);
    for (uint64_t i = 0; i < REQUESTS; i++) {
        struct plan_query query = query_of(i);
        struct reply_plan plan;
        plan_make(a.state, &query, &plan);
        fired[i] = plan.fired;
        first_ns[i] = plan.steps[0].after_ns;
    }
    for (uint64_t i = 0; i < REQUESTS; i++) {
        uint64_t at = i * 7919 % REQUESTS; /* another order, each once */
        struct plan_query query = query_of(at);
        struct reply_plan plan;
        plan_make(b.state, &query, &plan);
        assert_int_equal(plan.fired & 7, fired[at]);
        if (plan.fired == fired[at]) assert_int_equal(plan.steps[0].after_ns, first_ns[at]);
    }
    faults_close(&a);
    faults_close(&b);
    mem_free(first_ns);
    mem_free(fired);
}

static void keyed_part_of_a_fate_can_be_checked_elsewhere(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults,
                     "{ status: 503, share: 30% }, { delay: 1ms, first: 5 }, { delay: 2ms, "
                     "share: 50%, every: 2 }, { answer: wrong_id, model: chronos }",
                     NULL);
    struct plan_state *other = plan_state_create(&faults.scenario, faults.scenario.seed);
    uint32_t seen = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        struct plan_query query = query_of(i);
        struct reply_plan plan;
        plan_make(faults.state, &query, &plan);
        struct plan_keyed keyed = plan_keyed(other, &query);
        assert_int_equal((plan.fired ^ keyed.fired) & keyed.known, 0);
        assert_true((keyed.known & 1) != 0);
        assert_true((keyed.known & 10) == 0);
        seen |= keyed.known;
    }
    assert_int_equal(seen, 5); /* what the draw refuses is known of the one that counts, too */
    plan_state_destroy(other);
    faults_close(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counting_selections_are_exact),
        cmocka_unit_test(counters_fire_at_their_number),
        cmocka_unit_test(exact_share_is_exact_to_within_one),
        cmocka_unit_test(counters_count_what_the_others_let_through),
        cmocka_unit_test(counter_counts_the_hits_of_a_draw),
        cmocka_unit_test(names_stand_for_what_they_begin),
        cmocka_unit_test(ramp_moves_the_share_over_its_time),
        cmocka_unit_test(bursts_have_their_share_and_their_mean_length),
        cmocka_unit_test(burst_is_the_same_whoever_asks_and_in_any_order),
        cmocka_unit_test(order_of_reading_changes_no_keyed_fate),
        cmocka_unit_test(keyed_part_of_a_fate_can_be_checked_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
