#include <inttypes.h>

#include "harness/report_figures.h"
#include "harness/report_text.h"
#include "harness/report_timeline.h"

static void put_served(struct buf *out, const struct figures *figures)
{
    static const struct {
        enum served served;
        const char *text;
    } kinds[] = { { SERVED_UPSTREAM, "from the upstream" },
                  { SERVED_CACHE, "from the cache" },
                  { SERVED_STALE, "stale" },
                  { SERVED_BASELINE, "baseline" },
                  { SERVED_ERROR, "errors" } };
    report_text_count(out, figures->n);
    buf_puts(out, " requests: ");
    const char *separator = "";
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        uint64_t count = figures->served[kinds[i].served];
        if (count == 0) continue;
        buf_puts(out, separator);
        report_text_share_escaped(out, count, figures->n);
        buf_printf(out, " %s", kinds[i].text);
        separator = ", ";
    }
    if (figures->n == 0) {
        buf_puts(out, "none");
    } else if (figures->answered < figures->n) {
        buf_puts(out, separator);
        report_text_count(out, figures->n - figures->answered);
        buf_puts(out, " without an answer");
    } else if (figures->served[SERVED_ERROR] == 0) {
        buf_puts(out, ", no errors");
    }
    if (figures->hung_up > 0) {
        buf_puts(out, "; ");
        report_text_count(out, figures->hung_up);
        buf_puts(out, " more clients hung up");
    }
    buf_puts(out, ". ");
}

static void put_breaker(struct buf *out, const struct run *run)
{
    const struct breaker_transition *first = NULL;
    const struct breaker_transition *last = NULL;
    unsigned opened = 0;
    for (size_t i = 0; i < run->transition_count; i++) {
        if (run->transitions[i].to == BREAKER_OPEN) {
            opened++;
            if (first == NULL) first = &run->transitions[i];
        }
        last = &run->transitions[i];
    }
    if (first == NULL) {
        buf_printf(out, "The breaker stayed closed%s. ", run->complete ? "" : " until then");
        return;
    }
    buf_puts(out, "The breaker opened at ");
    report_text_moment(out, first->at);
    buf_printf(out, " (%" PRIu32 " failures of %" PRIu32 " attempts)", first->failures,
               first->volume);
    if (opened > 1) buf_printf(out, ", %u times in all,", opened);
    if (last->to == BREAKER_CLOSED) {
        buf_puts(out, " and closed for good at ");
        report_text_moment(out, last->at);
        buf_puts(out, ". ");
    } else {
        buf_printf(out, " and was not closed %s. ",
                   run->complete ? "at the end" : "when the run was stopped");
    }
}

/* Nothing is said of what a run that was broken off did not come to. */
static void put_recovery(struct buf *out, const struct run *run)
{
    struct recovery recovery;
    recovery_make(&recovery, run);
    if (recovery.faults_end_ns == 0) return;
    bool seen = recovery.degraded > 0 && recovery.recovered_ns != INSTANT_NEVER;
    if (!run->complete && (!seen || run->stopped_ns < recovery.faults_end_ns)) return;
    if (recovery.degraded == 0) {
        buf_puts(out, "No answer was degraded.");
    } else if (recovery.recovered_ns == INSTANT_NEVER) {
        buf_puts(out, "It did not recover before the end.");
    } else if (recovery.recovered_ns < recovery.faults_end_ns) {
        buf_puts(out, "No answer was degraded after the faults ended.");
    } else {
        buf_puts(out, "Back to normal ");
        report_text_moment(out, recovery.recovered_ns - recovery.faults_end_ns);
        buf_puts(out, " after the faults ended.");
    }
}

void report_timeline_story(struct buf *out, const struct run *run)
{
    if (run->invalid) {
        buf_puts(out, "Invalid: ");
        report_text_escaped(out, run->invalid_reason);
        buf_puts(out, ". ");
    }
    struct figures figures;
    figures_make(&figures, run);
    put_served(out, &figures);
    put_breaker(out, run);
    put_recovery(out, run);
}
