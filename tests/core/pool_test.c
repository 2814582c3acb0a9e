#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/pool.h"

enum { CALLS = 16 };

static void the_example_of_the_header(void **state)
{
    (void)state;
    const struct pool_config config = { .connections_max = 1, .queue_max = 1 };
    struct pool pool;
    pool_init(&pool, &config, CALLS);
    assert_int_equal(pool_ask(&pool, 7), POOL_GRANTED);
    assert_int_equal(pool_ask(&pool, 8), POOL_WAIT);
    assert_int_equal(pool_ask(&pool, 9), POOL_FULL);
    assert_int_equal(pool_grant(&pool), POOL_NOBODY);
    pool_release(&pool);
    assert_true(pool_can_grant(&pool));
    assert_int_equal(pool_grant(&pool), 8);
    assert_false(pool_can_grant(&pool));
    assert_int_equal(pool.in_use, 1);
    assert_int_equal(pool.waiting, 0);
    pool_deinit(&pool);
}

static void without_a_queue_nobody_waits(void **state)
{
    (void)state;
    const struct pool_config config = { .connections_max = 2, .queue_max = 0 };
    struct pool pool;
    pool_init(&pool, &config, CALLS);
    assert_int_equal(pool_ask(&pool, 0), POOL_GRANTED);
    assert_int_equal(pool_ask(&pool, 1), POOL_GRANTED);
    assert_int_equal(pool_ask(&pool, 2), POOL_FULL);
    pool_release(&pool);
    assert_int_equal(pool_ask(&pool, 2), POOL_GRANTED);
    pool_deinit(&pool);
}

static void a_newcomer_does_not_overtake_a_waiter(void **state)
{
    (void)state;
    const struct pool_config config = { .connections_max = 1, .queue_max = 4 };
    struct pool pool;
    pool_init(&pool, &config, CALLS);
    assert_int_equal(pool_ask(&pool, 0), POOL_GRANTED);
    assert_int_equal(pool_ask(&pool, 1), POOL_WAIT);
    pool_release(&pool);
    assert_int_equal(pool_ask(&pool, 2), POOL_WAIT);
    assert_int_equal(pool_grant(&pool), 1);
    pool_deinit(&pool);
}

static void a_waiter_may_leave_from_anywhere(void **state)
{
    (void)state;
    const struct pool_config config = { .connections_max = 1, .queue_max = 5 };
    for (uint32_t leaver = 1; leaver <= 5; leaver++) {
        struct pool pool;
        pool_init(&pool, &config, CALLS);
        assert_int_equal(pool_ask(&pool, 0), POOL_GRANTED);
        for (uint32_t i = 1; i <= 5; i++)
            assert_int_equal(pool_ask(&pool, i), POOL_WAIT);
        pool_leave(&pool, leaver);
        assert_int_equal(pool_ask(&pool, 6), POOL_WAIT);
        for (uint32_t i = 1; i <= 6; i++) {
            if (i == leaver) continue;
            pool_release(&pool);
            assert_int_equal(pool_grant(&pool), i);
        }
        pool_release(&pool);
        assert_int_equal(pool_grant(&pool), POOL_NOBODY);
        pool_deinit(&pool);
    }
}

/* Against the simplest model of a queue: an array. */
static void it_agrees_with_an_array_on_a_random_walk(void **state)
{
    (void)state;
    const struct pool_config config = { .connections_max = 3, .queue_max = 6 };
    struct pool pool;
    struct rng rng;
    rng_init(&rng, 1, "pool");
    pool_init(&pool, &config, CALLS);
    uint32_t queue[8];
    uint32_t length = 0;
    uint32_t in_use = 0;
    for (int step = 0; step < 20000; step++) {
        uint32_t pick = (uint32_t)rng_below(&rng, 4);
        uint32_t call = (uint32_t)rng_below(&rng, CALLS);
        if (pick == 0 && !pool.queued[call]) {
            enum pool_answer answer = pool_ask(&pool, call);
            bool free_place = length == 0 && in_use < 3;
            assert_int_equal(answer, free_place   ? POOL_GRANTED
                                     : length < 6 ? POOL_WAIT
                                                  : POOL_FULL);
            if (answer == POOL_GRANTED) in_use++;
            if (answer == POOL_WAIT) queue[length++] = call;
        } else if (pick == 1 && in_use > 0) {
            pool_release(&pool);
            in_use--;
        } else if (pick == 2) {
            uint32_t got = pool_grant(&pool);
            if (length == 0 || in_use == 3) {
                assert_int_equal(got, POOL_NOBODY);
            } else {
                assert_int_equal(got, queue[0]);
                for (uint32_t i = 1; i < length; i++)
                    queue[i - 1] = queue[i];
                length--;
                in_use++;
            }
        } else if (pick == 3 && length > 0) {
            uint32_t at = call % length;
            pool_leave(&pool, queue[at]);
            for (uint32_t i = at + 1; i < length; i++)
                queue[i - 1] = queue[i];
            length--;
        }
        assert_int_equal(pool.waiting, length);
        assert_int_equal(pool.in_use, in_use);
        assert_int_equal(pool_can_grant(&pool), length > 0 && in_use < 3);
    }
    pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_header),
        cmocka_unit_test(without_a_queue_nobody_waits),
        cmocka_unit_test(a_newcomer_does_not_overtake_a_waiter),
        cmocka_unit_test(a_waiter_may_leave_from_anywhere),
        cmocka_unit_test(it_agrees_with_an_array_on_a_random_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
