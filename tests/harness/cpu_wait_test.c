/* What is read of a hand-made /proc, what of it makes a run invalid, and what a real one says of a
 * process that others keep from running. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/cpu_wait.h"
#include "harness/stalls.h"
#include "scratch.h"

#define MS NS_PER_MS
#define LOOK (60 * MS)

static unsigned folders;

/* A process without threads. */
struct proc {
    char name[32];
    instant_ns now;
    struct cpu_wait wait;
};

static void set_text(const struct proc *proc, int tid, const char *text)
{
    char name[64];
    snprintf(name, sizeof name, "%s/%d", proc->name, tid);
    (void)mkdir(scratch_path(name), 0755); /* it may be there */
    snprintf(name, sizeof name, "%s/%d/schedstat", proc->name, tid);
    FILE *file = fopen(scratch_path(name), "w"); /* the same file, as a kernel's is */
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void set_waited(const struct proc *proc, int tid, uint64_t waited_ns)
{
    char text[64];
    snprintf(text, sizeof text, "987654321 %llu 55\n", (unsigned long long)waited_ns);
    set_text(proc, tid, text);
}

static void proc_open(struct proc *proc)
{
    *proc = (struct proc){ .now = NS_PER_S };
    snprintf(proc->name, sizeof proc->name, "task%u", folders++);
    assert_int_equal(mkdir(scratch_path(proc->name), 0755), 0);
}

static void begin(struct proc *proc)
{
    cpu_wait_begin(&proc->wait, scratch_path(proc->name), proc->now);
}

/* One that did not wait yet, and is observed from now on. */
static void open_one_thread(struct proc *proc)
{
    proc_open(proc);
    set_waited(proc, 7, 0);
    begin(proc);
}

static void look_after(struct proc *proc, uint64_t length_ns)
{
    proc->now += length_ns;
    cpu_wait_look(&proc->wait, proc->now);
}

static void assert_worst(const struct proc *proc, uint64_t worst_ns, instant_ns at)
{
    assert_true(proc->wait.known);
    assert_int_equal(proc->wait.worst_ns, worst_ns);
    assert_int_equal(proc->wait.worst_at, at);
}

static void what_was_waited_before_does_not_count(void **state)
{
    (void)state;
    struct proc proc;
    proc_open(&proc);
    set_waited(&proc, 7, 900 * MS);
    begin(&proc);
    look_after(&proc, LOOK);
    assert_worst(&proc, 0, INSTANT_NEVER);
    set_waited(&proc, 7, 912 * MS);
    look_after(&proc, LOOK);
    assert_worst(&proc, 12 * MS, proc.now);
    cpu_wait_end(&proc.wait);
    assert_int_equal(proc.wait.worst_ns, 12 * MS);
}

static void a_long_wait_is_counted_whole_when_it_is_over(void **state)
{
    (void)state;
    struct proc proc;
    open_one_thread(&proc);
    for (int i = 0; i < 5; i++) look_after(&proc, LOOK);
    set_waited(&proc, 7, 312 * MS);
    look_after(&proc, LOOK);
    instant_ns at = proc.now;
    for (int i = 0; i < 5; i++) look_after(&proc, LOOK);
    assert_worst(&proc, 312 * MS, at);
    cpu_wait_end(&proc.wait);
}

static void waits_close_together_are_one_bout(void **state)
{
    (void)state;
    struct proc proc;
    open_one_thread(&proc);
    set_waited(&proc, 7, 80 * MS);
    look_after(&proc, LOOK);
    set_waited(&proc, 7, 150 * MS);
    look_after(&proc, LOOK);
    assert_worst(&proc, 90 * MS, proc.now); /* 80 - 60 + 70 */
    assert_int_equal(proc.wait.latest_ns, 90 * MS);
    look_after(&proc, LOOK);
    assert_int_equal(proc.wait.latest_ns, 30 * MS);
    cpu_wait_end(&proc.wait);
}

static void waits_far_apart_are_not(void **state)
{
    (void)state;
    struct proc proc;
    open_one_thread(&proc);
    for (uint64_t i = 1; i <= 20; i++) {
        set_waited(&proc, 7, i * 40 * MS);
        look_after(&proc, LOOK);
        look_after(&proc, LOOK);
    }
    assert_int_equal(proc.wait.worst_ns, 40 * MS);
    cpu_wait_end(&proc.wait);
}

static void the_threads_of_a_process_wait_beside_one_another(void **state)
{
    (void)state;
    struct proc proc;
    proc_open(&proc);
    set_waited(&proc, 7, 0);
    set_waited(&proc, 8, 0);
    begin(&proc);
    set_waited(&proc, 7, 60 * MS);
    set_waited(&proc, 8, 50 * MS);
    look_after(&proc, LOOK);
    assert_worst(&proc, 60 * MS, proc.now);
    cpu_wait_end(&proc.wait);
}

static void a_thread_that_comes_later_is_found(void **state)
{
    (void)state;
    struct proc proc;
    open_one_thread(&proc);
    set_waited(&proc, 9, 400 * MS); /* before it was found: nobody knows when */
    for (int i = 0; i < 16; i++) look_after(&proc, LOOK);
    assert_int_equal(proc.wait.worst_ns, 0);
    set_waited(&proc, 9, 433 * MS);
    look_after(&proc, LOOK);
    assert_worst(&proc, 33 * MS, proc.now);
    cpu_wait_end(&proc.wait);
}

static void a_thread_that_has_ended_takes_nothing_with_it(void **state)
{
    (void)state;
    struct proc proc;
    proc_open(&proc);
    set_waited(&proc, 7, 0);
    set_waited(&proc, 8, 0);
    begin(&proc);
    assert_int_equal(proc.wait.count, 2);
    set_waited(&proc, 8, 20 * MS);
    look_after(&proc, LOOK);
    set_text(&proc, 8, ""); /* as the kernel reads to whoever still has it open */
    set_waited(&proc, 7, 25 * MS);
    look_after(&proc, LOOK);
    assert_worst(&proc, 25 * MS, proc.now);
    assert_int_equal(proc.wait.count, 1);
    cpu_wait_end(&proc.wait);
}

static void a_kernel_that_does_not_tell_is_no_calm_machine(void **state)
{
    (void)state;
    struct proc proc;
    proc_open(&proc);
    begin(&proc); /* no thread */
    look_after(&proc, LOOK);
    assert_false(proc.wait.known);
    cpu_wait_end(&proc.wait);
    set_text(&proc, 7, "no numbers\n");
    begin(&proc);
    assert_false(proc.wait.known);
    cpu_wait_end(&proc.wait);
    cpu_wait_begin(&proc.wait, "/proc/none/task", proc.now);
    look_after(&proc, LOOK);
    assert_false(proc.wait.known);
    cpu_wait_end(&proc.wait);
    cpu_wait_end(&proc.wait);
}

/* This very process: it has a schedstat wherever the harness's own runs are to be observed. */
static void this_kernel_tells_or_the_file_is_not_there(void **state)
{
    (void)state;
    struct cpu_wait wait;
    cpu_wait_begin(&wait, "/proc/self/task", NS_PER_S);
    assert_int_equal(wait.known, access("/proc/self/schedstat", R_OK) == 0);
    cpu_wait_end(&wait);
}

static struct run played(uint64_t generator_ns, uint64_t mock_ns, uint64_t service_ns)
{
    return (struct run){
        .world = WORLD_REAL,
        .complete = true,
        .generator_stall = { true, generator_ns, 21640 * MS },
        .mock_stall = { true, mock_ns, 21640 * MS },
        .service_stall = { true, service_ns, 21640 * MS },
    };
}

static void check_invalid(struct run run, const char *reason)
{
    stalls_judge(&run);
    assert_true(run.invalid);
    assert_true(run.lagged);
    assert_string_equal(run.invalid_reason, reason);
}

static void who_was_held_up_too_long_is_told(void **state)
{
    (void)state;
    check_invalid(played(0, 0, 312 * MS), "the runtime waited 312 ms for a CPU at 21.6 s; the "
                                          "machine is too busy, lower --jobs");
    check_invalid(played(0, 251 * MS, 0), "the mock waited 251 ms for a CPU at 21.6 s; the "
                                          "machine is too busy, lower --jobs");
    check_invalid(played(150 * MS, 0, 0), "the load generator stood still for 150 ms at 21.6 s; "
                                          "the machine is too busy, lower --jobs");
}

static void up_to_the_bound_a_run_stands(void **state)
{
    (void)state;
    struct run run = played(STALLS_MAX_NS, STALLS_MOCK_MAX_NS, STALLS_MAX_NS);
    stalls_judge(&run);
    assert_false(run.invalid);
    assert_false(run.lagged);
}

static void what_was_not_observed_blames_nobody(void **state)
{
    (void)state;
    struct run run = played(0, 0, 900 * MS);
    run.service_stall.known = false;
    stalls_judge(&run);
    assert_false(run.invalid);
}

/* Its reason is another, and one that no busy machine gives. */
static void a_run_that_is_invalid_already_stays_so(void **state)
{
    (void)state;
    struct run run = played(0, 0, 900 * MS);
    run_set_invalid(&run, "the mock was killed");
    stalls_judge(&run);
    assert_false(run.lagged);
    assert_string_equal(run.invalid_reason, "the mock was killed");
}

static void the_summary_names_the_worst_and_what_was_not_observed(void **state)
{
    (void)state;
    struct suite_scenario items[2] = { { .real.present = true }, { .real.present = true } };
    items[0].scenario.name = "first";
    items[1].scenario.name = "second";
    items[0].real.run = played(3 * MS, 12 * MS, 0);
    items[1].real.run = played(2 * MS, 40 * MS, 0);
    items[0].real.run.service_stall.known = false;
    items[1].real.run.service_stall.known = false;
    struct suite suite = { .scenarios = items, .count = 2 };
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    stalls_write(&suite, &out);
    assert_string_equal(buf_text(&out),
                        "held up by the machine at worst: the load generator 3 ms (first), the "
                        "mock 40 ms (second), the runtime: not observed");
    buf_clear(&out);
    items[0].real.present = items[1].real.present = false;
    stalls_write(&suite, &out);
    assert_int_equal(out.length, 0);
    buf_deinit(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_waited_before_does_not_count),
        cmocka_unit_test(a_long_wait_is_counted_whole_when_it_is_over),
        cmocka_unit_test(waits_close_together_are_one_bout),
        cmocka_unit_test(waits_far_apart_are_not),
        cmocka_unit_test(the_threads_of_a_process_wait_beside_one_another),
        cmocka_unit_test(a_thread_that_comes_later_is_found),
        cmocka_unit_test(a_thread_that_has_ended_takes_nothing_with_it),
        cmocka_unit_test(a_kernel_that_does_not_tell_is_no_calm_machine),
        cmocka_unit_test(this_kernel_tells_or_the_file_is_not_there),
        cmocka_unit_test(who_was_held_up_too_long_is_told),
        cmocka_unit_test(up_to_the_bound_a_run_stands),
        cmocka_unit_test(what_was_not_observed_blames_nobody),
        cmocka_unit_test(a_run_that_is_invalid_already_stays_so),
        cmocka_unit_test(the_summary_names_the_worst_and_what_was_not_observed),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
