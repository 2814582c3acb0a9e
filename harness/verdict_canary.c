#include <assert.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/units.h"
#include "harness/canary.h"
#include "harness/verdict_private.h"

enum { PPM = 1000000, P95_SLOW_PPM = 50000 };

static bool breaks(enum expect_gate gate, const struct run_answer *answer)
{
    switch (gate) {
    case EXPECT_GATE_P95: return run_latency_ns(answer) > CANARY_P95_NS;
    case EXPECT_GATE_ERRORS: return canary_is_error(answer);
    case EXPECT_GATE_INVALID: return answer->answered && !answer->output_valid;
    case EXPECT_GATE_FALLBACKS: return canary_is_fallback(answer);
    case EXPECT_GATES: break;
    }
    assert(false && "no such gate");
    return false;
}

static uint32_t allowed_ppm(const struct expect *expect)
{
    switch (expect->gate) {
    case EXPECT_GATE_P95: return P95_SLOW_PPM;
    case EXPECT_GATE_ERRORS: return CANARY_ERRORS_PPM;
    case EXPECT_GATE_INVALID: return 0;
    case EXPECT_GATE_FALLBACKS:
        return expect->canary_later ? CANARY_LATER_PPM : CANARY_STAGE_PPM;
    case EXPECT_GATES: break;
    }
    assert(false && "no such gate");
    return 0;
}

void verdict_canary(const struct run *run, const struct expect *expect, struct check *check)
{
    static const char *const rules[] = {
        [EXPECT_GATE_P95] = "p95 <= 300ms",
        [EXPECT_GATE_ERRORS] = "error rate",
        [EXPECT_GATE_INVALID] = "no invalid output",
        [EXPECT_GATE_FALLBACKS] = "fallback rate",
    };
    static const char *const seen[] = {
        [EXPECT_GATE_P95] = "were slower",
        [EXPECT_GATE_ERRORS] = "were errors",
        [EXPECT_GATE_INVALID] = "held no valid forecast",
        [EXPECT_GATE_FALLBACKS] = "were stale or baselines",
    };
    uint64_t count = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        bool counts = expect->gate == EXPECT_GATE_P95
                          ? verdict_times(run, expect, i, CANARY_P95_NS)
                          : verdict_asks(run, expect, i);
        if (!counts) continue;
        check->n++;
        if (!breaks(expect->gate, &run->answers[i])) continue;
        count++;
        check_note(check, (uint32_t)i);
    }
    uint32_t ppm = allowed_ppm(expect);
    if (ppm > 0) verdict_gate_ids(check, count, (double)ppm / PPM);
    char share[UNITS_TEXT_MAX], window[VERDICT_WINDOW_MAX], ids[VERDICT_IDS_TEXT_MAX];
    char text[CHECK_SENTENCE_MAX / 2 + 64];
    bool is_rate = expect->gate == EXPECT_GATE_ERRORS || expect->gate == EXPECT_GATE_FALLBACKS;
    units_format_share(ppm, share);
    snprintf(text, sizeof text,
             "expected the canary's %s%s%s%s; %llu of %llu answers (%.2f %%) %s%s",
             rules[expect->gate], is_rate ? " <= " : "", is_rate ? share : "",
             verdict_window_text(expect, run->scenario, window), (unsigned long long)count,
             (unsigned long long)check->n,
             check->n == 0 ? 0 : 100.0 * (double)count / (double)check->n, seen[expect->gate],
             check_ids_text(run, check, count, ids));
    if (ppm > 0) {
        verdict_gate(check, count, (double)ppm / PPM, text);
        return;
    }
    if (count > 0) check->status = CHECK_FAIL;
    else if (check->n == 0) check->status = CHECK_INCONCLUSIVE;
    check_say(check, "%s", text);
}

void verdict_rollback(const struct run *run, const struct expect *expect, struct check *check)
{
    struct rollback triggers[ROLLBACK_TRIGGERS];
    struct buf seen;
    size_t fired = 0;
    bool blind = false;
    rollback_find(run, triggers);
    buf_init(&seen, CHECK_SENTENCE_MAX - 128);
    for (size_t i = 0; i < ROLLBACK_TRIGGERS; i++) {
        enum rollback_trigger trigger = (enum rollback_trigger)i;
        blind = blind || !triggers[i].observable;
        if (!triggers[i].fired) continue;
        buf_printf(&seen, "%s%s at %.0f s", fired++ == 0 ? "" : "; ",
                   rollback_trigger_rule(trigger), verdict_seconds(triggers[i].at_ns));
        if (!expect->rollback_expected) check_note(check, triggers[i].request);
    }
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        check->n += !answer->hung_up || run_outwaited(answer, ROLLBACK_P95_NS);
    }
    if (expect->rollback_expected != (fired > 0)) check->status = CHECK_FAIL;
    if (fired == 0) buf_puts(&seen, "no trigger fired");
    if (fired == 0 && blind) {
        check->status = CHECK_UNOBSERVABLE;
        buf_puts(&seen, ", but nothing tells whether the breaker was open");
    } else if (fired == 0 && check->n == 0) {
        check->status = CHECK_INCONCLUSIVE;
        buf_puts(&seen, ", but there was no answer to judge");
    }
    check_say(check, "expected %s rollback; %s (%llu answers in healthy traffic of %.1f/s)",
              expect->rollback_expected ? "a" : "no", buf_text(&seen),
              (unsigned long long)check->n,
              (double)check->n / verdict_seconds(run->scenario->duration_ns));
    buf_deinit(&seen);
}
