#include "scenario/plan_burst.h"

#include "base/instant.h"
#include "base/rng.h"
#include "scenario/chance.h"
#include "scenario/value.h"

static uint64_t length_ns(const struct plan_burst *burst, uint64_t seed, const struct fault *fault)
{
    const struct selection *select = &fault->select;
    uint64_t luck = draw(seed, fault->burst_stream, 0, burst->number);
    uint64_t mean_ns = burst->bad ? select->bad_ns : select->good_ns;
    return u64_max(1, chance_exponential(luck, mean_ns, VALUE_DURATION_MAX));
}

static void begin(struct plan_burst *burst, uint64_t seed, const struct fault *fault)
{
    const struct selection *select = &fault->select;
    uint64_t luck = draw(seed, fault->burst_stream, 1, 0);
    *burst = (struct plan_burst){
        .from_ns = select->after_ns,
        .bad = draw_below(luck, select->bad_ns + select->good_ns) < select->bad_ns,
    };
    burst->to_ns = burst->from_ns + length_ns(burst, seed, fault);
}

bool plan_burst_is_bad(struct plan_burst *burst, uint64_t seed, const struct fault *fault,
                       uint64_t offset_ns)
{
    if (burst->to_ns == 0 || offset_ns < burst->from_ns) begin(burst, seed, fault);
    while (offset_ns >= burst->to_ns) { /* ends: each time lasts at least 1 ns */
        burst->number++;
        burst->bad = !burst->bad;
        burst->from_ns = burst->to_ns;
        burst->to_ns += length_ns(burst, seed, fault);
    }
    return burst->bad;
}
