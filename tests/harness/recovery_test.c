/* How long the way back may take, and the judge who measures it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "harness/recovery.h"
#include "judge_fixture.h"

#define CHECK "invariant.recovery"

static const char scenario[] = STAGE_SCENARIO(STAGE_EXPECT);

static uint64_t bound_ns(const char *setting, uint64_t (*bound)(const struct engine_config *))
{
    struct stage stage;
    stage_open(&stage, scenario, setting);
    uint64_t ns = bound(&stage.config.engine);
    stage_close(&stage);
    return ns;
}

/* TTL 2 s, cooldown 4 s +- 20 %, hold cap 30 s, negative TTL 10 s, deadline 1.8 s. */
static void the_bound_is_the_longest_gate_and_what_the_probes_need(void **state)
{
    (void)state;
    assert_int_equal(bound_ns(NULL, recovery_gates_ns), 30 * NS_PER_S);
    assert_int_equal(bound_ns(NULL, recovery_whole_ns), 35600 * NS_PER_MS);
    assert_int_equal(bound_ns("cache_ttl_s=3", recovery_whole_ns), 36600 * NS_PER_MS);
    assert_int_equal(bound_ns("cache_entries_max=0", recovery_whole_ns), 33600 * NS_PER_MS);
    assert_int_equal(bound_ns("request_deadline_s=2", recovery_whole_ns), 36000 * NS_PER_MS);
    assert_int_equal(bound_ns("negative_cache_ttl_s=31", recovery_gates_ns), 31 * NS_PER_S);
    uint64_t gates_ns = bound_ns("breaker_cooldown_s=30", recovery_gates_ns);
    assert_in_range(gates_ns, 36 * NS_PER_S, 36 * NS_PER_S + 1);
}

/* The outage ends at 16 s, and its Retry-After holds nobody, but might have for 30 s. */
static void a_run_that_ends_too_early_shows_no_recovery(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, scenario);
    stage_assert_passes(&stage, CHECK);
    assert_false(recovery_is_shown(&stage.run));
    stage_close(&stage);
}

/* The first answer of that kind to a request that came at `from_ns` or later. */
static struct run_answer *answer_from(struct stage *stage, uint64_t from_ns, enum served served)
{
    for (size_t i = 0; i < stage->schedule.count; i++) {
        struct run_answer *answer = &stage->run.answers[i];
        if (answer->sent_ns >= from_ns && answer->served == served) return answer;
    }
    fail_msg("nobody was answered so");
    return NULL;
}

/* With short gates: the outage ends at 16 s; the last probe fails at 12.7 s. */
static void set_up(struct stage *stage)
{
    stage_open(stage, scenario, "retry_after_hold_cap_s=0");
    stage->config.engine.negative_ttl_ns = 0;
    stage_simulate(stage);
    stage_judge(stage);
    stage_assert_passes(stage, CHECK);
    assert_true(stage_check(stage, CHECK)->n > 300);
    assert_true(recovery_is_shown(&stage->run));
}

static void answers_that_are_not_fresh_behind_the_last_gate_are_found(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_answer *answer = answer_from(&stage, 25 * NS_PER_S, SERVED_UPSTREAM);
    struct run_answer kept = *answer;
    answer->served = SERVED_STALE;
    answer->cause = CODE_CIRCUIT_OPEN;
    stage_judge(&stage);
    stage_assert_fails(&stage, CHECK, "the first was served as stale (CIRCUIT_OPEN) at 25.2");
    answer->cause = CODE_INPUT_INSUFFICIENT_HISTORY; /* says nothing about the upstream */
    stage_judge(&stage);
    stage_assert_passes(&stage, CHECK);
    answer->cause = CODE_RUNTIME_OVERLOADED; /* others ask at that time */
    stage_judge(&stage);
    stage_assert_passes(&stage, CHECK);
    answer->cause = CODE_NONE;
    answer->code = CODE_RUNTIME_OVERLOADED; /* refused by the inbound side: no cause, no path */
    answer->path_count = 0;
    stage_judge(&stage);
    stage_assert_passes(&stage, CHECK);
    *answer = kept;
    stage_judge(&stage);
    stage_assert_passes(&stage, CHECK);
    stage_close(&stage);
}

/* The same fallback is right while the gates are shut: a failure further on shuts them again. */
static void a_failure_begins_the_way_back_anew(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_answer *answer = answer_from(&stage, 25 * NS_PER_S, SERVED_UPSTREAM);
    answer->served = SERVED_STALE;
    answer->cause = CODE_CIRCUIT_OPEN;
    struct run_answer *failed = answer_from(&stage, 21 * NS_PER_S, SERVED_UPSTREAM);
    stage_attempt(&stage, failed, 0)->outcome = OUTCOME_HTTP_503;
    stage_judge(&stage);
    stage_assert_passes(&stage, CHECK);
    stage_attempt(&stage, failed, 0)->outcome = OUTCOME_ABANDONED; /* nobody's failure */
    stage_judge(&stage);
    stage_assert_fails(&stage, CHECK, "4.800 s are enough");
    stage_close(&stage);
}

static void before_any_failure_every_answer_is_fresh(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_answer *answer = answer_from(&stage, 4 * NS_PER_S, SERVED_CACHE);
    answer->served = SERVED_BASELINE;
    answer->cause = CODE_CIRCUIT_OPEN;
    stage_judge(&stage);
    stage_assert_fails(&stage, CHECK, "served as baseline (CIRCUIT_OPEN) at 4.0");
    stage_assert_fails(&stage, CHECK, "before any attempt had failed");
    stage_close(&stage);
}

/* A breaker may be half open when the gates are, but not once its probes have passed; and someone
 * has to ask. */
static void probes_excuse_only_while_they_run(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    uint64_t gates_ns = recovery_gates_ns(&stage.config.engine);
    uint64_t last_ns = 0;
    for (size_t i = 0; i < stage.run.attempt_count; i++) {
        const struct run_attempt *attempt = &stage.run.attempts[i];
        if (attempt->outcome == OUTCOME_OK) continue;
        last_ns = u64_max(last_ns, attempt->started_ns + attempt->latency_ns);
    }
    struct run_answer *answer =
        answer_from(&stage, last_ns + gates_ns + NS_PER_MS, SERVED_UPSTREAM);
    answer->served = SERVED_STALE;
    answer->cause = CODE_CIRCUIT_OPEN;
    stage_judge(&stage);
    stage_assert_passes(&stage, CHECK); /* its own attempt stands for the probe */
    for (size_t i = 0; i < stage.run.attempt_count; i++) {
        struct run_attempt *attempt = &stage.run.attempts[i];
        if (attempt->started_ns + attempt->latency_ns >= answer->sent_ns) attempt->started_ns = 0;
        if (attempt->started_ns == 0) attempt->latency_ns = 1;
    }
    stage_judge(&stage);
    stage_assert_fails(&stage, CHECK, "served as stale (CIRCUIT_OPEN)"); /* nobody asks */
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound_is_the_longest_gate_and_what_the_probes_need),
        cmocka_unit_test(a_run_that_ends_too_early_shows_no_recovery),
        cmocka_unit_test(answers_that_are_not_fresh_behind_the_last_gate_are_found),
        cmocka_unit_test(a_failure_begins_the_way_back_anew),
        cmocka_unit_test(before_any_failure_every_answer_is_fresh),
        cmocka_unit_test(probes_excuse_only_while_they_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
