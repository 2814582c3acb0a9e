#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "harness/gate.h"
#include "harness/reference.h"
#include "harness/verdict_private.h"

enum { VALUE_TEXT_MAX = 48, PPM = 1000000 };

static unsigned long long whole(uint64_t count)
{
    return (unsigned long long)count;
}

/* "p95", "p99.9" */
static const char *quantile_text(uint32_t quantile_ppm, char out[VALUE_TEXT_MAX])
{
    char share[UNITS_TEXT_MAX];
    units_format_share(quantile_ppm, share);
    snprintf(out, VALUE_TEXT_MAX, "p%.*s", (int)strcspn(share, "%"), share);
    return out;
}

/* "212.3 ms", or "never answered" */
static const char *latency_text(uint64_t latency_ns, char out[VALUE_TEXT_MAX])
{
    if (latency_ns == INSTANT_NEVER) snprintf(out, VALUE_TEXT_MAX, "never (not answered)");
    else snprintf(out, VALUE_TEXT_MAX, "%.1f ms", verdict_ms(latency_ns));
    return out;
}

static void say_undecided(struct check *check, const char *seen, uint64_t slow, double share)
{
    uint64_t more = gate_more_needed(check->n, slow, share);
    check->status = CHECK_INCONCLUSIVE;
    if (more > 0) {
        check_say(check, "%s: too few to be sure; %llu more answers with as few slow ones would do",
                  seen, whole(more));
    } else {
        check_say(check, "%s: too close to be sure, and more answers with this share of slow ones "
                         "would not help",
                  seen);
    }
}

void verdict_latency(const struct run *run, const struct expect *expect, struct check *check)
{
    size_t count = run->schedule->count;
    bool *keep = mem_alloc(count, sizeof *keep);
    uint64_t slow = 0;
    for (size_t i = 0; i < count; i++) {
        const struct run_answer *answer = &run->answers[i];
        keep[i] = expect_covers(expect, run->scenario, answer->intended_ns);
        if (!keep[i]) continue;
        check->n++;
        if (run_latency_ns(answer) <= expect->limit_ns) continue;
        slow++;
        check_note(check, (uint32_t)i);
    }
    uint64_t seen_ns = run_latency_quantile_ns(run, keep, expect->quantile_ppm);
    mem_free(keep);

    double share = (double)(PPM - expect->quantile_ppm) / PPM;
    enum gate_verdict verdict = gate_judge(check->n, slow, share);
    if (verdict == GATE_PASS) check->id_count = 0;
    char name[VALUE_TEXT_MAX], limit[UNITS_TEXT_MAX], seen[VALUE_TEXT_MAX];
    char window[VERDICT_WINDOW_MAX], ids[VERDICT_IDS_TEXT_MAX], text[CHECK_SENTENCE_MAX / 2];
    quantile_text(expect->quantile_ppm, name);
    snprintf(text, sizeof text,
             "expected %s <= %s%s; %s was %s, %llu of %llu answers were slower%s", name,
             units_format_duration(expect->limit_ns, limit),
             verdict_window_text(expect, run->scenario, window), name,
             check->n == 0 ? "not seen" : latency_text(seen_ns, seen), whole(slow),
             whole(check->n), check_ids_text(check, slow, ids));
    switch (verdict) {
    case GATE_PASS: check_say(check, "%s", text); return;
    case GATE_FAIL: check_fail(check, "%s", text); return;
    case GATE_INCONCLUSIVE: say_undecided(check, text, slow, share); return;
    }
}

/* Too many: those that count show it. Too few: those that do not. */
static bool shows_excess(const struct expect *expect)
{
    switch (expect->op) {
    case COMPARE_GE: return false;
    case COMPARE_GT: return false;
    case COMPARE_EQ: return expect->value == 0;
    case COMPARE_LE: return true;
    case COMPARE_LT: return true;
    }
    assert(false && "no such comparison");
    return true;
}

/* Judges `count` of check->n against the expectation's number or share. `wanted` says what is
 * counted, "served.error"; `seen` what the counted answers are, "were errors". */
static void judge_count(const struct run *run, const struct expect *expect, struct check *check,
                        uint64_t count, const char *wanted, const char *seen)
{
    char window[VERDICT_WINDOW_MAX], value[UNITS_TEXT_MAX], ids[VERDICT_IDS_TEXT_MAX];
    verdict_window_text(expect, run->scenario, window);
    if (expect->is_share) units_format_share((uint32_t)expect->value, value);
    else snprintf(value, sizeof value, "%llu", whole(expect->value));
    const char *op = compare_text(expect->op);
    if (check->n == 0) {
        check->status = CHECK_INCONCLUSIVE;
        check_say(check, "expected %s %s %s%s; no request was sent then", wanted, op, value,
                  window);
        return;
    }
    bool holds = expect->is_share
                     ? compare_holds(expect->op, count * PPM, expect->value * check->n)
                     : compare_holds(expect->op, count, expect->value);
    if (!holds) check->status = CHECK_FAIL;
    /* When too few answers count, those that do not are worth naming only in a share. */
    bool excess = shows_excess(expect);
    if (holds || (!excess && !expect->is_share)) check->id_count = 0;
    char share[VALUE_TEXT_MAX] = "";
    if (expect->is_share) {
        snprintf(share, sizeof share, " (%.2f %%)", 100.0 * (double)count / (double)check->n);
    }
    check_say(check, "expected %s %s %s%s; %llu of %llu answers%s %s%s%s", wanted, op, value,
              window, whole(count), whole(check->n), share, seen,
              excess || check->id_count == 0 ? "" : ", the rest not",
              check_ids_text(check, check->id_count, ids));
}

static bool is_served(const struct run_answer *answer, enum expect_served wanted)
{
    bool lost = !answer->answered || answer->served == SERVED_NOBODY;
    switch (wanted) {
    case EXPECT_SERVED_CACHE: return !lost && answer->served == SERVED_CACHE;
    case EXPECT_SERVED_UPSTREAM: return !lost && answer->served == SERVED_UPSTREAM;
    case EXPECT_SERVED_FRESH:
        return !lost && (answer->served == SERVED_CACHE || answer->served == SERVED_UPSTREAM);
    case EXPECT_SERVED_STALE: return !lost && answer->served == SERVED_STALE;
    case EXPECT_SERVED_BASELINE: return !lost && answer->served == SERVED_BASELINE;
    case EXPECT_SERVED_ERROR: return lost || answer->served == SERVED_ERROR;
    }
    assert(false && "no such kind");
    return false;
}

void verdict_served(const struct run *run, const struct expect *expect, struct check *check)
{
    static const struct {
        const char *wanted;
        const char *seen;
    } texts[] = {
        [EXPECT_SERVED_CACHE] = { "served.cache", "were fresh cache hits" },
        [EXPECT_SERVED_UPSTREAM] = { "served.upstream", "came from the upstream" },
        [EXPECT_SERVED_FRESH] = { "served.fresh", "were fresh" },
        [EXPECT_SERVED_STALE] = { "served.stale", "were stale" },
        [EXPECT_SERVED_BASELINE] = { "served.baseline", "were baselines" },
        [EXPECT_SERVED_ERROR] = { "served.error", "were errors" },
    };
    uint64_t count = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!expect_covers(expect, run->scenario, answer->intended_ns)) continue;
        check->n++;
        bool counts = is_served(answer, expect->served);
        count += counts;
        if (counts == shows_excess(expect)) check_note(check, (uint32_t)i);
    }
    judge_count(run, expect, check, count, texts[expect->served].wanted,
                texts[expect->served].seen);
}

/* Its code, its cause, or the class of one of its attempts. */
static bool shows_code(const struct run *run, const struct run_answer *answer, enum code code)
{
    if (!answer->answered) return false;
    if (answer->code == code || answer->cause == code) return true;
    for (uint32_t i = 0; i < answer->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[answer->attempt_at + i];
        if (reference_outcome(attempt->outcome)->code == code) return true;
    }
    return false;
}

void verdict_codes(const struct run *run, const struct expect *expect, struct check *check)
{
    enum code code = CODE_NONE;
    bool known = code_parse(expect->code, &code);
    assert(known); /* the scenario was refused otherwise */
    uint64_t count = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!expect_covers(expect, run->scenario, answer->intended_ns)) continue;
        check->n++;
        bool counts = shows_code(run, answer, code);
        count += counts;
        if (counts == shows_excess(expect)) check_note(check, (uint32_t)i);
    }
    char wanted[VALUE_TEXT_MAX];
    snprintf(wanted, sizeof wanted, "codes.%.40s", expect->code);
    judge_count(run, expect, check, count, wanted, "show it");
}

/* Attempts per request: what the upstream received when that is known, else what was made. */
static uint32_t *count_attempts(const struct run *run)
{
    uint32_t *counts = mem_alloc(run->schedule->count, sizeof *counts);
    for (size_t i = 0; i < run->delivery_count; i++) {
        if (run->deliveries[i].request != UINT32_MAX) counts[run->deliveries[i].request]++;
    }
    for (size_t i = 0; run->delivery_count == 0 && i < run->attempt_count; i++) {
        counts[run->attempts[i].request]++;
    }
    return counts;
}

void verdict_amplification(const struct run *run, const struct expect *expect,
                           struct check *check)
{
    uint32_t *counts = count_attempts(run);
    uint64_t attempts = 0;
    uint64_t requests = 0;
    uint32_t most = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        if (!expect_covers(expect, run->scenario, run->answers[i].intended_ns)) continue;
        if (counts[i] == 0) continue;
        requests++;
        attempts += counts[i];
        if (counts[i] > most) most = counts[i];
        if (counts[i] > 1) check_note(check, (uint32_t)i);
    }
    mem_free(counts);
    check->n = requests;
    char window[VERDICT_WINDOW_MAX];
    verdict_window_text(expect, run->scenario, window);
    const char *op = compare_text(expect->op);
    double wanted = (double)expect->value / 1000;
    if (requests == 0) {
        check->status = CHECK_INCONCLUSIVE;
        check_say(check, "expected amplification %s %g%s; no request reached the upstream", op,
                  wanted, window);
        return;
    }
    if (compare_holds(expect->op, attempts * 1000, expect->value * requests)) check->id_count = 0;
    else check->status = CHECK_FAIL;
    check_say(check,
              "expected amplification %s %g%s; %llu attempts for %llu requests that made one, "
              "%.3f each, at most %u for one",
              op, wanted, window, whole(attempts), whole(requests),
              (double)attempts / (double)requests, most);
}
