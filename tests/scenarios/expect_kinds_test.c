#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "scenario_fixture.h"

#define LAST_LINE "  - recovers: { within: 45s }\n"

#define HEAD                                                                                       \
    "version: 1\nname: kinds\nseed: 1\nduration: 60s\n"                                            \
    "workload:\n  - arrival: { poisson: 40/s }\n"                                                  \
    "  - name: browsers\n    arrival: { constant: 5/s }\n    from: 0s\n    to: 10s\n"              \
    "  - name: top\n    arrival: { cycle: { top: 5, every: 10s, concurrency: 2 } }\n"              \
    "    keys: { count: 5 }\n"                                                                     \
    "upstream:\n  latency: 40ms\n  phases:\n"                                                      \
    "    - { name: outage, from: 20s, to: 40s, faults: [ { status: 503 } ] }\n"

static void parse(struct arena *arena, const char *text, struct scenario *out)
{
    struct err_note note = { .err = ERR_OK };
    if (scenario_parse(arena, "a.yaml", text, strlen(text), out, &note) != ERR_OK) {
        fail_msg("%d:%d: %s", note.line, note.column, note.sentence);
    }
}

static const struct expect *only(const struct scenario *scenario)
{
    assert_int_equal(1, scenario->expect_count);
    return &scenario->expects[0];
}

static void newer_kinds_have_names_and_texts(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *name;
        const char *text;
    } rows[] = {
#define ROW(yaml, name, text) { HEAD "expect:\n  - " yaml "\n", name, text }
        ROW("attempts: { total: '<= 900' }", "attempts.total", "total: <= 900"),
        ROW("attempts: { per_request: '<= 3', in: outage }", "attempts.per_request in outage",
            "per_request: <= 3"),
        ROW("backoff: full_jitter", "backoff", "backoff: full_jitter"),
        ROW("backoff: { jitter: full_jitter, after: outage }", "backoff after outage",
            "jitter: full_jitter"),
        ROW("freshness: { max_age: 20s, share: '>= 95%' }", "freshness.20s",
            "max_age: 20s, share: >= 95%"),
        ROW("freshness: { max_age: 1500ms, share: '>= 95%', in: outage, workload: 1 }",
            "freshness.1.5s of workload 1 in outage", "max_age: 1500ms, share: >= 95%"),
        ROW("availability: '>= 99.9%'", "availability", "availability: >= 99.9%"),
        ROW("availability: { share: '>= 99%', outside: outage }", "availability outside outage",
            "share: >= 99%"),
        ROW("amplification: { ratio: '<= 2', in: outage }", "amplification in outage",
            "ratio: <= 2"),
        ROW("order: { chain: guide, in: outage }", "order in outage", "chain: guide"),
        ROW("breaker: { states: [half_open, open], in: outage }", "breaker in outage",
            "breaker: [half_open, open]"),
        ROW("breaker: { states: [open], after: outage }", "breaker after outage",
            "breaker: [open]"),
        ROW("cycle: { p95: 60s }", "cycle.p95", "p95: 60s"),
        ROW("cycle: { max: 60s, workload: top, in: outage }", "cycle.max of top in outage",
            "max: 60s"),
        ROW("recovers: { within: 5s, after: outage }", "recovers after outage", "within: 5s"),
        ROW("rollback: never", "rollback", "rollback: never"),
        ROW("latency: { p95: 1s, workload: 3 }", "latency.p95 of top", "p95: 1s"),
        ROW("served: { error: 0, workload: browsers }", "served.error of browsers", "error: 0"),
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = { .head = NULL };
        struct scenario scenario;
        parse(&arena, rows[i].yaml, &scenario);
        assert_string_equal(rows[i].name, only(&scenario)->name);
        assert_string_equal(rows[i].text, only(&scenario)->text);
        assert_int_equal(19, only(&scenario)->line);
        arena_deinit(&arena);
    }
}

static void values_of_newer_kinds_are_read(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse(&arena,
          HEAD "expect:\n  - freshness: { max_age: 20s, share: '>= 95%', workload: top }\n"
               "  - cycle: { max: 60s, p95: 50s }\n  - rollback: expected\n  - canary: later\n"
               "  - canary: { stage: stage, in: outage }\n  - attempts: { total: '<= 900' }\n",
          &scenario);
    const struct expect *expects = scenario.expects;
    assert_int_equal(20 * NS_PER_S, expects[0].limit_ns);
    assert_int_equal(950000, expects[0].value);
    assert_true(expects[0].is_share);
    assert_int_equal(2, expects[0].workload);
    assert_int_equal(EXPECT_QUANTILE_MAX, expects[1].quantile_ppm);
    assert_int_equal(EXPECT_ALL_WORKLOADS, expects[1].workload);
    assert_int_equal(950000, expects[2].quantile_ppm);
    assert_true(expects[3].rollback_expected);
    static const char *const gates[] = { "canary.p95", "canary.error_rate",
                                         "canary.invalid_output", "canary.fallback_rate" };
    for (size_t i = 0; i < EXPECT_GATES; i++) {
        assert_string_equal(gates[i], expects[4 + i].name);
        assert_int_equal(i, expects[4 + i].gate);
        assert_true(expects[4 + i].canary_later);
        assert_int_equal(i, expects[8 + i].gate);
        assert_false(expects[8 + i].canary_later);
        assert_int_equal(WINDOW_IN, expects[8 + i].window);
    }
    assert_int_equal(EXPECT_ATTEMPTS_TOTAL, expects[12].attempts);
    assert_int_equal(900, expects[12].value);
    assert_int_equal(13, scenario.expect_count);
    arena_deinit(&arena);
}

static void wrong_newer_expectations_are_refused_at_their_place(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { LAST_LINE, LAST_LINE "  - attempts: { ^totl: 5 }\n", "did you mean \"total\"?" },
        { LAST_LINE, LAST_LINE "  - attempts: { total: ^'<= 5%' }\n",
          "\"<= 5%\" is a share, but a number of attempts is wanted" },
        { LAST_LINE, LAST_LINE "  - amplification: { ratio: ^'<= 1000.001', in: outage }\n",
          "is more attempts per request than any configuration allows; allowed: up to 1000" },
        { LAST_LINE,
          LAST_LINE "  - amplification: { ratio: ^'<= 45547516231381.609', in: outage }\n",
          "allowed: up to 1000" },
        { LAST_LINE, LAST_LINE "  - attempts: ^5\n", "attempts must be a map" },
        { LAST_LINE, LAST_LINE "  - backoff: ^none\n", "backoff: \"none\" is not allowed" },
        { LAST_LINE, LAST_LINE "  - backoff: ^{ in: outage }\n",
          "backoff needs the key \"jitter\"" },
        { LAST_LINE, LAST_LINE "  - freshness: ^{ max_age: 5s }\n",
          "freshness needs the key \"share\"" },
        { LAST_LINE, LAST_LINE "  - freshness: { max_age: 5s, share: ^5 }\n",
          "\"5\" is a number of answers, but a share is wanted" },
        { LAST_LINE, LAST_LINE "  - freshness: { max_age: ^5, share: '>= 5%' }\n",
          "did you mean \"5s\" or \"5ms\"?" },
        { LAST_LINE, LAST_LINE "  - freshness: { ^age: 5s, max_age: 5s, share: '>= 5%' }\n",
          "unknown key \"age\" in freshness" },
        { LAST_LINE, LAST_LINE "  - availability: ^'>= 0%'\n", "is always true" },
        { LAST_LINE, LAST_LINE "  - availability: ^99.9\n", "is neither a number of answers nor" },
        { LAST_LINE, LAST_LINE "  - canary: ^first\n", "canary: \"first\" is not allowed" },
        { LAST_LINE, LAST_LINE "  - rollback: ^maybe\n", "rollback: \"maybe\" is not allowed" },
        { LAST_LINE, LAST_LINE "  - rollback: ^{ in: outage }\n",
          "rollback must be a single value" },
        { LAST_LINE, LAST_LINE "  - breaker: { states: [open], ^outside: outage }\n",
          "two paths; allowed: in, after" },
        { LAST_LINE, LAST_LINE "  - breaker: { states: [open], in: outage, ^workload: 1 }\n",
          "all workloads share the breaker" },
        { LAST_LINE, LAST_LINE "  - breaker: { states: [closed], ^inn: outage }\n",
          "did you mean \"in\"? Allowed: states, in, after" },
        { LAST_LINE, LAST_LINE "  - latency: { ^max: 1s }\n",
          "\"max\" is not a percentile. Allowed: p with a number" },
        { LAST_LINE, LAST_LINE "  - breaker: ^{ in: outage }\n", "needs the key \"states\"" },
        { LAST_LINE, LAST_LINE "  - breaker: { states: [^open] }\n", "begins with closed" },
        { LAST_LINE, LAST_LINE "  - breaker: { states: [open, ^closed], in: outage }\n",
          "\"closed\" cannot follow \"open\"" },
        { LAST_LINE, LAST_LINE "  - cycle: { ^p95: 60s }\n", "no workload here runs in cycles" },
        { LAST_LINE, LAST_LINE "  - latency: { p95: 1s, workload: ^2 }\n",
          "\"2\" is none of this scenario. Allowed: its number from 1 to 1" },
        { LAST_LINE, LAST_LINE "  - latency: { p95: 1s, workload: ^0 }\n", "number from 1 to 1" },
        { LAST_LINE, LAST_LINE "  - ^amplification: { ratio: '<= 2' }\n",
          "the expectation \"amplification\" already stands in line 21" },
        { LAST_LINE, LAST_LINE "  - recovers: { within: 5s, ^in: outage }\n",
          "unknown key \"in\" in recovers" },
    };
    fixture_check_refusals(refusals, sizeof refusals / sizeof refusals[0]);
}

/* A window in which another workload sends is no window of this one. */
static void a_workload_that_sends_nothing_in_the_window_is_refused(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "expect:\n  - served: { error: 0, in: outage, workload: browsers }\n";
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    struct err_note note = { .err = ERR_OK };
    assert_int_not_equal(
        ERR_OK, scenario_parse(&arena, "a.yaml", text, sizeof text - 1, &scenario, &note));
    assert_non_null(strstr(note.sentence, "in: this workload never sends a request in \"outage\""));
    assert_int_equal(19, note.line);
    arena_deinit(&arena);
}

static void objectives_have_defaults_and_are_read(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse(&arena, HEAD "expect:\n  - rollback: never\n", &scenario);
    assert_int_equal(999000, scenario.objectives.availability_ppm);
    assert_int_equal(950000, scenario.objectives.latency_ppm);
    assert_int_equal(300 * NS_PER_MS, scenario.objectives.latency_ns);
    assert_int_equal(950000, scenario.objectives.freshness_ppm);
    assert_int_equal(INSTANT_NEVER, scenario.objectives.freshness_age_ns);
    parse(&arena,
          HEAD "slo:\n  availability: 99.95%\n  latency: { within: 200ms, share: 90% }\n"
               "  freshness: { max_age: 5m, share: 80% }\nexpect:\n  - rollback: never\n",
          &scenario);
    assert_int_equal(999500, scenario.objectives.availability_ppm);
    assert_int_equal(900000, scenario.objectives.latency_ppm);
    assert_int_equal(200 * NS_PER_MS, scenario.objectives.latency_ns);
    assert_int_equal(800000, scenario.objectives.freshness_ppm);
    assert_int_equal(300 * NS_PER_S, scenario.objectives.freshness_age_ns);
    arena_deinit(&arena);
}

static void wrong_objectives_are_refused_at_their_place(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "expect:\n", "slo: { availability: ^100% }\nexpect:\n", "leaves no error budget" },
        { "expect:\n", "slo: { availability: ^0% }\nexpect:\n", "leaves no error budget" },
        { "expect:\n", "slo: { availability: ^99.9 }\nexpect:\n", "99.9" },
        { "expect:\n", "slo: { ^availabilty: 99% }\nexpect:\n", "did you mean \"availability\"?" },
        { "expect:\n", "slo: { latency: { ^limit: 1s } }\nexpect:\n", "unknown key \"limit\"" },
        { "expect:\n", "slo: { latency: { within: ^0s } }\nexpect:\n", "is kept by nothing" },
        { "expect:\n", "slo: ^99.9%\nexpect:\n", "slo must be a map" },
    };
    fixture_check_refusals(refusals, sizeof refusals / sizeof refusals[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newer_kinds_have_names_and_texts),
        cmocka_unit_test(values_of_newer_kinds_are_read),
        cmocka_unit_test(wrong_newer_expectations_are_refused_at_their_place),
        cmocka_unit_test(a_workload_that_sends_nothing_in_the_window_is_refused),
        cmocka_unit_test(objectives_have_defaults_and_are_read),
        cmocka_unit_test(wrong_objectives_are_refused_at_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
