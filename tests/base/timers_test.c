#include "base/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static void deadlines_come_out_in_order_and_not_before_they_are_due(void **state)
{
    (void)state;
    struct timers timers;
    timers_init(&timers, 4);
    assert_true(timers_next(&timers) == INSTANT_NEVER);
    assert_int_equal(timers_pop(&timers, INSTANT_NEVER), TIMERS_NONE);
    timers_set(&timers, 0, 30);
    timers_set(&timers, 1, 10);
    timers_set(&timers, 2, 20);
    assert_int_equal(timers_next(&timers), 10);
    assert_int_equal(timers_pop(&timers, 9), TIMERS_NONE);
    assert_int_equal(timers_pop(&timers, 10), 1);
    assert_int_equal(timers_pop(&timers, 100), 2);
    assert_int_equal(timers_pop(&timers, 100), 0);
    assert_int_equal(timers_pop(&timers, 100), TIMERS_NONE);
    timers_deinit(&timers);
}

static void equal_deadlines_come_out_first_set_first(void **state)
{
    (void)state;
    struct timers timers;
    timers_init(&timers, 64);
    for (uint32_t i = 0; i < 64; i++) timers_set(&timers, (i * 37) % 64, 5);
    timers_set(&timers, 0, 5); /* set again: now it is the last */
    for (uint32_t i = 1; i < 64; i++) {
        assert_int_equal(timers_pop(&timers, 5), (i * 37) % 64);
    }
    assert_int_equal(timers_pop(&timers, 5), 0);
    timers_deinit(&timers);
}

static void never_clears_a_deadline(void **state)
{
    (void)state;
    struct timers timers;
    timers_init(&timers, 2);
    timers_set(&timers, 0, 5);
    timers_set(&timers, 0, INSTANT_NEVER);
    timers_clear(&timers, 1); /* clearing what is not set is normal */
    assert_int_equal(timers.count, 0);
    timers_deinit(&timers);
}

enum { WALK_IDS = 40, WALK_STEPS = 50000 };

/* The same thing without a heap. */
struct model {
    instant_ns deadline[WALK_IDS];
    uint64_t order[WALK_IDS];
    uint64_t sequence;
};

static uint32_t model_first(const struct model *model)
{
    uint32_t best = TIMERS_NONE;
    for (uint32_t i = 0; i < WALK_IDS; i++) {
        if (model->deadline[i] == INSTANT_NEVER) continue;
        if (best == TIMERS_NONE || model->deadline[i] < model->deadline[best] ||
            (model->deadline[i] == model->deadline[best] && model->order[i] < model->order[best])) {
            best = i;
        }
    }
    return best;
}

static void a_random_walk_agrees_with_a_plain_list(void **state)
{
    (void)state;
    struct timers timers;
    struct model model = { .sequence = 0 };
    struct rng rng;
    timers_init(&timers, WALK_IDS);
    rng_init(&rng, 8, "walk");
    for (uint32_t i = 0; i < WALK_IDS; i++) model.deadline[i] = INSTANT_NEVER;
    for (int step = 0; step < WALK_STEPS; step++) {
        uint32_t id = (uint32_t)rng_below(&rng, WALK_IDS);
        uint64_t choice = rng_below(&rng, 10);
        if (choice < 6) {
            instant_ns deadline = rng_below(&rng, 50); /* many ties */
            timers_set(&timers, id, deadline);
            model.deadline[id] = deadline;
            model.order[id] = model.sequence++;
        } else if (choice < 8) {
            timers_clear(&timers, id);
            model.deadline[id] = INSTANT_NEVER;
        } else {
            instant_ns now = rng_below(&rng, 50);
            uint32_t first = model_first(&model);
            if (first != TIMERS_NONE && model.deadline[first] > now) first = TIMERS_NONE;
            assert_int_equal(timers_pop(&timers, now), first);
            if (first != TIMERS_NONE) model.deadline[first] = INSTANT_NEVER;
        }
        uint32_t first = model_first(&model);
        instant_ns next = first == TIMERS_NONE ? INSTANT_NEVER : model.deadline[first];
        assert_true(timers_next(&timers) == next);
    }
    timers_deinit(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_come_out_in_order_and_not_before_they_are_due),
        cmocka_unit_test(equal_deadlines_come_out_first_set_first),
        cmocka_unit_test(never_clears_a_deadline),
        cmocka_unit_test(a_random_walk_agrees_with_a_plain_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
