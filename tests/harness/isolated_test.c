#include "harness/isolated.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static int answer(void *context)
{
    *(int *)context = 7;
    return 42;
}

static int abort_at_once(void *context)
{
    (void)context;
    abort();
}

static int never_end(void *context)
{
    (void)context;
    alarm(1);
    while (pause() != 0) {}
    return 0;
}

static void work_that_returns_gives_its_code_and_changes_only_what_is_shared(void **state)
{
    (void)state;
    int own = 1;
    int *shared = isolated_share(sizeof *shared);
    assert_int_equal(*shared, 0);
    struct isolated_end end = isolated_run(answer, &own, false);
    assert_false(end.by_signal);
    assert_int_equal(end.code, 42);
    assert_int_equal(own, 1);
    end = isolated_run(answer, shared, false);
    assert_int_equal(*shared, 7);
    isolated_unshare(shared, sizeof *shared);
}

static void work_that_fails_an_assert_is_told_by_its_signal(void **state)
{
    (void)state;
    struct isolated_end end = isolated_run(abort_at_once, NULL, true);
    assert_true(end.by_signal);
    assert_int_equal(end.signal, SIGABRT);
}

static void work_without_an_end_is_told_by_its_alarm(void **state)
{
    (void)state;
    struct isolated_end end = isolated_run(never_end, NULL, true);
    assert_true(end.by_signal);
    assert_int_equal(end.signal, SIGALRM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_that_returns_gives_its_code_and_changes_only_what_is_shared),
        cmocka_unit_test(work_that_fails_an_assert_is_told_by_its_signal),
        cmocka_unit_test(work_without_an_end_is_told_by_its_alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
