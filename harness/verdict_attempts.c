#include <assert.h>

#include "base/mem.h"
#include "harness/verdict_private.h"

static const char no_attempts[] =
    "neither the service nor the upstream's ledger says which attempts were whose";

uint32_t *verdict_count_attempts(const struct run *run)
{
    uint32_t *counts = mem_alloc(run->schedule->count, sizeof *counts);
    size_t known = 0;
    for (size_t i = 0; i < run->delivery_count; i++) {
        if (run->deliveries[i].request == UINT32_MAX) continue;
        counts[run->deliveries[i].request]++;
        known++;
    }
    for (size_t i = 0; run->delivery_count == 0 && i < run->attempt_count; i++) {
        counts[run->attempts[i].request]++;
        known++;
    }
    if (known > 0 || !run->foreign) return counts;
    mem_free(counts);
    return NULL;
}

struct attempts {
    uint64_t judged; /* that made one, or were answered without: a client that left had no time */
    uint64_t total;
    uint64_t requests; /* that made one at least */
    uint32_t most;     /* of one request */
};

/* Counts what the expectation selects, and notes requests with more than `allowed` attempts. */
static struct attempts count(const struct run *run, const struct expect *expect,
                             const uint32_t *counts, uint64_t allowed, struct check *check)
{
    struct attempts seen = { .total = 0 };
    for (size_t i = 0; i < run->schedule->count; i++) {
        if (counts[i] == 0) {
            seen.judged += run->answers[i].answered && verdict_asks(run, expect, i);
            continue;
        }
        if (!verdict_selects(run, expect, i)) continue;
        seen.judged++;
        seen.requests++;
        seen.total += counts[i];
        if (counts[i] > seen.most) seen.most = counts[i];
        if (counts[i] > allowed) check_note(check, (uint32_t)i);
    }
    return seen;
}

void verdict_amplification(const struct run *run, const struct expect *expect,
                           struct check *check)
{
    uint32_t *counts = verdict_count_attempts(run);
    if (counts == NULL) {
        verdict_unobservable(check, expect->text, no_attempts);
        return;
    }
    struct attempts seen = count(run, expect, counts, 1, check);
    mem_free(counts);
    check->n = seen.requests;
    char window[VERDICT_WINDOW_MAX], ids[VERDICT_IDS_TEXT_MAX];
    verdict_window_text(expect, run->scenario, window);
    const char *op = compare_text(expect->op);
    double wanted = (double)expect->value / 1000;
    if (seen.requests == 0) {
        check->status = CHECK_INCONCLUSIVE;
        check_say(check, "expected amplification %s %g%s; no request reached the upstream", op,
                  wanted, window);
        return;
    }
    bool holds = compare_holds(expect->op, seen.total * 1000, expect->value * seen.requests);
    if (holds || !verdict_shows_excess(expect)) check->id_count = 0;
    if (!holds) check->status = CHECK_FAIL;
    check_say(check,
              "expected amplification %s %g%s; %llu attempts for %llu requests that made one, "
              "%.3f each, at most %u for one%s",
              op, wanted, window, (unsigned long long)seen.total,
              (unsigned long long)seen.requests, (double)seen.total / (double)seen.requests,
              seen.most, check_ids_text(run, check, check->id_count, ids));
}

/* A limit that allows attempts says something when one was made, "none" when one might have
 * been. */
static bool is_untried(const struct expect *expect, const struct attempts *seen)
{
    if (seen->judged == 0) return true;
    bool each = expect->attempts == EXPECT_ATTEMPTS_PER_REQUEST;
    return each && seen->requests == 0 && compare_holds(expect->op, 0, expect->value) &&
           compare_holds(expect->op, 1, expect->value);
}

/* `per_request` looks at the request with the most attempts: "<= 3" holds for all, ">= 2" for one
 * at least. */
void verdict_attempts(const struct run *run, const struct expect *expect, struct check *check)
{
    static const char *const wanted[] = {
        [EXPECT_ATTEMPTS_PER_REQUEST] = "attempts.per_request",
        [EXPECT_ATTEMPTS_TOTAL] = "attempts.total",
    };
    uint32_t *counts = verdict_count_attempts(run);
    if (counts == NULL) {
        verdict_unobservable(check, expect->text, no_attempts);
        return;
    }
    bool each = expect->attempts == EXPECT_ATTEMPTS_PER_REQUEST;
    bool strict = expect->op == COMPARE_LT && expect->value > 0;
    struct attempts seen = count(run, expect, counts,
                                 each ? expect->value - (strict ? 1 : 0) : 1, check);
    mem_free(counts);
    check->n = seen.judged;
    bool untried = is_untried(expect, &seen);
    bool holds = compare_holds(expect->op, each ? seen.most : seen.total, expect->value);
    if (holds || !verdict_shows_excess(expect)) check->id_count = 0;
    if (untried) check->status = CHECK_INCONCLUSIVE;
    else if (!holds) check->status = CHECK_FAIL;
    char window[VERDICT_WINDOW_MAX], ids[VERDICT_IDS_TEXT_MAX];
    check_say(check,
              "expected %s %s %llu%s; %llu attempts for %llu requests that made one, at most %u "
              "for one%s",
              wanted[expect->attempts], compare_text(expect->op),
              (unsigned long long)expect->value,
              verdict_window_text(expect, run->scenario, window), (unsigned long long)seen.total,
              (unsigned long long)seen.requests, seen.most,
              check_ids_text(run, check, check->id_count, ids));
}
