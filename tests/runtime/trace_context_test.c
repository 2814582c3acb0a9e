#include "runtime/trace_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define PARENT "00-" TRACE "-" SPAN "-01"

static void a_traceparent_is_read_and_written_again(void **state)
{
    (void)state;
    struct trace_context context;
    char out[TRACEPARENT_LENGTH + 1];
    assert_true(trace_context_parse(PARENT, &context));
    assert_string_equal(context.trace_id, TRACE);
    assert_string_equal(context.parent_id, SPAN);
    assert_true(context.sampled);
    trace_context_format(&context, context.parent_id, out);
    assert_string_equal(out, PARENT);
    trace_context_format(&context, "00f067aa0ba902b7", out);
    assert_string_equal(out, "00-" TRACE "-00f067aa0ba902b7-01");
}

static void only_the_flag_that_is_defined_goes_on(void **state)
{
    (void)state;
    static const struct {
        const char *flags;
        bool sampled;
    } rows[] = { { "00", false }, { "01", true }, { "02", false }, { "03", true },
                 { "ff", true },  { "fe", false } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64];
        char out[TRACEPARENT_LENGTH + 1];
        struct trace_context context;
        snprintf(text, sizeof text, "00-" TRACE "-" SPAN "-%s", rows[i].flags);
        assert_true(trace_context_parse(text, &context));
        assert_int_equal(context.sampled, rows[i].sampled);
        trace_context_format(&context, SPAN, out);
        assert_string_equal(out + TRACEPARENT_LENGTH - 2, rows[i].sampled ? "01" : "00");
    }
}

static void later_versions_are_read_as_far_as_they_are_known(void **state)
{
    (void)state;
    struct trace_context context;
    assert_true(trace_context_parse("01-" TRACE "-" SPAN "-01", &context));
    assert_true(trace_context_parse("cc-" TRACE "-" SPAN "-01-what-the-future-brings", &context));
    assert_string_equal(context.trace_id, TRACE);
    assert_false(trace_context_parse("cc-" TRACE "-" SPAN "-01.what", &context));
    assert_false(trace_context_parse("cc-" TRACE "-" SPAN "-012", &context));
}

static void what_breaks_a_rule_is_no_traceparent(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "00",
        "00-",
        "00-" TRACE,
        "00-" TRACE "-" SPAN,
        "00-" TRACE "-" SPAN "-",
        "00-" TRACE "-" SPAN "-0",
        "00-" TRACE "-" SPAN "-0x",
        "00-" TRACE "-" SPAN "-01-",
        "00-" TRACE "-" SPAN "-01 ",
        " 00-" TRACE "-" SPAN "-01",
        "00_" TRACE "-" SPAN "-01",
        "00-" TRACE "_" SPAN "-01",
        "00-" TRACE "-" SPAN "_01",
        "ff-" TRACE "-" SPAN "-01",
        "0-" TRACE "-" SPAN "-01",
        "0A-" TRACE "-" SPAN "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
        "00-" TRACE "-B7AD6B7169203331-01",
        "00-" TRACE "-" SPAN "-0F",
        "00-0af7651916cd43dd8448eb211c80319-" SPAN "-01",
        "00-0af7651916cd43dd8448eb211c80319cc-" SPAN "-01",
        "00-" TRACE "-b7ad6b716920333-01",
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" TRACE "-0000000000000000-01",
        PARENT "," PARENT,
        PARENT "\n",
    };
    struct trace_context context;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (trace_context_parse(bad[i], &context)) fail_msg("taken: \"%s\"", bad[i]);
        assert_string_equal(context.trace_id, "");
    }
    assert_false(trace_context_parse(NULL, &context));
}

static void span_ids_are_sixteen_digits_and_never_zero(void **state)
{
    (void)state;
    char out[SPAN_ID_LENGTH + 1];
    trace_span_id(0, out);
    assert_string_equal(out, "0000000000000001");
    trace_span_id(0xabcdef, out);
    assert_string_equal(out, "0000000000abcdef");
    trace_span_id(UINT64_MAX, out);
    assert_string_equal(out, "ffffffffffffffff");
}

static void tracestates_of_the_standard_are_valid(void **state)
{
    (void)state;
    static const char *const good[] = {
        "rojo=00f067aa0ba902b7",
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "fw529a3039@dt=FfffffffF",
        "1tenant@vendor=x",
        "a=1 , b=2",
        "a=1\t,\tb=2",
        "a=1,,b=2,",
        "a_-*/9=!\"#$%&'()*+-./:;<>?@[]^_`{|}~",
        "a= leading blank is part of the value",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!tracestate_is_valid(good[i])) fail_msg("refused: \"%s\"", good[i]);
    }
}

static void what_breaks_a_rule_is_no_tracestate(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",        " ",        ",",       "a",          "a=",     "=1",      "A=1",
        "1a=1",    "a b=1",    "a=1=2",   "a=1,a=2",    "@v=1",   "t@=1",    "t@1v=1",
        "t@v@w=1", "a=\x7f",   "a=\x01",  "a=\xc3\xa9", "a=1;b=2=3", "t@abcdefghijklmno=1",
        "a=1\r\nevil: 1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (tracestate_is_valid(bad[i])) fail_msg("taken: \"%s\"", bad[i]);
    }
    assert_false(tracestate_is_valid(NULL));
}

static void a_tracestate_has_bounds(void **state)
{
    (void)state;
    char text[TRACESTATE_LENGTH_MAX + 2];
    size_t length = 0;
    for (int i = 0; i < TRACESTATE_MEMBERS_MAX; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%sk%d=v",
                                   i == 0 ? "" : ",", i);
    }
    assert_true(tracestate_is_valid(text));
    snprintf(text + length, sizeof text - length, ",one=more");
    assert_false(tracestate_is_valid(text));

    memset(text, ',', sizeof text); /* empty members: only the length counts */
    memcpy(text, "a=1", 3);
    text[TRACESTATE_LENGTH_MAX] = '\0';
    assert_true(tracestate_is_valid(text));
    text[TRACESTATE_LENGTH_MAX] = ',';
    text[TRACESTATE_LENGTH_MAX + 1] = '\0';
    assert_false(tracestate_is_valid(text));

    memset(text, 'x', sizeof text); /* keys and values of 256 at most */
    memcpy(text, "a=", 2);
    text[2 + 256] = '\0';
    assert_true(tracestate_is_valid(text));
    text[2 + 256] = 'x';
    text[2 + 257] = '\0';
    assert_false(tracestate_is_valid(text));
}

/* Whatever the bytes are: no overrun (the copies are exactly as long as they must be), and what is
 * taken is what a second, plainer reader takes. */
static bool plain_reader(const char *text)
{
    unsigned version[1];
    char trace[33], parent[17], flags[3], rest[2];
    size_t length = strlen(text);
    if (length < TRACEPARENT_LENGTH || strspn(text, "0123456789abcdef-") < TRACEPARENT_LENGTH) {
        return false;
    }
    int got = sscanf(text, "%2x-%32[0-9a-f]-%16[0-9a-f]-%2[0-9a-f]%1c", version, trace, parent,
                     flags, rest);
    if (got < 4 || text[0] == '-' || text[1] == '-' || text[2] != '-') return false;
    if (strlen(trace) != 32 || strlen(parent) != 16 || strlen(flags) != 2) return false;
    if (version[0] == 255 || strspn(trace, "0") == 32 || strspn(parent, "0") == 16) return false;
    if (version[0] == 0) return length == TRACEPARENT_LENGTH;
    return length == TRACEPARENT_LENGTH || text[TRACEPARENT_LENGTH] == '-';
}

static void mutated_headers_never_break_the_readers(void **state)
{
    (void)state;
    static const char bytes[] = "0123456789abcdefg-,=@ \t\xff\x01" "AFz/";
    struct rng rng;
    rng_init(&rng, 1, "mutations");
    unsigned taken = 0;
    unsigned states_taken = 0;
    for (int round = 0; round < 200000; round++) {
        char text[96];
        bool is_state = rng_below(&rng, 4) == 0;
        snprintf(text, sizeof text, "%s", is_state ? "rojo=00f067,t@v=x ,,b=2" : PARENT "-xy");
        if (!is_state && rng_below(&rng, 2) == 0) text[TRACEPARENT_LENGTH] = '\0';
        uint64_t changes = rng_below(&rng, 4);
        for (uint64_t i = 0; i < changes; i++) {
            text[rng_below(&rng, strlen(text))] = bytes[rng_below(&rng, sizeof bytes - 1)];
        }
        if (rng_below(&rng, 8) == 0) text[rng_below(&rng, strlen(text))] = '\0';
        char *copy = mem_copy_string(text);
        if (is_state) {
            states_taken += tracestate_is_valid(copy) ? 1 : 0;
        } else {
            struct trace_context context;
            bool ok = trace_context_parse(copy, &context);
            if (ok != plain_reader(copy)) fail_msg("\"%s\": %s", copy, ok ? "taken" : "refused");
            taken += ok ? 1 : 0;
        }
        mem_free(copy);
    }
    assert_in_range(taken, 1000, 149000);
    assert_in_range(states_taken, 1000, 49000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_traceparent_is_read_and_written_again),
        cmocka_unit_test(only_the_flag_that_is_defined_goes_on),
        cmocka_unit_test(later_versions_are_read_as_far_as_they_are_known),
        cmocka_unit_test(what_breaks_a_rule_is_no_traceparent),
        cmocka_unit_test(span_ids_are_sixteen_digits_and_never_zero),
        cmocka_unit_test(tracestates_of_the_standard_are_valid),
        cmocka_unit_test(what_breaks_a_rule_is_no_tracestate),
        cmocka_unit_test(a_tracestate_has_bounds),
        cmocka_unit_test(mutated_headers_never_break_the_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
