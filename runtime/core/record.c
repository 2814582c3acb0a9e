#include "core/record.h"

#include <assert.h>
#include <string.h>

enum { PATH_STEP_COUNT = PATH_BASELINE_FAILED + 1 };

static const char *const served_names[SERVED_COUNT] = {
    [SERVED_NOBODY] = "nobody", [SERVED_CACHE] = "cache",       [SERVED_UPSTREAM] = "upstream",
    [SERVED_STALE] = "stale",   [SERVED_BASELINE] = "baseline", [SERVED_ERROR] = "error",
};

static const char *const step_names[PATH_STEP_COUNT] = {
#define PATH_TEXT(name, text) [name] = text,
    PATH_LIST(PATH_TEXT)
#undef PATH_TEXT
};

static const char *const attempt_names[CODE_COUNT] = {
#define ATTEMPT_TEXT(name, text) [name] = "attempt:" text,
    CODE_LIST(ATTEMPT_TEXT)
#undef ATTEMPT_TEXT
};

const char *served_name(enum served served)
{
    assert((unsigned)served < SERVED_COUNT);
    return served_names[served];
}

bool served_parse(const char *name, enum served *out)
{
    for (unsigned served = 0; served < SERVED_COUNT; served++) {
        if (strcmp(served_names[served], name) != 0) continue;
        *out = (enum served)served;
        return true;
    }
    return false;
}

const char *cache_tier_name(enum cache_tier tier)
{
    switch (tier) {
    case CACHE_TIER_NONE: return "none";
    case CACHE_TIER_L1: return "l1";
    case CACHE_TIER_L2: return "l2";
    }
    assert(false && "no such cache tier");
    return "";
}

static const char *attempt_name(enum outcome outcome)
{
    if (outcome == OUTCOME_OK) return "attempt:ok";
    if (outcome == OUTCOME_ABANDONED) return "attempt:abandoned"; /* these two have no code */
    return attempt_names[classify(outcome)->code];
}

const char *path_entry_name(struct path_entry entry)
{
    assert(entry.step < PATH_STEP_COUNT);
    if (entry.step == PATH_ATTEMPT) return attempt_name((enum outcome)entry.outcome);
    return step_names[entry.step];
}

bool path_entry_parse(const char *name, struct path_entry *out)
{
    for (uint8_t step = 0; step < PATH_STEP_COUNT; step++) {
        if (step == PATH_ATTEMPT || strcmp(step_names[step], name) != 0) continue;
        *out = (struct path_entry){ .step = step };
        return true;
    }
    for (uint8_t outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        if (strcmp(attempt_name((enum outcome)outcome), name) != 0) continue;
        *out = (struct path_entry){ .step = PATH_ATTEMPT, .outcome = outcome };
        return true;
    }
    return false;
}
