#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "scenario_fixture.h"

/* The section goes between the upstream and the expectations. */
#define REDIS(section) "redis:\n" section "expect:\n  - latency"
#define PHASES(list) REDIS("  phases:\n" list)
#define BEFORE "expect:\n  - latency"

static void parse(struct arena *arena, const char *redis, struct scenario *out)
{
    struct err_note note = { .err = ERR_OK };
    int line = 0;
    int column = 0;
    char *text = fixture_edit(BEFORE, redis, &line, &column);
    enum err err = scenario_parse(arena, "a.yaml", text, strlen(text), out, &note);
    if (err != ERR_OK) fail_msg("%d:%d: %s", note.line, note.column, note.sentence);
    mem_free(text);
}

static void without_the_section_there_is_no_second_level(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse(&arena, BEFORE, &scenario);
    assert_false(scenario.redis.given);
    parse(&arena, "redis: {}\n" BEFORE, &scenario);
    assert_true(scenario.redis.given);
    assert_int_equal(scenario.redis.phase_count, 0);
    assert_int_equal(latency_draw_ns(&scenario.redis.latency, UINT64_MAX / 3), 200000);
    arena_deinit(&arena);
}

static void phases_are_read_and_brought_into_order(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse(&arena,
          REDIS("  latency: 1ms\n  phases:\n"
                "    - { name: stuck, from: 30s, to: 35s, do: hang }\n"
                "    - { name: wiped, at: 12s, do: flush }\n"
                "    - { name: gone, from: 2s, to: 8s, do: down }\n"),
          &scenario);
    const struct redis_story *redis = &scenario.redis;
    assert_int_equal(latency_draw_ns(&redis->latency, 7), NS_PER_MS);
    assert_int_equal(redis->phase_count, 3);
    assert_string_equal(redis->phases[0].name, "gone");
    assert_int_equal(redis->phases[0].effect, REDIS_DOWN);
    assert_int_equal(redis->phases[0].to_ns, 8 * NS_PER_S);
    assert_string_equal(redis_effect_name(redis->phases[1].effect), "flush");
    assert_int_equal(redis->phases[1].from_ns, 12 * NS_PER_S);
    assert_int_equal(redis->phases[2].effect, REDIS_HANG);
    assert_null(redis_story_phase_at(redis, 2 * NS_PER_S - 1));
    assert_ptr_equal(redis_story_phase_at(redis, 2 * NS_PER_S), &redis->phases[0]);
    assert_null(redis_story_phase_at(redis, 8 * NS_PER_S));
    assert_null(redis_story_phase_at(redis, 12 * NS_PER_S));
    arena_deinit(&arena);
}

static void expectations_may_name_its_phases(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse(&arena,
          "redis:\n  phases:\n    - { name: gone, from: 2s, to: 8s, do: down }\n"
          "    - { name: wiped, at: 12s, do: flush }\n"
          "expect:\n  - served: { error: 0, in: gone }\n  - served: { error: 0, after: wiped }\n"
          "  - latency",
          &scenario);
    assert_int_equal(scenario_window_count(&scenario), 3);
    assert_string_equal(scenario_window_at(&scenario, 0).name, "outage");
    const struct expect *in = &scenario.expects[0];
    const struct expect *after = &scenario.expects[1];
    assert_string_equal(in->name, "served.error in gone");
    assert_string_equal(scenario_window_at(&scenario, after->phase).name, "wiped");
    assert_false(expect_covers(in, &scenario, 2 * NS_PER_S - 1));
    assert_true(expect_covers(in, &scenario, 2 * NS_PER_S));
    assert_false(expect_covers(in, &scenario, 8 * NS_PER_S));
    assert_false(expect_covers(after, &scenario, 12 * NS_PER_S - 1));
    assert_true(expect_covers(after, &scenario, 12 * NS_PER_S));
    arena_deinit(&arena);
}

static void what_cannot_be_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { BEFORE, REDIS("  ^latencies: 1ms\n"),
          "unknown key \"latencies\" in redis. Allowed: latency, phases" },
        { BEFORE, REDIS("  latency: ^fast\n"), "\"fast\" is not a length of time" },
        { BEFORE, REDIS("  phases: ^[]\n"), "the list is empty; write a phase such as" },
        { BEFORE, PHASES("    - { name: a, from: 2s, to: 8s, do: ^dwon }\n"),
          "did you mean \"down\"?" },
        { BEFORE, PHASES("    - ^{ name: a, from: 2s, to: 8s }\n"), "\"do\"" },
        { BEFORE, PHASES("    - { name: a, from: 8s, to: ^2s, do: down }\n"), "is not after from" },
        { BEFORE, PHASES("    - { name: a, from: 8s, to: ^2h, do: down }\n"),
          "after the end of the scenario" },
        { BEFORE, PHASES("    - { name: a, ^from: 8s, to: 9s, do: flush }\n"),
          "\"from\" does not go with do: flush; write at: 9s" },
        { BEFORE, PHASES("    - { name: a, ^at: 8s, do: hang }\n"),
          "\"at\" does not go with do: hang; write from" },
        { BEFORE, PHASES("    - { name: a, at: ^60s, do: flush }\n"),
          "not before the end of the scenario" },
        { BEFORE, PHASES("    - { name: ^outage, at: 8s, do: flush }\n"),
          "a phase named \"outage\" already stands" },
        { BEFORE,
          PHASES("    - { name: a, at: 8s, do: flush }\n    - { name: ^a, at: 9s, do: flush }\n"),
          "a phase named \"a\" already stands" },
        { BEFORE,
          PHASES("    - { name: a, from: 2s, to: 8s, do: down }\n"
                 "    - ^{ name: b, from: 7s, to: 9s, do: hang }\n"),
          "phases \"a\" and \"b\" of redis overlap" },
        { BEFORE,
          PHASES("    - { name: a, from: 2s, to: 8s, do: down }\n"
                 "    - ^{ name: b, at: 8s, do: flush }\n"),
          "overlap" },
    };
    fixture_check_refusals(refusals, sizeof refusals / sizeof refusals[0]);
}

static void a_server_of_its_own_and_another_one_do_not_go_together(void **state)
{
    (void)state;
    static const char text[] =
        "version: 1\nname: a\nduration: 9s\n"
        "runtime: { set: { redis_url: \"redis://127.0.0.1:1\" } }\n"
        "workload:\n  - arrival: { constant: 1/s }\n    keys: { count: 1 }\n    request: {}\n"
        "upstream: { latency: 1ms }\nredis: {}\nexpect:\n  - order: guide\n";
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct scenario scenario;
    assert_int_not_equal(
        scenario_parse(&arena, "a.yaml", text, strlen(text), &scenario, &note), ERR_OK);
    assert_int_equal(note.line, 10);
    assert_non_null(strstr(note.sentence, "redis_url in line 4"));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_section_there_is_no_second_level),
        cmocka_unit_test(phases_are_read_and_brought_into_order),
        cmocka_unit_test(expectations_may_name_its_phases),
        cmocka_unit_test(what_cannot_be_is_refused_at_its_place),
        cmocka_unit_test(a_server_of_its_own_and_another_one_do_not_go_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
