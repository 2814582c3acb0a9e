#include "harness/report_figures.h"

#include <string.h>

#include "base/mem.h"
#include "base/sort.h"
#include "harness/gate.h"

/* The smallest k in 0..n with B(k; n, share) >= target. */
static uint64_t binomial_quantile(uint64_t n, double share, double target)
{
    uint64_t low = 0;
    uint64_t high = n;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (gate_binomial_cdf(middle, n, share) >= target)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void figures_interval(uint64_t n, double share, uint64_t *low, uint64_t *high)
{
    *low = 0;
    *high = n + 1;
    if (n == 0) return;
    uint64_t over = binomial_quantile(n, share, 0.025); /* B(over - 1) < 0.025 */
    *low = gate_binomial_cdf(over, n, share) <= 0.025 ? over + 1 : over;
    *high = binomial_quantile(n, share, 0.975) + 1;
}

static uint64_t nearest_rank(const uint64_t *sorted, uint64_t n, uint64_t ppm)
{
    if (n == 0) return 0;
    uint64_t rank = (n * ppm + 999999) / 1000000;
    return sorted[rank == 0 ? 0 : rank - 1];
}

static void make_latencies(struct figures *out, const struct run *run)
{
    uint64_t *sorted = mem_alloc(out->n, sizeof *sorted);
    size_t count = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        if (!run->answers[i].hung_up) sorted[count++] = run_latency_ns(&run->answers[i]);
    }
    sort_u64(sorted, out->n);
    out->p50_ns = nearest_rank(sorted, out->n, 500000);
    out->p95_ns = nearest_rank(sorted, out->n, 950000);
    out->p99_ns = nearest_rank(sorted, out->n, 990000);
    out->max_ns = nearest_rank(sorted, out->n, 1000000);
    uint64_t low = 0;
    uint64_t high = 0;
    figures_interval(out->n, 0.95, &low, &high);
    out->p95_low_ns = low == 0 ? 0 : sorted[low - 1];
    out->p95_high_ns = high > out->n ? INSTANT_NEVER : sorted[high - 1];
    mem_free(sorted);
}

void figures_make(struct figures *out, const struct run *run)
{
    *out = (struct figures){ .n = 0 };
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (answer->hung_up)
            out->hung_up++;
        else
            out->n++;
        if (answer->hung_up || !answer->answered) continue;
        out->answered++;
        out->served[answer->served]++;
        out->codes[answer->code]++;
        out->causes[answer->cause]++;
    }
    for (size_t i = 0; i < run->attempt_count; i++)
        out->outcomes[run->attempts[i].outcome]++;
    make_latencies(out, run);
}

uint64_t figures_sim_speed(const struct suite *suite)
{
    uint64_t virtual_ns = 0;
    uint64_t wall_ns = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        if (!item->sim.present) continue;
        virtual_ns += run_played_ns(&item->sim.run);
        wall_ns += item->sim.run.wall_ns;
    }
    return wall_ns == 0 ? 0 : virtual_ns / wall_ns;
}

static const struct check *find_check(const struct suite_world *world, const char *name)
{
    if (!world->present) return NULL;
    for (size_t i = 0; i < world->verdict.count; i++) {
        if (strcmp(world->verdict.checks[i].name, name) == 0) return &world->verdict.checks[i];
    }
    return NULL;
}

const struct check *check_pair_any(const struct check_pair *pair)
{
    return pair->sim != NULL ? pair->sim : pair->real;
}

enum check_status check_pair_status(const struct check_pair *pair)
{
    enum check_status sim = pair->sim == NULL ? CHECK_PASS : pair->sim->status;
    enum check_status real = pair->real == NULL ? CHECK_PASS : pair->real->status;
    return check_status_badness(sim) >= check_status_badness(real) ? sim : real;
}

size_t check_pairs_make(struct check_pair **out, const struct suite_scenario *item)
{
    size_t sim_count = item->sim.present ? item->sim.verdict.count : 0;
    size_t real_count = item->real.present ? item->real.verdict.count : 0;
    struct check_pair *pairs = mem_alloc(sim_count + real_count + 1, sizeof *pairs);
    size_t count = 0;
    for (size_t i = 0; i < sim_count; i++) {
        const struct check *check = &item->sim.verdict.checks[i];
        pairs[count++] = (struct check_pair){ check, find_check(&item->real, check->name) };
    }
    for (size_t i = 0; i < real_count; i++) {
        const struct check *check = &item->real.verdict.checks[i];
        if (find_check(&item->sim, check->name) != NULL) continue;
        pairs[count++] = (struct check_pair){ NULL, check };
    }
    *out = mem_alloc(count + 1, sizeof **out);
    size_t sorted = 0;
    for (int rank = check_status_badness(CHECK_INVALID); rank >= 0; rank--) {
        for (size_t i = 0; i < count; i++) {
            enum check_status status = check_pair_status(&pairs[i]);
            if (check_status_badness(status) == rank) (*out)[sorted++] = pairs[i];
        }
    }
    mem_free(pairs);
    return count;
}

static bool is_degraded(const struct run_answer *answer)
{
    if (!answer->answered) return true;
    switch (answer->served) {
    case SERVED_CACHE:
    case SERVED_UPSTREAM: return false;
    case SERVED_NOBODY:
    case SERVED_STALE:
    case SERVED_ERROR: return true;
    case SERVED_BASELINE:
        return answer->cause != CODE_INPUT_INSUFFICIENT_HISTORY &&
               answer->cause != CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
    }
    return true;
}

void recovery_make(struct recovery *out, const struct run *run)
{
    *out = (struct recovery){ .recovered_ns = INSTANT_NEVER };
    for (size_t i = 0; i < run->scenario->phase_count; i++) {
        const struct phase *phase = &run->scenario->phases[i];
        if (phase->fault_count > 0) out->faults_end_ns = phase->to_ns;
    }
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (is_degraded(answer)) {
            out->degraded++;
            out->recovered_ns = INSTANT_NEVER;
        } else if (out->degraded > 0 && out->recovered_ns == INSTANT_NEVER) {
            out->recovered_ns = answer->intended_ns;
        }
    }
}
