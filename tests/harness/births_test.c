#include "harness/births.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

#include "base/rng.h"
#include "judge_fixture.h"

static bool is_upstream(const struct run *run, const struct run_answer *answer)
{
    (void)run;
    return answer->served == SERVED_UPSTREAM;
}

/* As many, and each of them, as a look at every answer finds. */
static void check_window(const struct births *births, const struct run *run, uint32_t key,
                         uint64_t from_ns, uint64_t to_ns)
{
    const struct births_span span = births_between(births, run, 0, key, from_ns, to_ns);
    size_t wanted = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        bool inside = answer->intended_ns >= from_ns && answer->intended_ns <= to_ns;
        if (run->schedule->items[i].key != key || !inside) continue;
        wanted += is_upstream(run, answer);
    }
    assert_int_equal(span.count, wanted);
    for (size_t i = 0; i < span.count; i++) {
        const struct run_answer *answer = &run->answers[span.answers[i]];
        assert_int_equal(run->schedule->items[span.answers[i]].key, key);
        assert_true(is_upstream(run, answer));
        assert_in_range(answer->intended_ns, from_ns, to_ns);
        if (i == 0) continue;
        assert_true(run->answers[span.answers[i - 1]].intended_ns <= answer->intended_ns);
    }
}

/* Also when answers are not intended in the order of their numbers. */
static void a_window_holds_what_a_look_at_all_of_them_finds(void **state)
{
    (void)state;
    struct stage stage;
    struct births births;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - order: guide\n"));
    const uint32_t keys = stage.scenario.workloads[0].key_count;
    for (uint64_t i = 0; i < stage.schedule.count; i += 7)
        stage.run.answers[i].intended_ns = draw_below(draw(1, 2, i, 0), 30 * NS_PER_S);
    births_init(&births, &stage.run, is_upstream);
    for (uint64_t i = 0; i < 2000; i++) {
        uint32_t key = (uint32_t)draw_below(draw(1, 3, i, 0), keys);
        uint64_t from_ns = draw_below(draw(1, 4, i, 0), 31 * NS_PER_S);
        uint64_t length_ns = draw_below(draw(1, 5, i, 0), 10 * NS_PER_S);
        check_window(&births, &stage.run, key, from_ns, from_ns + length_ns);
    }
    for (uint32_t i = 0; i < stage.schedule.count; i++) { /* both edges belong to it */
        uint64_t at_ns = stage.run.answers[i].intended_ns;
        check_window(&births, &stage.run, stage.schedule.items[i].key, at_ns, at_ns);
    }
    check_window(&births, &stage.run, 0, 0, UINT64_MAX);
    births_deinit(&births);
    stage_close(&stage);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_holds_what_a_look_at_all_of_them_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
