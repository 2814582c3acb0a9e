#include <stdio.h>

#include "base/buf.h"
#include "harness/audit.h"
#include "harness/verdict_private.h"

enum { FAULTS_NAMED = 4 };

/* A connection that is refused or reset is no attempt that the upstream could have noted. */
static bool leaves_a_trace(const struct fault *fault)
{
    return fault->at != FAULT_AT_CONNECT;
}

/* Whether each fault of the phase hit somebody. */
static void judge_phase(const struct run *run, size_t phase_at, struct check *check)
{
    const struct phase *phase = &run->scenario->phases[phase_at];
    struct buf seen;
    size_t missed = 0;
    size_t shown = 0;
    buf_init(&seen, CHECK_SENTENCE_MAX - 128);
    for (size_t i = 0; i < phase->fault_count; i++) {
        const struct fault *fault = &phase->faults[i];
        if (!leaves_a_trace(fault)) continue;
        struct audit_fault met = audit_fault(run, phase_at, i);
        check->n += met.hit;
        bool miss = met.hit == 0;
        missed += miss;
        if (!miss && shown >= FAULTS_NAMED) continue;
        buf_printf(&seen, "%s\"%.60s\" hit %llu of %llu", shown++ == 0 ? "" : ", ", fault->text,
                   (unsigned long long)met.hit, (unsigned long long)met.eligible);
    }
    if (shown == 0) buf_puts(&seen, "those of connections leave no trace at the upstream");
    if (missed > 0) check->status = CHECK_INCONCLUSIVE;
    check_say(check, "expected attempts to meet every fault of %.64s; %s%s", phase->name,
              buf_text(&seen), missed == 0 ? "" : ": what nobody met was not tried");
    buf_deinit(&seen);
}

void verdict_faults(const struct run *run, struct verdicts *out)
{
    for (size_t i = 0; i < run->scenario->phase_count; i++) {
        const struct phase *phase = &run->scenario->phases[i];
        char name[VERDICT_WINDOW_MAX];
        if (phase->fault_count == 0) continue;
        snprintf(name, sizeof name, "faults.%.64s", phase->name);
        struct check *check = verdict_add(out, name);
        if (run->foreign && run->delivery_count == 0) {
            verdict_unobservable(check, "attempts to meet every fault",
                                 "the upstream's ledger cannot tell whose attempts it saw");
            continue;
        }
        check->line = phase->line;
        check->column = phase->column;
        judge_phase(run, i, check);
    }
}
