#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

/* Three requests per cycle, one cycle per 2 s, beside a steady load. */
#define CYCLES(seconds, expect)                                                                    \
    "version: 1\nname: cycles\nteaches: Cycles.\nseed: 11\nduration: " seconds "\n"                \
    "runtime: { env: prod }\n"                                                                     \
    "workload:\n  - arrival: { constant: 5/s }\n    keys: { count: 5 }\n"                          \
    "  - name: top\n    arrival: { cycle: { top: 3, every: 2s, concurrency: 3 } }\n"               \
    "    keys: { count: 3 }\n"                                                                     \
    "upstream:\n  latency: 40ms\n"                                                                 \
    "expect:\n" expect

/* The n-th request of a cycle. */
static struct run_answer *find(struct stage *stage, uint32_t cycle, unsigned nth)
{
    for (size_t i = 0; i < stage->run.schedule->count; i++) {
        if (stage->run.answers[i].cycle == cycle && nth-- == 0) return &stage->run.answers[i];
    }
    fail_msg("no such cycle");
    return NULL;
}

static void make_up(struct stage *stage, const char *yaml)
{
    stage_open(stage, yaml, NULL);
    stage_make_up(stage);
    for (size_t i = 0; i < stage->run.schedule->count; i++) {
        struct run_answer *answer = &stage->run.answers[i];
        if (answer->cycle == RUN_NO_CYCLE) continue;
        answer->intended_ns = answer->sent_ns = answer->cycle * 2 * NS_PER_S;
        answer->done_ns = answer->intended_ns + NS_PER_S;
    }
}

static void a_cycle_lasts_from_when_it_was_due_until_its_last_answer(void **state)
{
    (void)state;
    struct stage stage;
    make_up(&stage, CYCLES("20s", "  - cycle: { max: 1s }\n"));
    stage_judge(&stage);
    stage_assert_passes(&stage, "cycle.max");
    assert_int_equal(10, stage_check(&stage, "cycle.max")->n); /* not the steady requests */
    struct run_answer *last = find(&stage, 4, 1);
    last->done_ns = last->intended_ns + NS_PER_S + 1;
    stage_judge(&stage);
    stage_assert_fails(&stage, "cycle.max",
                       "expected cycle max <= 1s; max was 1.000 s, 1 of 10 cycles were slower (r");
    assert_int_equal(last - stage.run.answers, stage_check(&stage, "cycle.max")->ids[0]);
    for (unsigned i = 0; i < 3; i++) { /* began late, because the one before took so long: */
        struct run_answer *answer = find(&stage, 4, i);
        answer->intended_ns += 1500 * NS_PER_MS; /* the wait counts */
        answer->done_ns = answer->intended_ns + NS_PER_MS;
    }
    stage_judge(&stage);
    stage_assert_fails(&stage, "cycle.max", "max was 1.501 s, 1 of 10 cycles");
    stage_close(&stage);
}

static void a_cycle_without_all_of_its_answers_never_ends(void **state)
{
    (void)state;
    struct stage stage;
    make_up(&stage, CYCLES("20s", "  - cycle: { max: 23h }\n"));
    find(&stage, 9, 2)->answered = false;
    stage_judge(&stage);
    stage_assert_fails(&stage, "cycle.max", "max was never (an answer is missing), 1 of 10");
    stage_close(&stage);
}

static void percentiles_of_cycles_are_judged_like_those_of_latencies(void **state)
{
    (void)state;
    struct stage stage;
    make_up(&stage, CYCLES("200s", "  - cycle: { p95: 1s, p99: 1s }\n"));
    stage_judge(&stage);
    stage_assert_passes(&stage, "cycle.p95"); /* 100 cycles; 90 are needed */
    const struct check *check = stage_check(&stage, "cycle.p99");
    assert_int_equal(CHECK_INCONCLUSIVE, check->status);
    assert_non_null(strstr(check->sentence, "359 more answers")); /* 459 for p99 */
    for (uint32_t i = 0; i < 20; i++) find(&stage, i * 5, 0)->done_ns += NS_PER_S;
    stage_judge(&stage);
    stage_assert_fails(&stage, "cycle.p95", "p95 was 2.000 s, 20 of 100 cycles were slower");
    stage_close(&stage);
}

/* As the simulation plays them, by name and in a window. */
static void simulated_cycles_are_judged(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, CYCLES("20s", "  - cycle: { max: 200ms, workload: top }\n"
                                     "  - cycle: { max: 10ms }\n"),
               NULL);
    stage_simulate(&stage);
    stage_judge(&stage);
    stage_assert_passes(&stage, "cycle.max of top");
    assert_int_equal(10, stage_check(&stage, "cycle.max of top")->n);
    stage_assert_fails(&stage, "cycle.max", "max was 0.04");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cycle_lasts_from_when_it_was_due_until_its_last_answer),
        cmocka_unit_test(a_cycle_without_all_of_its_answers_never_ends),
        cmocka_unit_test(percentiles_of_cycles_are_judged_like_those_of_latencies),
        cmocka_unit_test(simulated_cycles_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
