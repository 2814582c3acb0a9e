#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sweep_fixture.h"

static void the_example_is_read(void **state)
{
    (void)state;
    struct sweep_set stage;
    struct err_note note = { .err = ERR_OK };
    sweep_set_open(&stage);
    sweep_set_write(&stage, "scenarios/a.yaml", SWEEP_SLOW_MODEL);
    sweep_set_write(&stage, "scenarios/b.yaml", SWEEP_BROWNOUT);
    sweep_set_write(
        &stage, "sweep.yaml",
        "version: 1\nname: prod\nabout: What?\nseed: 9\n"
        "base: { env: prod, set: { retry_budget_ratio: 0.2 } }\n"
        "parameters:\n  read_timeout_s: { from: 0.3, to: 2.4, scale: log }\n"
        "  cache_ttl_s: { from: 15, to: 240, scale: log, where_set: scaled }\n"
        "  single_flight: [true, false]\n  baseline: { list: [ewma, kalman], where_set: kept }\n"
        "constraints:\n  - connect_timeout_s + read_timeout_s <= request_deadline_s\n"
        "scenarios: { paths: [scenarios], tier: gate }\nheld_out: [brownout]\n"
        "seeds: { search: 4, fresh: [7, 9] }\n"
        "objectives: { fresh: 1, slow: 2, calls: 0.5, recovery: 0, slow_over: 250ms }\n"
        "tolerated: [witnesses, canary]\n"
        "budget: { configurations: 64, rounds: 3, keep: 25%, finalists: 8 }\n"
        "confirm: { scenarios: [slow-model], seed: 42, jobs: 2 }\n");
    enum err rc = sweep_set_load(&stage, &note);
    assert_string_equal("", note.sentence);
    assert_int_equal(ERR_OK, rc);
    const struct sweep_spec *spec = &stage.spec;
    assert_string_equal("prod", spec->name);
    assert_int_equal(9, spec->seed);
    assert_int_equal(200, spec->base.engine.retry_budget.ratio_permille);
    assert_int_equal(4, spec->space.count);
    assert_int_equal(1200 * NS_PER_MS, spec->space.parameters[0].current);
    assert_int_equal(SWEEP_SET_SCALED, spec->space.parameters[1].where_set);
    assert_int_equal(SWEEP_LIST, spec->space.parameters[2].scale);
    assert_int_equal(1, spec->space.parameters[3].items[1]);
    assert_int_equal(1, spec->space.constraint_count);
    assert_int_equal(4, spec->search.count);
    assert_int_equal(9, spec->fresh.items[1]);
    assert_true(spec->weights[SWEEP_SLOW] == 2 && spec->weights[SWEEP_CALLS] == 0.5);
    assert_int_equal(250 * NS_PER_MS, spec->slow_over_ns);
    assert_int_equal(250000, spec->keep_ppm);
    assert_int_equal(2, stage.world.suite.count);
    assert_true(stage.world.held_out[1] && !stage.world.held_out[0]);
    assert_int_equal(12, stage.world.block_count);
    sweep_set_close(&stage);
}

#define HEAD "version: 1\nname: bad\nbase: { env: prod }\n"
#define GOOD_PARAMETERS "parameters:\n  retry_count: { from: 0, to: 4 }\n"
#define TAIL "scenarios: [scenarios]\n"

static void each_mistake_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        int line, column;
        const char *note;
    } rows[] = {
        { HEAD TAIL, 1, 1, "needs the key \"parameters\"" },
        { HEAD GOOD_PARAMETERS, 1, 1, "needs the key \"scenarios\"" },
        { HEAD GOOD_PARAMETERS TAIL "sedes: 3\n", 7, 1, "did you mean \"seeds\"" },
        { "version: 1\nname: bad\nbase: { env: prod, set: { retry_cuont: 1 } }\n", 3, 27,
          "did you mean" },
        { HEAD "parameters:\n  retry_cuont: [1, 2]\n", 5, 3, "did you mean \"retry_count\"" },
        { HEAD "parameters:\n  redis_url: [a, b]\n", 5, 3, "is a text" },
        { HEAD "parameters:\n  rate_limit_per_s: { from: 1, to: 9 }\n", 5, 3, "does not model" },
        { HEAD "parameters:\n  response_bytes_max: [300, 9000]\n", 5, 3, "does not model" },
        { HEAD "parameters:\n  retry_count: { from: 4, to: 4 }\n", 5, 31, "must be over" },
        { HEAD "parameters:\n  retry_count: { from: 0, to: 400 }\n", 5, 31, "too large" },
        { HEAD "parameters:\n  retry_count: { from: 0, to: 4, scale: log }\n", 5, 24,
          "cannot begin at 0" },
        { HEAD "parameters:\n  single_flight: { from: 0, to: 1 }\n", 5, 18, "as a list" },
        { HEAD "parameters:\n  retry_count: [3]\n", 5, 16, "2 to 16 values" },
        { HEAD "parameters:\n  retry_count: [3, 1, 3]\n", 5, 23, "stands twice" },
        { HEAD "parameters:\n  retry_count: { list: [3, 1], from: 1, to: 2 }\n", 5, 24,
          "either a list or a range" },
        { HEAD "parameters:\n  retry_budget_ratio: { from: 0, to: 1, where_set: scaled }\n", 5, 52,
          "its current value is 0" },
        { HEAD GOOD_PARAMETERS "constraints:\n  - retry_count <= 3 retry_count\n" TAIL, 7, 22,
          "is too much here" },
        { HEAD GOOD_PARAMETERS "constraints:\n  - \"retry_count <= 1s\"\n" TAIL, 7, 21,
          "with its unit" },
        { HEAD GOOD_PARAMETERS "scenarios: { paths: [s], tier: nightyl }\n", 6, 32,
          "allowed: gate, nightly" },
        { HEAD GOOD_PARAMETERS TAIL "seeds: { search: 2, fresh: [2, 9] }\n", 7, 8,
          "must meet luck" },
        { HEAD GOOD_PARAMETERS TAIL "seeds: { search: [1, 4, 1] }\n", 7, 25, "stands twice" },
        { HEAD GOOD_PARAMETERS TAIL "seeds: { fresh: 1 }\n", 7, 17, "from 2 to 64" },
        { HEAD GOOD_PARAMETERS TAIL "seeds: { fresh: [9] }\n", 7, 17, "at least 2 seeds" },
        { HEAD GOOD_PARAMETERS TAIL "tolerated: [witneses]\n", 7, 13, "no check begins with" },
        { "version: 1\nname: bad\nbase: { env: pord }\n", 3, 14, "pord.yaml" },
        { HEAD GOOD_PARAMETERS "scenarios: [nowhere/a.yaml]\n", 6, 13, "no such file" },
        { HEAD GOOD_PARAMETERS TAIL "seeds: { search: 0 }\n", 7, 18, "from 1 to 64" },
        { HEAD GOOD_PARAMETERS TAIL "objectives: { fresh: 0, slow: 0, calls: 0, recovery: 0 }\n", 7,
          13, "nothing is wanted" },
        { HEAD GOOD_PARAMETERS TAIL "objectives: { fresh: -1 }\n", 7, 22, "not a weight" },
        { HEAD GOOD_PARAMETERS TAIL "budget: { keep: 100% }\n", 7, 17, "would keep all" },
        { HEAD GOOD_PARAMETERS TAIL "budget: { rounds: 99 }\n", 7, 19, "from 1 to 8" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sweep_set stage;
        struct err_note note = { .err = ERR_OK };
        sweep_set_open(&stage);
        sweep_set_write(&stage, "sweep.yaml", rows[i].yaml);
        assert_int_not_equal(ERR_OK, sweep_set_load(&stage, &note));
        if (strstr(note.sentence, rows[i].note) == NULL) {
            fail_msg("row %zu: %d:%d %s", i, note.line, note.column, note.sentence);
        }
        if (note.line != rows[i].line || note.column != rows[i].column) {
            fail_msg("row %zu: stands at %d:%d, not %d:%d", i, note.line, note.column, rows[i].line,
                     rows[i].column);
        }
        sweep_set_close(&stage);
    }
}

/* Troubles with scenarios are printed, since there may be several. */
static void a_name_that_no_scenario_has_is_refused(void **state)
{
    (void)state;
    static const char *const tails[] = { "held_out: [slow-modle]\n",
                                         "confirm: { scenarios: [slow-modle] }\n",
                                         "held_out: [slow-model]\n" };
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        struct sweep_set stage;
        struct err_note note = { .err = ERR_OK };
        char yaml[512];
        snprintf(yaml, sizeof yaml, "%s%s%s%s", HEAD, GOOD_PARAMETERS, TAIL, tails[i]);
        sweep_set_open(&stage);
        sweep_set_write(&stage, "scenarios/a.yaml", SWEEP_SLOW_MODEL);
        sweep_set_write(&stage, "sweep.yaml", yaml);
        assert_int_not_equal(ERR_OK, sweep_set_load(&stage, &note));
        sweep_set_close(&stage);
    }
}

/* Every file of sweeps/ with today's catalogue. */
static void the_sweeps_that_are_shipped_load(void **state)
{
    (void)state;
    static const char *const names[] = { "dev", "staging", "prod" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        static struct sweep_spec spec;
        struct sweep_world world;
        struct arena arena = { .head = NULL };
        struct err_note note = { .err = ERR_OK };
        char path[512];
        snprintf(path, sizeof path, "%s/sweeps/%s.yaml", TOLLGATE_SOURCE_DIR, names[i]);
        if (sweep_spec_load(&arena, path, NULL, &spec, &note) != ERR_OK) {
            fail_msg("%s:%d:%d: %s", note.path, note.line, note.column, note.sentence);
        }
        assert_string_equal(names[i], spec.name);
        assert_string_equal(names[i], spec.environment);
        assert_int_equal(ERR_OK, sweep_world_open(&world, &arena, &spec, NULL, stderr));
        assert_true(world.suite.count >= 2);
        sweep_world_close(&world);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_read),
        cmocka_unit_test(each_mistake_is_refused_with_its_place),
        cmocka_unit_test(a_name_that_no_scenario_has_is_refused),
        cmocka_unit_test(the_sweeps_that_are_shipped_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
