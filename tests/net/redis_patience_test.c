#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/instant.h"
#include "net/redis_patience.h"

#define LIMIT_NS (500 * NS_PER_MS)

static void the_headers_example_holds(void **state)
{
    (void)state;
    struct redis_patience patience;
    redis_patience_begin(&patience, LIMIT_NS);
    assert_int_equal(patience.wait_ms, 0);
    assert_int_equal(redis_patience_on_timer(&patience), REDIS_MOVE_TRY);
    redis_patience_try(&patience);
    assert_int_equal(patience.wait_ms, 500);
    assert_int_equal(redis_patience_count_failure(&patience), 1);
    redis_patience_fail(&patience, 70 * NS_PER_MS);
    assert_int_equal(patience.wait_ms, 70);
    assert_int_equal(redis_patience_on_timer(&patience), REDIS_MOVE_TRY);
    redis_patience_try(&patience);
    redis_patience_connect(&patience);
    assert_int_equal(redis_patience_on_timer(&patience), REDIS_MOVE_NONE);
    assert_int_equal(patience.wait_ms, 1);
    assert_int_equal(redis_patience_on_timer(&patience), REDIS_MOVE_GIVE_UP);
    assert_int_equal(redis_patience_count_failure(&patience), 2);
    redis_patience_fail(&patience, 130 * NS_PER_MS);
    assert_int_equal(patience.wait_ms, 130);
}

static void waits_are_rounded_up_to_whole_milliseconds(void **state)
{
    (void)state;
    struct redis_patience patience;
    redis_patience_begin(&patience, LIMIT_NS);
    redis_patience_fail(&patience, 1);
    assert_int_equal(patience.wait_ms, 1);
    redis_patience_fail(&patience, 2 * NS_PER_MS);
    assert_int_equal(patience.wait_ms, 2);
    redis_patience_fail(&patience, 2 * NS_PER_MS + 1);
    assert_int_equal(patience.wait_ms, 3);
}

static void a_greeting_forgives_failures_and_every_answer_renews_the_limit(void **state)
{
    (void)state;
    struct redis_patience patience;
    redis_patience_begin(&patience, LIMIT_NS);
    assert_int_equal(redis_patience_count_failure(&patience), 1);
    redis_patience_try(&patience);
    redis_patience_connect(&patience);
    redis_patience_greeted(&patience);
    assert_int_equal(patience.failures, 0);
    assert_true(patience.wait_ms == REDIS_WAIT_NONE);
    redis_patience_watch(&patience, 2);
    assert_int_equal(patience.wait_ms, 500);
    assert_int_equal(redis_patience_on_timer(&patience), REDIS_MOVE_NONE);
    redis_patience_watch(&patience, 1); /* an answer came at the last moment */
    assert_int_equal(patience.wait_ms, 500);
    assert_int_equal(redis_patience_on_timer(&patience), REDIS_MOVE_NONE);
    redis_patience_watch(&patience, 0);
    assert_true(patience.wait_ms == REDIS_WAIT_NONE);
}

static void commands_are_for_a_ready_server_with_room(void **state)
{
    (void)state;
    struct redis_patience patience;
    redis_patience_begin(&patience, LIMIT_NS);
    assert_false(redis_patience_admits(&patience, 0, 2));
    redis_patience_try(&patience);
    redis_patience_connect(&patience);
    assert_false(redis_patience_admits(&patience, 0, 2));
    redis_patience_greeted(&patience);
    assert_true(redis_patience_admits(&patience, 1, 2));
    assert_false(redis_patience_admits(&patience, 2, 2));
    redis_patience_fail(&patience, NS_PER_MS);
    assert_false(redis_patience_admits(&patience, 0, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headers_example_holds),
        cmocka_unit_test(waits_are_rounded_up_to_whole_milliseconds),
        cmocka_unit_test(a_greeting_forgives_failures_and_every_answer_renews_the_limit),
        cmocka_unit_test(commands_are_for_a_ready_server_with_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
