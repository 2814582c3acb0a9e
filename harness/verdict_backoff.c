#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "harness/gate.h"
#include "harness/verdict_private.h"

/* Chance of blaming full jitter: a sweep judges thousands of runs, and a gate's runs are many. */
static const double backoff_alpha = 1e-5;

/* From so many waits on, a wait that is always the ceiling, or U[1/2, 1) of it, is certain to be
 * seen, since each is at least half of its limit; with fewer the test could let them pass. */
enum { BACKOFF_WAITS_MIN = 30 };

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* A Retry-After cuts others' waits off, and lengthens its own. */
static bool was_asked_to_wait(const struct run *run)
{
    for (size_t i = 0; i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        if (delivery->phase == UINT32_MAX) continue;
        const struct phase *phase = &run->scenario->phases[delivery->phase];
        for (size_t f = 0; f < phase->fault_count; f++) {
            if ((delivery->fired >> f & 1) && phase->faults[f].has_retry_after) return true;
        }
    }
    return false;
}

/* The waits that nothing but chance decided, each as a part of what it could be at most. */
static size_t collect(const struct run *run, const struct expect *expect, double *out)
{
    size_t count = 0;
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        if (!verdict_selects(run, expect, attempt->request)) continue;
        if (verdict_backoff_part(run, attempt, &out[count])) count++;
    }
    qsort(out, count, sizeof *out, compare);
    return count;
}

/* The largest distance between the waits' distribution and the uniform one (Kolmogorov). */
static double distance(const double *sorted, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double wait = fmin(sorted[i], 1);
        most = fmax(most, (double)(i + 1) / (double)n - wait);
        most = fmax(most, wait - (double)i / (double)n);
    }
    return most;
}

/* Why no wait of this run can say anything; NULL: they can. */
static const char *silence(const struct run *run)
{
    const struct engine_config *config = &run->config->engine;
    if (run->foreign) return "the service gave no trace of its attempts";
    if (config->retry_count == 0) return "retry_count is 0, so nothing is retried";
    if (config->backoff.base_ns == 0) return "retry_backoff_base_ms is 0, so no retry waits";
    if (was_asked_to_wait(run)) {
        return "the upstream sent Retry-After, which overrules the backoff; judge it in a scenario "
               "without";
    }
    return NULL;
}

void verdict_backoff(const struct run *run, const struct expect *expect, struct check *check)
{
    static const char expected[] = "backoffs of full jitter, uniform from 0 to their ceiling";
    const char *why = silence(run);
    if (why != NULL) {
        verdict_unobservable(check, expected, why);
        return;
    }
    double *waits = mem_alloc(run->attempt_count, sizeof *waits);
    size_t n = collect(run, expect, waits);
    double most = distance(waits, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += waits[i];
    mem_free(waits);
    check->n = n;
    char window[VERDICT_WINDOW_MAX];
    verdict_window_text(expect, run->scenario, window);
    if (n < BACKOFF_WAITS_MIN) {
        check->status = CHECK_INCONCLUSIVE;
        check_say(check, "expected %s%s; only %zu retries waited as chance alone decided: too few "
                         "to be sure; %zu more would do",
                  expected, window, n, BACKOFF_WAITS_MIN - n);
        return;
    }
    double chance = gate_uniform_chance(most, n);
    if (chance <= backoff_alpha) check->status = CHECK_FAIL;
    check_say(check, "expected %s%s; of %zu retries the mean wait was %.3f of what it could be, "
                     "and the largest distance from uniform %.3f, which chance exceeds with %.2g",
              expected, window, n, sum / (double)n, most, chance);
}
