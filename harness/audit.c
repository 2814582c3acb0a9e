#include "harness/audit.h"

#include <math.h>

#include "base/units.h"
#include "harness/gate.h"
#include "scenario/plan.h"

enum { PPM = 1000000 };

/* Chance of blaming a good run, on each side. */
static const double share_alpha = 1e-6;

/* Of the replies, that may be late: more would spoil a p95. */
static const double late_share = 0.05;

static bool was_meant(const struct fault *fault, const struct phase *phase,
                      const struct run_delivery *delivery)
{
    const struct selection *select = &fault->select;
    uint64_t at_ns = instant_until(delivery->at_ns, phase->from_ns);
    return at_ns >= select->after_ns && at_ns < select->until_ns &&
           delivery->attempt >= select->attempt_min && delivery->attempt <= select->attempt_max;
}

struct audit_fault audit_fault(const struct run *run, size_t phase_at, size_t fault_at)
{
    const struct phase *phase = &run->scenario->phases[phase_at];
    const struct fault *fault = &phase->faults[fault_at];
    const struct selection *select = &fault->select;
    bool picks = select->model != NULL || select->market != NULL || select->path != NULL;
    struct audit_fault out = {
        .known = !select->ramp && !select->burst && !picks && fault->at != FAULT_AT_CONNECT &&
                 fault->effect != FAULT_RATE_LIMIT && fault->effect != FAULT_COLD_START,
    };
    for (size_t i = 0; i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        if (delivery->phase != phase_at || (delivery->fired & PLAN_FIRED_FULL)) continue;
        bool hit = delivery->fired >> fault_at & 1;
        out.hit += hit;
        out.eligible += hit || was_meant(fault, phase, delivery);
    }
    return out;
}

/* Whether `hit` of `eligible` is what was asked for. */
static bool is_as_asked(const struct selection *select, const struct audit_fault *seen)
{
    uint64_t n = seen->eligible;
    double p = (double)select->share_ppm / PPM;
    switch (select->counter) {
    case COUNT_NONE: break;
    case COUNT_FIRST: return seen->hit == u64_min(n, select->count);
    case COUNT_NTH: return seen->hit == (n >= select->count);
    case COUNT_EVERY: return seen->hit == n / select->count;
    case COUNT_EXACT_SHARE: return fabs((double)seen->hit - p * (double)n) <= 1;
    }
    if (select->share_ppm == PPM) return seen->hit == n;
    if (select->share_ppm == 0) return seen->hit == 0;
    return gate_binomial_cdf(seen->hit, n, p) > share_alpha &&
           gate_binomial_upper(seen->hit, n, p) > share_alpha;
}

static void audit_shares(struct run *run)
{
    for (size_t p = 0; p < run->scenario->phase_count; p++) {
        const struct phase *phase = &run->scenario->phases[p];
        for (size_t f = 0; f < phase->fault_count; f++) {
            struct audit_fault seen = audit_fault(run, p, f);
            if (!seen.known || is_as_asked(&phase->faults[f].select, &seen)) continue;
            char asked[UNITS_TEXT_MAX];
            run_set_invalid(run,
                            "the faults were not those of the scenario: \"%.120s\" of phase %.64s "
                            "hit %llu of %llu attempts, asked for were %s of them",
                            phase->faults[f].text, phase->name, (unsigned long long)seen.hit,
                            (unsigned long long)seen.eligible,
                            units_format_share(phase->faults[f].select.share_ppm, asked));
            return;
        }
    }
}

static void audit_delays(struct run *run)
{
    uint64_t allowed_ns = run->world == WORLD_SIM ? 0 : AUDIT_LATE_NS;
    uint64_t late = 0;
    uint64_t worst_ns = 0;
    for (size_t i = 0; i < run->delivery_count; i++) {
        late += run->deliveries[i].late_ns > allowed_ns;
        worst_ns = u64_max(worst_ns, run->deliveries[i].late_ns);
    }
    if (late == 0) return;
    if (run->world == WORLD_REAL && gate_judge(run->delivery_count, late, late_share) != GATE_FAIL) {
        return;
    }
    run->lagged = run->world == WORLD_REAL && !run->invalid;
    run_set_invalid(run,
                    "the mock lagged: %llu of %zu replies came more than %.0f ms later than asked, "
                    "%.1f ms at worst; the machine is too busy, lower --jobs",
                    (unsigned long long)late, run->delivery_count, (double)allowed_ns / NS_PER_MS,
                    (double)worst_ns / NS_PER_MS);
}

void audit_run(struct run *run)
{
    if (run->invalid || !run->complete) return;
    audit_shares(run);
    audit_delays(run);
}
