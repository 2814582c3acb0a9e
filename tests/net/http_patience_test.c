/* Virtual time: no socket, no clock. */
#include "net/http_patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct http_limits limits = {
    .head_ns = 10 * NS_PER_S,
    .body_ns = 10 * NS_PER_S,
    .send_ns = 7 * NS_PER_S,
    .idle_ns = 75 * NS_PER_S,
    .body_bytes_per_s_min = 1000,
};

static instant_ns end_of(const struct http_patience *patience)
{
    return http_patience_end(patience, &limits);
}

static void each_phase_ends_after_its_own_limit(void **state)
{
    (void)state;
    struct http_patience patience;
    instant_ns now = 100 * NS_PER_S;
    http_patience_enter(&patience, HTTP_PHASE_HEAD, now);
    assert_int_equal(end_of(&patience), 110 * NS_PER_S);
    http_patience_enter(&patience, HTTP_PHASE_SEND, now);
    assert_int_equal(end_of(&patience), 107 * NS_PER_S);
    http_patience_enter(&patience, HTTP_PHASE_IDLE, now);
    assert_int_equal(end_of(&patience), 175 * NS_PER_S);
    http_patience_enter(&patience, HTTP_PHASE_WORK, now);
    assert_true(end_of(&patience) == INSTANT_NEVER);
}

static void limits_of_zero_never_end(void **state)
{
    (void)state;
    static const struct http_limits none = { .body_bytes_per_s_min = 1000 };
    for (int phase = 0; phase < HTTP_PHASE_COUNT; phase++) {
        struct http_patience patience;
        http_patience_enter(&patience, (enum http_phase)phase, 5);
        assert_true(http_patience_end(&patience, &none) == INSTANT_NEVER);
    }
}

static void example_of_the_header_holds(void **state)
{
    (void)state;
    struct http_patience patience;
    http_patience_enter(&patience, HTTP_PHASE_BODY, 0);
    assert_int_equal(end_of(&patience), 10 * NS_PER_S);
    http_patience_progress(&patience, 5000, 4 * NS_PER_S);
    assert_int_equal(end_of(&patience), 14 * NS_PER_S);
    http_patience_progress(&patience, 500, 12 * NS_PER_S);
    assert_int_equal(end_of(&patience), 15 * NS_PER_S + 500 * NS_PER_MS);
}

/* One byte a second renews the progress for ever; the total does not let it. */
static void dribbled_body_ends(void **state)
{
    (void)state;
    struct http_patience patience;
    instant_ns now = 0;
    http_patience_enter(&patience, HTTP_PHASE_BODY, now);
    while (now < end_of(&patience) && now < 1000 * NS_PER_S) {
        now += NS_PER_S;
        http_patience_progress(&patience, 1, now);
    }
    assert_int_equal(now, 11 * NS_PER_S);
}

/* A body at the least rate, however long, is let through. */
static void steady_body_at_the_least_rate_does_not_end(void **state)
{
    (void)state;
    struct http_patience patience;
    instant_ns now = 0;
    http_patience_enter(&patience, HTTP_PHASE_BODY, now);
    for (int i = 0; i < 10000; i++) {
        now += NS_PER_S;
        assert_true(now < end_of(&patience));
        http_patience_progress(&patience, 1000, now);
    }
}

static void stalled_body_ends_though_it_was_fast_before(void **state)
{
    (void)state;
    struct http_patience patience;
    http_patience_enter(&patience, HTTP_PHASE_BODY, 0);
    http_patience_progress(&patience, UINT64_MAX, 3 * NS_PER_S);
    assert_int_equal(end_of(&patience), 13 * NS_PER_S);
}

static void next_body_on_the_connection_begins_with_nothing_earned(void **state)
{
    (void)state;
    struct http_patience patience;
    http_patience_enter(&patience, HTTP_PHASE_BODY, 0);
    http_patience_progress(&patience, 100000, NS_PER_S);
    http_patience_enter(&patience, HTTP_PHASE_BODY, 20 * NS_PER_S);
    http_patience_progress(&patience, 1, 25 * NS_PER_S);
    assert_int_equal(end_of(&patience), 30 * NS_PER_S + NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_phase_ends_after_its_own_limit),
        cmocka_unit_test(limits_of_zero_never_end),
        cmocka_unit_test(example_of_the_header_holds),
        cmocka_unit_test(dribbled_body_ends),
        cmocka_unit_test(steady_body_at_the_least_rate_does_not_end),
        cmocka_unit_test(stalled_body_ends_though_it_was_fast_before),
        cmocka_unit_test(next_body_on_the_connection_begins_with_nothing_earned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
