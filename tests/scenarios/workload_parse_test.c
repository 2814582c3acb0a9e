#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "scenario_fixture.h"

static const char arrival_text[] = "{ poisson: 40/s }";
static const char request_text[] =
    "    request: { y_len: 288, horizon_steps: 12, liquidity_bucket: high }\n";

/* The fixture with something else in the place of `old`. */
static void parse(struct arena *arena, struct scenario *out, const char *old, const char *new)
{
    int line, column;
    char *text = fixture_edit(old, new, &line, &column);
    struct err_note note = { .err = ERR_OK };
    if (scenario_parse(arena, "a.yaml", text, strlen(text), out, &note) != ERR_OK) {
        fail_msg("%d:%d: %s", note.line, note.column, note.sentence);
    }
    mem_free(text);
}

static struct workload arrival_of(struct arena *arena, const char *new)
{
    struct scenario scenario;
    parse(arena, &scenario, arrival_text, new);
    return scenario.workloads[0];
}

static void every_arrival_is_read(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct workload workload = arrival_of(&arena, "{ burst: { size: 50, every: 5s, spread: 1s } }");
    assert_int_equal(workload.arrival, ARRIVAL_BURST);
    assert_int_equal(workload.size, 50);
    assert_int_equal(workload.every_ns, 5 * NS_PER_S);
    assert_int_equal(workload.spread_ns, NS_PER_S);
    workload = arrival_of(&arena, "{ ramp: { from: 0/s, to: 80/s } }");
    assert_int_equal(workload.arrival, ARRIVAL_RAMP);
    assert_int_equal(workload.rate_micro_per_s, 0);
    assert_int_equal(workload.rate_to_micro_per_s, 80000000);
    workload = arrival_of(&arena, "{ closed: { clients: 16, think: 100ms } }");
    assert_int_equal(workload.arrival, ARRIVAL_CLOSED);
    assert_int_equal(workload.size, 16);
    assert_int_equal(workload.think_ns, 100 * NS_PER_MS);
    workload = arrival_of(&arena, "{ cycle: { top: 50, every: 10s, concurrency: 8 } }");
    assert_int_equal(workload.arrival, ARRIVAL_CYCLE);
    assert_int_equal(workload.size, 50);
    assert_int_equal(workload.every_ns, 10 * NS_PER_S);
    assert_int_equal(workload.concurrency, 8);
    assert_int_equal(workload.key_count, 50);
    arena_deinit(&arena);
}

static void entries_of_a_mix_inherit_and_share_the_rest(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse(&arena, &scenario, request_text,
          "    name: public\n"
          "    request: { horizon_steps: 6, market: btc, model: timesfm }\n"
          "    client: { hang_up: 5%, after: 50ms, slow_upload: 2%, over: 200ms }\n"
          "    mix:\n"
          "      - { share: 70% }\n"
          "      - { request: { y_len: 10, gap: 90m } }\n"
          "      - { request: { bad: not_json, model: other, max_gap_minutes: 0 } }\n");
    const struct workload *workload = &scenario.workloads[0];
    assert_string_equal(workload->name, "public");
    assert_int_equal(workload->shape_count, 3);
    assert_int_equal(workload->key_count, 150);
    assert_int_equal(workload_market_count(workload), 50);
    const struct request_shape *shapes = workload->shapes;
    assert_int_equal(shapes[0].share_ppm, 700000);
    assert_int_equal(shapes[1].share_ppm, 150000);
    assert_int_equal(shapes[2].share_ppm, 150000);
    assert_int_equal(shapes[0].y_len, 288);
    assert_int_equal(shapes[1].y_len, 10);
    assert_int_equal(shapes[1].horizon_steps, 6);
    assert_int_equal(shapes[1].gap_minutes, 90);
    assert_string_equal(shapes[1].market, "btc");
    assert_string_equal(shapes[2].model, "other");
    assert_int_equal(shapes[2].bad, BAD_NOT_JSON);
    assert_true(shapes[2].has_max_gap && !shapes[1].has_max_gap);
    assert_ptr_equal(workload_shape(workload, 99), &shapes[1]);
    assert_int_equal(workload->client.hang_up_ppm, 50000);
    assert_int_equal(workload->client.after_ns, 50 * NS_PER_MS);
    assert_int_equal(workload->client.slow_ppm, 20000);
    assert_int_equal(workload->client.over_ns, 200 * NS_PER_MS);
    arena_deinit(&arena);
}

static void wrong_workloads_are_refused_at_their_place(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "{ poisson: 40/s }", "{ burst: ^{ size: 5 } }", "every" },
        { "{ poisson: 40/s }", "{ burst: { size: ^0, every: 5s } }", "size" },
        { "{ poisson: 40/s }", "{ burst: { size: 5, every: 1s, spread: ^2s } }",
          "run into each other" },
        { "{ poisson: 40/s }", "{ ramp: ^{ from: 0/s, to: 0/s } }", "from nothing to nothing" },
        { "{ poisson: 40/s }", "{ ramp: { from: 1/s, to: ^80 } }", "did you mean \"80/s\"?" },
        { "{ poisson: 40/s }", "{ closed: { clients: 4, think: ^10us } }", "too short" },
        { "{ poisson: 40/s }", "{ closed: { ^client: 4 } }", "did you mean \"clients\"?" },
        { "{ poisson: 40/s }", "{ cycle: { top: 5, every: 1s, concurrency: ^6 } }", "concurrency" },
        { "{ poisson: 40/s }", "^{ closed: { clients: 10000, think: 1ms } }",
          "up to here the load makes" },
        { "    request", "    mix: ^[ { share: 70% }, { share: 20% } ]\n    request",
          "add up to 90%" },
        { "    request", "    mix: ^[ { share: 70% }, { share: 40% } ]\n    request",
          "add up to 110%" },
        { "    request", "    mix: [ { share: ^0% }, {} ]\n    request", "leave it out" },
        { "    request", "    mix: [ { request: { bad: ^notjson } } ]\n    request",
          "did you mean \"not_json\"?" },
        { "    request", "    mix: [ { request: { gap: ^7m } } ]\n    request",
          "whole number of 5m" },
        { "    request", "    client: { hang_up: ^5% }\n    request", "hang_up needs after" },
        { "    request", "    client: { over: ^5ms }\n    request", "over needs slow_upload" },
        { "    request",
          "    client: ^{ hang_up: 60%, after: 1s, slow_upload: 50%, over: 1s }\n"
          "    request",
          "over 100%" },
        { "    request", "    client: { slow_upload: 50%, over: ^3s }\n    request", "at most 2s" },
        { "    request", "    name: ^a b\n    request", "name" },
    };
    fixture_check_refusals(refusals, sizeof refusals / sizeof refusals[0]);
}

static void a_cycle_needs_as_many_keys_as_it_asks_for(void **state)
{
    (void)state;
    int line, column;
    char *text = fixture_edit(arrival_text, "{ cycle: { top: 51, every: 1s, concurrency: 6 } }",
                              &line, &column);
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    struct err_note note = { .err = ERR_OK };
    assert_int_not_equal(scenario_parse(&arena, "a.yaml", text, strlen(text), &scenario, &note),
                         ERR_OK);
    assert_non_null(strstr(note.sentence, "a cycle over the top 51 needs as many keys"));
    arena_deinit(&arena);
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_arrival_is_read),
        cmocka_unit_test(entries_of_a_mix_inherit_and_share_the_rest),
        cmocka_unit_test(wrong_workloads_are_refused_at_their_place),
        cmocka_unit_test(a_cycle_needs_as_many_keys_as_it_asks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
