#include "breaker_fixture.h"

#include "base/rng.h"

static void a_404_is_a_success_of_the_upstream(void **state)
{
    (void)state;
    struct breaker *breaker = breaker_create(&example, 1);
    half_open_at(breaker, 100 * NS_PER_S);
    assert_false(attempt(breaker, OUTCOME_HTTP_4XX, 100 * NS_PER_S));
    assert_true(attempt(breaker, OUTCOME_HTTP_4XX, 100 * NS_PER_S));
    assert_int_equal(breaker_state(breaker), BREAKER_CLOSED);
    breaker_destroy(breaker);
}

static void breaker_ignores_results_admitted_before_it_opened(void **state)
{
    (void)state;
    struct breaker *breaker = breaker_create(&example, 1);
    struct breaker_permit slow[6];
    for (int i = 0; i < 6; i++)
        slow[i] = admit(breaker, 1);
    open_at(breaker, 2);
    assert_false(breaker_record(breaker, slow[0], OUTCOME_OK, 3, &last));
    assert_false(breaker_record(breaker, slow[1], OUTCOME_HTTP_503, 3, &last));
    assert_int_equal(breaker_wakeup(breaker), 2 + 15 * NS_PER_S); /* the cooldown is not renewed */
    assert_true(advance(breaker, 2 + 15 * NS_PER_S));
    assert_false(breaker_record(breaker, slow[2], OUTCOME_HTTP_503, 16 * NS_PER_S, &last));
    assert_false(breaker_record(breaker, slow[3], OUTCOME_OK, 16 * NS_PER_S, &last));
    assert_int_equal(breaker_state(breaker), BREAKER_HALF_OPEN);
    assert_false(attempt(breaker, OUTCOME_OK, 16 * NS_PER_S));
    assert_true(attempt(breaker, OUTCOME_OK, 16 * NS_PER_S));
    assert_false(breaker_record(breaker, slow[4], OUTCOME_HTTP_503, 17 * NS_PER_S, &last));
    assert_false(breaker_record(breaker, slow[5], OUTCOME_ABANDONED, 17 * NS_PER_S, &last));
    assert_int_equal(breaker_late_results(breaker), 6);
    assert_int_equal(breaker_permits_out(breaker), 0);
    assert_int_equal(breaker_state(breaker), BREAKER_CLOSED);
    breaker_destroy(breaker);
}

static void the_first_failed_probe_opens_again(void **state)
{
    (void)state;
    struct breaker *breaker = breaker_create(&example, 1);
    half_open_at(breaker, 100 * NS_PER_S);
    struct breaker_permit first = admit(breaker, 100 * NS_PER_S);
    struct breaker_permit second = admit(breaker, 100 * NS_PER_S);
    assert_true(breaker_record(breaker, first, OUTCOME_BAD_SCHEMA, 101 * NS_PER_S, &last));
    assert_int_equal(last.from, BREAKER_HALF_OPEN);
    assert_int_equal(last.to, BREAKER_OPEN);
    assert_int_equal(last.rule, BREAKER_RULE_PROBE_FAILED);
    assert_int_equal(last.failures, 1);
    assert_int_equal(last.volume, 2);
    assert_int_equal(breaker_wakeup(breaker), 116 * NS_PER_S);
    assert_false(breaker_record(breaker, second, OUTCOME_OK, 102 * NS_PER_S, &last));
    assert_int_equal(breaker_late_results(breaker), 1);
    assert_int_equal(breaker_permits_out(breaker), 0);
    breaker_destroy(breaker);
}

static void an_excluded_probe_gives_its_place_back(void **state)
{
    (void)state;
    struct breaker *breaker = breaker_create(&example, 1);
    half_open_at(breaker, 100 * NS_PER_S);
    struct breaker_permit first = admit(breaker, 100 * NS_PER_S);
    struct breaker_permit second = admit(breaker, 100 * NS_PER_S);
    assert_false(breaker_would_admit(breaker));
    assert_false(breaker_record(breaker, first, OUTCOME_ABANDONED, 101 * NS_PER_S, &last));
    assert_true(breaker_would_admit(breaker));
    assert_int_equal(admit(breaker, 101 * NS_PER_S).probe, first.probe);
    assert_false(breaker_would_admit(breaker));
    assert_false(breaker_record(breaker, second, OUTCOME_OK, 101 * NS_PER_S, &last));
    breaker_destroy(breaker);
}

static void each_half_open_phase_counts_its_probes_anew(void **state)
{
    (void)state;
    struct breaker *breaker = breaker_create(&example, 1);
    half_open_at(breaker, 100 * NS_PER_S);
    assert_false(attempt(breaker, OUTCOME_OK, 100 * NS_PER_S));
    assert_true(attempt(breaker, OUTCOME_HTTP_503, 100 * NS_PER_S));
    for (instant_ns now = 115 * NS_PER_S; now < 200 * NS_PER_S; now += 15 * NS_PER_S) {
        assert_true(advance(breaker, now));
        assert_false(attempt(breaker, OUTCOME_OK, now)); /* one success is not enough again */
        assert_true(attempt(breaker, OUTCOME_OK, now));
        assert_int_equal(breaker_state(breaker), BREAKER_CLOSED);
        open_at(breaker, now);
    }
    breaker_destroy(breaker);
}

static void a_silent_probe_counts_as_failed(void **state)
{
    (void)state;
    struct breaker *breaker = breaker_create(&example, 1);
    half_open_at(breaker, 100 * NS_PER_S);
    assert_int_equal(breaker_wakeup(breaker), INSTANT_NEVER);
    struct breaker_permit first = admit(breaker, 100 * NS_PER_S);
    struct breaker_permit second = admit(breaker, 101 * NS_PER_S);
    assert_int_equal(breaker_wakeup(breaker), 102 * NS_PER_S);
    assert_false(breaker_record(breaker, first, OUTCOME_OK, 101 * NS_PER_S, &last));
    assert_int_equal(breaker_wakeup(breaker), 103 * NS_PER_S);
    assert_false(advance(breaker, 103 * NS_PER_S - 1));
    assert_true(advance(breaker, 103 * NS_PER_S));
    assert_int_equal(last.rule, BREAKER_RULE_PROBE_SILENT);
    assert_int_equal(last.failures, 1);
    assert_int_equal(last.volume, example.half_open_probes);
    assert_int_equal(last.cooldown_ns, 15 * NS_PER_S);
    assert_int_equal(breaker_wakeup(breaker), 118 * NS_PER_S);
    assert_false(breaker_record(breaker, second, OUTCOME_OK, 104 * NS_PER_S, &last));
    assert_int_equal(breaker_late_results(breaker), 1);
    assert_int_equal(breaker_permits_out(breaker), 0);
    breaker_destroy(breaker);
}

/* What a half-open phase lets in, by the header's words alone. */
struct probe_model {
    uint32_t generation;
    uint32_t successes;
    uint32_t out;
};

static bool model_admits(const struct probe_model *model, enum breaker_state state)
{
    if (state == BREAKER_HALF_OPEN) {
        return model->out + model->successes < example.half_open_probes;
    }
    return state == BREAKER_CLOSED;
}

static void model_move(struct probe_model *model, enum breaker_state *known)
{
    assert_int_equal(last.from, *known);
    assert_int_equal(last.generation, model->generation + 1);
    *known = last.to;
    *model = (struct probe_model){ .generation = last.generation };
}

/* Random permits, results in any order, late ones too: permits balance, probes never exceed k, and
 * the state follows from the transitions. */
static void permits_balance_on_random_walks(void **state)
{
    (void)state;
    const enum outcome outcomes[] = { OUTCOME_OK,       OUTCOME_OK,       OUTCOME_HTTP_503,
                                      OUTCOME_HTTP_4XX, OUTCOME_DEADLINE, OUTCOME_READ_ERROR };
    enum { OUT_MAX = 12 };
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rng rng;
        rng_init(&rng, seed, "breaker");
        struct breaker *breaker = breaker_create(&example, seed);
        struct breaker_permit out[OUT_MAX];
        uint32_t count = 0;
        instant_ns now = 0;
        enum breaker_state known = BREAKER_CLOSED;
        struct probe_model model = { .generation = 0 };
        for (int step = 0; step < 2000; step++) {
            now += rng_below(&rng, 2 * NS_PER_S);
            if (advance(breaker, now)) model_move(&model, &known);
            assert_true(now < breaker_wakeup(breaker));
            if (count < OUT_MAX && rng_below(&rng, 2) == 0) {
                bool would = model_admits(&model, known);
                assert_int_equal(breaker_would_admit(breaker), would);
                assert_int_equal(breaker_admit(breaker, now, &out[count]), would);
                count += would;
                model.out += would;
            } else if (count > 0) {
                uint32_t at = (uint32_t)rng_below(&rng, count);
                enum outcome outcome = outcomes[rng_below(&rng, 6)];
                if (out[at].generation == model.generation) {
                    model.out--;
                    model.successes += classify(outcome)->verdict == VERDICT_SUCCESS;
                }
                if (breaker_record(breaker, out[at], outcome, now, &last)) {
                    model_move(&model, &known);
                }
                out[at] = out[--count];
            }
            assert_int_equal(breaker_permits_out(breaker), count);
            assert_int_equal(breaker_state(breaker), known);
        }
        breaker_destroy(breaker);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_404_is_a_success_of_the_upstream),
        cmocka_unit_test(breaker_ignores_results_admitted_before_it_opened),
        cmocka_unit_test(the_first_failed_probe_opens_again),
        cmocka_unit_test(an_excluded_probe_gives_its_place_back),
        cmocka_unit_test(each_half_open_phase_counts_its_probes_anew),
        cmocka_unit_test(a_silent_probe_counts_as_failed),
        cmocka_unit_test(permits_balance_on_random_walks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
