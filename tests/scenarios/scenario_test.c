#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "scenario_fixture.h"

#define CHECK_REFUSALS(refusals)                                                                   \
    fixture_check_refusals(refusals, sizeof(refusals) / sizeof(refusals)[0])

static void parse(struct arena *arena, const char *text, struct scenario *out)
{
    struct err_note note = { .err = ERR_OK };
    enum err err = scenario_parse(arena, "a.yaml", text, strlen(text), out, &note);
    if (err != ERR_OK) fail_msg("%d:%d: %s", note.line, note.column, note.sentence);
}

/* The fixture with one change, which must be taken. */
static void parse_edited(struct arena *arena, const char *old, const char *new,
                         struct scenario *out)
{
    int line = 0;
    int column = 0;
    char *text = fixture_edit(old, new, &line, &column);
    parse(arena, text, out);
    mem_free(text);
}

static void scenario_of_the_header_is_read_whole(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse(&arena, fixture_text, &scenario);
    assert_string_equal(scenario.path, "a.yaml");
    assert_string_equal(scenario.name, "brownout-503");
    assert_non_null(strstr(scenario.teaches, "costs freshness"));
    assert_int_equal(scenario.seed, 42);
    assert_int_equal(scenario.duration_ns, 60 * NS_PER_S);
    assert_string_equal(scenario.environment, "prod");
    assert_int_equal(scenario.setting_count, 1);
    assert_string_equal(scenario.settings[0].assignment, "cache_ttl_s=5");
    assert_int_equal(scenario.settings[0].line, 6);
    assert_int_equal(scenario.settings[0].column, 30);
    assert_int_equal(scenario.workload_count, 1);
    const struct workload *workload = &scenario.workloads[0];
    assert_int_equal(workload->arrival, ARRIVAL_POISSON);
    assert_int_equal(workload->rate_micro_per_s, 40000000);
    assert_int_equal(workload->from_ns, 0);
    assert_int_equal(workload->to_ns, 60 * NS_PER_S);
    assert_int_equal(workload->key_count, 50);
    assert_int_equal(workload->zipf_permille, 900);
    assert_int_equal(workload->shapes[0].y_len, 288);
    assert_int_equal(workload->shapes[0].horizon_steps, 12);
    assert_string_equal(workload->shapes[0].liquidity_bucket, "high");
    assert_int_equal(scenario.latency.count, 6);
    assert_int_equal(scenario.expect_count, 9);
    arena_deinit(&arena);
}

static void phase_of_the_header_has_its_two_faults(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse(&arena, fixture_text, &scenario);
    assert_int_equal(scenario.phase_count, 1);
    const struct phase *phase = &scenario.phases[0];
    assert_string_equal(phase->name, "outage");
    assert_int_equal(phase->from_ns, 20 * NS_PER_S);
    assert_int_equal(phase->to_ns, 40 * NS_PER_S);
    assert_int_equal(phase->fault_count, 2);
    assert_int_equal(phase->faults[0].effect, FAULT_STATUS);
    assert_int_equal(phase->faults[0].status, 503);
    assert_true(phase->faults[0].has_retry_after);
    assert_int_equal(phase->faults[0].retry_after_s, 1);
    assert_int_equal(phase->faults[0].select.share_ppm, 600000);
    assert_string_equal(phase->faults[0].text, "status 503 retry_after 1s 60%");
    assert_int_equal(phase->faults[1].effect, FAULT_RESET);
    assert_int_equal(phase->faults[1].at, FAULT_AT_RESPONSE_BODY);
    assert_int_equal(phase->faults[1].at_ppm, 400000);
    assert_string_equal(phase->faults[1].text, "reset at response_body@40% 10%");
    assert_int_equal(phase->faults[1].line, 14);
    arena_deinit(&arena);
}

static void what_is_left_out_has_its_default(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse(&arena,
          "version: 1\nname: small\nduration: 10s\nworkload: [ { arrival: { constant: 2/s } } ]\n"
          "upstream: { latency: 40ms }\nexpect: [ { served: { error: 0 } } ]\n",
          &scenario);
    assert_string_equal(scenario.teaches, "");
    assert_string_equal(scenario.environment, "prod");
    assert_int_equal(scenario.seed, 1);
    assert_int_equal(scenario.setting_count, 0);
    assert_int_equal(scenario.phase_count, 0);
    assert_int_equal(scenario.workloads[0].arrival, ARRIVAL_CONSTANT);
    assert_int_equal(scenario.workloads[0].key_count, 1);
    assert_int_equal(scenario.workloads[0].zipf_permille, 0);
    assert_int_equal(scenario.workloads[0].shapes[0].y_len, 288);
    assert_int_equal(scenario.workloads[0].shapes[0].horizon_steps, 12);
    assert_null(scenario.workloads[0].shapes[0].liquidity_bucket);
    assert_null(scenario_phase_at(&scenario, 0));
    arena_deinit(&arena);
}

static void a_scenario_is_of_the_gate_unless_it_says_nightly(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse(&arena, fixture_text, &scenario);
    assert_string_equal(scenario_tier_name(scenario.tier), "gate");
    parse_edited(&arena, "duration: 60s", "duration: 60s\ntier: nightly", &scenario);
    assert_string_equal(scenario_tier_name(scenario.tier), "nightly");
    enum scenario_tier tier = SCENARIO_TIER_GATE;
    assert_true(scenario_tier_parse("nightly", &tier));
    assert_int_equal(tier, SCENARIO_TIER_NIGHTLY);
    assert_false(scenario_tier_parse("all", &tier));
    arena_deinit(&arena);
}

static void phases_are_put_in_order_of_time_and_end_before_their_last_moment(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse_edited(&arena, "  phases:\n",
                 "  phases:\n"
                 "    - { name: late, from: 40s, to: 50s, faults: [ { status: 500 } ] }\n"
                 "    - { name: early, from: 1s, to: 2s, faults: [ { status: 500 } ] }\n",
                 &scenario);
    assert_string_equal(scenario.phases[0].name, "early");
    assert_string_equal(scenario.phases[1].name, "outage");
    assert_string_equal(scenario.phases[2].name, "late");
    assert_null(scenario_phase_at(&scenario, NS_PER_S - 1));
    assert_ptr_equal(scenario_phase_at(&scenario, NS_PER_S), &scenario.phases[0]);
    assert_null(scenario_phase_at(&scenario, 2 * NS_PER_S));
    assert_ptr_equal(scenario_phase_at(&scenario, 40 * NS_PER_S - 1), &scenario.phases[1]);
    assert_ptr_equal(scenario_phase_at(&scenario, 40 * NS_PER_S), &scenario.phases[2]);
    arena_deinit(&arena);
}

static void every_effect_has_its_text(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse_edited(
        &arena, "{ status: 503, retry_after: 1s, share: 60% }",
        "{ status: 429 }, { delay: 500ms, share: 0.5% }, { at: response_head, do: stall }, "
        "{ at: response_body@100B, do: close }, { answer: wrong_id, share: 5% }",
        &scenario);
    const struct fault *faults = scenario.phases[0].faults;
    assert_string_equal(faults[0].text, "status 429");
    assert_int_equal(faults[0].select.share_ppm, 1000000);
    assert_string_equal(faults[1].text, "delay 500ms 0.5%");
    assert_int_equal(faults[1].delay.value_ns[0], 500 * NS_PER_MS);
    assert_string_equal(faults[2].text, "stall at response_head");
    assert_string_equal(faults[3].text, "close at response_body@100B");
    assert_true(faults[3].at_is_bytes);
    assert_int_equal(faults[3].at_bytes, 100);
    assert_string_equal(faults[4].text, "answer wrong_id 5%");
    assert_int_equal(faults[4].answer, ANSWER_WRONG_ID);
    arena_deinit(&arena);
}

static void wrong_head_of_the_file_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "version: 1", "version: ^2",
          "version: \"2\" is not allowed; allowed: a whole number from 1 to 1" },
        { "version: 1\n", "^", "begin with \"version: 1\"" },
        { "name: brownout-503\n", "^name: a\nname: b\n", "" },
        { "brownout-503", "^a/b", "\"a/b\" is not a name" },
        { "brownout-503", "^a23456789012345678901234567890123456789012345678901234567890abcde",
          "at most 64 letters" },
        { "seed: 42", "seed: ^0", "seed: \"0\" is not allowed" },
        { "seed: 42", "seed: ^-1", "seed: \"-1\" is not allowed" },
        { "duration: 60s", "duration: ^60sec",
          "\"60sec\" is not a length of time; did you mean \"60s\"?" },
        { "duration: 60s", "duration: 60s\ntier: ^weekly", "gate, nightly" },
        { "duration: 60s", "duration: ^60",
          "the unit is missing; did you mean \"60s\" or \"60ms\"?" },
        { "duration: 60s", "duration: ^-60s", "\"-60s\" is negative" },
        { "duration: 60s", "duration: ^0s", "leaves no time" },
        { "duration: 60s", "duration: ^99999999h",
          "\"99999999h\" is too long, or has more decimals than a nanosecond; allowed: at most "
          "24h" },
        { "duration: 60s", "duration: ^25h", "\"25h\" is too long; allowed: at most 24h" },
        { "duration: 60s", "duration: ^[60s]",
          "duration must be a single value, but here stands a list" },
        { "duration: 60s", "^duratoin: 60s",
          "unknown key \"duratoin\" in a scenario; did you mean \"duration\"?" },
        { "env: prod", "env: ^production", "env: \"production\" is not allowed" },
        { "env: prod", "env: ^prd", "did you mean \"prod\"? Allowed: dev, staging, prod" },
        { "cache_ttl_s: 5", "cache_ttl_s: ^[5]",
          "the option \"cache_ttl_s\" must be a single value" },
        { "{ cache_ttl_s: 5 }", "^5", "set must be a map" },
        { "env: prod", "^envv: prod", "did you mean \"env\"?" },
    };
    /* The third leaves "name" to yaml.c, whose note stands at the second of the two. */
    fixture_check_refusals(refusals, 2);
    fixture_check_refusals(refusals + 3, sizeof refusals / sizeof refusals[0] - 3);
}

static void wrong_workloads_are_refused_at_their_place(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "poisson: 40/s", "poisson: ^0/s", "would never send a request" },
        { "poisson: 40/s", "poisson: ^40", "did you mean \"40/s\"?" },
        { "poisson: 40/s", "poisson: ^-3/s", "\"-3/s\" is not a rate" },
        { "poisson: 40/s", "^poison: 40/s", "did you mean \"poisson\"?" },
        { "{ poisson: 40/s }", "^{ poisson: 40/s, constant: 1/s }",
          "exactly one of poisson, constant, burst" },
        { "{ poisson: 40/s }", "^{ poisson: 90000/s }",
          "up to here the load makes 5400000 requests" },
        { "- arrival: { poisson: 40/s }\n    keys", "- ^keys",
          "a workload needs the key \"arrival\"" },
        { "count: 50", "count: ^0", "allowed: a whole number from 1 to 100000" },
        { "zipf: 0.9", "zipf: ^-1", "an exponent from 0 to 5" },
        { "zipf: 0.9", "zipf: ^5.001", "an exponent from 0 to 5" },
        { "y_len: 288", "y_len: ^1", "allowed: a whole number from 2 to 20000" },
        { "y_len: 288", "y_len: ^20001", "allowed: a whole number from 2 to 20000" },
        { "horizon_steps: 12", "horizon_steps: ^0", "allowed: a whole number from 1 to 1000" },
        { "horizon_steps", "^horizon", "unknown key \"horizon\" in request" },
        { "    request", "    from: 30s\n    to: ^30s\n    request",
          "\"from\" must come before \"to\"" },
        { "    request", "    from: ^60s\n    request", "\"from\" must come before \"to\"" },
        { "    request", "    to: ^61s\n    request",
          "to: \"61s\" is after the end of the scenario (duration: 1m)" },
        { "    request", "    to: ^-5s\n    request", "to: \"-5s\" is negative" },
    };
    CHECK_REFUSALS(refusals);
}

static void wrong_upstreams_are_refused_at_their_place(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "  latency: { p50", "  ^lattency: { p50", "did you mean \"latency\"?" },
        { "  latency: { p50", "  capacity: ^{ workers: 16 }\n  latency: { p50",
          "capacity needs the key \"queue\"" },
        { "  latency: { p50", "  capacity: ^[ 3 ]\n  latency: { p50", "must be a map" },
        { "  latency: { p50", "  capacity: ^3\n  latency: { p50", "must be a map" },
        { "  latency: { p50", "  capacity: { workers: ^0, queue: 1 }\n  latency: { p50",
          "workers: \"0\"" },
        { "  latency: { p50",
          "  capacity: { workers: 1, queue: 1, on_full: ^504 }\n  latency: { p50",
          "Allowed: 503, 429, reset, close" },
        { "p90: 90ms", "^p90: 30ms", "p90: 30ms is less than p50: 40ms" },
        { "max: 400ms", "^max: 200ms", "max: 200ms is less than p99: 220ms" },
        { "max: 400ms", "^p100: 400ms", "did you mean \"max\"?" },
        { "max: 400ms", "^q99: 400ms", "unknown key \"q99\" in latency" },
        { "max: 400ms", "^p50.0: 400ms", "\"p50.0\" is the same share as \"p50\"" },
        { "max: 400ms", "max: ^400", "did you mean \"400ms\" or \"400s\"?" },
        { "{ p50: 40ms, p90: 90ms, p95: 140ms, p99: 220ms, max: 400ms }", "^{ p50: 40ms }",
          "latency needs the key \"max\"" },
        { "{ p50: 40ms, p90: 90ms, p95: 140ms, p99: 220ms, max: 400ms }", "^[40ms]",
          "latency must be a time or a distribution" },
        { "{ p50: 40ms, p90: 90ms, p95: 140ms, p99: 220ms, max: 400ms }", "^-1ms",
          "\"-1ms\" is negative" },
        { "from: 20s", "from: ^-5s", "from: \"-5s\" is negative" },
        { "to: 40s", "to: ^40sec", "to: \"40sec\" is not a length of time; did you mean \"40s\"?" },
        { "to: 40s", "to: ^20s", "to: \"20s\" is not after from: \"20s\"" },
        { "to: 40s", "to: ^70s", "to: \"70s\" is after the end of the scenario (duration: 1m)" },
        { "from: 20s, to: 40s", "from: ^70s, to: 80s", "from: \"70s\" is after the end" },
        { "from: 20s, to: 40s", "from: ^60s, to: 80s", "from: \"60s\" is at the end" },
        { "- { name: outage, from: 20s,", "- ^{ name: outage,", "a phase needs the key \"from\"" },
        { "{ name: outage", "{ name: ^\"out age\"", "\"out age\" is not a name" },
        { "{ name: outage", "{ ^nmae: outage", "did you mean \"name\"?" },
        { "    - { name: outage,",
          "    - { name: x, from: 10s, to: 30s, faults: [ { status: 500 } ] }\n    - ^{ name: "
          "outage,",
          "phases \"x\" and \"outage\" overlap from 20s to 30s; a fault list composes inside one "
          "phase: put both faults into one phase or move one" },
        { "    - { name: outage,",
          "    - { name: outage, from: 1s, to: 3s, faults: [ { status: 500 } ] }\n    - { name: "
          "^outage,",
          "a phase named \"outage\" already stands in line 14" },
        { "faults: [ { status: 503, retry_after: 1s, share: 60% }, { at: response_body@40%, do: "
          "reset, share: 10% } ]",
          "faults: ^[]", "faults: the list is empty" },
        { "faults: [ { status: 503, retry_after: 1s, share: 60% }, { at: response_body@40%, do: "
          "reset, share: 10% } ]",
          "faults: ^{ status: 503 }", "faults must be a list, but here stands a map" },
    };
    CHECK_REFUSALS(refusals);
}

static void wrong_faults_are_refused_at_their_place(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "status: 503", "status: ^99",
          "status: \"99\" is not allowed; allowed: 200, 300 to 599 but 304" },
        { "status: 503", "status: ^600", "status: \"600\" is not allowed" },
        { "status: 503", "status: ^204", "it cannot carry the body" },
        { "status: 503", "status: ^304", "it cannot carry the body" },
        { "status: 503", "status: ^100", "it cannot carry the body" },
        { "status: 503", "status: ^5xx", "status: \"5xx\" is not allowed" },
        { "status: 503", "^staus: 503",
          "unknown key \"staus\" in a fault; did you mean \"status\"?" },
        { "retry_after: 1s", "retry_after: ^1500ms", "not a whole number of seconds" },
        { "retry_after: 1s", "retry_after: ^1", "did you mean \"1s\" or \"1ms\"?" },
        { "share: 60%", "share: ^101%", "share: \"101%\" is not a share. Allowed: 0% to 100%" },
        { "share: 60%", "share: ^-1%", "share: \"-1%\" is not a share" },
        { "share: 60%", "share: ^60", "did you mean \"60%\"?" },
        { "share: 60%", "share: ^0.5", "did you mean \"50%\" or \"0.5%\"?" },
        { "share: 60%", "share: ^1", "did you mean \"100%\" or \"1%\"?" },
        { "share: 60%", "share: ^0", "did you mean \"0%\"?" },
        { "status: 503, retry_after", "status: 503, ^delay: 1s, retry_after",
          "\"delay\" is a second effect beside \"status\"" },
        { "status: 503, retry_after", "delay: 1s, ^retry_after",
          "\"retry_after\" is a header of an answer with a status" },
        { "{ status: 503, retry_after: 1s, share: 60% }", "^{ share: 60% }",
          "this fault has no effect" },
        { "{ status: 503, retry_after: 1s, share: 60% }", "^{}", "this fault has no effect" },
        { "{ status: 503, retry_after: 1s, share: 60% }", "^503", "a fault must be a map" },
        { "do: reset, ", "^", "" },
        { "at: response_body@40%, do", "^do", "\"do\" says what, but \"at\" is missing" },
        { "do: reset", "do: ^rst", "do: \"rst\" is not allowed" },
        { "do: reset", "do: ^reste", "did you mean \"reset\"? Allowed: reset, close, stall" },
        { "at: response_body@40%", "at: ^response_haed", "did you mean \"response_head\"?" },
        { "at: response_body@40%", "at: ^response_body",
          "Allowed: response_head, response_body@40%, response_body@100B" },
        { "at: response_body@40%", "at: ^response_body@", "is no place in the body" },
        { "at: response_body@40%", "at: ^response_body@100", "is no place in the body" },
        { "at: response_body@40%", "at: ^response_body@100%", "from 0% to under 100%" },
        { "at: response_body@40%, do: reset", "answer: ^missing_quantiles",
          "did you mean \"missing_quantile\"?" },
        { "at: response_body@40%, do: reset", "answer: ^good", "answer: \"good\" is not allowed" },
    };
    static const struct refusal at_without_do = { "at: response_body@40%, do: reset, ",
                                                  "^at: response_head, ",
                                                  "\"at\" says where, but \"do\" is missing" };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].sentence[0] != '\0') fixture_check_refusals(&refusals[i], 1);
    }
    fixture_check_refusals(&at_without_do, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenario_of_the_header_is_read_whole),
        cmocka_unit_test(phase_of_the_header_has_its_two_faults),
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(phases_are_put_in_order_of_time_and_end_before_their_last_moment),
        cmocka_unit_test(a_scenario_is_of_the_gate_unless_it_says_nightly),
        cmocka_unit_test(every_effect_has_its_text),
        cmocka_unit_test(wrong_head_of_the_file_is_refused_at_its_place),
        cmocka_unit_test(wrong_workloads_are_refused_at_their_place),
        cmocka_unit_test(wrong_upstreams_are_refused_at_their_place),
        cmocka_unit_test(wrong_faults_are_refused_at_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
