#include "harness/sweep_confirm.h"
#include "harness/sweep_rank.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "harness/sweep_stats.h"

static const struct sweep_spec all_count = { .weights = { 1, 1, 1, 1 } };

static struct sweep_ranked item(size_t index, double fresh, double calls, size_t infeasible)
{
    struct sweep_ranked item = { .index = index };
    item.score.blocks = 4;
    item.score.infeasible = infeasible;
    item.score.value[SWEEP_FRESH] = fresh;
    item.score.value[SWEEP_CALLS] = calls;
    for (enum sweep_objective i = SWEEP_FRESH; i < SWEEP_OBJECTIVES; i++) {
        item.score.loss += sweep_points(&all_count, i, item.score.value[i]);
    }
    return item;
}

static void the_loss_is_points_as_the_header_says(void **state)
{
    (void)state;
    double loss = sweep_points(&all_count, SWEEP_FRESH, 0.97) +
                  sweep_points(&all_count, SWEEP_SLOW, 0.01) +
                  sweep_points(&all_count, SWEEP_CALLS, 0.42) +
                  sweep_points(&all_count, SWEEP_RECOVERY, 3.1);
    assert_true(fabs(loss - 11.3) < 1e-9);
}

static void feasible_ones_come_first_then_fronts_then_loss(void **state)
{
    (void)state;
    struct sweep_ranked items[] = {
        item(0, 0.99, 0.10, 1), /* best of all, but it fails once */
        item(1, 0.90, 0.50, 0), /* beaten by 2 and 3 */
        item(2, 0.95, 0.50, 0),
        item(3, 0.90, 0.40, 0),
        item(4, 0.80, 0.50, 0), /* beaten by 1 too */
        item(5, 0.99, 0.10, 3),
    };
    sweep_rank(&all_count, items, 6);
    static const size_t order[] = { 2, 3, 1, 4, 0, 5 };
    static const uint32_t fronts[] = { 1, 1, 2, 3, 0, 0 };
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(order[i], items[i].index);
        assert_int_equal(fronts[i], items[i].front);
    }
}

static void what_has_no_weight_beats_nobody(void **state)
{
    (void)state;
    struct sweep_spec spec = { .weights = { 1, 0, 0, 0 } };
    struct sweep_ranked a = item(0, 0.95, 0.9, 0);
    struct sweep_ranked b = item(1, 0.95, 0.1, 0);
    assert_false(sweep_dominates(&spec, &b.score, &a.score));
    assert_true(sweep_dominates(&all_count, &b.score, &a.score));
    assert_false(sweep_dominates(&all_count, &a.score, &b.score));
    assert_false(sweep_dominates(&all_count, &a.score, &a.score));
}

static void an_interval_is_students(void **state)
{
    (void)state;
    static const double differences[] = { 1, 2, 3 };
    struct sweep_interval interval = sweep_interval_of(differences, 3);
    assert_true(fabs(interval.mean - 2) < 1e-12);
    assert_true(fabs(interval.high - 2 - 4.303 / sqrt(3)) < 1e-9);
    assert_true(fabs(interval.mean - interval.low - (interval.high - interval.mean)) < 1e-12);
    interval = sweep_interval_of(differences, 1);
    assert_true(interval.low == 1 && interval.high == 1);
    assert_int_equal(0, sweep_interval_of(NULL, 0).n);
}

/* Of samples from one distribution 95 % of the intervals hold its mean. */
static void an_interval_holds_the_truth_as_often_as_it_says(void **state)
{
    (void)state;
    enum { TRIALS = 4000, N = 5 };
    struct rng rng;
    rng_init(&rng, 11, "interval");
    unsigned held = 0;
    for (unsigned i = 0; i < TRIALS; i++) {
        double sample[N];
        for (size_t j = 0; j < N; j++) {
            double sum = 0; /* of twelve uniforms: all but normal, mean 6 */
            for (unsigned k = 0; k < 12; k++) sum += (double)rng_below(&rng, 1000000) / 1e6;
            sample[j] = sum;
        }
        struct sweep_interval interval = sweep_interval_of(sample, N);
        held += interval.low <= 6 && interval.high >= 6;
    }
    assert_in_range(held, TRIALS * 935 / 1000, TRIALS * 965 / 1000);
}

static void a_setting_that_decides_explains_all_and_one_that_does_not_nothing(void **state)
{
    (void)state;
    enum { N = 400 };
    uint64_t *deciding = mem_alloc(N, sizeof *deciding);
    uint64_t *idle = mem_alloc(N, sizeof *idle);
    double *results = mem_alloc(N, sizeof *results);
    struct rng rng;
    rng_init(&rng, 5, "explained");
    for (size_t i = 0; i < N; i++) {
        deciding[i] = rng_below(&rng, 8);
        idle[i] = rng_below(&rng, 1000);
        results[i] = (double)(deciding[i] * deciding[i]);
    }
    assert_true(sweep_explained(deciding, results, N, 8) > 0.99);
    assert_true(sweep_explained(idle, results, N, 8) < 0.04);
    /* In groups of four, chance alone looks like a cause of a quarter of the variance. */
    assert_true(sweep_explained(idle, results, N, 100) < 0.1);
    for (size_t i = 0; i < N; i++) results[i] = 1;
    assert_true(sweep_explained(deciding, results, N, 8) == 0);
    assert_true(sweep_explained(deciding, results, 1, 8) == 0);
    mem_free(deciding);
    mem_free(idle);
    mem_free(results);
}

/* The pick in two scenarios, and a control; all that a run tells of them. */
static int judge(struct sweep_pair pick[2], struct sweep_pair *control, char sentence[512])
{
    struct sweep_confirmation confirmation = {
        .items = { { .role = "pick", .pairs = pick, .pair_count = 2 },
                   { .role = "control", .pairs = control, .pair_count = 1 } },
        .count = control == NULL ? 1 : 2,
    };
    sweep_confirmation_judge(&confirmation);
    snprintf(sentence, 512, "%s", confirmation.sentence);
    return confirmation.exit_code;
}

static void a_pick_is_confirmed_where_the_worlds_agree_and_the_control_fails(void **state)
{
    (void)state;
    const struct sweep_pair passes = { .name = "calm",
                                       .sim.state = SWEEP_FEASIBLE,
                                       .real.state = SWEEP_FEASIBLE,
                                       .compared = true,
                                       .same = 99,
                                       .requests = 99 };
    struct sweep_pair pick[2] = { passes, passes };
    struct sweep_pair control = passes;
    char sentence[512];
    control.sim.state = control.real.state = SWEEP_INFEASIBLE;
    assert_int_equal(0, judge(pick, &control, sentence));
    assert_non_null(strstr(sentence, "2 of 2 scenarios, and the control fails there"));
    control.disagrees = true; /* of the control: it fails, all the same */
    assert_int_equal(0, judge(pick, &control, sentence));
    control.real.state = SWEEP_FEASIBLE;
    assert_int_equal(5, judge(pick, &control, sentence));
    control.sim.state = SWEEP_FEASIBLE;
    assert_int_equal(0, judge(pick, &control, sentence));
    assert_non_null(strstr(sentence, "shows nothing"));
    assert_int_equal(0, judge(pick, NULL, sentence));
    assert_non_null(strstr(sentence, "predicted bad: no control"));

    pick[1].name = "large-bodies";
    pick[1].disagrees = true;
    pick[1].same = 0;
    assert_int_equal(5, judge(pick, NULL, sentence));
    assert_non_null(strstr(sentence, "Not confirmed"));
    assert_non_null(strstr(sentence, "1 of 2 scenarios (large-bodies: 0 of 99 requests"));
    pick[1].compared = false;
    assert_int_equal(5, judge(pick, NULL, sentence));
    assert_non_null(strstr(sentence, "(large-bodies: see confirm/index.html)"));
    pick[1].real.state = SWEEP_INFEASIBLE;
    assert_int_equal(1, judge(pick, NULL, sentence));
    pick[1].status = CHECK_INVALID;
    assert_int_equal(4, judge(pick, NULL, sentence));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_is_points_as_the_header_says),
        cmocka_unit_test(feasible_ones_come_first_then_fronts_then_loss),
        cmocka_unit_test(what_has_no_weight_beats_nobody),
        cmocka_unit_test(a_pick_is_confirmed_where_the_worlds_agree_and_the_control_fails),
        cmocka_unit_test(an_interval_is_students),
        cmocka_unit_test(an_interval_holds_the_truth_as_often_as_it_says),
        cmocka_unit_test(a_setting_that_decides_explains_all_and_one_that_does_not_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
