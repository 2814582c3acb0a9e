#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/instant.h"
#include "core/backoff.h"
#include "core/l2_reconnect.h"

static const struct backoff_config guide = { .base_ns = 100 * NS_PER_MS,
                                             .cap_ns = 800 * NS_PER_MS };

static void ceilings_double_up_to_the_cap(void **state)
{
    (void)state;
    const uint64_t want_ms[] = { 100, 200, 400, 800, 800, 800 };
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(backoff_ceiling_ns(&guide, i), want_ms[i] * NS_PER_MS);
    }
}

static void ceilings_never_overflow(void **state)
{
    (void)state;
    const struct backoff_config huge = { .base_ns = 3, .cap_ns = UINT64_MAX };
    assert_int_equal(backoff_ceiling_ns(&huge, 62), UINT64_C(3) << 62);
    assert_int_equal(backoff_ceiling_ns(&huge, 63), UINT64_MAX);
    assert_int_equal(backoff_ceiling_ns(&huge, 64), UINT64_MAX);
    assert_int_equal(backoff_ceiling_ns(&huge, 4000000000u), UINT64_MAX);
    assert_int_equal(backoff_ceiling_ns(&guide, 64), guide.cap_ns);
}

static void a_cap_between_two_powers_is_met_exactly(void **state)
{
    (void)state;
    const struct backoff_config dev = { .base_ns = 100, .cap_ns = 500 };
    assert_int_equal(backoff_ceiling_ns(&dev, 2), 400);
    assert_int_equal(backoff_ceiling_ns(&dev, 3), 500);
    assert_int_equal(backoff_ceiling_ns(&dev, 4), 500);
}

static void a_base_of_zero_never_waits(void **state)
{
    (void)state;
    const struct backoff_config none = { .base_ns = 0, .cap_ns = 800 };
    assert_int_equal(backoff_ceiling_ns(&none, 0), 0);
    assert_int_equal(backoff_ceiling_ns(&none, 70), 0);
    assert_int_equal(backoff_draw_ns(&none, 1, 2, 3), 0);
}

static void a_draw_depends_on_seed_request_and_retry_only(void **state)
{
    (void)state;
    uint64_t wait_ns = backoff_draw_ns(&guide, 42, 7, 1);
    assert_int_equal(backoff_draw_ns(&guide, 42, 7, 1), wait_ns);
    assert_int_not_equal(backoff_draw_ns(&guide, 43, 7, 1), wait_ns);
    assert_int_not_equal(backoff_draw_ns(&guide, 42, 8, 1), wait_ns);
    assert_int_not_equal(backoff_draw_ns(&guide, 42, 7, 2), wait_ns);
    /* Also where the ceiling is the same. */
    assert_int_not_equal(backoff_draw_ns(&guide, 42, 7, 3), backoff_draw_ns(&guide, 42, 7, 4));
}

/* 16 equal parts of [0, ceiling): a fair draw leaves each within six standard deviations. */
static void draws_fill_the_whole_range_evenly(void **state)
{
    (void)state;
    enum { PARTS = 16, DRAWS = 16000 };
    for (unsigned retry = 0; retry < 4; retry++) {
        uint64_t ceiling_ns = backoff_ceiling_ns(&guide, retry);
        int counts[PARTS] = { 0 };
        for (uint64_t key = 0; key < DRAWS; key++) {
            uint64_t wait_ns = backoff_draw_ns(&guide, 1, key, retry);
            assert_true(wait_ns < ceiling_ns);
            counts[wait_ns * PARTS / ceiling_ns]++;
        }
        for (int i = 0; i < PARTS; i++)
            assert_in_range(counts[i], 1000 - 184, 1000 + 184);
    }
}

/* 100, 200, 400, 800, 800: never under half of it, never all of it, and spread between. */
static void a_reconnect_waits_at_least_half_the_ceiling_and_clients_differ(void **state)
{
    (void)state;
    const uint64_t ceilings_ms[] = { 100, 200, 400, 800, 800 };
    for (uint32_t failures = 1; failures <= 5; failures++) {
        uint64_t ceiling_ns = ceilings_ms[failures - 1] * NS_PER_MS;
        uint64_t least_ns = UINT64_MAX;
        uint64_t most_ns = 0;
        for (uint64_t subject = 0; subject < 1000; subject++) {
            uint64_t wait_ns = backoff_reconnect_ns(&guide, 1, subject, failures);
            if (wait_ns < least_ns) least_ns = wait_ns;
            if (wait_ns > most_ns) most_ns = wait_ns;
        }
        assert_in_range(least_ns, ceiling_ns / 2, ceiling_ns * 51 / 100);
        assert_in_range(most_ns, ceiling_ns * 99 / 100, ceiling_ns - 1);
    }
    assert_in_range(backoff_reconnect_ns(&guide, 1, 7, UINT32_MAX), guide.cap_ns / 2,
                    guide.cap_ns - 1);
    const struct backoff_config none = { .base_ns = 0, .cap_ns = 800 };
    assert_int_equal(backoff_reconnect_ns(&none, 1, 2, 3), 0);
    const struct backoff_config two = { .base_ns = 2, .cap_ns = 2 }; /* [1, 2) */
    assert_int_equal(backoff_reconnect_ns(&two, 1, 2, 3), 1);
}

static void the_second_levels_waits_double_up_to_five_seconds_and_processes_differ(void **state)
{
    (void)state;
    const uint64_t ceilings_ms[] = { 100, 200, 400, 800, 1600, 3200, 5000, 5000 };
    const struct backoff_config same = { .base_ns = 100 * NS_PER_MS, .cap_ns = 5 * NS_PER_S };
    for (uint32_t failures = 1; failures <= 8; failures++) {
        uint64_t ceiling_ns = ceilings_ms[failures - 1] * NS_PER_MS;
        uint64_t one_ns = l2_reconnect_ns(1, failures);
        assert_in_range(one_ns, ceiling_ns / 2, ceiling_ns - 1);
        assert_int_equal(one_ns, backoff_reconnect_ns(&same, 1, 0, failures));
        assert_int_not_equal(l2_reconnect_ns(2, failures), one_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ceilings_double_up_to_the_cap),
        cmocka_unit_test(ceilings_never_overflow),
        cmocka_unit_test(a_cap_between_two_powers_is_met_exactly),
        cmocka_unit_test(a_base_of_zero_never_waits),
        cmocka_unit_test(a_draw_depends_on_seed_request_and_retry_only),
        cmocka_unit_test(draws_fill_the_whole_range_evenly),
        cmocka_unit_test(a_reconnect_waits_at_least_half_the_ceiling_and_clients_differ),
        cmocka_unit_test(
            the_second_levels_waits_double_up_to_five_seconds_and_processes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
