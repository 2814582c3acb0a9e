#include "net/alarm.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop_run.h"
#include "net/lifeline.h"

struct bell {
    uv_loop_t loop;
    struct alarm alarm;
    unsigned rung;
    instant_ns rung_at;
    unsigned again; /* sets itself this many times more, for now */
};

static void bell_ring(void *context)
{
    struct bell *bell = context;
    bell->rung++;
    bell->rung_at = clock_now();
    assert_true(bell->alarm.due == INSTANT_NEVER);
    if (bell->again == 0) return;
    bell->again--;
    alarm_set(&bell->alarm, bell->rung_at);
}

static void bell_open(struct bell *bell)
{
    *bell = (struct bell){ .rung = 0 };
    assert_int_equal(uv_loop_init(&bell->loop), 0);
    alarm_init(&bell->alarm, &bell->loop, bell_ring, bell);
}

static void bell_close(struct bell *bell)
{
    alarm_close(&bell->alarm);
    loop_finish(&bell->loop);
}

static bool bell_rang(void *context)
{
    struct bell *bell = context;
    return bell->rung > 0 && bell->again == 0 && bell->alarm.due == INSTANT_NEVER;
}

static void an_alarm_rings_once_and_never_early(void **state)
{
    (void)state;
    struct bell bell;
    bell_open(&bell);
    for (unsigned i = 1; i <= 50; i++) {
        bell.rung = 0;
        instant_ns due = instant_add(clock_now(), i * 37 * NS_PER_US);
        alarm_set(&bell.alarm, due);
        assert_true(loop_run_until(&bell.loop, bell_rang, &bell));
        assert_true(bell.rung_at >= due);
        for (int turn = 0; turn < 10; turn++)
            uv_run(&bell.loop, UV_RUN_NOWAIT);
        assert_int_equal(bell.rung, 1);
    }
    bell_close(&bell);
}

static void a_moment_that_is_over_rings_in_the_next_turn(void **state)
{
    (void)state;
    struct bell bell;
    bell_open(&bell);
    alarm_set(&bell.alarm, 0);
    assert_int_equal(bell.rung, 0);
    assert_true(loop_run_until(&bell.loop, bell_rang, &bell));
    bell_close(&bell);
}

static void an_alarm_may_be_set_while_it_rings(void **state)
{
    (void)state;
    struct bell bell;
    bell_open(&bell);
    bell.again = 5;
    alarm_set(&bell.alarm, clock_now());
    assert_true(loop_run_until(&bell.loop, bell_rang, &bell));
    assert_int_equal(bell.rung, 6);
    bell_close(&bell);
}

static bool clock_is_past(void *context)
{
    return clock_now() > *(instant_ns *)context;
}

static void an_alarm_that_is_stopped_or_moved_does_not_ring(void **state)
{
    (void)state;
    struct bell bell;
    bell_open(&bell);
    instant_ns due = instant_add(clock_now(), 2 * NS_PER_MS);
    instant_ns later = instant_add(due, 10 * NS_PER_MS);
    alarm_set(&bell.alarm, due);
    alarm_set(&bell.alarm, INSTANT_NEVER);
    assert_true(loop_run_until(&bell.loop, clock_is_past, &later));
    assert_int_equal(bell.rung, 0);
    alarm_set(&bell.alarm, clock_now());
    alarm_set(&bell.alarm, instant_add(clock_now(), 3600 * NS_PER_S));
    for (int turn = 0; turn < 100; turn++)
        uv_run(&bell.loop, UV_RUN_NOWAIT);
    assert_int_equal(bell.rung, 0);
    bell_close(&bell);
}

/* Nobody pays for deadlines that are met: the timerfd is left as it is until it rings. */
static void an_alarm_that_is_put_off_again_and_again_rings_at_the_last_moment(void **state)
{
    (void)state;
    struct bell bell;
    bell_open(&bell);
    instant_ns first = instant_add(clock_now(), 2 * NS_PER_MS);
    instant_ns due = first;
    alarm_set(&bell.alarm, due);
    for (int i = 0; i < 100; i++) {
        if (i % 7 == 3) alarm_set(&bell.alarm, INSTANT_NEVER);
        due = instant_add(due, 100 * NS_PER_US);
        alarm_set(&bell.alarm, due);
        assert_true(bell.alarm.set == first);
    }
    assert_true(loop_run_until(&bell.loop, bell_rang, &bell));
    assert_true(bell.rung_at >= due);
    assert_int_equal(bell.rung, 1);
    /* An earlier one is not waited for in vain. */
    alarm_set(&bell.alarm, instant_add(clock_now(), 3600 * NS_PER_S));
    due = instant_add(clock_now(), NS_PER_MS);
    alarm_set(&bell.alarm, due);
    bell.rung = 0;
    assert_true(loop_run_until(&bell.loop, bell_rang, &bell));
    assert_true(bell.rung_at >= due);
    bell_close(&bell);
}

/* A grandchild holds on to its parent; the pipe closes when the last of both has ended. */
static void a_child_ends_with_the_program_that_started_it(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        pid_t self = getpid();
        if (fork() == 0) {
            lifeline_hold(self);
            if (write(ends[1], "x", 1) != 1) _exit(2);
            for (;;)
                pause();
        }
        for (;;)
            pause();
    }
    close(ends[1]);
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 1); /* the grandchild holds */
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* the grandchild is gone as well */
    close(ends[0]);
}

static void a_child_whose_parent_is_already_gone_ends_at_once(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        lifeline_hold(getpid()); /* surely not its parent */
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alarm_rings_once_and_never_early),
        cmocka_unit_test(a_moment_that_is_over_rings_in_the_next_turn),
        cmocka_unit_test(an_alarm_may_be_set_while_it_rings),
        cmocka_unit_test(an_alarm_that_is_stopped_or_moved_does_not_ring),
        cmocka_unit_test(an_alarm_that_is_put_off_again_and_again_rings_at_the_last_moment),
        cmocka_unit_test(a_child_ends_with_the_program_that_started_it),
        cmocka_unit_test(a_child_whose_parent_is_already_gone_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
