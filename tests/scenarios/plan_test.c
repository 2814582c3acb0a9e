#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "scenario/plan_state.h"
#include "scenario_fixture.h"

static const struct plan_query inside = { .request_key = 99, .offset_ns = 25 * NS_PER_S };

/* The fixture with these faults in its phase, and a steady latency of 40 ms. */
static void parse_faults(struct arena *arena, const char *faults, struct scenario *out)
{
    int line = 0;
    int column = 0;
    struct err_note note = { .err = ERR_OK };
    char *text = fixture_edit(
        "{ p50: 40ms, p90: 90ms, p95: 140ms, p99: 220ms, max: 400ms }\n  phases:\n    - { name: "
        "outage, from: 20s, to: 40s, faults: [ { status: 503, retry_after: 1s, share: 60% }, { at: "
        "response_body@40%, do: reset, share: 10% } ] }",
        "40ms\n  phases:\n    - { name: outage, from: 20s, to: 40s, faults: [FAULTS] }", &line,
        &column);
    size_t length = strlen(text) + strlen(faults) + 1;
    char *whole = mem_alloc(length, 1);
    char *at = strstr(text, "FAULTS");
    *at = '\0';
    snprintf(whole, length, "%s%s%s", text, faults, at + strlen("FAULTS"));
    enum err err = scenario_parse(arena, "a.yaml", whole, strlen(whole), out, &note);
    if (err != ERR_OK) fail_msg("%d:%d: %s", note.line, note.column, note.sentence);
    mem_free(text);
    mem_free(whole);
}

/* The plan of the first attempt that a new upstream sees. */
static void plan_once(const struct scenario *scenario, uint64_t seed,
                      const struct plan_query *query, struct reply_plan *out)
{
    struct plan_state *state = plan_state_create(scenario, seed);
    plan_make(state, query, out);
    plan_state_destroy(state);
}

/* "40000000 head, 0 body 400000ppm, 0 reset" */
static const char *steps_text(const struct reply_plan *plan, char out[256])
{
    static const char *const kinds[] = { "head part", "head",  "body",  "garbage", "end",
                                         "stray",     "reset", "close", "stall" };
    struct buf buf;
    buf_init(&buf, 256);
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        buf_printf(&buf, "%s%llums %s", i == 0 ? "" : ", ",
                   (unsigned long long)(step->after_ns / NS_PER_MS), kinds[step->kind]);
        if (step->kind == PLAN_BODY && step->to_is_bytes) {
            buf_printf(&buf, " %lluB", (unsigned long long)step->to_bytes);
        } else if (step->kind == PLAN_BODY) {
            buf_printf(&buf, " %u%%", step->to_ppm / 10000);
        }
    }
    snprintf(out, 256, "%s", buf_text(&buf));
    buf_deinit(&buf);
    return out;
}

static void faults_turn_the_healthy_plan_into_theirs(void **state)
{
    (void)state;
    static const struct {
        const char *faults;
        unsigned status;
        const char *steps;
        const char *rules;
    } cases[] = {
        { "{ status: 503, share: 0% }", 200, "40ms head, 0ms body 100%, 0ms end", "" },
        { "{ status: 503 }", 503, "40ms head, 0ms body 100%, 0ms end", "status 503" },
        { "{ delay: 500ms }", 200, "540ms head, 0ms body 100%, 0ms end", "delay 500ms" },
        { "{ at: response_head, do: reset }", 200, "40ms reset", "reset at response_head" },
        { "{ at: response_head, do: stall }, { delay: 1s }", 200, "1040ms stall",
          "stall at response_head + delay 1s" },
        { "{ at: response_body@40%, do: reset }", 200, "40ms head, 0ms body 40%, 0ms reset",
          "reset at response_body@40%" },
        { "{ delay: 2ms }, { at: response_body@100B, do: close }", 200,
          "42ms head, 0ms body 100B, 0ms close", "delay 2ms + close at response_body@100B" },
        { "{ answer: not_json }", 200, "40ms head, 0ms body 100%, 0ms end", "answer not_json" },
        { "{ status: 503, retry_after: 2s }, { status: 500 }", 500,
          "40ms head, 0ms body 100%, 0ms end", "status 503 retry_after 2s + status 500" },
        /* The earliest cut wins, whatever the order. */
        { "{ at: response_body@40%, do: reset }, { at: response_body@60%, do: stall }", 200,
          "40ms head, 0ms body 40%, 0ms reset",
          "reset at response_body@40% + stall at response_body@60%" },
        { "{ at: response_body@60%, do: stall }, { at: response_body@40%, do: reset }", 200,
          "40ms head, 0ms body 40%, 0ms reset",
          "stall at response_body@60% + reset at response_body@40%" },
        { "{ at: response_body@60B, do: stall }, { at: response_body@40B, do: reset }", 200,
          "40ms head, 0ms body 40B, 0ms reset",
          "stall at response_body@60B + reset at response_body@40B" },
        { "{ at: response_body@1%, do: stall }, { at: response_head, do: close }", 200,
          "40ms close", "stall at response_body@1% + close at response_head" },
        { "{ at: response_head, do: close }, { at: response_body@0%, do: stall }", 200,
          "40ms close", "close at response_head + stall at response_body@0%" },
        { "{ at: response_head, do: close }, { at: response_head, do: stall }", 200, "40ms close",
          "close at response_head + stall at response_head" },
        { "{ at: response_body@50%, do: close }, { at: response_body@50%, do: stall }", 200,
          "40ms head, 0ms body 50%, 0ms close",
          "close at response_body@50% + stall at response_body@50%" },
        { "{ at: response_body@90%, do: close }, { at: response_body@1B, do: stall }", 200,
          "40ms head, 0ms body 90%, 0ms close",
          "close at response_body@90% + stall at response_body@1B" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena = { .head = NULL };
        struct scenario scenario;
        struct reply_plan plan;
        struct buf rules;
        char steps[256];
        buf_init(&rules, 256);
        parse_faults(&arena, cases[i].faults, &scenario);
        plan_once(&scenario, scenario.seed, &inside, &plan);
        plan_rules_write(&rules, &plan);
        assert_int_equal(plan.status, cases[i].status);
        assert_string_equal(steps_text(&plan, steps), cases[i].steps);
        assert_string_equal(buf_text(&rules), cases[i].rules);
        assert_int_equal(plan.latency_ns, 40 * NS_PER_MS);
        assert_ptr_equal(plan.phase, &scenario.phases[0]);
        buf_deinit(&rules);
        arena_deinit(&arena);
    }
}

static void later_status_takes_the_earlier_ones_retry_after_away(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    struct reply_plan plan;
    parse_faults(&arena, "{ status: 503, retry_after: 2s }, { answer: wrong_id }", &scenario);
    plan_once(&scenario, 1, &inside, &plan);
    assert_true(plan.has_retry_after);
    assert_int_equal(plan.retry_after_s, 2);
    assert_int_equal(plan.answer, ANSWER_WRONG_ID);
    assert_int_equal(plan.fired, 3);
    parse_faults(&arena, "{ status: 503, retry_after: 2s }, { status: 500 }", &scenario);
    plan_once(&scenario, 1, &inside, &plan);
    assert_false(plan.has_retry_after);
    arena_deinit(&arena);
}

static void outside_every_phase_the_upstream_is_healthy(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    struct reply_plan plan;
    char steps[256];
    parse_faults(&arena, "{ at: response_head, do: reset }", &scenario);
    struct plan_query query = inside;
    query.offset_ns = 40 * NS_PER_S;
    plan_once(&scenario, 1, &query, &plan);
    assert_null(plan.phase);
    assert_int_equal(plan.fired, 0);
    assert_string_equal(steps_text(&plan, steps), "40ms head, 0ms body 100%, 0ms end");
    arena_deinit(&arena);
}

/* Whether the fault whose text begins with `text` fires for a request. */
static bool fires(const struct scenario *scenario, const char *text, uint64_t request)
{
    struct plan_query query = { .request_key = request, .attempt = 1, .offset_ns = 30 * NS_PER_S };
    struct reply_plan plan;
    plan_once(scenario, 5, &query, &plan);
    for (size_t i = 0; i < plan.phase->fault_count; i++) {
        if (strncmp(plan.phase->faults[i].text, text, strlen(text)) == 0) {
            return ((plan.fired >> i) & 1) != 0;
        }
    }
    fail_msg("no fault \"%s\"", text);
    return false;
}

static void fate_is_the_same_whatever_other_faults_are_added(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario alone;
    struct scenario crowd;
    parse_faults(&arena, "{ status: 503, share: 30% }", &alone);
    parse_faults(&arena,
                 "{ delay: 1ms, share: 50% }, { answer: wrong_id, share: 20% }, { status: 503, "
                 "share: 30% }, { at: response_head, do: reset, share: 5% }",
                 &crowd);
    size_t hits = 0;
    for (uint64_t i = 0; i < 5000; i++) {
        uint64_t request = draw(3, 1, i, 0);
        bool hit = fires(&alone, "status 503", request);
        hits += hit ? 1 : 0;
        assert_int_equal(hit, fires(&crowd, "status 503", request));
    }
    assert_in_range(hits, 1300, 1700);
    arena_deinit(&arena);
}

static void larger_share_hits_the_same_requests_and_more(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario small;
    struct scenario large;
    parse_faults(&arena, "{ status: 503, share: 10% }", &small);
    parse_faults(&arena, "{ status: 503, share: 20% }", &large);
    for (uint64_t i = 0; i < 5000; i++) {
        if (fires(&small, "status 503", i)) assert_true(fires(&large, "status 503", i));
    }
    arena_deinit(&arena);
}

static void equal_faults_draw_their_own_luck(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    parse_faults(
        &arena,
        "{ delay: 1ms, share: 50% }, { delay: 1ms, share: 50% }, { delay: 1ms, share: 20% }",
        &scenario);
    const struct fault *faults = scenario.phases[0].faults;
    assert_true(faults[0].stream != faults[1].stream);
    assert_true(faults[1].stream != faults[2].stream);
    assert_true(faults[0].stream != faults[2].stream);
    arena_deinit(&arena);
}

/* 100,000 requests: within 4.5 standard deviations of the share. */
static void shares_are_met_over_many_requests(void **state)
{
    (void)state;
    enum { REQUESTS = 100000 };
    static const struct {
        const char *share;
        size_t wanted, slack;
    } cases[] = {
        { "0%", 0, 0 },        { "0.5%", 500, 101 },  { "10%", 10000, 427 },
        { "60%", 60000, 698 }, { "99%", 99000, 142 }, { "100%", 100000, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena = { .head = NULL };
        struct scenario scenario;
        char text[64];
        size_t hits = 0;
        snprintf(text, sizeof text, "{ status: 503, share: %s }", cases[i].share);
        parse_faults(&arena, text, &scenario);
        for (uint64_t request = 0; request < REQUESTS; request++) {
            hits += fires(&scenario, "status 503", request) ? 1 : 0;
        }
        assert_in_range(hits, cases[i].wanted - cases[i].slack, cases[i].wanted + cases[i].slack);
        arena_deinit(&arena);
    }
}

static void attempts_and_seeds_have_luck_of_their_own(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    struct reply_plan plan;
    size_t by_attempt[2] = { 0, 0 };
    size_t both = 0;
    size_t differ_by_seed = 0;
    parse_faults(&arena, "{ status: 503, share: 50% }", &scenario);
    for (uint64_t request = 0; request < 4000; request++) {
        bool hit[3];
        for (unsigned i = 0; i < 3; i++) {
            struct plan_query query = { .request_key = request,
                                        .attempt = i % 2,
                                        .offset_ns = 30 * NS_PER_S };
            plan_once(&scenario, i < 2 ? 1 : 2, &query, &plan);
            hit[i] = plan.fired != 0;
        }
        by_attempt[0] += hit[0] ? 1 : 0;
        by_attempt[1] += hit[1] ? 1 : 0;
        both += hit[0] && hit[1] ? 1 : 0;
        differ_by_seed += hit[0] != hit[2] ? 1 : 0;
    }
    assert_in_range(by_attempt[0], 1858, 2142);
    assert_in_range(by_attempt[1], 1858, 2142);
    assert_in_range(both, 876, 1124); /* independent: a quarter */
    assert_in_range(differ_by_seed, 1858, 2142);
    arena_deinit(&arena);
}

static void body_positions_stay_inside_the_body(void **state)
{
    (void)state;
    struct plan_step step = { .kind = PLAN_BODY, .to_ppm = 400000 };
    assert_int_equal(plan_step_end(&step, 1001), 400);
    assert_int_equal(plan_step_end(&step, 0), 0);
    assert_int_equal(plan_step_end(&step, 5000001), 2000000);
    step.to_ppm = 1000000;
    assert_int_equal(plan_step_end(&step, 5000001), 5000001);
    assert_int_equal(plan_step_end(&step, SIZE_MAX), SIZE_MAX);
    step.to_is_bytes = true;
    step.to_bytes = 100;
    assert_int_equal(plan_step_end(&step, 1000), 100);
    assert_int_equal(plan_step_end(&step, 99), 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_turn_the_healthy_plan_into_theirs),
        cmocka_unit_test(later_status_takes_the_earlier_ones_retry_after_away),
        cmocka_unit_test(outside_every_phase_the_upstream_is_healthy),
        cmocka_unit_test(fate_is_the_same_whatever_other_faults_are_added),
        cmocka_unit_test(larger_share_hits_the_same_requests_and_more),
        cmocka_unit_test(equal_faults_draw_their_own_luck),
        cmocka_unit_test(shares_are_met_over_many_requests),
        cmocka_unit_test(attempts_and_seeds_have_luck_of_their_own),
        cmocka_unit_test(body_positions_stay_inside_the_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
