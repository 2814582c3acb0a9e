#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "scenario/pace.h"

struct stage {
    struct scenario scenario;
    struct schedule schedule;
    struct pace pace;
};

static void begin(struct stage *stage, const struct workload *workloads, size_t count)
{
    *stage = (struct stage){
        .scenario = { .workloads = workloads, .workload_count = count },
    };
    schedule_create(&stage->scenario, 1, &stage->schedule);
    pace_init(&stage->pace, &stage->scenario, &stage->schedule);
}

static void end(struct stage *stage)
{
    pace_deinit(&stage->pace);
    schedule_destroy(&stage->schedule);
}

/* The request that is sent next; fails unless that is at `at_ms`. */
static uint32_t take(struct stage *stage, uint64_t at_ms)
{
    assert_int_equal(pace_next(&stage->pace), at_ms * NS_PER_MS);
    return pace_take(&stage->pace);
}

static void done(struct stage *stage, uint32_t request, uint64_t at_ms)
{
    pace_done(&stage->pace, request, at_ms * NS_PER_MS);
}

static void a_client_asks_again_when_it_has_thought_about_its_answer(void **state)
{
    (void)state;
    struct stage stage;
    struct workload workload = { .arrival = ARRIVAL_CLOSED,
                                 .size = 2,
                                 .think_ns = 100 * NS_PER_MS,
                                 .to_ns = 300 * NS_PER_MS,
                                 .key_count = 1 };
    begin(&stage, &workload, 1);
    uint32_t first = take(&stage, 0);
    uint32_t other = take(&stage, 50); /* spread over a think time */
    assert_int_equal(first, 0);
    assert_int_equal(other, 4);
    assert_int_equal(pace_next(&stage.pace), INSTANT_NEVER); /* both wait for answers */
    done(&stage, other, 60);
    assert_int_equal(take(&stage, 160), 5);
    done(&stage, first, 170);
    done(&stage, 5, 200);
    assert_int_equal(pace_next(&stage.pace), 270 * NS_PER_MS); /* at 300 the window is over */
    assert_int_equal(pace_take(&stage.pace), 1);
    done(&stage, 1, 271);
    assert_int_equal(pace_next(&stage.pace), INSTANT_NEVER);
    end(&stage);
}

static const struct workload cycle = { .arrival = ARRIVAL_CYCLE,
                                       .size = 3,
                                       .concurrency = 2,
                                       .every_ns = 1000 * NS_PER_MS,
                                       .from_ns = 500 * NS_PER_MS,
                                       .to_ns = 2600 * NS_PER_MS,
                                       .key_count = 3 };

static void a_cycle_keeps_its_concurrency_and_waits_for_its_time(void **state)
{
    (void)state;
    struct stage stage;
    begin(&stage, &cycle, 1);
    assert_int_equal(take(&stage, 500), 0);
    assert_int_equal(take(&stage, 500), 1);
    assert_int_equal(pace_next(&stage.pace), INSTANT_NEVER);
    done(&stage, 1, 510);
    assert_int_equal(take(&stage, 510), 2);
    done(&stage, 0, 520);
    assert_int_equal(pace_next(&stage.pace), INSTANT_NEVER);
    done(&stage, 2, 530);
    assert_int_equal(take(&stage, 1500), 3);
    end(&stage);
}

/* The second cycle is due at 1500 and begins when the first ends; the third is on time again, and
 * the fourth would be due at 3500, behind the window. */
static void a_cycle_that_is_due_too_early_begins_when_the_one_before_ends(void **state)
{
    (void)state;
    struct stage stage;
    begin(&stage, &cycle, 1);
    take(&stage, 500);
    take(&stage, 500);
    done(&stage, 0, 900);
    take(&stage, 900);
    done(&stage, 1, 1700);
    assert_int_equal(pace_next(&stage.pace), INSTANT_NEVER);
    done(&stage, 2, 1800);
    assert_int_equal(take(&stage, 1800), 3);
    assert_int_equal(take(&stage, 1800), 4);
    done(&stage, 3, 1810);
    assert_int_equal(take(&stage, 1810), 5);
    done(&stage, 4, 1820);
    done(&stage, 5, 1830);
    assert_int_equal(take(&stage, 2500), 6);
    assert_int_equal(take(&stage, 2500), 7);
    done(&stage, 6, 2600);
    assert_int_equal(take(&stage, 2600), 8); /* one that has begun is played to its end */
    done(&stage, 7, 2700);
    done(&stage, 8, 2700);
    assert_int_equal(pace_next(&stage.pace), INSTANT_NEVER);
    end(&stage);
}

/* Many loops at once, answered in any order: nothing is sent twice, nothing before its time, every
 * open request and every cycle is sent, and no more are under way than the loops allow. */
static void a_random_walk_sends_each_request_once(void **state)
{
    (void)state;
    struct workload workloads[4] = {
        { .arrival = ARRIVAL_CLOSED,
          .size = 7,
          .think_ns = 3 * NS_PER_MS,
          .to_ns = 400 * NS_PER_MS,
          .key_count = 4 },
        cycle,
        { .arrival = ARRIVAL_POISSON,
          .rate_micro_per_s = 200000000,
          .to_ns = NS_PER_S,
          .key_count = 9 },
        { .arrival = ARRIVAL_CYCLE,
          .size = 40,
          .concurrency = 8,
          .every_ns = 20 * NS_PER_MS,
          .to_ns = 500 * NS_PER_MS,
          .key_count = 40 },
    };
    static bool sent[10000];
    static uint32_t busy[10000];
    struct rng rng;
    struct stage stage;
    rng_init(&rng, 5, "pace");
    begin(&stage, workloads, 4);
    assert_in_range(stage.schedule.count, 1000, 10000);
    memset(sent, 0, sizeof sent);
    uint32_t count = 0;
    uint32_t paced = 0;
    instant_ns now = 0;
    for (;;) {
        instant_ns next = pace_next(&stage.pace);
        if (next == INSTANT_NEVER && count == 0) break;
        if (next != INSTANT_NEVER && (count == 0 || rng_below(&rng, 2) == 0)) {
            if (next > now) now = next;
            uint32_t request = pace_take(&stage.pace);
            assert_false(sent[request]);
            assert_true(next >= stage.schedule.items[request].at_ns);
            sent[request] = true;
            busy[count++] = request;
            if (request >= stage.schedule.open_count) paced++;
            assert_in_range(paced, 0, 7 + 2 + 8);
        } else {
            uint32_t at = (uint32_t)rng_below(&rng, count);
            uint32_t request = busy[at];
            busy[at] = busy[--count];
            now += rng_below(&rng, NS_PER_MS);
            if (request >= stage.schedule.open_count) paced--;
            pace_done(&stage.pace, request, now);
        }
    }
    for (size_t i = 0; i < stage.schedule.count; i++) {
        bool closed = stage.schedule.items[i].workload == 0;
        assert_true(sent[i] || closed);
    }
    end(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_asks_again_when_it_has_thought_about_its_answer),
        cmocka_unit_test(a_cycle_keeps_its_concurrency_and_waits_for_its_time),
        cmocka_unit_test(a_cycle_that_is_due_too_early_begins_when_the_one_before_ends),
        cmocka_unit_test(a_random_walk_sends_each_request_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
