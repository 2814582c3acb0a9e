/* What takes long, beside a loop that must not wait: its order, and that the loop goes on. */
#include "harness/aside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

enum { TASKS = 500 };

struct job {
    struct aside_task task;
    unsigned number;
    uv_thread_t worked_in;
    unsigned worked_as; /* how many were before it */
    unsigned over_as;
};

static unsigned worked; /* of the thread alone */
static unsigned over;   /* of the loop alone */
static struct aside aside;

static void work(void *context)
{
    struct job *job = context;
    job->worked_in = uv_thread_self();
    job->worked_as = worked++;
}

static void after(void *context)
{
    struct job *job = context;
    job->over_as = over++;
    if (over == TASKS) aside_close(&aside);
}

static void tasks_are_worked_on_in_one_other_thread_in_their_order(void **state)
{
    (void)state;
    static struct job jobs[TASKS];
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    aside_init(&aside, &loop, ASIDE_SOON);
    worked = 0;
    over = 0;
    for (unsigned i = 0; i < TASKS; i++) {
        jobs[i] = (struct job){ .task = { work, after, &jobs[i] }, .number = i };
        aside_add(&aside, &jobs[i].task);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_thread_t self = uv_thread_self();
    for (unsigned i = 0; i < TASKS; i++) {
        assert_int_equal(jobs[i].worked_as, i);
        assert_int_equal(jobs[i].over_as, i);
        assert_false(uv_thread_equal(&jobs[i].worked_in, &self));
        assert_true(uv_thread_equal(&jobs[i].worked_in, &jobs[0].worked_in));
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* A task that ends only when the loop has gone round. */
struct patient {
    struct aside_task task;
    atomic_uint rounds; /* of the loop */
    bool seen;          /* the task saw enough of them */
    uv_timer_t timer;
};

enum { ROUNDS = 20 };
#define PATIENCE_NS (30 * NS_PER_S)

static void wait_for_rounds(void *context)
{
    struct patient *patient = context;
    instant_ns until = instant_add(clock_now(), PATIENCE_NS);
    while (atomic_load(&patient->rounds) < ROUNDS && clock_now() < until) continue;
    patient->seen = atomic_load(&patient->rounds) >= ROUNDS;
}

static void on_round(uv_timer_t *timer)
{
    struct patient *patient = timer->data;
    atomic_fetch_add(&patient->rounds, 1);
}

static void on_waited(void *context)
{
    struct patient *patient = context;
    uv_close((uv_handle_t *)&patient->timer, NULL);
    aside_close(&aside);
}

static void the_loop_goes_round_while_a_task_lasts(void **state)
{
    (void)state;
    struct patient patient = { .seen = false };
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    aside_init(&aside, &loop, ASIDE_PATIENT);
    uv_timer_init(&loop, &patient.timer);
    patient.timer.data = &patient;
    uv_timer_start(&patient.timer, on_round, 0, 1);
    patient.task = (struct aside_task){ wait_for_rounds, on_waited, &patient };
    aside_add(&aside, &patient.task);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(patient.seen);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_are_worked_on_in_one_other_thread_in_their_order),
        cmocka_unit_test(the_loop_goes_round_while_a_task_lasts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
