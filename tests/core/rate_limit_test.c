/* Virtual time. */
#include "core/rate_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/rng.h"

static const struct rate_key alice = { 1, 1 };
static const struct rate_key bob = { 1, 2 };

static struct rate_limit *create(const struct rate_limit_config *config, uint32_t clients_max)
{
    return rate_limit_create(config, clients_max, 7);
}

static void example_of_the_header_holds(void **state)
{
    (void)state;
    const struct rate_limit_config config = { .per_s = 2, .burst = 3 };
    struct rate_limit *limit = create(&config, 8);
    for (int i = 0; i < 3; i++) assert_int_equal(rate_limit_admit(limit, alice, 0), 0);
    assert_int_equal(rate_limit_admit(limit, alice, 0), 500 * NS_PER_MS);
    assert_int_equal(rate_limit_admit(limit, alice, 500 * NS_PER_MS), 0);
    assert_int_equal(rate_limit_admit(limit, alice, 500 * NS_PER_MS), 500 * NS_PER_MS);
    rate_limit_destroy(limit);
}

static void wait_that_is_told_is_exact(void **state)
{
    (void)state;
    const struct rate_limit_config config = { .per_s = 3, .burst = 1 };
    struct rate_limit *limit = create(&config, 8);
    instant_ns now = 1000;
    assert_int_equal(rate_limit_admit(limit, alice, now), 0);
    uint64_t wait_ns = rate_limit_admit(limit, alice, now);
    assert_int_equal(wait_ns, 333333334);
    assert_int_equal(rate_limit_admit(limit, alice, now + wait_ns - 1), 1);
    assert_int_equal(rate_limit_admit(limit, alice, now + wait_ns), 0);
    rate_limit_destroy(limit);
}

static void burst_of_zero_is_what_a_second_brings(void **state)
{
    (void)state;
    const struct rate_limit_config config = { .per_s = 5 };
    struct rate_limit *limit = create(&config, 8);
    for (int i = 0; i < 5; i++) assert_int_equal(rate_limit_admit(limit, alice, 0), 0);
    assert_int_equal(rate_limit_admit(limit, alice, 0), 200 * NS_PER_MS);
    rate_limit_destroy(limit);
}

static void each_client_has_its_own_bucket(void **state)
{
    (void)state;
    const struct rate_limit_config config = { .per_s = 1, .burst = 1 };
    struct rate_limit *limit = create(&config, 8);
    assert_int_equal(rate_limit_admit(limit, alice, 0), 0);
    assert_int_not_equal(rate_limit_admit(limit, alice, 0), 0);
    assert_int_equal(rate_limit_admit(limit, bob, 0), 0);
    assert_int_equal(rate_limit_clients(limit), 2);
    rate_limit_destroy(limit);
}

static void refusals_cost_nothing_and_idling_earns_no_more_than_the_burst(void **state)
{
    (void)state;
    const struct rate_limit_config config = { .per_s = 10, .burst = 4 };
    struct rate_limit *limit = create(&config, 8);
    for (int i = 0; i < 4; i++) assert_int_equal(rate_limit_admit(limit, alice, 0), 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(rate_limit_admit(limit, alice, 0), 100 * NS_PER_MS);
    }
    instant_ns later = 3600 * NS_PER_S;
    for (int i = 0; i < 4; i++) assert_int_equal(rate_limit_admit(limit, alice, later), 0);
    assert_int_equal(rate_limit_admit(limit, alice, later), 100 * NS_PER_MS);
    rate_limit_destroy(limit);
}

static void rate_of_zero_admits_everything_and_keeps_nothing(void **state)
{
    (void)state;
    const struct rate_limit_config config = { .per_s = 0, .burst = 1 };
    struct rate_limit *limit = create(&config, 1);
    for (int i = 0; i < 100; i++) assert_int_equal(rate_limit_admit(limit, alice, 0), 0);
    assert_int_equal(rate_limit_clients(limit), 0);
    rate_limit_destroy(limit);
}

static void setting_that_changes_holds_from_the_next_request(void **state)
{
    (void)state;
    struct rate_limit_config config = { .per_s = 1, .burst = 1 };
    struct rate_limit *limit = create(&config, 8);
    assert_int_equal(rate_limit_admit(limit, alice, 0), 0);
    assert_int_equal(rate_limit_admit(limit, alice, 0), NS_PER_S);
    config.burst = 3;
    assert_int_equal(rate_limit_admit(limit, alice, 0), 0);
    config.per_s = 0;
    for (int i = 0; i < 10; i++) assert_int_equal(rate_limit_admit(limit, alice, 0), 0);
    rate_limit_destroy(limit);
}

static void full_table_forgets_the_client_that_asked_longest_ago(void **state)
{
    (void)state;
    const struct rate_limit_config config = { .per_s = 1, .burst = 1 };
    struct rate_limit *limit = create(&config, 2);
    const struct rate_key carol = { 1, 3 };
    assert_int_equal(rate_limit_admit(limit, alice, 0), 0);
    assert_int_equal(rate_limit_admit(limit, bob, 1), 0);
    assert_int_not_equal(rate_limit_admit(limit, alice, 2), 0); /* bob is the oldest now */
    assert_int_equal(rate_limit_admit(limit, carol, 3), 0);
    assert_int_equal(rate_limit_clients(limit), 2);
    assert_int_not_equal(rate_limit_admit(limit, alice, 4), 0); /* still known */
    assert_int_equal(rate_limit_admit(limit, bob, 5), 0);       /* anew */
    rate_limit_destroy(limit);
}

/* A simple list of buckets that holds every client is the reference; tables as large as it must
 * agree with it, whatever the order. */
static void random_walk_agrees_with_buckets_that_are_counted_plainly(void **state)
{
    (void)state;
    enum { CLIENTS = 50, STEPS = 200000, PER_S = 5, BURST = 4 };
    const struct rate_limit_config config = { .per_s = PER_S, .burst = BURST };
    struct rate_limit *limit = create(&config, CLIENTS);
    struct rng rng;
    rng_init(&rng, 3, "rate");
    uint64_t tokens_ns[CLIENTS]; /* in units of 1/PER_S s of refill */
    instant_ns seen[CLIENTS] = { 0 };
    const uint64_t one = NS_PER_S / PER_S;
    for (int i = 0; i < CLIENTS; i++) tokens_ns[i] = BURST * one;
    instant_ns now = 0;
    uint64_t admitted = 0;
    for (int step = 0; step < STEPS; step++) {
        now += rng_below(&rng, 2 * one / CLIENTS);
        uint64_t who = rng_below(&rng, CLIENTS);
        tokens_ns[who] = u64_min(BURST * one, tokens_ns[who] + (now - seen[who]));
        seen[who] = now;
        bool expected = tokens_ns[who] >= one;
        if (expected) tokens_ns[who] -= one;
        uint64_t wait_ns = rate_limit_admit(limit, (struct rate_key){ 0, who }, now);
        assert_int_equal(wait_ns == 0, expected);
        if (!expected) assert_int_equal(wait_ns, one - tokens_ns[who]);
        admitted += expected;
    }
    assert_in_range(admitted, STEPS / 10, STEPS - STEPS / 100); /* both happened often */
    assert_int_equal(rate_limit_clients(limit), CLIENTS);
    rate_limit_destroy(limit);
}

/* Thousands of clients through a small table: the links hold, and nobody is refused wrongly. */
static void flood_of_clients_never_refuses_a_first_request(void **state)
{
    (void)state;
    const struct rate_limit_config config = { .per_s = 1, .burst = 1 };
    struct rate_limit *limit = create(&config, 64);
    for (uint64_t i = 0; i < 50000; i++) {
        assert_int_equal(rate_limit_admit(limit, (struct rate_key){ i * 31, i }, i), 0);
        assert_true(rate_limit_clients(limit) <= 64);
    }
    rate_limit_destroy(limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_of_the_header_holds),
        cmocka_unit_test(wait_that_is_told_is_exact),
        cmocka_unit_test(burst_of_zero_is_what_a_second_brings),
        cmocka_unit_test(each_client_has_its_own_bucket),
        cmocka_unit_test(refusals_cost_nothing_and_idling_earns_no_more_than_the_burst),
        cmocka_unit_test(rate_of_zero_admits_everything_and_keeps_nothing),
        cmocka_unit_test(setting_that_changes_holds_from_the_next_request),
        cmocka_unit_test(full_table_forgets_the_client_that_asked_longest_ago),
        cmocka_unit_test(random_walk_agrees_with_buckets_that_are_counted_plainly),
        cmocka_unit_test(flood_of_clients_never_refuses_a_first_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
