#include <stdio.h>

#include "base/buf.h"
#include "harness/fault_reach.h"
#include "harness/verdict_private.h"

enum { FAULTS_NAMED = 4 };

struct reached {
    struct buf seen; /* bounded */
    size_t shown, missed, scant;
    char advice[FAULT_REACH_TEXT_MAX]; /* for the first that needs it */
};

static void add_fault(const struct run *run, size_t phase, size_t at, struct reached *reached,
                      struct check *check)
{
    const struct fault *fault = &run->scenario->phases[phase].faults[at];
    struct fault_reach reach = fault_reach_find(run, phase, at);
    if (!reach.known) return;
    bool miss = reach.hit == 0;
    check->n += reach.hit;
    if (reach.scant && reached->scant + reached->missed == 0) {
        fault_reach_advice(&reach, reached->advice);
    }
    reached->missed += miss;
    reached->scant += reach.scant;
    if (!miss && !reach.scant && reached->shown >= FAULTS_NAMED) return;
    buf_printf(&reached->seen, "%s\"%.60s\" hit %llu of %llu", reached->shown++ == 0 ? "" : ", ",
               fault->text, (unsigned long long)reach.hit, (unsigned long long)reach.eligible);
}

/* Whether each fault of the phase hit somebody, and more than a few. */
static void judge_phase(const struct run *run, size_t phase_at, struct check *check)
{
    const struct phase *phase = &run->scenario->phases[phase_at];
    struct reached reached = { .advice = "" };
    buf_init(&reached.seen, CHECK_SENTENCE_MAX - 128 - FAULT_REACH_TEXT_MAX);
    for (size_t i = 0; i < phase->fault_count; i++) add_fault(run, phase_at, i, &reached, check);
    if (reached.shown == 0) {
        buf_puts(&reached.seen, "those of connections leave no trace at the upstream");
    }
    if (reached.missed > 0) check->status = CHECK_INCONCLUSIVE;
    check->scant = reached.missed == 0 && reached.scant > 0;
    check_say(check, "expected attempts to meet every fault of %.64s; %s%s%s", phase->name,
              buf_text(&reached.seen), reached.missed == 0 ? "" : ": what nobody met was not tried",
              reached.advice);
    buf_deinit(&reached.seen);
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
