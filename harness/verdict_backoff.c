#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "harness/gate.h"
#include "harness/reference.h"
#include "harness/verdict_private.h"

/* Chance of blaming full jitter. */
static const double backoff_alpha = 0.001;

/* From so many waits on, a wait that is always the ceiling, or U[1/2, 1) of it, is certain to be
 * seen; with fewer the test could let them pass. */
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

/* The waits that nothing but chance decided, each as a part of its ceiling. */
static size_t collect(const struct run *run, const struct expect *expect, double *out)
{
    const struct backoff_config *config = &run->config->engine.backoff;
    size_t count = 0;
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        if (attempt->number == 0 || !verdict_selects(run, expect, attempt->request)) continue;
        uint64_t ceiling_ns = reference_backoff_ceiling_ns(config, attempt->number - 1);
        if (!verdict_backoff_is_free(run, attempt, ceiling_ns)) continue;
        out[count++] = (double)attempt->backoff_ns / (double)ceiling_ns;
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

void verdict_backoff(const struct run *run, const struct expect *expect, struct check *check)
{
    static const char expected[] = "backoffs of full jitter, uniform from 0 to their ceiling";
    if (run->foreign) {
        verdict_unobservable(check, expected, "the service gave no trace of its attempts");
        return;
    }
    if (was_asked_to_wait(run)) {
        verdict_unobservable(check, expected,
                             "the upstream sent Retry-After, which overrules the backoff; judge it "
                             "in a scenario without");
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
    check_say(check, "expected %s%s; of %zu retries the mean wait was %.3f of the ceiling, and the "
                     "largest distance from uniform %.3f, which chance exceeds with %.2g",
              expected, window, n, sum / (double)n, most, chance);
}
