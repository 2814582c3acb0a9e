#include "harness/run_again.h"

#include <inttypes.h>

#include "base/mem.h"

bool run_again_lagged(struct run_tries *tries, const struct run *run)
{
    if (!run->lagged || tries->lags == RUN_REPLAYS_MAX) return false;
    tries->lags++;
    return true;
}

bool run_again_disagrees(struct run_tries *tries, enum check_status status,
                         const struct parity *parity)
{
    if (status == CHECK_FAIL) return false;
    if (parity->holds || tries->disagreements == RUN_REPLAYS_MAX) return false;
    tries->disagreements++;
    return true;
}

void run_again_disagreement(const struct parity *parity, struct buf *out)
{
    buf_puts(out, "simulation and sockets disagree");
    if (parity->served_holds) {
        buf_puts(out, ": ");
        parity_intervals_write(&parity->intervals, out);
        return;
    }
    if (parity->chaotic) {
        buf_puts(out, ": ");
        parity_served_write(parity, out);
        return;
    }
    uint32_t differ = parity->decided - parity->agree + parity->marginal - parity->marginal_agree;
    buf_printf(out, " on %" PRIu32 " of %" PRIu32 " requests", differ, parity->requests);
}

enum run_company run_again_company(const struct run_tries *tries)
{
    bool last = tries->lags == RUN_REPLAYS_MAX || tries->disagreements == RUN_REPLAYS_MAX;
    return last ? RUN_ALONE : RUN_WITH_FEW;
}

/* By insertion: a run has hundreds of scenarios at most. */
size_t *run_order(const struct suite *suite)
{
    size_t *order = mem_alloc(suite->count, sizeof *order);
    for (size_t i = 0; i < suite->count; i++) {
        uint64_t duration_ns = suite->scenarios[i].scenario.duration_ns;
        size_t at = i;
        while (at > 0 && suite->scenarios[order[at - 1]].scenario.duration_ns < duration_ns) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
    return order;
}
