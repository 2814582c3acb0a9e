#include "core/supervision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS NS_PER_MS
#define SEC NS_PER_S

static const struct supervision_config config = {
    .seed = 7,
    .backoff = { .base_ns = 100 * MS, .cap_ns = 800 * MS },
    .steady_ns = 10 * SEC,
    .early_ns = 1 * SEC,
    .early_max = 5,
};

/* A life that is ready at once and ends `life_ns` later; the wait before the next one. */
static uint64_t live(struct supervised *worker, instant_ns *now, uint64_t life_ns)
{
    *now = instant_until(worker->due, *now) + *now;
    supervised_start(worker);
    supervised_on_ready(worker, *now);
    *now += life_ns;
    assert_true(supervised_on_end(worker, &config, SUPERVISED_CRASHED, *now));
    return worker->due - *now;
}

static void worker_is_due_at_once_at_first(void **state)
{
    (void)state;
    struct supervised worker;
    supervised_init(&worker, 3);
    assert_false(worker.running);
    assert_int_equal(worker.due, 0);
}

static void waits_grow_with_full_jitter_while_it_keeps_ending(void **state)
{
    (void)state;
    static const uint64_t ceilings[] = { 100 * MS, 200 * MS, 400 * MS, 800 * MS, 800 * MS };
    uint64_t most[5] = { 0 };
    for (uint64_t key = 0; key < 200; key++) {
        struct supervised worker;
        instant_ns now = SEC;
        supervised_init(&worker, key);
        for (int i = 0; i < 5; i++) {
            uint64_t wait_ns = live(&worker, &now, 2 * SEC);
            assert_true(wait_ns < ceilings[i]);
            most[i] = u64_max(most[i], wait_ns);
        }
    }
    for (int i = 0; i < 5; i++) assert_true(most[i] > ceilings[i] * 9 / 10);
}

static void steady_life_forgets_the_ends_before_it(void **state)
{
    (void)state;
    for (uint64_t key = 0; key < 200; key++) {
        struct supervised worker;
        instant_ns now = SEC;
        supervised_init(&worker, key);
        for (int i = 0; i < 4; i++) live(&worker, &now, 2 * SEC);
        assert_true(live(&worker, &now, 10 * SEC) < 100 * MS);
    }
}

static bool end_before_ready(struct supervised *worker, instant_ns now)
{
    supervised_start(worker);
    return supervised_on_end(worker, &config, SUPERVISED_CRASHED, now);
}

static void five_early_ends_in_a_row_are_enough(void **state)
{
    (void)state;
    struct supervised worker;
    instant_ns now = SEC;
    supervised_init(&worker, 0);
    for (int i = 0; i < 3; i++) assert_true(end_before_ready(&worker, now));
    live(&worker, &now, 999 * MS);
    assert_false(end_before_ready(&worker, now));
}

static void life_of_a_second_ends_the_row(void **state)
{
    (void)state;
    struct supervised worker;
    instant_ns now = SEC;
    supervised_init(&worker, 0);
    for (int i = 0; i < 4; i++) assert_true(end_before_ready(&worker, now));
    live(&worker, &now, 1 * SEC);
    for (int i = 0; i < 4; i++) assert_true(end_before_ready(&worker, now));
    assert_false(end_before_ready(&worker, now));
}

static void refusal_at_first_start_is_final_and_a_later_one_is_not(void **state)
{
    (void)state;
    struct supervised worker;
    instant_ns now = SEC;
    supervised_init(&worker, 0);
    supervised_start(&worker);
    assert_false(supervised_on_end(&worker, &config, SUPERVISED_REFUSED, now));

    supervised_init(&worker, 0);
    live(&worker, &now, 60 * SEC);
    supervised_start(&worker);
    assert_true(supervised_on_end(&worker, &config, SUPERVISED_REFUSED, now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worker_is_due_at_once_at_first),
        cmocka_unit_test(waits_grow_with_full_jitter_while_it_keeps_ending),
        cmocka_unit_test(steady_life_forgets_the_ends_before_it),
        cmocka_unit_test(five_early_ends_in_a_row_are_enough),
        cmocka_unit_test(life_of_a_second_ends_the_row),
        cmocka_unit_test(refusal_at_first_start_is_final_and_a_later_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
