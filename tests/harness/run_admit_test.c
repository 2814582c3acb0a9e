#include "harness/run_admit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum run_next admit(struct run_floor floor)
{
    return run_admit(&floor);
}

static void as_many_play_at_once_as_there_are_jobs(void **state)
{
    (void)state;
    assert_int_equal(admit((struct run_floor){ .jobs = 8, .playing = 7, .fresh = 1 }),
                     RUN_NEXT_FRESH);
    assert_int_equal(admit((struct run_floor){ .jobs = 8, .playing = 8, .fresh = 1 }),
                     RUN_NEXT_NONE);
    assert_int_equal(admit((struct run_floor){ .jobs = 8, .playing = 1 }), RUN_NEXT_NONE);
}

static void none_begins_while_the_generator_lags_or_programs_start(void **state)
{
    (void)state;
    struct run_floor floor = { .jobs = 8, .playing = 5, .starting = RUN_STARTING_MAX - 1,
                               .fresh = 1 };
    assert_int_equal(run_admit(&floor), RUN_NEXT_FRESH);
    floor.starting++;
    assert_int_equal(run_admit(&floor), RUN_NEXT_NONE);
    floor.starting = 0;
    floor.late = true;
    assert_int_equal(run_admit(&floor), RUN_NEXT_NONE);
}

static void one_always_plays_however_late_it_is(void **state)
{
    (void)state;
    assert_int_equal(admit((struct run_floor){ .jobs = 8, .late = true, .fresh = 1 }),
                     RUN_NEXT_FRESH);
    assert_int_equal(admit((struct run_floor){ .jobs = 8, .late = true, .again = 1 }),
                     RUN_NEXT_AGAIN);
    assert_int_equal(admit((struct run_floor){ .jobs = 8, .late = true, .alone = 1 }),
                     RUN_NEXT_ALONE);
}

static void what_is_played_again_waits_for_the_others_and_has_few_beside(void **state)
{
    (void)state;
    struct run_floor floor = { .jobs = 8, .playing = RUN_AGAIN_MAX - 1, .fresh = 1, .again = 2,
                               .alone = 1 };
    assert_int_equal(run_admit(&floor), RUN_NEXT_FRESH);
    floor.fresh = 0;
    assert_int_equal(run_admit(&floor), RUN_NEXT_AGAIN);
    floor.playing++;
    assert_int_equal(run_admit(&floor), RUN_NEXT_NONE);
    floor.playing = 1;
    floor.jobs = 1;
    assert_int_equal(run_admit(&floor), RUN_NEXT_NONE);
}

static void the_last_try_plays_when_nothing_else_does(void **state)
{
    (void)state;
    struct run_floor floor = { .jobs = 8, .playing = 1, .alone = 2 };
    assert_int_equal(run_admit(&floor), RUN_NEXT_NONE);
    floor.playing = 0;
    assert_int_equal(run_admit(&floor), RUN_NEXT_ALONE);
}

static void late_is_more_than_one_in_a_hundred_of_what_was_sent_since(void **state)
{
    (void)state;
    struct load_pulse before = { .sent = 1000, .late = 500 };
    assert_false(run_is_late(before, before));
    assert_false(run_is_late(before, (struct load_pulse){ .sent = 1200, .late = 502 }));
    assert_true(run_is_late(before, (struct load_pulse){ .sent = 1200, .late = 503 }));
    before.stalls = 3;
    assert_false(run_is_late(before, before));
    assert_true(run_is_late(before, (struct load_pulse){ .sent = 1000, .late = 500, .stalls = 4 }));
}

static void the_default_grows_with_the_cores_up_to_a_bound(void **state)
{
    (void)state;
    assert_int_equal(run_jobs_default(1), RUN_JOBS_PER_CORE);
    assert_int_equal(run_jobs_default(2), 2 * RUN_JOBS_PER_CORE);
    assert_int_equal(run_jobs_default(128), RUN_JOBS_MAX);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_play_at_once_as_there_are_jobs),
        cmocka_unit_test(none_begins_while_the_generator_lags_or_programs_start),
        cmocka_unit_test(one_always_plays_however_late_it_is),
        cmocka_unit_test(what_is_played_again_waits_for_the_others_and_has_few_beside),
        cmocka_unit_test(the_last_try_plays_when_nothing_else_does),
        cmocka_unit_test(late_is_more_than_one_in_a_hundred_of_what_was_sent_since),
        cmocka_unit_test(the_default_grows_with_the_cores_up_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
