#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/sort.h"
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

void verdict_gate_ids(struct check *check, uint64_t slow, double share)
{
    if (gate_judge(check->n, slow, share) == GATE_PASS) check->id_count = 0;
}

void verdict_gate(struct check *check, uint64_t slow, double share, const char *seen)
{
    uint64_t more = 0;
    switch (gate_judge(check->n, slow, share)) {
    case GATE_PASS: check_say(check, "%s", seen); return;
    case GATE_FAIL: check_fail(check, "%s", seen); return;
    case GATE_INCONCLUSIVE: break;
    }
    check->status = CHECK_INCONCLUSIVE;
    more = gate_more_needed(check->n, slow, share);
    if (more > 0) {
        check_say(check, "%s: too few to be sure; %llu more answers with as few slow ones would do",
                  seen, whole(more));
    } else {
        check_say(check, "%s: too close to be sure, and more answers with this share of slow ones "
                         "would not help",
                  seen);
    }
}

/* "98.3 ms (95 % sure: 96.0 ms to 101.2 ms)": nearest rank, and the interval that holds whatever
 * the distribution is. Sorts `latencies_ns`. */
static void put_quantile(struct buf *out, uint64_t *latencies_ns, uint64_t n, uint32_t quantile_ppm)
{
    char text[VALUE_TEXT_MAX], low_text[VALUE_TEXT_MAX];
    if (n == 0) {
        buf_puts(out, "not seen");
        return;
    }
    sort_u64(latencies_ns, n);
    uint64_t rank = (n * quantile_ppm + PPM - 1) / PPM;
    buf_puts(out, latency_text(latencies_ns[rank == 0 ? 0 : rank - 1], text));
    struct gate_ranks ranks = gate_quantile_ranks(n, (double)quantile_ppm / PPM);
    if (ranks.low == 0 || ranks.high > n || latencies_ns[ranks.high - 1] == INSTANT_NEVER) return;
    buf_printf(out, " (95 %% sure: %s to %s)", latency_text(latencies_ns[ranks.low - 1], low_text),
               latency_text(latencies_ns[ranks.high - 1], text));
}

void verdict_latency(const struct run *run, const struct expect *expect, struct check *check)
{
    size_t count = run->schedule->count;
    uint64_t *latencies_ns = mem_alloc(count, sizeof *latencies_ns);
    uint64_t slow = 0;
    for (size_t i = 0; i < count; i++) {
        if (!verdict_times(run, expect, i, expect->limit_ns)) continue;
        latencies_ns[check->n] = run_latency_ns(&run->answers[i]);
        if (latencies_ns[check->n++] <= expect->limit_ns) continue;
        slow++;
        check_note(check, (uint32_t)i);
    }
    double share = (double)(PPM - expect->quantile_ppm) / PPM;
    verdict_gate_ids(check, slow, share);
    char name[VALUE_TEXT_MAX], limit[UNITS_TEXT_MAX], window[VERDICT_WINDOW_MAX];
    char ids[VERDICT_IDS_TEXT_MAX];
    struct buf seen;
    buf_init(&seen, CHECK_SENTENCE_MAX / 2 + 64);
    buf_printf(&seen, "expected %s <= %s%s; %s was ",
               quantile_text(expect->quantile_ppm, name),
               units_format_duration(expect->limit_ns, limit),
               verdict_window_text(expect, run->scenario, window), name);
    put_quantile(&seen, latencies_ns, check->n, expect->quantile_ppm);
    buf_printf(&seen, ", %llu of %llu answers were slower%s", whole(slow), whole(check->n),
               check_ids_text(run, check, slow, ids));
    mem_free(latencies_ns);
    verdict_gate(check, slow, share, buf_text(&seen));
    buf_deinit(&seen);
}

/* Too many: those that count show it. Too few: those that do not. */
bool verdict_shows_excess(const struct expect *expect)
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

void verdict_count(const struct run *run, const struct expect *expect, struct check *check,
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
    bool excess = verdict_shows_excess(expect);
    if (holds) check->id_count = 0;
    char share[VALUE_TEXT_MAX] = "";
    if (expect->is_share) {
        snprintf(share, sizeof share, " (%.2f %%)", 100.0 * (double)count / (double)check->n);
    }
    check_say(check, "expected %s %s %s%s; %llu of %llu answers%s %s%s%s", wanted, op, value,
              window, whole(count), whole(check->n), share, seen,
              excess || check->id_count == 0 ? "" : ", the rest not",
              check_ids_text(run, check, check->id_count, ids));
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
        if (!verdict_asks(run, expect, i)) continue;
        check->n++;
        bool counts = is_served(answer, expect->served);
        count += counts;
        if (counts == verdict_shows_excess(expect)) check_note(check, (uint32_t)i);
    }
    verdict_count(run, expect, check, count, texts[expect->served].wanted,
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

/* A stranger's fallbacks may not say why they are ones. */
static bool gives_codes(const struct run *run)
{
    for (size_t i = 0; run->foreign && i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        bool fell_back = answer->served == SERVED_STALE || answer->served == SERVED_BASELINE ||
                         answer->served == SERVED_ERROR;
        if (answer->answered && fell_back && answer->code == CODE_NONE) return false;
    }
    return true;
}

void verdict_codes(const struct run *run, const struct expect *expect, struct check *check)
{
    if (!gives_codes(run)) {
        verdict_unobservable(check, expect->name, "the service's answers bear no code");
        return;
    }
    enum code code = CODE_NONE;
    bool known = code_parse(expect->code, &code);
    assert(known); /* the scenario was refused otherwise */
    uint64_t count = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!verdict_asks(run, expect, i)) continue;
        check->n++;
        bool counts = shows_code(run, answer, code);
        count += counts;
        if (counts == verdict_shows_excess(expect)) check_note(check, (uint32_t)i);
    }
    char wanted[VALUE_TEXT_MAX];
    snprintf(wanted, sizeof wanted, "codes.%.40s", expect->code);
    verdict_count(run, expect, check, count, wanted, "show it");
}

