#include "harness/fault_reach.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/rng.h"
#include "harness/audit.h"
#include "scenario/workload.h"

enum {
    MET_FEW = 5,     /* attempts, when three of four requests did not need the upstream */
    MET_SOME = 20,   /* when nine of ten did not */
    MEANT_MANY = 10, /* requests that it was meant for: fewer did not ask for more */
};

/* ---- at connect ---- */

static bool is_in_window(const struct phase *phase, const struct fault *fault, uint64_t at_ns)
{
    uint64_t from_ns = phase->from_ns + fault->select.after_ns;
    uint64_t to_ns = phase->from_ns + fault->select.until_ns;
    return at_ns >= from_ns && at_ns < to_ns;
}

/* What a client may call it. */
static bool may_end_so(enum fault_effect effect, enum outcome outcome)
{
    bool cut = outcome == OUTCOME_READ_ERROR || outcome == OUTCOME_WRITE_ERROR ||
               outcome == OUTCOME_CONNECT_ERROR || outcome == OUTCOME_PROTOCOL_ERROR;
    if (effect == FAULT_REFUSE) return outcome == OUTCOME_CONNECT_ERROR;
    if (effect == FAULT_SYN_DROP) return outcome == OUTCOME_CONNECT_TIMEOUT;
    if (effect == FAULT_RESET || effect == FAULT_CLOSE) return cut;
    return outcome == OUTCOME_READ_TIMEOUT || outcome == OUTCOME_WRITE_TIMEOUT;
}

/* Of several the first holds. */
static int fault_at_connect(const struct phase *phase, uint64_t at_ns)
{
    for (size_t i = 0; i < phase->fault_count; i++) {
        const struct fault *fault = &phase->faults[i];
        if (fault->at == FAULT_AT_CONNECT && is_in_window(phase, fault, at_ns)) return (int)i;
    }
    return -1;
}

int fault_reach_at_connect(const struct run *run, const struct run_attempt *attempt, size_t phase)
{
    const struct phase *where = &run->scenario->phases[phase];
    if (!attempt->start_known) return -1;
    int at = fault_at_connect(where, attempt->started_ns);
    bool met = at >= 0 && may_end_so(where->faults[at].effect, attempt->outcome);
    return met ? at : -1;
}

static void count_connections(const struct run *run, size_t phase, size_t fault,
                              struct fault_reach *out)
{
    const struct phase *where = &run->scenario->phases[phase];
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        out->known = out->known || attempt->start_known;
        if (!attempt->start_known) continue;
        if (fault_at_connect(where, attempt->started_ns) != (int)fault) continue;
        out->eligible++;
        out->hit += fault_reach_at_connect(run, attempt, phase) == (int)fault;
    }
    out->known = out->known || (!run->foreign && run->attempt_count == 0);
}

/* ---- requests ---- */

/* Bad requests are refused before anybody is asked. */
static bool may_ask(const struct run *run, const struct arrival *arrival)
{
    const struct workload *workload = &run->scenario->workloads[arrival->workload];
    return workload_shape(workload, arrival->key)->bad == BAD_NOTHING;
}

static bool is_meant(const struct audit_asking *asking, size_t request, size_t phase, size_t fault)
{
    const struct run *run = asking->run;
    const struct phase *where = &run->scenario->phases[phase];
    uint64_t at_ns = run->answers[request].intended_ns;
    if (at_ns == INSTANT_NEVER || !may_ask(run, &run->schedule->items[request])) return false;
    if (where->faults[fault].at == FAULT_AT_CONNECT) {
        return fault_at_connect(where, at_ns) == (int)fault;
    }
    return at_ns >= where->from_ns && at_ns < where->to_ns &&
           audit_asking_fires(asking, (uint32_t)request, phase, fault);
}

static bool is_needless(const struct run *run, const struct run_answer *answer)
{
    if (answer->served == SERVED_CACHE) return true;
    return answer->path_count > 0 && run->path[answer->path_at].step == PATH_INPUT_BASELINE_ONLY;
}

static void count_requests(const struct run *run, size_t phase, size_t fault,
                           struct fault_reach *out)
{
    struct audit_asking asking = audit_asking_begin(run);
    for (size_t i = 0; i < run->schedule->count; i++) {
        if (!is_meant(&asking, i, phase, fault)) continue;
        out->meant++;
        out->needless += is_needless(run, &run->answers[i]);
    }
    audit_asking_end(&asking);
}

struct fault_reach fault_reach_find(const struct run *run, size_t phase, size_t fault)
{
    struct fault_reach reach = { .known = true };
    if (run->scenario->phases[phase].faults[fault].at == FAULT_AT_CONNECT) {
        reach.known = false;
        count_connections(run, phase, fault, &reach);
    } else {
        struct audit_fault met = audit_fault(run, phase, fault);
        reach.eligible = met.eligible;
        reach.hit = met.hit;
    }
    if (!reach.known || reach.hit >= MET_SOME) return reach;
    count_requests(run, phase, fault, &reach);
    bool most = reach.needless * 4 >= reach.meant * 3;
    bool nearly_all = reach.needless * 10 >= reach.meant * 9;
    reach.scant = reach.meant >= MEANT_MANY && (nearly_all || (most && reach.hit < MET_FEW));
    return reach;
}

const char *fault_reach_advice(const struct fault_reach *reach, char out[FAULT_REACH_TEXT_MAX])
{
    snprintf(out, FAULT_REACH_TEXT_MAX,
             "; %" PRIu64 " of the %" PRIu64 " requests that it was meant for did not need the "
             "upstream: it hardly tried the service; more keys, a shorter cache_ttl_s or a higher "
             "rate let more of them ask",
             reach->needless, reach->meant);
    return out;
}
