#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/breaker.h"
#include "scenario_fixture.h"

#define LAST_LINE "  - recovers: { within: 45s }\n"

static void parse_edited(struct arena *arena, const char *old, const char *new,
                         struct scenario *out)
{
    int line = 0;
    int column = 0;
    char *text = fixture_edit(old, new, &line, &column);
    struct err_note note = { .err = ERR_OK };
    enum err err = scenario_parse(arena, "a.yaml", text, strlen(text), out, &note);
    if (err != ERR_OK) fail_msg("%d:%d: %s", note.line, note.column, note.sentence);
    mem_free(text);
}

static const struct expect *find(const struct scenario *scenario, const char *name)
{
    const struct expect *expect = scenario_expect(scenario, name);
    if (expect == NULL) fail_msg("no expectation \"%s\"", name);
    return expect;
}

static void expectations_of_the_header_become_nine_checks(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        int line, column;
    } wanted[] = {
        { "latency.p95 outside outage", "p95: 300ms", 16, 16 },
        { "served.error in outage", "error: 0", 17, 15 },
        { "served.fresh in outage", "fresh: >= 60%", 17, 25 },
        { "breaker", "breaker: [closed, open, half_open, closed]", 18, 5 },
        { "codes.RUNTIME_5XX", "RUNTIME_5XX: >= 1", 19, 14 },
        { "codes.INPUT_INVALID", "INPUT_INVALID: 0", 19, 35 },
        { "order", "order: guide", 20, 5 },
        { "amplification", "amplification: <= 1.4", 21, 5 },
        { "recovers", "within: 45s", 22, 5 },
    };
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse_edited(&arena, "version: 1", "version: 1", &scenario);
    assert_int_equal(scenario.expect_count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < scenario.expect_count; i++) {
        assert_string_equal(scenario.expects[i].name, wanted[i].name);
        assert_string_equal(scenario.expects[i].text, wanted[i].text);
        assert_int_equal(scenario.expects[i].line, wanted[i].line);
        assert_int_equal(scenario.expects[i].column, wanted[i].column);
    }
    arena_deinit(&arena);
}

static void values_of_the_header_are_read(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse_edited(&arena, "version: 1", "version: 1", &scenario);
    const struct expect *check = find(&scenario, "latency.p95 outside outage");
    assert_int_equal(check->window, WINDOW_OUTSIDE);
    assert_int_equal(check->quantile_ppm, 950000);
    assert_int_equal(check->limit_ns, 300 * NS_PER_MS);
    check = find(&scenario, "served.fresh in outage");
    assert_int_equal(check->window, WINDOW_IN);
    assert_int_equal(check->phase, 0);
    assert_int_equal(check->served, EXPECT_SERVED_FRESH);
    assert_int_equal(check->op, COMPARE_GE);
    assert_true(check->is_share);
    assert_int_equal(check->value, 600000);
    check = find(&scenario, "breaker");
    assert_int_equal(check->window, WINDOW_ALL);
    assert_int_equal(check->state_count, 4);
    assert_int_equal(check->states[2], BREAKER_HALF_OPEN);
    check = find(&scenario, "codes.INPUT_INVALID");
    assert_string_equal(check->code, "INPUT_INVALID");
    assert_int_equal(check->op, COMPARE_EQ);
    assert_false(check->is_share);
    assert_int_equal(check->value, 0);
    assert_int_equal(find(&scenario, "amplification")->value, 1400);
    assert_int_equal(find(&scenario, "recovers")->limit_ns, 45 * NS_PER_S);
    arena_deinit(&arena);
}

static void windows_cover_what_was_intended_in_them(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse_edited(&arena, LAST_LINE,
                 LAST_LINE "  - latency: { p99.9: 1s, after: outage }\n"
                           "  - served: { stale: \"< 5\", in: outage }\n"
                           "  - codes: { CIRCUIT_OPEN: \"> 1%\", outside: outage }\n"
                           "  - served: { baseline: 0 }\n",
                 &scenario);
    static const struct {
        const char *name;
        bool before, first, last, end;
    } wanted[] = {
        { "latency.p99.9 after outage", false, false, false, true },
        { "served.stale in outage", false, true, true, false },
        { "codes.CIRCUIT_OPEN outside outage", true, false, false, true },
        { "served.baseline", true, true, true, true },
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const struct expect *check = find(&scenario, wanted[i].name);
        assert_int_equal(expect_covers(check, &scenario, 20 * NS_PER_S - 1), wanted[i].before);
        assert_int_equal(expect_covers(check, &scenario, 20 * NS_PER_S), wanted[i].first);
        assert_int_equal(expect_covers(check, &scenario, 40 * NS_PER_S - 1), wanted[i].last);
        assert_int_equal(expect_covers(check, &scenario, 40 * NS_PER_S), wanted[i].end);
    }
    assert_int_equal(find(&scenario, "latency.p99.9 after outage")->quantile_ppm, 999000);
    arena_deinit(&arena);
}

static void wrong_expectations_are_refused_at_their_place(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "p95: 300ms", "^p100: 300ms", "\"p100\" is not a percentile" },
        { "p95: 300ms", "^p0: 300ms", "\"p0\" is not a percentile" },
        { "p95: 300ms", "^q95: 300ms", "\"q95\" is not a percentile" },
        { "p95: 300ms", "p95: ^300",
          "the unit is missing; did you mean \"300ms\" or \"300s\"?" },
        { "p95: 300ms", "p95: ^0ms", "no answer takes \"0ms\"" },
        { "{ p95: 300ms, outside", "^{ outside", "latency expects nothing here" },
        { "error: 0", "^eror: 0", "did you mean \"error\"?" },
        { "error: 0", "error: ^none", "\"none\" is neither a number of answers nor a share" },
        { "error: 0", "error: ^\"< 0\"", "\"< 0\" can never be true" },
        { "\">= 60%\"", "^\"> 100%\"", "\"> 100%\" can never be true" },
        { "error: 0", "error: ^\">= 0\"", "\">= 0\" is always true" },
        { "\">= 60%\"", "^\">= 0%\"", "\">= 0%\" is always true" },
        { "\">= 60%\"", "^\"<= 100%\"", "\"<= 100%\" is always true" },
        { "\">= 60%\"", "^\">= 101%\"", "\"101%\" is not a share" },
        { "\">= 60%\"", "^\">=\"", "compares with nothing" },
        { "\">= 60%\"", "^\"~ 60%\"", "\"~ 60%\" is not a share" },
        { "[closed, open, half_open, closed]", "^[]", "breaker: the list is empty" },
        { "[closed, open, half_open, closed]", "^closed", "breaker must be a list" },
        { "[closed, open, half_open, closed]", "[^open]", "the list begins with closed" },
        { "[closed, open, half_open, closed]", "[closed, ^half_open]",
          "\"half_open\" cannot follow \"closed\"; allowed there: open" },
        { "[closed, open, half_open, closed]", "[closed, open, ^closed]",
          "\"closed\" cannot follow \"open\"; allowed there: half_open" },
        { "[closed, open, half_open, closed]", "[closed, ^half-open]",
          "did you mean \"half_open\"?" },
        { "RUNTIME_5XX", "^RUNTIME_5XXX", "did you mean \"RUNTIME_5XX\"?" },
        { "order: guide", "order: ^any", "order: \"any\" is not allowed" },
        { "\"<= 1.4\"", "^\"<= 1.4567\"", "at most 3 decimals" },
        { "\"<= 1.4\"", "^\"<= -1\"", "\"-1\" is not a number" },
        { "{ within: 45s }", "^{}", "recovers needs the key \"within\"" },
        { "{ within: 45s }", "{ within: ^45 }", "did you mean \"45s\" or \"45ms\"?" },
        { LAST_LINE, LAST_LINE "  - ^order: guide\n",
          "the expectation \"order\" already stands in line 20" },
        { LAST_LINE, LAST_LINE "  - served: { in: outage, ^error: 1 }\n",
          "the expectation \"served.error in outage\" already stands in line 17" },
        { LAST_LINE, LAST_LINE "  - served: { error: 1, in: outage, ^after: outage }\n",
          "\"after\" stands beside \"in\"" },
        { LAST_LINE, LAST_LINE "  - served: ^{ in: outage }\n", "served expects nothing here" },
        { LAST_LINE, LAST_LINE "  - served: ^0\n", "served must be a map" },
        { LAST_LINE, LAST_LINE "  - ^latecy: { p95: 1s }\n", "did you mean \"latency\"?" },
        { LAST_LINE, LAST_LINE "  - served: { stale: 0 }\n    ^codes: { RUNTIME_NETWORK: 0 }\n",
          "each item of expect holds one expectation" },
        { LAST_LINE, LAST_LINE "  - ^order\n", "an expectation must be a map" },
    };
    fixture_check_refusals(refusals, sizeof refusals / sizeof refusals[0]);
}

/* Everything of the fixture between the phase's name and its expectations. */
#define FAULTS                                                                                     \
    "faults: [ { status: 503, retry_after: 1s, share: 60% }, { at: response_body@40%, do: reset, " \
    "share: 10% } ] }\nexpect:\n"
#define PHASE "from: 20s, to: 40s, " FAULTS
#define FIRST_CHECK "  - latency: { p95: 300ms, outside: outage }\n"

static void what_can_never_be_judged_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "outside: outage", "outside: ^outtage",
          "\"outtage\" is not a phase of this scenario; did you mean \"outage\"? Its phases: "
          "outage" },
        { PHASE FIRST_CHECK,
          "from: 0s, to: 60s, " FAULTS "  - latency: { p95: 300ms, outside: ^outage }\n",
          "\"outage\" fills the whole scenario" },
        { PHASE FIRST_CHECK,
          "from: 20s, to: 60s, " FAULTS "  - latency: { p95: 300ms, after: ^outage }\n",
          "\"outage\" ends with the scenario" },
        { PHASE FIRST_CHECK, "from: 20s, to: 60s, " FAULTS "  - ^recovers: { within: 5s }\n",
          "no request comes after the last phase \"outage\"" },
        { "  phases:\n    - { name: outage, " PHASE FIRST_CHECK,
          "expect:\n  - ^recovers: { within: 5s }\n", "there is no fault to recover from" },
        { "  phases:\n    - { name: outage, " PHASE FIRST_CHECK,
          "expect:\n  - served: { error: 0, in: ^outage }\n",
          "\"outage\" is not a phase; this scenario has none" },
    };
    fixture_check_refusals(refusals, sizeof refusals / sizeof refusals[0]);
}

static void window_without_any_load_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *load;
        const char *check;
        const char *sentence;
    } cases[] = {
        { "from: 5s, to: 10s", "in: ^b", "no workload sends a request in \"b\"" },
        { "from: 5s, to: 10s", "after: ^a", "no workload sends a request after \"a\"" },
        { "from: 12s, to: 18s", "outside: ^b", "no workload sends a request outside \"b\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "version: 1\nname: a\nduration: 20s\n"
                 "workload: [ { arrival: { constant: 2/s }, %s } ]\n"
                 "upstream: { latency: 1ms, phases: [\n"
                 "  { name: a, from: 5s, to: 10s, faults: [ { status: 500 } ] },\n"
                 "  { name: b, from: 10s, to: 20s, faults: [ { status: 500 } ] } ] }\n"
                 "expect: [ { served: { error: 0, %s } } ]\n",
                 cases[i].load, cases[i].check);
        char *mark = strchr(text, '^');
        int column = (int)(mark - strstr(text, "expect:")) + 1;
        memmove(mark, mark + 1, strlen(mark));
        struct arena arena = { .head = NULL };
        struct err_note note = { .err = ERR_OK };
        struct scenario scenario;
        assert_int_not_equal(scenario_parse(&arena, "a.yaml", text, strlen(text), &scenario, &note),
                             ERR_OK);
        assert_int_equal(note.line, 8);
        assert_int_equal(note.column, column);
        if (strstr(note.sentence, cases[i].sentence) == NULL) fail_msg("%s", note.sentence);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expectations_of_the_header_become_nine_checks),
        cmocka_unit_test(values_of_the_header_are_read),
        cmocka_unit_test(windows_cover_what_was_intended_in_them),
        cmocka_unit_test(wrong_expectations_are_refused_at_their_place),
        cmocka_unit_test(what_can_never_be_judged_is_refused_at_its_place),
        cmocka_unit_test(window_without_any_load_is_refused_at_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
