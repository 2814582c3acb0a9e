#include <assert.h>
#include <string.h>

#include "core/breaker.h"

static const char *const state_names[] = {
    [BREAKER_CLOSED] = "closed",
    [BREAKER_OPEN] = "open",
    [BREAKER_HALF_OPEN] = "half_open",
};

static const char *const rule_names[] = {
    [BREAKER_RULE_COUNT] = "count",
    [BREAKER_RULE_RATIO] = "ratio",
    [BREAKER_RULE_COOLDOWN_OVER] = "cooldown_over",
    [BREAKER_RULE_PROBE_FAILED] = "probe_failed",
    [BREAKER_RULE_PROBE_SILENT] = "probe_silent",
    [BREAKER_RULE_PROBES_PASSED] = "probes_passed",
};

enum {
    STATES = sizeof state_names / sizeof state_names[0],
    RULES = sizeof rule_names / sizeof rule_names[0],
};

const char *breaker_state_name(enum breaker_state state)
{
    assert((unsigned)state < STATES);
    return state_names[state];
}

bool breaker_state_parse(const char *name, enum breaker_state *out)
{
    for (unsigned state = 0; state < STATES; state++) {
        if (strcmp(state_names[state], name) != 0) continue;
        *out = (enum breaker_state)state;
        return true;
    }
    return false;
}

const char *breaker_rule_name(enum breaker_rule rule)
{
    assert((unsigned)rule < RULES);
    return rule_names[rule];
}

bool breaker_rule_parse(const char *name, enum breaker_rule *out)
{
    for (unsigned rule = 0; rule < RULES; rule++) {
        if (strcmp(rule_names[rule], name) != 0) continue;
        *out = (enum breaker_rule)rule;
        return true;
    }
    return false;
}
