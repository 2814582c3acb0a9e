#include <stdio.h>

#include "base/units.h"
#include "harness/verdict_private.h"

/* Asked for a baseline by its own nature, whatever the upstream does. */
static bool goes_to_baseline(const struct run_answer *answer)
{
    return answer->cause == CODE_INPUT_INSUFFICIENT_HISTORY ||
           answer->cause == CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
}

/* The age of the forecast in it; INSTANT_NEVER when it holds none of the upstream. */
static uint64_t forecast_age_ns(const struct run_answer *answer)
{
    if (!answer->answered) return INSTANT_NEVER;
    switch (answer->served) {
    case SERVED_UPSTREAM: return 0;
    case SERVED_CACHE:
    case SERVED_STALE: return answer->age_ns;
    case SERVED_NOBODY:
    case SERVED_BASELINE:
    case SERVED_ERROR: break;
    }
    return INSTANT_NEVER;
}

static bool is_refused(const struct run_answer *answer)
{
    return answer->answered && answer->http_status >= 400 && answer->http_status < 500;
}

/* Of the requests that can have a fresh forecast at all. */
void verdict_freshness(const struct run *run, const struct expect *expect, struct check *check)
{
    uint64_t count = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!verdict_asks(run, expect, i)) continue;
        if (goes_to_baseline(answer) || is_refused(answer)) continue;
        check->n++;
        bool counts = forecast_age_ns(answer) <= expect->limit_ns;
        count += counts;
        if (counts == verdict_shows_excess(expect)) check_note(check, (uint32_t)i);
    }
    char age[UNITS_TEXT_MAX], seen[64];
    units_format_duration(expect->limit_ns, age);
    snprintf(seen, sizeof seen, "held a forecast no older than %s", age);
    verdict_count(run, expect, check, count, "freshness", seen);
}

/* What was rightly refused (4xx) is neither served nor missing. */
void verdict_availability(const struct run *run, const struct expect *expect, struct check *check)
{
    uint64_t count = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!verdict_asks(run, expect, i) || is_refused(answer)) continue;
        check->n++;
        bool counts = answer->answered && answer->http_status < 500;
        count += counts;
        if (counts == verdict_shows_excess(expect)) check_note(check, (uint32_t)i);
    }
    verdict_count(run, expect, check, count, "availability", "were answered with a forecast");
}
