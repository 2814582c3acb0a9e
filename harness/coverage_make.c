#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/fixed.h"
#include "base/mem.h"
#include "harness/coverage_private.h"
#include "harness/fault_reach.h"
#include "harness/suite.h"
#include "scenario/fault_table.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Which items an observation belongs to: where each group begins among the items, and where within
 * the group an enum's value stands. */
#define NO_ITEM UINT32_MAX
enum { ATTEMPTS_NAMED = 11, CACHE_STATES = 3, BREAKER_STATES = 3 };

static const char *const attempt_names[ATTEMPTS_NAMED] = {
    "1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th", "11th",
};

static const char *const cache_names[CACHE_STATES] = { "miss", "fresh", "stale" };

static const char *const answer_names[] = {
#define NAME(name, text) "answer " text,
    ANSWER_FAULT_LIST(NAME)
#undef NAME
};

static const char *const malform_names[] = {
#define NAME(name, text) "malformed " text,
    PLAN_MALFORM_LIST(NAME)
#undef NAME
};

static const char *const effect_names[] = {
#define NAME(name, text) text,
    FAULT_EFFECT_LIST(NAME)
#undef NAME
};

/* "reset at response_body", made when first asked for. */
static char place_names[FAULT_EFFECT_COUNT][FAULT_POSITION_COUNT][48];

static const char *const path_names[] = {
#define NAME(name, text) text,
    PATH_LIST(NAME)
#undef NAME
};

/* By rule: each rule belongs to one transition. */
static const char *const breaker_names[] = {
    [BREAKER_RULE_COUNT] = "closed > open, count",
    [BREAKER_RULE_RATIO] = "closed > open, ratio",
    [BREAKER_RULE_COOLDOWN_OVER] = "open > half_open, cooldown_over",
    [BREAKER_RULE_PROBE_FAILED] = "half_open > open, probe_failed",
    [BREAKER_RULE_PROBE_SILENT] = "half_open > open, probe_silent",
    [BREAKER_RULE_PROBES_PASSED] = "half_open > closed, probes_passed",
};

static const char *const breaker_cache_names[BREAKER_STATES][CACHE_STATES] = {
    [BREAKER_CLOSED] = { "closed > miss", "closed > fresh", "closed > stale" },
    [BREAKER_OPEN] = { "open > miss", "open > fresh", "open > stale" },
    [BREAKER_HALF_OPEN] = { "half_open > miss", "half_open > fresh", "half_open > stale" },
};

/* What can stand between a request and its forecast, and what it may get instead. */
static const struct {
    enum code code;
    const char *names[3]; /* stale, baseline, error */
} causes[] = {
#define CAUSE(code)                                                                                \
    {                                                                                              \
        CODE_##code,                                                                               \
        {                                                                                          \
#code " > stale", #code " > baseline", #code " > error"                                \
        }                                                                                          \
    }
    CAUSE(RUNTIME_TIMEOUT),    CAUSE(RUNTIME_RATE_LIMITED), CAUSE(RUNTIME_5XX),
    CAUSE(RUNTIME_NETWORK),    CAUSE(CIRCUIT_OPEN),         CAUSE(RUNTIME_BAD_RESPONSE_SCHEMA),
    CAUSE(RUNTIME_OVERLOADED),
#undef CAUSE
};

struct tally {
    struct coverage *out;
    uint32_t code[CODE_COUNT];
    uint32_t served[SERVED_COUNT];
    uint32_t outcome[OUTCOME_COUNT];
    uint32_t attempt[ATTEMPTS_NAMED];
    uint32_t breaker[COUNT(breaker_names)];
    uint32_t path[COUNT(path_names)];
    uint32_t cache[CACHE_STATES];
    uint32_t effect[FAULT_EFFECT_COUNT];
    uint32_t answer[COUNT(answer_names)];
    uint32_t malform[COUNT(malform_names)];
    uint32_t place[FAULT_EFFECT_COUNT][FAULT_POSITION_COUNT];
    uint32_t cause[COUNT(causes)][3];
    uint32_t breaker_cache[BREAKER_STATES][CACHE_STATES];
    uint32_t on_retry[FAULT_EFFECT_COUNT];
    bool *seen; /* owned; by item: in the present scenario */
};

static uint32_t add(struct tally *tally, const char *group, const char *name)
{
    return (uint32_t)coverage_add(tally->out, group, name);
}

static void add_all(struct tally *tally, const char *group, const char *const *names, size_t count,
                    uint32_t *items)
{
    for (size_t i = 0; i < count; i++)
        items[i] = add(tally, group, names[i]);
}

static uint32_t most_attempts(const struct suite *suite)
{
    uint32_t most = 1;
    for (size_t i = 0; i < suite->count; i++) {
        uint32_t attempts = suite->scenarios[i].config.engine.retry_count + 1;
        if (attempts > most) most = attempts;
    }
    return most < ATTEMPTS_NAMED ? most : ATTEMPTS_NAMED;
}

static void add_requests(struct tally *tally, uint32_t attempts)
{
    for (unsigned i = 0; i < CODE_COUNT; i++) {
        tally->code[i] = i == CODE_NONE ? NO_ITEM : add(tally, "code", code_name((enum code)i));
    }
    for (unsigned i = 0; i < SERVED_COUNT; i++) {
        bool is_owed = i != SERVED_NOBODY;
        tally->served[i] = is_owed ? add(tally, "served", served_name((enum served)i)) : NO_ITEM;
    }
    for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
        tally->outcome[i] = add(tally, "outcome", outcome_name((enum outcome)i));
    }
    for (uint32_t i = 0; i < ATTEMPTS_NAMED; i++) {
        tally->attempt[i] = i < attempts ? add(tally, "attempt", attempt_names[i]) : NO_ITEM;
    }
    add_all(tally, "breaker", breaker_names, COUNT(breaker_names), tally->breaker);
    for (size_t i = 0; i < COUNT(path_names); i++) {
        bool is_outcome = i == PATH_ATTEMPT; /* has a group of its own */
        tally->path[i] = is_outcome ? NO_ITEM : add(tally, "chain", path_names[i]);
    }
    add_all(tally, "cache", cache_names, CACHE_STATES, tally->cache);
}

/* Those are there by their kinds. */
static bool has_kinds(enum fault_effect effect)
{
    return effect == FAULT_ANSWER || effect == FAULT_MALFORMED;
}

static void add_faults(struct tally *tally)
{
    for (unsigned i = 0; i < FAULT_EFFECT_COUNT; i++) {
        bool by_kind = has_kinds((enum fault_effect)i);
        tally->effect[i] = by_kind ? NO_ITEM : add(tally, "fault", effect_names[i]);
    }
    for (size_t i = 0; i < COUNT(answer_names); i++) {
        tally->answer[i] = i == ANSWER_GOOD ? NO_ITEM : add(tally, "fault", answer_names[i]);
    }
    for (size_t i = 0; i < COUNT(malform_names); i++) {
        tally->malform[i] = i == MALFORM_NONE ? NO_ITEM : add(tally, "fault", malform_names[i]);
    }
}

/* In how many positions an effect can be played. */
static size_t positions_of(enum fault_effect effect)
{
    bool possible[FAULT_POSITION_COUNT] = { false };
    size_t rows = 0;
    size_t count = 0;
    const struct fault_row *table = fault_table(&rows);
    for (size_t i = 0; i < rows; i++) {
        if (table[i].effect != effect || table[i].support == FAULT_IMPOSSIBLE) continue;
        count += !possible[table[i].at];
        possible[table[i].at] = true;
    }
    return count;
}

/* Each effect at each position where it can be played, of those that have a choice. */
static void add_places(struct tally *tally)
{
    size_t rows = 0;
    const struct fault_row *table = fault_table(&rows);
    for (size_t e = 0; e < FAULT_EFFECT_COUNT; e++) {
        for (size_t p = 0; p < FAULT_POSITION_COUNT; p++)
            tally->place[e][p] = NO_ITEM;
    }
    for (size_t i = 0; i < rows; i++) {
        const struct fault_row *row = &table[i];
        uint32_t *item = &tally->place[row->effect][row->at];
        if (row->support == FAULT_IMPOSSIBLE || *item != NO_ITEM) continue;
        if (positions_of(row->effect) < 2 || has_kinds(row->effect)) continue;
        char *name = place_names[row->effect][row->at];
        snprintf(name, sizeof place_names[0][0], "%s at %s", fault_effect_name(row->effect),
                 fault_position_name(row->at));
        *item = add(tally, "fault x position", name);
    }
}

static void add_pairs(struct tally *tally)
{
    for (size_t i = 0; i < COUNT(causes); i++) {
        add_all(tally, "cause x served", causes[i].names, 3, tally->cause[i]);
    }
    for (size_t i = 0; i < BREAKER_STATES; i++) {
        add_all(tally, "breaker x cache", breaker_cache_names[i], CACHE_STATES,
                tally->breaker_cache[i]);
    }
    add_all(tally, "fault on a retry", effect_names, FAULT_EFFECT_COUNT, tally->on_retry);
}

static void hit(struct tally *tally, uint32_t item)
{
    if (item == NO_ITEM) return;
    tally->out->items[item].count++;
    if (!tally->seen[item]) tally->out->items[item].scenarios++;
    tally->seen[item] = true;
}

static enum breaker_state breaker_at(const struct run *run, uint64_t at_ns)
{
    enum breaker_state state = BREAKER_CLOSED;
    for (size_t i = 0; i < run->transition_count && run->transitions[i].at <= at_ns; i++) {
        state = run->transitions[i].to;
    }
    return state;
}

static void hit_cause(struct tally *tally, const struct run_answer *answer)
{
    size_t served = 0;
    switch (answer->served) {
    case SERVED_NOBODY:
    case SERVED_CACHE:
    case SERVED_UPSTREAM: return;
    case SERVED_STALE: served = 0; break;
    case SERVED_BASELINE: served = 1; break;
    case SERVED_ERROR: served = 2; break;
    }
    for (size_t i = 0; i < COUNT(causes); i++) {
        bool same = answer->cause == causes[i].code || answer->code == causes[i].code;
        if (same) hit(tally, tally->cause[i][served]);
    }
}

static void hit_answer(struct tally *tally, const struct run *run, const struct run_answer *answer)
{
    if (!answer->answered) return;
    hit(tally, tally->code[answer->code]);
    if (answer->cause != answer->code) hit(tally, tally->code[answer->cause]);
    hit(tally, tally->served[answer->served]);
    hit(tally, tally->cache[answer->cache_state]);
    hit_cause(tally, answer);
    hit(tally, tally->breaker_cache[breaker_at(run, answer->done_ns)][answer->cache_state]);
    for (uint32_t i = 0; i < answer->path_count; i++) {
        hit(tally, tally->path[run->path[answer->path_at + i].step]);
    }
}

static void hit_fault(struct tally *tally, const struct fault *fault, uint32_t attempt)
{
    hit(tally, tally->effect[fault->effect]);
    if (fault->effect == FAULT_ANSWER) hit(tally, tally->answer[fault->answer]);
    if (fault->effect == FAULT_MALFORMED) hit(tally, tally->malform[fault->malform]);
    hit(tally, tally->place[fault->effect][fault->at]);
    if (attempt > 0) hit(tally, tally->on_retry[fault->effect]);
}

static void hit_delivery(struct tally *tally, const struct run *run,
                         const struct run_delivery *delivery)
{
    if (delivery->phase >= run->scenario->phase_count) return;
    const struct phase *phase = &run->scenario->phases[delivery->phase];
    for (size_t i = 0; i < phase->fault_count; i++) {
        if ((delivery->fired >> i & 1) != 0) hit_fault(tally, &phase->faults[i], delivery->attempt);
    }
}

/* What the upstream could not note. */
static void hit_connection(struct tally *tally, const struct run *run,
                           const struct run_attempt *attempt)
{
    for (size_t i = 0; i < run->scenario->phase_count; i++) {
        int fault = fault_reach_at_connect(run, attempt, i);
        if (fault >= 0) hit_fault(tally, &run->scenario->phases[i].faults[fault], attempt->number);
    }
}

static void hit_world(struct tally *tally, const struct suite_world *world)
{
    const struct run *run = &world->run;
    if (!world->present || run->invalid) return;
    for (size_t i = 0; i < run->schedule->count; i++)
        hit_answer(tally, run, &run->answers[i]);
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        hit(tally, tally->outcome[attempt->outcome]);
        if (attempt->number < ATTEMPTS_NAMED) hit(tally, tally->attempt[attempt->number]);
        hit_connection(tally, run, attempt);
    }
    for (size_t i = 0; i < run->transition_count; i++) {
        hit(tally, tally->breaker[run->transitions[i].rule]);
    }
    for (size_t i = 0; i < run->delivery_count; i++)
        hit_delivery(tally, run, &run->deliveries[i]);
}

void coverage_make(struct coverage *out, const struct suite *suite)
{
    coverage_make_repeated(out, suite, 1);
}

void coverage_make_repeated(struct coverage *out, const struct suite *suite, uint32_t runs)
{
    struct tally *tally = mem_alloc(1, sizeof *tally);
    *out = (struct coverage){ .count = 0 };
    tally->out = out;
    add_requests(tally, most_attempts(suite));
    add_faults(tally);
    add_places(tally);
    add_pairs(tally);
    tally->seen = mem_alloc(out->count, sizeof *tally->seen);
    for (size_t i = 0; i < suite->count; i++) {
        if (i % runs == 0) memset(tally->seen, 0, out->count * sizeof *tally->seen);
        hit_world(tally, &suite->scenarios[i].sim);
        hit_world(tally, &suite->scenarios[i].real);
    }
    coverage_excuse(out);
    coverage_count(out);
    mem_free(tally->seen);
    mem_free(tally);
}
