/* What each fault does to a plan, alone and together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "fault_fixture.h"
#include "scenario/plan_edit.h"

static void faults_make_their_steps(void **state)
{
    (void)state;
    static const struct {
        const char *faults;
        const char *steps;
    } cases[] = {
        { "{ at: response_head@20B, do: reset }", "40ms head part 20B, 0ms reset" },
        { "{ at: response_head@0B, do: reset }", "40ms reset" },
        { "{ at: response_head@50%, do: delay, for: 200ms }",
          "40ms head part 50%, 200ms head, 0ms body 100%, 0ms end" },
        { "{ at: response_body@40%, do: delay, for: 200ms }",
          "40ms head, 0ms body 40%, 200ms body 100%, 0ms end" },
        { "{ at: response_end, do: delay, for: 200ms }", "40ms head, 0ms body 100%, 200ms end" },
        { "{ at: response_end, do: reset }", "40ms head, 0ms body 100%, 0ms end, 0ms reset" },
        { "{ at: response_end, do: close }", "40ms head, 0ms body 100%, 0ms end, 0ms close" },
        { "{ at: response_end, do: stall }", "40ms head, 0ms body 100%, 0ms stall" },
        { "{ at: response_head, do: dribble, piece: 2B, every: 20ms }",
          "40ms head/2B@20ms, 0ms body 100%, 0ms end" },
        { "{ at: response_body@50%, do: dribble, every: 20ms }",
          "40ms head, 0ms body 50%, 0ms body 100%/1B@20ms, 0ms end" },
        { "{ at: response_body@0%, do: throttle, rate: 1KiB/s }",
          "40ms head, 0ms body 100%/20B@19ms, 0ms end" },
        { "{ at: response_head, do: throttle, rate: 10B/s }",
          "40ms head/1B@100ms, 0ms body 100%, 0ms end" },
        { "{ at: response_head, do: garbage }",
          "40ms garbage 64B, 0ms head, 0ms body 100%, 0ms end" },
        { "{ at: response_head@20B, do: garbage, bytes: 8 }",
          "40ms head part 20B, 0ms garbage 8B, 0ms head, 0ms body 100%, 0ms end" },
        { "{ at: response_body@40%, do: garbage, bytes: 8B }",
          "40ms head, 0ms body 40%, 0ms garbage 8B, 0ms body 100%, 0ms end" },
        { "{ at: response_end, do: garbage }",
          "40ms head, 0ms body 100%, 0ms end, 0ms garbage 64B" },
        { "{ at: response_end, do: stray_answer }",
          "40ms head, 0ms body 100%, 0ms end, 0ms stray" },
        { "{ at: response_end, do: slow_close, for: 2s }",
          "40ms head, 0ms body 100%, 2000ms close" },
        { "{ at: request_head, do: reset }", "0ms reset" },
        { "{ at: request_body@50%, do: stall }", "0ms stall" },
        { "{ malformed: length_long }", "40ms head, 0ms body 100%, 0ms close" },
        { "{ malformed: length_short }", "40ms head, 0ms body 100%, 0ms end" },
        { "{ malformed: chunk_cut }", "40ms head, 0ms body 100%, 0ms close" },
        { "{ rate_limit: { rate: 1/m, burst: 1 } }, { rate_limit: { rate: 1/m, burst: 1 } }",
          "40ms head, 0ms body 100%, 0ms end" },
        { "{ cold_start: 2s }", "2040ms head, 0ms body 100%, 0ms end" },
        /* Together. */
        { "{ at: response_body@40%, do: delay, for: 1s }, { at: response_body@40%, do: reset }",
          "40ms head, 0ms body 40%, 1000ms reset" },
        { "{ at: response_body@60%, do: delay, for: 1s }, { at: response_body@40%, do: delay, for: "
          "2s }",
          "40ms head, 0ms body 40%, 2000ms body 60%, 1000ms body 100%, 0ms end" },
        { "{ at: response_head@20B, do: delay, for: 1s }, { at: response_head, do: dribble, every: "
          "5ms }",
          "40ms head part 20B/1B@5ms, 1000ms head/1B@5ms, 0ms body 100%, 0ms end" },
        { "{ at: response_body@0%, do: dribble, every: 5ms }, { at: response_body@50%, do: close }",
          "40ms head, 0ms body 50%/1B@5ms, 5ms close" },
        { "{ at: response_end, do: slow_close, for: 2s }, { at: response_end, do: stray_answer }",
          "40ms head, 0ms body 100%, 2000ms close" },
        { "{ at: response_end, do: stray_answer }, { at: response_end, do: slow_close, for: 2s }",
          "40ms head, 0ms body 100%, 0ms end, 0ms stray" },
        { "{ at: response_end, do: close }, { at: response_end, do: garbage, bytes: 3 }, { at: "
          "response_end, do: stray_answer }",
          "40ms head, 0ms body 100%, 0ms end, 0ms garbage 3B, 0ms stray, 0ms close" },
        { "{ at: response_end, do: reset }, { malformed: length_long }",
          "40ms head, 0ms body 100%, 0ms reset" },
        { "{ malformed: length_double }, { malformed: chunk_cut }",
          "40ms head, 0ms body 100%, 0ms end" },
        { "{ at: response_body@1B, do: stall }, { at: request_body@10%, do: reset }, { at: "
          "request_head, do: close }, { at: request_body@1%, do: stall }",
          "0ms close" },
        { "{ at: request_head, do: reset }, { at: response_head, do: close }, { delay: 1s }",
          "1000ms reset" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct faults faults;
        char steps[512];
        faults_open_good(&faults, cases[i].faults, NULL);
        struct reply_plan plan = faults_plan(&faults, 7, 0, 1000);
        if (strcmp(faults_steps(&plan, steps), cases[i].steps) != 0) {
            fail_msg("%s\nmakes  %s\nwanted %s", cases[i].faults, steps, cases[i].steps);
        }
        faults_close(&faults);
    }
}

static void framing_and_stops_follow_the_fault(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        enum plan_framing framing;
        enum plan_malform malform;
        enum plan_stop_at stop;
    } cases[] = {
        { "{ delay: 1ms }", FRAMING_LENGTH, MALFORM_NONE, STOP_NONE },
        { "{ at: response_end, do: delay, for: 1s }", FRAMING_CHUNKED, MALFORM_NONE, STOP_NONE },
        { "{ at: response_end, do: stall }", FRAMING_CHUNKED, MALFORM_NONE, STOP_NONE },
        { "{ at: response_end, do: slow_close, for: 1s }", FRAMING_UNTIL_CLOSE, MALFORM_NONE,
          STOP_NONE },
        { "{ malformed: chunk_cut }", FRAMING_CHUNKED, MALFORM_CHUNK_CUT, STOP_NONE },
        { "{ malformed: chunk_size_huge }", FRAMING_CHUNKED, MALFORM_CHUNK_SIZE_HUGE, STOP_NONE },
        { "{ malformed: length_and_chunked }", FRAMING_CHUNKED, MALFORM_LENGTH_AND_CHUNKED,
          STOP_NONE },
        { "{ malformed: status_line }", FRAMING_LENGTH, MALFORM_STATUS_LINE, STOP_NONE },
        { "{ at: request_head, do: reset }", FRAMING_LENGTH, MALFORM_NONE, STOP_AT_HEAD },
        { "{ at: request_body@30%, do: stall }", FRAMING_LENGTH, MALFORM_NONE, STOP_AT_BODY },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct faults faults;
        faults_open_good(&faults, cases[i].fault, NULL);
        struct reply_plan plan = faults_plan(&faults, 7, 0, 1000);
        assert_int_equal(plan.framing, cases[i].framing);
        assert_int_equal(plan.malform, cases[i].malform);
        assert_int_equal(plan.stop.at, cases[i].stop);
        assert_int_equal(plan_needs_head(faults.state, 1000000000), cases[i].stop != STOP_NONE);
        assert_int_equal(plan_steps_are_plain(&plan), plan.framing == FRAMING_LENGTH &&
                                                          plan.malform == MALFORM_NONE &&
                                                          plan.stop.at == STOP_NONE);
        faults_close(&faults);
    }
    struct plan_stop stop = { .at = STOP_AT_BODY, .to_ppm = 300000 };
    assert_int_equal(plan_stop_end(&stop, 1000), 300);
    stop.at = STOP_AT_HEAD;
    assert_int_equal(plan_stop_end(&stop, 1000), 0);
}

static void content_of_an_answer_is_in_the_plan(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults,
                     "{ status: 429, retry_after_date: 3s, headers: { X-Reason: drill, X-Two: b } "
                     "}, { interim: 100 }, { huge_head: 300KiB }, { huge_body: 9MiB }, { answer: "
                     "crossed_quantiles }",
                     NULL);
    struct reply_plan plan = faults_plan(&faults, 7, 0, 1000);
    assert_int_equal(plan.status, 429);
    assert_true(plan.has_retry_after);
    assert_true(plan.retry_after_is_date);
    assert_int_equal(plan.retry_after_s, 3);
    assert_int_equal(plan.header_count, 2);
    assert_string_equal(plan.headers[0].name, "X-Reason");
    assert_string_equal(plan.headers[1].value, "b");
    assert_int_equal(plan.interim_count, 100);
    assert_int_equal(plan.head_pad_bytes, 300 * 1024);
    assert_int_equal(plan.body_pad_bytes, 9 * 1024 * 1024);
    assert_int_equal(plan.answer, ANSWER_CROSSED_QUANTILES);
    struct buf rules;
    buf_init(&rules, BUF_UNBOUNDED);
    plan_rules_write(&rules, &plan);
    assert_string_equal(buf_text(&rules),
                        "status 429 retry_after_date 3s X-Reason: drill X-Two: b + interim 100 + "
                        "huge_head 307200B + huge_body 9437184B + answer crossed_quantiles");
    buf_deinit(&rules);
    faults_close(&faults);
}

static void garbage_is_keyed_and_begins_no_protocol(void **state)
{
    (void)state;
    struct faults faults;
    char first[64];
    char again[64];
    char other[64];
    faults_open_good(&faults, "{ at: response_head, do: garbage }", NULL);
    struct reply_plan plan = faults_plan(&faults, 7, 0, 1000);
    plan_garbage(&plan, first, sizeof first);
    plan_garbage(&plan, again, sizeof again);
    plan = faults_plan(&faults, 8, 0, 1000);
    plan_garbage(&plan, other, sizeof other);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    for (size_t i = 0; i < sizeof first; i++) {
        assert_true(first[i] == 0 || (unsigned char)first[i] >= 0x80);
    }
    faults_close(&faults);
}

static void streams_have_the_numbers_of_their_names(void **state)
{
    (void)state;
    assert_true(PLAN_STREAM_LATENCY == rng_stream("latency"));
    assert_true(PLAN_STREAM_ANSWER == rng_stream("answer"));
    assert_true(PLAN_STREAM_LENGTH == rng_stream("length"));
}

static void fate_that_was_decided_makes_the_plan_again(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(
        &faults,
        "{ status: 503, first: 5 }, { delay: { uniform: [1ms, 90ms] }, share: 40% }, { "
        "cold_start: 1s }, { at: response_body@30%, do: reset, exact_share: 25% }",
        "latency: { lognormal: { median: 20ms, p99: 200ms } }\n  capacity: { workers: "
        "2, queue: 3 }");
    for (uint64_t i = 0; i < 200; i++) {
        struct plan_query query = { .request_key = i * 977,
                                    .attempt = (unsigned)(i % 3),
                                    .offset_ns = i * 9000000 };
        struct reply_plan made;
        struct reply_plan again;
        plan_make(faults.state, &query, &made);
        struct plan_fate fate = { made.fired, made.wait_ns };
        plan_compose(&faults.scenario, faults.scenario.seed, &query, &fate, &again);
        char a[512];
        char b[512];
        assert_string_equal(faults_steps(&made, a), faults_steps(&again, b));
        assert_int_equal(made.steps[0].after_ns, again.steps[0].after_ns);
        assert_int_equal(made.status, again.status);
    }
    faults_close(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_make_their_steps),
        cmocka_unit_test(framing_and_stops_follow_the_fault),
        cmocka_unit_test(content_of_an_answer_is_in_the_plan),
        cmocka_unit_test(garbage_is_keyed_and_begins_no_protocol),
        cmocka_unit_test(streams_have_the_numbers_of_their_names),
        cmocka_unit_test(fate_that_was_decided_makes_the_plan_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
