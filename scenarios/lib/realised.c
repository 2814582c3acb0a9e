#include "scenario/realised.h"

#include "base/instant.h"
#include "base/units.h"

enum { PPM_ALL = 1000000, INTERVAL_STEPS = 40 };

static const double WRONG_TAIL = 1e-6; /* on each side */
static const double INTERVAL_TAIL = 5e-3;
static const double NEGLIGIBLE = 1e-18; /* of the most probable value */

/* Weights of k = 0 .. n, relative to that of the most probable one, by the ratio of neighbours. */
static double weight_up(double weight, uint64_t k, uint64_t n, double odds)
{
    return weight * (double)(n - k) / (double)(k + 1) * odds;
}

static double weight_down(double weight, uint64_t k, uint64_t n, double odds)
{
    return weight * (double)k / (double)(n - k + 1) / odds;
}

struct realised_bounds realised_bounds(uint64_t n, double share, double tail)
{
    if (n == 0 || share <= 0) return (struct realised_bounds){ 0, 0 };
    if (share >= 1) return (struct realised_bounds){ n, n };
    double odds = share / (1 - share);
    uint64_t mode = u64_min(n, (uint64_t)((double)(n + 1) * share));
    uint64_t low = mode;
    uint64_t high = mode;
    double low_weight = 1;
    double high_weight = 1;
    double sum = 1;
    for (double w = 1; low > 0 && w > NEGLIGIBLE; low--) {
        w = weight_down(w, low, n, odds);
        sum += w;
        low_weight = w;
    }
    for (double w = 1; high < n && w > NEGLIGIBLE; high++) {
        w = weight_up(w, high, n, odds);
        sum += w;
        high_weight = w;
    }
    double below = low_weight;
    while (low < mode && below <= tail * sum) {
        low_weight = weight_up(low_weight, low++, n, odds);
        below += low_weight;
    }
    double above = high_weight;
    while (high > mode && above <= tail * sum) {
        high_weight = weight_down(high_weight, high--, n, odds);
        above += high_weight;
    }
    return (struct realised_bounds){ low, high };
}

/* Shares for which k of n is not in the tail (Clopper and Pearson), by halving. */
static void find_interval(struct realised *realised)
{
    uint64_t n = realised->count.eligible;
    uint64_t k = realised->count.fired;
    double low = 0;
    double high = n == 0 ? 1 : (double)k / (double)n;
    realised->low_ppm = 0;
    realised->high_ppm = PPM_ALL;
    if (n == 0) return;
    for (int i = 0; i < INTERVAL_STEPS && k > 0; i++) {
        double middle = (low + high) / 2;
        if (realised_bounds(n, middle, INTERVAL_TAIL).most >= k)
            high = middle;
        else
            low = middle;
    }
    realised->low_ppm = (uint32_t)(low * PPM_ALL);
    low = (double)k / (double)n;
    high = 1;
    for (int i = 0; i < INTERVAL_STEPS && k < n; i++) {
        double middle = (low + high) / 2;
        if (realised_bounds(n, middle, INTERVAL_TAIL).least <= k)
            low = middle;
        else
            high = middle;
    }
    realised->high_ppm = (uint32_t)(high * PPM_ALL + 0.5);
}

/* How often it may have fired: exactly where it counts, unless a draw comes first. */
static void find_bounds(struct realised *realised)
{
    const struct selection *select = &realised->fault->select;
    uint64_t n = realised->count.eligible;
    double share = (double)realised->asked_ppm / PPM_ALL;
    bool drawn = select->ramp || select->share_ppm < PPM_ALL;
    struct realised_bounds bounds = { n, n };
    if (drawn && select->counter != COUNT_EXACT_SHARE) {
        bounds = realised_bounds(n, share, WRONG_TAIL);
    }
    switch (select->counter) {
    case COUNT_NONE: break;
    case COUNT_FIRST:
        bounds.least = u64_min(bounds.least, select->count);
        bounds.most = u64_min(bounds.most, select->count);
        break;
    case COUNT_NTH:
        bounds.least = bounds.least >= select->count ? 1 : 0;
        bounds.most = bounds.most >= select->count ? 1 : 0;
        break;
    case COUNT_EVERY:
        bounds.least /= select->count;
        bounds.most /= select->count;
        break;
    case COUNT_EXACT_SHARE:
        bounds.least = n / PPM_ALL * select->share_ppm + n % PPM_ALL * select->share_ppm / PPM_ALL;
        bounds.most = bounds.least;
        break;
    }
    realised->least = bounds.least;
    realised->most = bounds.most;
}

struct realised realised_of(const struct plan_state *state, const struct phase *phase, size_t fault)
{
    struct realised realised = {
        .phase = phase,
        .fault = &phase->faults[fault],
        .count = plan_counted(state, phase, fault),
    };
    enum fault_effect effect = realised.fault->effect;
    const struct plan_count *count = &realised.count;
    bool connect = realised.fault->positioned && realised.fault->at == FAULT_AT_CONNECT;
    realised.judged = effect != FAULT_RATE_LIMIT && effect != FAULT_COLD_START && !connect;
    realised.asked_ppm = realised.fault->select.share_ppm;
    if (count->eligible > 0) {
        realised.asked_ppm =
            (uint32_t)((count->share_ppm_sum + count->eligible / 2) / count->eligible);
    }
    find_bounds(&realised);
    find_interval(&realised);
    return realised;
}

bool realised_as_asked(const struct realised *realised)
{
    if (!realised->judged) return true;
    return realised->count.fired >= realised->least && realised->count.fired <= realised->most;
}

/* To a tenth of a percent. */
static const char *rough_share(uint32_t ppm, char out[UNITS_TEXT_MAX])
{
    return units_format_share((ppm + 500) / 1000 * 1000, out);
}

void realised_write(struct buf *out, const struct realised *realised)
{
    char share[UNITS_TEXT_MAX];
    char low[UNITS_TEXT_MAX];
    char high[UNITS_TEXT_MAX];
    const struct plan_count *count = &realised->count;
    buf_printf(out, "%s: %s: fired %llu of %llu attempts", realised->phase->name,
               realised->fault->text, (unsigned long long)count->fired,
               (unsigned long long)count->eligible);
    if (count->eligible == 0) return;
    uint32_t fired_ppm = (uint32_t)((double)count->fired / (double)count->eligible * PPM_ALL + 0.5);
    buf_printf(out, " (%s, 99%% interval %s to %s)", rough_share(fired_ppm, share),
               rough_share(realised->low_ppm, low), rough_share(realised->high_ppm, high));
    if (!realised->judged) return;
    if (realised->least == realised->most) {
        buf_printf(out, ", asked %llu", (unsigned long long)realised->least);
    } else {
        buf_printf(out, ", asked %s", units_format_share(realised->asked_ppm, share));
    }
    if (!realised_as_asked(realised)) buf_puts(out, ": NOT AS ASKED");
}

void realised_each(const struct scenario *scenario, const struct plan_state *state,
                   realised_visit_fn *visit, void *context)
{
    for (size_t p = 0; p < scenario->phase_count; p++) {
        const struct phase *phase = &scenario->phases[p];
        for (size_t i = 0; i < phase->fault_count; i++) {
            const struct fault *fault = &phase->faults[i];
            if (fault->positioned && fault->at == FAULT_AT_CONNECT) continue;
            struct realised realised = realised_of(state, phase, i);
            visit(context, &realised);
        }
    }
}

static void write_line(void *context, const struct realised *realised)
{
    struct buf *out = context;
    realised_write(out, realised);
    buf_putc(out, '\n');
}

void realised_write_all(struct buf *out, const struct scenario *scenario,
                        const struct plan_state *state)
{
    realised_each(scenario, state, write_line, out);
}
