/* How faults are refused: where, and with what instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fault_fixture.h"

enum { FIRST_COLUMN = 17, FAULT_LINE = 12 }; /* of the fixture's fault */

struct refusal {
    const char *fault; /* '^' marks the place */
    const char *sentence;
};

static void check(const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct faults faults;
        char *text = mem_copy_string(refusals[i].fault);
        char *mark = strchr(text, '^');
        assert_non_null(mark);
        memmove(mark, mark + 1, strlen(mark));
        faults_open(&faults, text, NULL);
        if (faults.state != NULL) fail_msg("%s was taken", text);
        int column = FIRST_COLUMN + (int)(mark - text);
        if (faults.note.line != FAULT_LINE || faults.note.column != column ||
            strstr(faults.note.sentence, refusals[i].sentence) == NULL) {
            fail_msg("%s\nat %d:%d (wanted %d:%d): %s\nwanted: %s", text, faults.note.line,
                     faults.note.column, FAULT_LINE, column, faults.note.sentence,
                     refusals[i].sentence);
        }
        mem_free(text);
        faults_close(&faults);
    }
}

static void keys_of_another_effect_are_refused(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "{ status: 503, ^piece: 1B }", "\"piece\" does not belong to \"status\"; remove it. "
                                         "Beside it stand: retry_after retry_after_date headers" },
        { "{ at: response_head, do: reset, ^for: 1s }",
          "\"for\" does not belong to \"reset\"; remove it. Beside it stand: at" },
        { "{ answer: wrong_id, ^headers: { A: b } }", "does not belong to \"answer\"; remove it" },
        { "{ delay: 1s, ^for: 1s }", "does not belong to \"delay\"" },
        { "{ malformed: head_line, ^at: response_head }", "\"at\" says where, but \"do\" is" },
        { "{ malformed: head_line, ^interim: 5 }", "a second effect beside \"malformed\"" },
        { "{ interim: 5, ^retry_after: 1s }", "a header of an answer with a status" },
        { "{ ^hang: true }",
          "no fault is called \"hang\"; write { at: response_head, do: stall }" },
        { "{ share: 5%, ^timeout: 20s }", "no fault is called \"timeout\"; write { at: resp" },
        { "{ ^dely: 1s }", "unknown key \"dely\" in a fault; did you mean \"delay\"?" },
        { "{ ^exactshare: 1% }", "did you mean \"exact_share\"?" },
    };
    check(refusals, sizeof refusals / sizeof refusals[0]);
}

static void values_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "{ status: 503, retry_after: 1s, ^retry_after_date: 1s }", "two forms of one header" },
        { "{ status: 503, retry_after_date: ^1500ms }", "is not a whole number of seconds" },
        { "{ status: 503, headers: ^[a] }", "headers must be a map" },
        { "{ status: 503, headers: { ^Content-Length: 3 } }", "write malformed: length_short" },
        { "{ status: 503, headers: { ^Retry-After: 3 } }", "write retry_after: 1s" },
        { "{ status: 503, headers: { ^a b: c } }", "is not the name of a header" },
        { "{ status: 503, headers: { A: ^\"x\\ny\" } }", "cannot be sent" },
        { "^{ at: response_head, do: dribble }",
          "\"do: dribble\" needs \"every\"; add every: 20ms" },
        { "{ at: response_head, do: dribble, every: ^0s }", "every: 0s changes nothing" },
        { "{ at: response_head, do: dribble, every: 1ms, piece: ^0 }", "allowed: 1 to 1048576" },
        { "^{ at: response_head, do: throttle }", "needs \"rate\", how fast; add rate: 1KiB/s" },
        { "{ at: response_head, do: throttle, rate: ^1KiB }", "is no number of bytes per second" },
        { "{ at: response_head, do: throttle, rate: ^0B/s }", "is no number of bytes per second" },
        { "^{ at: response_head@5B, do: delay }", "needs \"for\", how long; add for: 200ms" },
        { "^{ at: response_end, do: slow_close }", "needs \"for\"; add for: 2s" },
        { "{ malformed: ^length_shrt }", "did you mean \"length_short\"?" },
        { "{ malformed: ^well_formed }", "is not allowed" },
        { "{ interim: ^0 }", "interim: \"0\"" },
        { "{ huge_head: ^17MiB }", "allowed: 1 to 16777216 bytes" },
        { "{ huge_body: ^1Mb }", "huge_body: \"1Mb\" is not allowed" },
        { "{ rate_limit: { rate: ^0/s, burst: 1 } }", "would never send a request" },
        { "{ rate_limit: ^{ rate: 1/s } }", "rate_limit needs the key \"burst\"" },
        { "{ rate_limit: { rate: 1/s, ^brust: 1 } }", "did you mean \"burst\"?" },
        { "{ cold_start: ^[1s] }", "must be a map" },
        { "{ rate_limit: ^[1s] }", "must be a map" },
        { "{ rate_limit: ^5 }", "must be a map" },
        { "{ delay: 1s, ramp_delay: ^[1] }", "must be a map" },
        { "{ status: 503, ramp: ^5% }", "must be a map" },
        { "{ status: 503, burst: ^[1s, 2s] }", "must be a map" },
        { "{ delay: { lognormal: ^[1s] } }", "must be a map" },
        { "{ cold_start: ^0s }", "cold_start: 0s changes nothing" },
        { "{ cold_start: ^{ idle: 1s } }", "cold_start needs the key \"load\"" },
        { "{ delay: 1s, ramp_delay: { from: 0%, to: ^2 } }", "did you mean \"2%\"?" },
    };
    check(refusals, sizeof refusals / sizeof refusals[0]);
}

static void places_are_refused_where_there_are_none(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "{ at: ^response_end@5B, do: reset }", "is one moment and has no places in it" },
        { "{ at: ^connect@5%, do: reset }", "is one moment and has no places in it" },
        { "{ at: ^request_head@5B, do: reset }", "is one moment and has no places in it" },
        { "{ at: ^request_body, do: reset }", "request_body@50%" },
        { "{ at: ^response_head@100%, do: reset }", "is no place in the head" },
        { "{ at: ^request_body@x, do: reset }",
          "for example request_body@40% or request_body@100B" },
        { "{ at: ^conect, do: refuse }", "did you mean \"connect\"?" },
        { "{ at: response_body@1%, do: ^refuse }", "write at: connect" },
        { "{ at: connect, do: ^dribble, every: 1ms }", "write at: response_head" },
    };
    check(refusals, sizeof refusals / sizeof refusals[0]);
}

static void selections_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "{ status: 503, share: 3%, ^exact_share: 3% }", "both say how many attempts are hit" },
        { "{ status: 503, share: 3%, ^ramp: { from: 0%, to: 1% } }", "both say how many" },
        { "{ status: 503, first: 3, ^every: 3 }", "\"first\" and \"every\" both count" },
        { "{ status: 503, nth: 3, ^exact_share: 3% }", "\"nth\" and \"exact_share\" both count" },
        { "{ status: 503, first: ^0 }", "first: \"0\"" },
        { "{ status: 503, until: ^11s }", "is after the end of its phase, which lasts 10s" },
        { "{ status: 503, after: ^10s }", "leaves no time before the end of the phase" },
        { "{ status: 503, after: ^5s, until: 5s }", "leaves no time before 5s" },
        { "{ status: 503, burst: { bad: 1s, good: ^0s } }", "good: no time lasts 0s on average" },
        { "{ status: 503, burst: ^{ bad: 1s } }", "burst needs the key \"good\"" },
        { "{ status: 503, burst: ^{ bad: 1us, good: 1us } }",
          "more than 100000 of them would fit" },
        { "{ status: 503, attempt: ^second }", "0 is the first" },
        { "{ status: 503, attempt: ^\"< 0\" }", "is no attempt" },
        { "{ status: 503, path: ^v1 }", "Allowed: /v1/forecast, /api/forecast" },
        { "{ at: connect, do: refuse, ^share: 3% }", "there is none yet" },
        { "{ at: connect, do: refuse, ^burst: { bad: 1s, good: 1s } }", "use after and until" },
        { "{ at: request_head, do: reset, ^model: a }", "which is not read yet at request_head" },
        { "{ rate_limit: { rate: 1/s, burst: 1 }, ^first: 5 }", "rate_limit does that itself" },
        { "{ cold_start: 1s, ^nth: 5 }", "cold_start does that itself" },
    };
    check(refusals, sizeof refusals / sizeof refusals[0]);
}

static void faults_that_cannot_stand_in_one_phase_are_refused(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "{ at: request_head, do: reset }, ^{ status: 503, model: a }",
          "the fate is decided before that is read; put them into two phases" },
        { "{ at: response_body@1%, do: delay, for: 1s }, { at: response_body@2%, do: delay, for: "
          "1s "
          "}, { at: response_body@3%, do: delay, for: 1s }, { at: response_body@4%, do: delay, "
          "for: "
          "1s }, { at: response_body@5%, do: delay, for: 1s }, { at: response_body@6%, do: delay, "
          "for: 1s }, ^{ at: response_body@7%, do: reset }",
          "more than 6 faults of one phase have a place in the answer" },
    };
    check(refusals, sizeof refusals / sizeof refusals[0]);
}

/* The longest plan that a phase can make. */
static void six_places_in_an_answer_fit_its_plan(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(
        &faults,
        "{ at: response_head@9B, do: garbage }, { at: response_head@8B, do: garbage }, "
        "{ at: response_body@50B, do: garbage }, { at: response_body@40%, do: garbage "
        "}, { at: response_body@30B, do: garbage }, { at: response_body@20%, do: "
        "garbage }",
        NULL);
    struct reply_plan plan = faults_plan(&faults, 1, 0, 0);
    assert_int_equal(plan.step_count, 3 + 2 * 6);
    faults_close(&faults);
}

static void texts_say_everything(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        const char *text;
    } cases[] = {
        { "{ status: 503, retry_after_date: 2s, headers: { A: b }, exact_share: 30% }",
          "status 503 retry_after_date 2s A: b exactly 30%" },
        { "{ at: response_head@20B, do: delay, for: { uniform: [1ms, 2ms] }, first: 5 }",
          "delay uniform 1ms to 2ms at response_head@20B first 5" },
        { "{ delay: { p50: 1ms, max: 2ms }, ramp_delay: { from: 0%, to: 50% }, nth: 3 }",
          "delay p50 1ms max 2ms ramp 0% to 50% nth 3" },
        { "{ at: response_body@0%, do: dribble, piece: 2B, every: 20ms, ramp: { from: 1%, to: 2% } "
          "}",
          "dribble 2B every 20ms at response_body@0% 1% to 2%" },
        { "{ at: response_body@1B, do: throttle, rate: 2KiB/s, after: 1s, until: 9s }",
          "throttle 2048B/s at response_body@1B after 1s until 9s" },
        { "{ at: response_end, do: slow_close, for: 2s, burst: { bad: 1s, good: 4s } }",
          "slow_close 2s at response_end in bursts of 1s every 5s" },
        { "{ at: connect, do: syn_drop, until: 3s }", "syn_drop at connect until 3s" },
        { "{ rate_limit: { rate: 2.5/s, burst: 4, retry_after: 1s }, model: a, market: b, path: "
          "/v1/forecast }",
          "rate_limit 2.500000/s burst 4 retry_after 1s model a market b path /v1/forecast" },
        { "{ cold_start: { load: 2s, idle: 30s }, attempt: \">= 1\" }",
          "cold_start 2s idle 30s attempt >= 1" },
        { "{ malformed: chunk_cut, attempt: 0, every: 3 }",
          "malformed chunk_cut every 3 attempt 0" },
        { "{ at: request_body@50%, do: stall, attempt: \"< 3\" }",
          "stall at request_body@50% attempt <= 2" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct faults faults;
        faults_open_good(&faults, cases[i].fault, NULL);
        assert_string_equal(faults.scenario.phases[0].faults[0].text, cases[i].text);
        faults_close(&faults);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_another_effect_are_refused),
        cmocka_unit_test(values_that_make_no_sense_are_refused),
        cmocka_unit_test(places_are_refused_where_there_are_none),
        cmocka_unit_test(selections_that_contradict_each_other_are_refused),
        cmocka_unit_test(faults_that_cannot_stand_in_one_phase_are_refused),
        cmocka_unit_test(six_places_in_an_answer_fit_its_plan),
        cmocka_unit_test(texts_say_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
