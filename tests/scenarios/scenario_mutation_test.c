#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "scenario/arrival.h"
#include "scenario/plan_state.h"
#include "scenario_fixture.h"

enum { MUTATIONS = 6000, TEXT_MAX = 8192 };

/* Words that mean something in the grammar, so that mutants get past the first check. */
static const char *const words[] = {
    "-5s",
    "40sec",
    "0",
    "1",
    "\"\"",
    "[]",
    "{}",
    "null",
    "60s",
    "20s",
    "101%",
    "0%",
    "100%",
    "NaN",
    "18446744073709551615",
    "99999999999999999999",
    "1e9",
    "response_head",
    "response_body@0B",
    "stall",
    "p50",
    "max",
    "outage",
    "closed",
    "open",
    "in",
    "after",
    "outside",
    "constant",
    "1000000000/s",
    "0.000001/s",
    ">= 1",
    "> 100%",
    "\n",
    "  ",
    ": ",
    ", ",
    "- ",
    "{ ",
    " }",
    "#",
};

/* Cuts out, doubles, overwrites or inserts something; `length` stays under TEXT_MAX. */
static size_t mutate(struct rng *rng, char *text, size_t length)
{
    size_t at = rng_below(rng, length);
    size_t span = 1 + rng_below(rng, 24);
    if (span > length - at) span = length - at;
    const char *word = words[rng_below(rng, sizeof words / sizeof words[0])];
    char copy[32];
    size_t insert = 0;
    switch (rng_below(rng, 5)) {
    case 0: /* cut */
        memmove(text + at, text + at + span, length - at - span + 1);
        return length - span;
    case 1: /* one byte */ text[at] = (char)(1 + rng_below(rng, 255)); return length;
    case 2: /* double */
        insert = span;
        memcpy(copy, text + at, span);
        break;
    case 3: /* cut the rest */ text[at + 1] = '\0'; return at + 1;
    case 4: /* a word */
        insert = strlen(word);
        memcpy(copy, word, insert);
        break;
    }
    if (length + insert >= TEXT_MAX) return length;
    memmove(text + at + insert, text + at, length - at + 1);
    memcpy(text + at, copy, insert);
    return length + insert;
}

/* What was taken must be usable. */
static void use(const struct scenario *scenario)
{
    struct schedule schedule;
    struct reply_plan plan;
    struct plan_state *state = plan_state_create(scenario, 1);
    schedule_create(scenario, 1, &schedule);
    for (uint64_t i = 0; i < 20; i++) {
        struct plan_query query = { .request_key = i, .offset_ns = scenario->duration_ns / 20 * i };
        plan_make(state, &query, &plan);
        assert_true(plan.step_count > 0);
    }
    plan_state_destroy(state);
    for (size_t i = 0; i < scenario->expect_count; i++) {
        (void)expect_covers(&scenario->expects[i], scenario, scenario->duration_ns / 2);
    }
    schedule_destroy(&schedule);
}

static void mutants_are_taken_or_refused_with_a_place(void **state)
{
    (void)state;
    struct rng rng;
    char *text = mem_alloc(TEXT_MAX, 1);
    size_t taken = 0;
    rng_init(&rng, 20, "mutation");
    for (size_t i = 0; i < MUTATIONS; i++) {
        struct arena arena = { .head = NULL };
        struct err_note note = { .err = ERR_OK };
        struct scenario scenario;
        size_t length = strlen(fixture_text);
        memcpy(text, fixture_text, length + 1);
        for (uint64_t turns = 1 + rng_below(&rng, 3); turns > 0 && length > 0; turns--) {
            length = mutate(&rng, text, length);
        }
        enum err err = scenario_parse(&arena, "a.yaml", text, length, &scenario, &note);
        if (err == ERR_OK) {
            taken++;
            /* A schedule of millions says nothing more here. */
            if (scenario.duration_ns <= 3600 * NS_PER_S) use(&scenario);
        } else if (note.err != err || note.line < 1 || note.column < 1 ||
                   note.sentence[0] == '\0') {
            fail_msg("mutant %zu was refused without a place (%d:%d %s):\n%s", i, note.line,
                     note.column, note.sentence, text);
        }
        arena_deinit(&arena);
    }
    assert_in_range(taken, 100, MUTATIONS - 100); /* both ways were tried */
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutants_are_taken_or_refused_with_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
