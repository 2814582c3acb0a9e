/* Where a run ends, in both worlds: a service that waits to be stopped has its timers tick on. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "harness/join.h"
#include "judge_fixture.h"
#include "scratch.h"

/* The outage's scenario takes 30 s. */
#define OPENED_NS (16 * NS_PER_S)
#define END_NS (30 * NS_PER_S)

static const char states[] = STAGE_SCENARIO("  - breaker: [closed, open]\n"
                                            "  - breaker: { states: [open], after: outage }\n");

/* The trace of a breaker that opens, and is half open from `at_ns` on. */
static void write_trace(instant_ns at_ns)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_puts(&text, "{\"trace\":1}\n");
    buf_printf(&text,
               "{\"t\":%llu,\"do\":\"breaker\",\"from\":\"closed\",\"to\":\"open\","
               "\"rule\":\"count\",\"failures\":12,\"volume\":20,\"cooldown_ns\":14000000000,"
               "\"generation\":1}\n",
               (unsigned long long)(OPENED_NS - 1));
    buf_printf(&text,
               "{\"t\":%llu,\"do\":\"breaker\",\"from\":\"open\",\"to\":\"half_open\","
               "\"rule\":\"cooldown_over\",\"generation\":2}\n",
               (unsigned long long)at_ns);
    buf_puts(&text, "{\"end\":true,\"lines\":2}\n");
    scratch_write("trace.jsonl", buf_text(&text));
    scratch_write("ledger.jsonl", "{\"end\":true,\"lines\":0}\n");
    buf_deinit(&text);
}

/* A run over sockets whose last answer came at `last_ns`. */
static void join(struct stage *stage, instant_ns last_ns, instant_ns half_open_ns)
{
    struct run_answer *last;
    stage_open(stage, states, NULL);
    stage_make_up(stage);
    stage->run.world = WORLD_REAL;
    stage->run.delivery_count = 0;
    last = &stage->run.answers[stage->schedule.count - 1];
    last->done_ns = last_ns;
    write_trace(half_open_ns);
    join_run(&stage->run, scratch_path("."), 0);
    if (stage->run.invalid) fail_msg("%s", stage->run.invalid_reason);
    stage_judge(stage);
}

static void a_breaker_that_moves_behind_the_end_is_not_the_runs(void **state)
{
    (void)state;
    struct stage stage;
    join(&stage, END_NS - NS_PER_S, END_NS + 1);
    assert_int_equal(1, stage.run.transition_count);
    stage_assert_passes(&stage, "breaker");
    stage_assert_passes(&stage, "breaker after outage");
    stage_close(&stage);
}

static void what_moves_at_the_end_is(void **state)
{
    (void)state;
    struct stage stage;
    join(&stage, END_NS - NS_PER_S, END_NS);
    stage_assert_fails(&stage, "breaker", "half_open (30.000 s, cooldown_over)");
    stage_assert_fails(&stage, "breaker after outage", "half_open (30.000 s, cooldown_over)");
    stage_close(&stage);
}

/* Requests are sent until the scenario is over, and answered later. */
static void a_run_ends_with_its_last_answer_when_that_is_later(void **state)
{
    (void)state;
    struct stage stage;
    join(&stage, END_NS + NS_PER_S, END_NS + NS_PER_S);
    stage_assert_fails(&stage, "breaker", "half_open (31.000 s, cooldown_over)");
    stage_close(&stage);
    join(&stage, END_NS + NS_PER_S, END_NS + NS_PER_S + 1);
    stage_assert_passes(&stage, "breaker");
    stage_close(&stage);
}

/* A client that hung up last may have left an attempt behind. */
static void a_run_ends_with_its_last_attempt_when_that_is_later(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, states, NULL);
    stage_make_up(&stage);
    stage.run.attempts[stage.run.attempt_count - 1].latency_ns = 5 * NS_PER_S;
    const struct run_attempt *last = &stage.run.attempts[stage.run.attempt_count - 1];
    instant_ns end_ns = last->started_ns + last->latency_ns;
    *run_add_transition(&stage.run) =
        (struct breaker_transition){ .at = end_ns, .to = BREAKER_OPEN };
    *run_add_transition(&stage.run) =
        (struct breaker_transition){ .at = end_ns + 1, .to = BREAKER_HALF_OPEN };
    run_close(&stage.run);
    assert_int_equal(1, stage.run.transition_count);
    stage_close(&stage);
}

/* It waits for nobody to stop it, so there is nothing to leave out. */
static void a_simulation_is_whole(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, states);
    assert_int_equal(5, stage.run.transition_count);
    run_close(&stage.run);
    assert_int_equal(5, stage.run.transition_count);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_breaker_that_moves_behind_the_end_is_not_the_runs),
        cmocka_unit_test(what_moves_at_the_end_is),
        cmocka_unit_test(a_run_ends_with_its_last_answer_when_that_is_later),
        cmocka_unit_test(a_run_ends_with_its_last_attempt_when_that_is_later),
        cmocka_unit_test(a_simulation_is_whole),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
