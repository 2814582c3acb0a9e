#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "harness/sweep_html_parts.h"
#include "harness/sweep_report.h"
#include "sweep_fixture.h"

static void open_both(struct sweep_set *stage, const char *sweep)
{
    sweep_set_open(stage);
    sweep_set_write(stage, "scenarios/a.yaml", SWEEP_SLOW_MODEL);
    sweep_set_write(stage, "scenarios/b.yaml", SWEEP_BROWNOUT);
    sweep_set_write(stage, "sweep.yaml", sweep);
}

static const char *verdict(const struct sweep *sweep)
{
    static struct buf text;
    static char kept[2048];
    buf_init(&text, BUF_UNBOUNDED);
    sweep_report_verdict(&text, sweep);
    snprintf(kept, sizeof kept, "%s", buf_text(&text));
    buf_deinit(&text);
    return kept;
}

/* A model that takes 0.5 s: below that every answer is late. */
static void a_planted_cliff_is_found_and_the_pick_keeps_away_from_it(void **state)
{
    (void)state;
    static const uint64_t cliff = 500 * NS_PER_MS + 2 * SIM_TRANSPORT_NS;
    struct sweep_set stage;
    open_both(&stage, SWEEP_FILE(""));
    sweep_set_run(&stage, 1);
    const struct sweep *sweep = &stage.sweep;
    const struct sweep_finalist *pick = sweep_pick(sweep);
    assert_non_null(pick);
    assert_true(sweep_score_feasible(&pick->fresh));
    assert_true(sweep_finalist_robust(pick));
    assert_true(pick->point.values[0] * 3 / 4 >= cliff - NS_PER_MS);
    const struct sweep_knob *knob = &sweep->pick_knobs[0];
    assert_true(knob->count >= SWEEP_STEPS);
    unsigned below = 0, above = 0;
    for (size_t i = 0; i < knob->count; i++) {
        bool over = knob->steps[i].value >= cliff;
        if (over != knob->steps[i].feasible) {
            fail_msg("%llu: %s", (unsigned long long)knob->steps[i].value, knob->steps[i].why);
        }
        if (over) above++;
        else below++;
        if (!over) assert_non_null(strstr(knob->steps[i].why, "slow-model: served.fresh"));
    }
    assert_true(below >= 3 && above >= 3);
    /* The sample says the same: which are feasible, read_timeout_s decides. */
    for (size_t i = 0; i < sweep->count; i++) {
        const struct sweep_candidate *candidate = &sweep->candidates[i];
        assert_int_equal(candidate->point.values[0] >= cliff, candidate->front != 0);
    }
    sweep_set_close(&stage);
}

/* The shorter the better, since a fifth of the answers stall: but 0.52 s has 0.3 s beside it, which
 * is shorter than the model takes. */
static void a_better_setting_beside_a_cliff_is_not_picked(void **state)
{
    (void)state;
    struct sweep_set stage;
    sweep_set_open(&stage);
    sweep_set_write(&stage, "scenarios/a.yaml",
                    "version: 1\nname: stalls\nteaches: A fifth of the answers stall.\nseed: 1\n"
                    "duration: 6s\nruntime: { env: prod, set: { cache_ttl_s: 0.5,\n"
                    "  breaker_failures_30s: 400, breaker_failure_ratio: 0 } }\n"
                    "workload:\n  - arrival: { constant: 20/s }\n    keys: { count: 10 }\n"
                    "    request: { y_len: 40, horizon_steps: 3, liquidity_bucket: high }\n"
                    "upstream:\n  latency: 500ms\n  phases:\n"
                    "    - { name: stall, from: 1s, to: 4s,\n"
                    "        faults: [ { at: response_head, do: stall, share: 20% } ] }\n"
                    "expect:\n  - served: { error: 0, fresh: \">= 40%\" }\n");
    sweep_set_write(&stage, "sweep.yaml",
                    "version: 1\nname: tried\nbase: { env: prod }\n"
                    "parameters:\n  read_timeout_s: [0.3, 0.52, 0.6, 0.75]\n"
                    "scenarios: [scenarios]\nseeds: { search: 2, fresh: 3 }\n"
                    "objectives: { fresh: 0, slow: 1, calls: 0, recovery: 0, slow_over: 1070ms }\n"
                    "budget: { configurations: 8, rounds: 1, finalists: 4 }\n");
    sweep_set_run(&stage, 1);
    const struct sweep_finalist *pick = sweep_pick(&stage.sweep);
    const struct sweep_finalist *edge = NULL;
    for (size_t i = 0; i < stage.sweep.finalist_count; i++) {
        const struct sweep_finalist *finalist = &stage.sweep.finalists[i];
        if (finalist->point.values[0] == 520 * NS_PER_MS) edge = finalist;
    }
    assert_non_null(edge);
    assert_true(edge->fresh.loss < pick->fresh.loss);
    assert_int_equal(2, edge->neighbour_count);
    assert_int_equal(1, edge->neighbours_feasible);
    assert_true(sweep_finalist_robust(pick) && pick->point.values[0] > 520 * NS_PER_MS);
    sweep_set_close(&stage);
}

/* All of the range has the model's half second within 25 %: each of the three that are tried is
 * moved away from it. */
static void all_that_were_tried_are_moved_when_none_is_robust(void **state)
{
    (void)state;
    struct sweep_set stage;
    sweep_set_open(&stage);
    sweep_set_write(&stage, "scenarios/a.yaml", SWEEP_SLOW_MODEL);
    sweep_set_write(&stage, "sweep.yaml",
                    "version: 1\nname: tried\nbase: { env: prod, set: { read_timeout_s: 0.31 } }\n"
                    "parameters:\n  read_timeout_s: { from: 0.3, to: 0.66, scale: log }\n"
                    "scenarios: [scenarios]\nseeds: { search: 1, fresh: 2 }\n"
                    "budget: { configurations: 30, rounds: 1, finalists: 3 }\n");
    sweep_set_run(&stage, 1);
    const struct sweep *sweep = &stage.sweep;
    unsigned moved = 0;
    for (size_t i = 0; i < sweep->finalist_count; i++) {
        const struct sweep_finalist *finalist = &sweep->finalists[i];
        if (finalist->is_shifted) continue;
        assert_true(finalist->neighbours_known && !sweep_finalist_robust(finalist));
        for (size_t j = 0; j < sweep->finalist_count; j++) {
            const struct sweep_finalist *variant = &sweep->finalists[j];
            if (!variant->is_shifted || variant->id != finalist->id) continue;
            assert_true(variant->point.values[0] > finalist->point.values[0]);
            moved++;
            break;
        }
    }
    assert_int_equal(3, moved);
    sweep_set_close(&stage);
}

static void an_infeasible_current_setting_is_said_so(void **state)
{
    (void)state;
    struct sweep_set stage;
    open_both(&stage,
              "version: 1\nname: tried\nbase: { env: prod, set: { read_timeout_s: 0.4 } }\n"
              "parameters:\n  read_timeout_s: { from: 0.2, to: 1.5, scale: log }\n"
              "scenarios: [scenarios]\nseeds: { search: 1, fresh: 2 }\n"
              "budget: { configurations: 12, rounds: 1, finalists: 2 }\n");
    sweep_set_run(&stage, 1);
    assert_non_null(strstr(verdict(&stage.sweep), "Set configuration"));
    assert_non_null(strstr(verdict(&stage.sweep),
                           "The current setting is infeasible: slow-model fails served.fresh"));
    assert_true(stage.sweep.current.neighbour_count == 4);
    sweep_set_close(&stage);
}

static void a_scenario_that_always_fails_is_named_with_what_to_do(void **state)
{
    (void)state;
    struct sweep_set stage;
    open_both(&stage, SWEEP_FILE(""));
    sweep_set_write(&stage, "scenarios/c.yaml",
                      "version: 1\nname: hopeless\nteaches: Nothing helps.\nseed: 1\n"
                      "duration: 2s\nruntime: { env: prod }\n"
                      "workload:\n  - arrival: { constant: 10/s }\n    keys: { count: 10 }\n"
                      "    request: { y_len: 40, horizon_steps: 3 }\n"
                      "upstream:\n  latency: 20ms\n"
                      "expect:\n  - served: { error: \">= 1\" }\n");
    sweep_set_run(&stage, 1);
    assert_null(sweep_pick(&stage.sweep));
    assert_non_null(strstr(verdict(&stage.sweep), "None of 41 configurations passes"));
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    sweep_report_refusals(&text, &stage.sweep);
    assert_non_null(strstr(buf_text(&text),
                           "c.yaml: fails with all 41 of 41 configurations, most often "
                           "served.error (41)"));
    assert_non_null(strstr(buf_text(&text), "without"));
    buf_clear(&text);
    struct sweep_confirmation nothing = { .done = false };
    sweep_report_html(&text, &stage.sweep, &nothing);
    assert_non_null(strstr(buf_text(&text), "None of 41 configurations"));
    buf_deinit(&text);
    sweep_set_close(&stage);
}

/* A witness only shows that a scenario bites; better settings may not show it. */
static void witnesses_are_tolerated_when_the_file_says_so(void **state)
{
    (void)state;
    static const char *const tails[] = { "", "tolerated: [witnesses]\n",
                                         "tolerated: [served.error]\n",
                                         "tolerated: [served.stale]\n" };
    static const bool picks[] = { false, true, true, false };
    for (size_t i = 0; i < 4; i++) {
        struct sweep_set stage;
        char yaml[1024];
        snprintf(yaml, sizeof yaml, "%s%s", SWEEP_FILE(""), tails[i]);
        open_both(&stage, yaml);
        sweep_set_write(&stage, "scenarios/c.yaml",
                          "version: 1\nname: witness\nteaches: Nothing.\nseed: 1\n"
                          "duration: 2s\nruntime: { env: prod }\n"
                          "workload:\n  - arrival: { constant: 10/s }\n    keys: { count: 10 }\n"
                          "    request: { y_len: 40, horizon_steps: 3 }\n"
                          "upstream:\n  latency: 20ms\n"
                          "expect:\n  - served: { error: \">= 1\" }\n");
        sweep_set_run(&stage, 1);
        assert_int_equal(picks[i], sweep_pick(&stage.sweep) != NULL);
        sweep_set_close(&stage);
    }
}

/* Too few retries to tell jitter, or none at all, say nothing against a setting. */
static void waits_that_nobody_made_make_no_setting_infeasible(void **state)
{
    (void)state;
    struct sweep_set stage;
    open_both(&stage, SWEEP_FILE(""));
    sweep_set_write(&stage, "scenarios/c.yaml",
                    "version: 1\nname: few-waits\nteaches: Nothing.\nseed: 1\nduration: 4s\n"
                    "runtime: { env: prod, set: { cache_ttl_s: 0.5 } }\n"
                    "workload:\n  - arrival: { constant: 10/s }\n    keys: { count: 10 }\n"
                    "    request: { y_len: 40, horizon_steps: 3, liquidity_bucket: high }\n"
                    "upstream:\n  latency: 20ms\n  phases:\n"
                    "    - { name: short, from: 1s, to: 2s, faults: [ { status: 503, nth: 2 } ] }\n"
                    "expect:\n  - backoff: full_jitter\n");
    sweep_set_run(&stage, 1);
    const struct sweep *sweep = &stage.sweep;
    unsigned without = 0;
    unsigned with = 0;
    for (size_t i = 0; i < sweep->count; i++) {
        const struct sweep_candidate *candidate = &sweep->candidates[i];
        if (candidate->front == 0) {
            assert_string_not_equal("backoff", candidate->score.worst_check);
        } else if (candidate->point.values[1] == 0) {
            without++;
        } else {
            with++;
        }
    }
    assert_true(without > 0 && with > 0);
    sweep_set_close(&stage);
}

static void a_combination_that_the_configuration_refuses_is_infeasible_and_no_error(void **state)
{
    (void)state;
    struct sweep_set stage;
    open_both(&stage, "version: 1\nname: tried\nbase: { env: prod }\n"
                      "parameters:\n  retry_backoff_base_ms: { from: 50, to: 1600, scale: log }\n"
                      "scenarios: [scenarios]\nseeds: { search: 1, fresh: 2 }\n"
                      "budget: { configurations: 20, rounds: 1, finalists: 2 }\n");
    sweep_set_run(&stage, 1);
    unsigned impossible = 0;
    for (size_t i = 0; i < stage.sweep.count; i++) {
        const struct sweep_candidate *candidate = &stage.sweep.candidates[i];
        bool over = candidate->point.values[0] > 800 * NS_PER_MS; /* the cap */
        assert_int_equal(over, candidate->score.impossible > 0);
        if (over) assert_int_equal(0, candidate->front);
        if (over) assert_non_null(strstr(candidate->score.worst_check, "retry_backoff_base_ms"));
        impossible += over;
    }
    assert_in_range(impossible, 2, 8);
    assert_non_null(sweep_pick(&stage.sweep));
    sweep_set_close(&stage);
}

/* The assignment of `key` among the settings of a point in scenario 0; "" when there is none. */
static const char *setting(struct sweep_set *stage, const char *key, uint64_t value)
{
    struct sweep_point point = { .values = { value } };
    size_t count;
    const char *found = "";
    const char **sets = sweep_world_sets(&stage->world, 0, &point, &stage->arena, &count);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(sets[i], key, strlen(key)) == 0) found = sets[i];
    }
    return found;
}

static void where_a_scenario_sets_a_swept_option_the_file_says_who_wins(void **state)
{
    (void)state;
    static const struct {
        const char *where_set;
        const char *expected; /* the sweep's: 30 s, half of today's 60 s; the scenario's: 1 s */
    } rows[] = {
        { "replaced", "cache_ttl_s=30" },
        { "scaled", "cache_ttl_s=0.5" },
        { "kept", "cache_ttl_s=1" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sweep_set stage;
        struct err_note note = { .err = ERR_OK };
        char yaml[512];
        snprintf(yaml, sizeof yaml,
                 "version: 1\nname: tried\nbase: { env: prod, set: { retry_count: 1 } }\n"
                 "parameters:\n  cache_ttl_s: { from: 15, to: 60, where_set: %s }\n"
                 "scenarios: [scenarios]\n",
                 rows[i].where_set);
        open_both(&stage, yaml);
        assert_int_equal(ERR_OK, sweep_set_load(&stage, &note));
        assert_string_equal(rows[i].expected, setting(&stage, "cache_ttl_s", 30 * NS_PER_S));
        assert_string_equal("retry_count=1", setting(&stage, "retry_count", 30 * NS_PER_S));
        sweep_set_close(&stage);
    }
}

/* Sizes are trimmed to what a scenario can use; nothing else may change by it. */
static void a_try_measures_what_a_plain_simulation_shows(void **state)
{
    (void)state;
    struct sweep_set stage;
    struct err_note note = { .err = ERR_OK };
    open_both(&stage, SWEEP_FILE(""));
    assert_int_equal(ERR_OK, sweep_set_load(&stage, &note));
    for (uint32_t block = 0; block < stage.world.block_count; block++) {
        struct sweep_measure tried, plain;
        struct sweep_point point;
        sweep_point_current(&stage.spec.space, &point);
        assert_int_equal(ERR_OK, sweep_block_prepare(&stage.world, block, &note));
        sweep_world_try(&stage.world, &point, block, &tried);
        const struct sweep_block *at = &stage.world.blocks[block];
        const struct suite_scenario *item = &stage.world.suite.scenarios[at->scenario];
        struct runtime_config config = item->config;
        struct sim_options options = { .jitter_seed = 0 };
        struct verdicts verdicts;
        struct run run;
        config.engine.seed = at->seed;
        run_init(&run, WORLD_SIM, &item->scenario, &at->schedule, &config, at->seed);
        assert_int_equal(ERR_OK, sim_run(&run, &options, NULL, &note));
        verdict_judge(&run, &verdicts);
        sweep_measure_run(&run, stage.spec.slow_over_ns, &plain);
        sweep_measure_judge(&verdicts, &item->scenario, &stage.spec.tolerated, &plain);
        assert_memory_equal(&plain, &tried, sizeof plain);
        assert_true(plain.calls_ppm > 0 && plain.fresh_ppm > 0);
        verdict_deinit(&verdicts);
        run_deinit(&run);
    }
    sweep_set_close(&stage);
}

/* What the model is asked depends on input_len_steps, so requests cannot be shared there. */
static void requests_are_made_anew_where_a_setting_changes_them(void **state)
{
    (void)state;
    struct sweep_set stage;
    struct err_note note = { .err = ERR_OK };
    open_both(&stage, "version: 1\nname: tried\nbase: { env: prod }\n"
                      "parameters:\n  min_history_points: { from: 32, to: 64 }\n"
                      "scenarios: [scenarios]\n");
    assert_int_equal(ERR_OK, sweep_set_load(&stage, &note));
    struct sweep_measure few, many;
    assert_int_equal(ERR_OK, sweep_block_prepare(&stage.world, 0, &note));
    sweep_world_try(&stage.world, &(struct sweep_point){ .values = { 32 } }, 0, &few);
    sweep_world_try(&stage.world, &(struct sweep_point){ .values = { 64 } }, 0, &many);
    assert_true(few.calls_ppm > 0);
    assert_int_equal(0, many.calls_ppm); /* 40 values are too few: the baseline, for all */
    sweep_set_close(&stage);
}

static void the_configuration_that_is_written_loads_and_is_the_pick(void **state)
{
    (void)state;
    struct sweep_set stage;
    struct err_note note = { .err = ERR_OK };
    open_both(&stage, "version: 1\nname: tried\n"
                      "base: { env: prod, set: { read_timeout_s: 0.4, drain_s: 7 } }\n"
                      "parameters:\n  read_timeout_s: { from: 0.2, to: 1.5, scale: log }\n"
                      "  min_attempt_budget_ms: { from: 10, to: 100, scale: log }\n"
                      "scenarios: [scenarios]\nseeds: { search: 1, fresh: 3 }\n"
                      "budget: { configurations: 20, rounds: 1, finalists: 2 }\n");
    sweep_set_run(&stage, 1);
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    assert_int_equal(ERR_OK, sweep_report_config(&text, &stage.sweep, &note));
    sweep_set_write(&stage, "pick.yaml", buf_text(&text));
    assert_non_null(strstr(buf_text(&text), "# from 0.4 to "));
    assert_non_null(strstr(buf_text(&text), ": with the former, slow-model: served.fresh"));
    char path[128];
    snprintf(path, sizeof path, "%s/pick.yaml", stage.folder);
    struct config_source source = { .path = path };
    struct runtime_config config;
    if (config_load(&config, &source, &note) != ERR_OK) fail_msg("%s", note.sentence);
    const struct sweep_finalist *pick = sweep_pick(&stage.sweep);
    assert_int_equal(pick->point.values[0], config.engine.read_timeout_ns);
    assert_int_equal(pick->point.values[1], config.engine.min_attempt_budget_ns);
    assert_int_equal(7 * NS_PER_S, config.server.drain_ns);
    assert_int_equal(256, config.engine.pool.connections_max); /* as it was */
    buf_deinit(&text);
    sweep_set_close(&stage);
}

static void the_page_is_one_file_that_asks_for_nothing(void **state)
{
    (void)state;
    static const char *const parts[] = { "What to set",     "Over real sockets",
                                         "The pick beside", "Cliffs",
                                         "Freshness against load", "What matters",
                                         "Finalists",       "Which scenarios refuse",
                                         "prefers-color-scheme:dark", "width=device-width" };
    static const char *const banned[] = { "http://", "https://", "src=", "@import", "nan", "inf " };
    struct sweep_set stage;
    open_both(&stage, SWEEP_FILE("about: \"<b>&\"\n"));
    sweep_set_run(&stage, 1);
    struct sweep_confirmation nothing = { .done = false };
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    sweep_report_html(&text, &stage.sweep, &nothing);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strstr(buf_text(&text), parts[i]) == NULL) fail_msg("%s is missing", parts[i]);
    }
    for (size_t i = 0; i < sizeof banned / sizeof banned[0]; i++) {
        if (strstr(buf_text(&text), banned[i]) != NULL) fail_msg("%s is there", banned[i]);
    }
    assert_null(strstr(buf_text(&text), "<b>&"));
    assert_non_null(strstr(buf_text(&text), "&lt;b&gt;&amp;"));
    buf_deinit(&text);
    sweep_set_close(&stage);
}

static void flatten(struct sweep_knob *knob, double widest)
{
    for (size_t i = 0; i < knob->count; i++) {
        knob->steps[i].feasible = true;
        knob->steps[i].loss = i == 0 ? 24.43 + widest : 24.43;
    }
}

/* A hundredth of a point is no cliff beside a knob that costs ten. */
static void the_cliffs_of_all_knobs_have_one_scale(void **state)
{
    (void)state;
    struct sweep_set stage;
    open_both(&stage, SWEEP_FILE(""));
    sweep_set_run(&stage, 1);
    struct sweep *sweep = &stage.sweep;
    assert_true(sweep->spec->space.count > 1);
    for (size_t i = 0; i < sweep->spec->space.count; i++) {
        flatten(&sweep->pick_knobs[i], 0.01);
        flatten(&sweep->current_knobs[i], i == 0 ? 10 : 0.01);
    }
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    sweep_html_knobs(&text, sweep);
    const char *full = strstr(buf_text(&text), "height=\"46.0\"");
    assert_non_null(full);
    assert_null(strstr(full + 1, "height=\"46.0\""));
    buf_deinit(&text);
    sweep_set_close(&stage);
}

/* Changing one knob back costs nothing, so the pick has it as it is today. */
static void a_knob_that_does_nothing_is_left_as_it_is(void **state)
{
    (void)state;
    struct sweep_set stage;
    open_both(&stage, "version: 1\nname: tried\n"
                      "base: { env: prod, set: { read_timeout_s: 0.4 } }\n"
                      "parameters:\n  read_timeout_s: { from: 0.2, to: 1.5, scale: log }\n"
                      "  retry_after_hold_cap_s: { from: 1, to: 50 }\n"
                      "scenarios: [scenarios]\nseeds: { search: 1, fresh: 2 }\n"
                      "budget: { configurations: 20, rounds: 1, finalists: 3 }\n");
    sweep_set_run(&stage, 1);
    const struct sweep_finalist *pick = sweep_pick(&stage.sweep);
    assert_true(pick->point.values[0] > 500 * NS_PER_MS);
    assert_int_equal(30 * NS_PER_S, pick->point.values[1]);
    assert_false(stage.sweep.effects[1].changed);
    assert_true(stage.sweep.effects[0].changed && !stage.sweep.effects[0].feasible);
    sweep_set_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_planted_cliff_is_found_and_the_pick_keeps_away_from_it),
        cmocka_unit_test(a_better_setting_beside_a_cliff_is_not_picked),
        cmocka_unit_test(all_that_were_tried_are_moved_when_none_is_robust),
        cmocka_unit_test(an_infeasible_current_setting_is_said_so),
        cmocka_unit_test(a_scenario_that_always_fails_is_named_with_what_to_do),
        cmocka_unit_test(witnesses_are_tolerated_when_the_file_says_so),
        cmocka_unit_test(waits_that_nobody_made_make_no_setting_infeasible),
        cmocka_unit_test(a_combination_that_the_configuration_refuses_is_infeasible_and_no_error),
        cmocka_unit_test(where_a_scenario_sets_a_swept_option_the_file_says_who_wins),
        cmocka_unit_test(a_try_measures_what_a_plain_simulation_shows),
        cmocka_unit_test(requests_are_made_anew_where_a_setting_changes_them),
        cmocka_unit_test(the_configuration_that_is_written_loads_and_is_the_pick),
        cmocka_unit_test(the_page_is_one_file_that_asks_for_nothing),
        cmocka_unit_test(the_cliffs_of_all_knobs_have_one_scale),
        cmocka_unit_test(a_knob_that_does_nothing_is_left_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
