#include "harness/audit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/units.h"
#include "forecast/model_request.h"
#include "harness/gate.h"
#include "scenario/realised.h"
#include "scenario/realised_delay.h"
#include "scenario/workload.h"

/* Of the replies, that may be late: more would spoil a p95. */
static const double late_share = 0.05;

/* What the upstream saw of the request that it answered. */
static struct plan_query query_of(const struct run *run, const struct run_delivery *delivery,
                                  char market[WORKLOAD_MARKET_MAX], char id[REQUEST_ID_MAX])
{
    struct plan_query query = {
        .attempt = delivery->attempt,
        .offset_ns = delivery->at_ns,
        .path = model_request_path(&run->config->forecast),
    };
    if (delivery->request == UINT32_MAX) return query; /* nobody knows whose it was */
    query.request_key = hash_text(run_request_id(run, delivery->request, id));
    const struct arrival *arrival = &run->schedule->items[delivery->request];
    const struct workload *workload = &run->scenario->workloads[arrival->workload];
    const struct forecast_config *config = &run->config->forecast;
    query.model = workload_shape(workload, arrival->key)->model;
    if (query.model == NULL) query.model = config->default_model;
    if (config->upstream_api == UPSTREAM_TIMESERIES) return query;
    query.market = workload_market_name(run->scenario, arrival->workload, arrival->key, market,
                                        WORKLOAD_MARKET_MAX);
    return query;
}

/* Counts all deliveries; the caller's to destroy. */
static struct plan_state *recount(const struct run *run)
{
    char market[WORKLOAD_MARKET_MAX];
    char id[REQUEST_ID_MAX];
    struct plan_state *state = plan_state_create(run->scenario, run->seed);
    for (size_t i = 0; i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        struct plan_fate fate = { delivery->fired, delivery->wait_ns };
        struct plan_query query = query_of(run, delivery, market, id);
        plan_recount(state, &query, &fate);
    }
    return state;
}

struct audit_fault audit_fault(const struct run *run, size_t phase, size_t fault)
{
    struct plan_state *state = recount(run);
    struct realised realised = realised_of(state, &run->scenario->phases[phase], fault);
    plan_state_destroy(state);
    return (struct audit_fault){
        .known = realised.judged,
        .eligible = realised.count.eligible,
        .hit = realised.count.fired,
    };
}

struct audit_asking audit_asking_begin(const struct run *run)
{
    return (struct audit_asking){ run, plan_state_create(run->scenario, run->seed) };
}

bool audit_asking_fires(const struct audit_asking *asking, uint32_t request, size_t phase,
                        size_t fault)
{
    char market[WORKLOAD_MARKET_MAX];
    char id[REQUEST_ID_MAX];
    struct reply_plan plan;
    struct run_delivery delivery = {
        .request = request,
        .at_ns = asking->run->answers[request].intended_ns,
    };
    struct plan_query query = query_of(asking->run, &delivery, market, id);
    plan_make(asking->state, &query, &plan);
    return plan.phase == &asking->run->scenario->phases[phase] && (plan.fired >> fault & 1) != 0;
}

void audit_asking_end(struct audit_asking *asking)
{
    plan_state_destroy(asking->state);
}

static void audit_shares(struct run *run)
{
    struct plan_state *state = recount(run);
    for (size_t p = 0; p < run->scenario->phase_count; p++) {
        const struct phase *phase = &run->scenario->phases[p];
        for (size_t f = 0; f < phase->fault_count; f++) {
            struct realised realised = realised_of(state, phase, f);
            char asked[UNITS_TEXT_MAX];
            if (realised_as_asked(&realised)) continue;
            run_set_invalid(run,
                            "the faults were not those of the scenario: \"%.120s\" of phase %.64s "
                            "hit %llu of %llu attempts, asked for were %s of them",
                            phase->faults[f].text, phase->name,
                            (unsigned long long)realised.count.fired,
                            (unsigned long long)realised.count.eligible,
                            units_format_share(realised.asked_ppm, asked));
        }
    }
    plan_state_destroy(state);
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
    bool certain = gate_judge(run->delivery_count, late, late_share) == GATE_FAIL;
    if (run->world == WORLD_REAL && !certain) return;
    run->lagged = run->world == WORLD_REAL && !run->invalid;
    run_set_invalid(run,
                    "the mock lagged: %llu of %zu replies came more than %.0f ms later than asked, "
                    "%.1f ms at worst; the machine is too busy, lower --jobs",
                    (unsigned long long)late, run->delivery_count, (double)allowed_ns / NS_PER_MS,
                    (double)worst_ns / NS_PER_MS);
}

/* What was drawn, and played, of the scenario's latency and delays. */
static struct realised_delays *delays_of(struct run *run)
{
    char market[WORKLOAD_MARKET_MAX];
    char id[REQUEST_ID_MAX];
    char wanted[UNITS_TEXT_MAX];
    char meant[UNITS_TEXT_MAX];
    struct realised_delays *delays = realised_delays_create(run->scenario);
    for (size_t i = 0; i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        if (delivery->request == UINT32_MAX) continue; /* nobody knows its draws */
        struct plan_fate fate = { delivery->fired, delivery->wait_ns };
        struct plan_query query = query_of(run, delivery, market, id);
        struct reply_plan plan;
        plan_compose(run->scenario, run->seed, &query, &fate, &plan);
        if (plan.steps[0].after_ns != delivery->asked_ns) {
            run_set_invalid(run,
                            "the delays were not those of the scenario: %.64s, attempt %u, was to "
                            "be answered after %s, and the upstream meant %s",
                            run_request_id(run, delivery->request, id), delivery->attempt,
                            units_format_duration(plan.steps[0].after_ns, wanted),
                            units_format_duration(delivery->asked_ns, meant));
        }
        realised_delays_add(delays, &(struct realised_wait){
                                        .plan = &plan,
                                        .begun = true,
                                        .late_ns = delivery->late_ns,
                                    });
    }
    return delays;
}

static void audit_distributions(struct run *run)
{
    struct realised_delays *delays = delays_of(run);
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    realised_delays_write_json(&text, delays);
    mem_free(run->realised_delays);
    run->realised_delays = buf_take(&text);
    for (size_t i = 0; i < realised_delays_count(delays); i++) {
        struct realised_delay delay = realised_delay_of(delays, i);
        size_t wrong = 0;
        char asked[UNITS_TEXT_MAX];
        char share[UNITS_TEXT_MAX];
        if (realised_delay_as_asked(&delay, &wrong)) continue;
        const struct realised_quantile *at = &delay.quantiles[wrong];
        run_set_invalid(run,
                        "the delays were not those of the scenario: of %llu attempts with "
                        "\"%.120s\" %llu drew less than %s and %llu not more, asked for were %s",
                        (unsigned long long)delay.count,
                        delay.fault != NULL ? delay.fault->text : delay.text,
                        (unsigned long long)at->below, units_format_duration(at->asked_ns, asked),
                        (unsigned long long)at->up_to, units_format_share(at->ppm, share));
    }
    realised_delays_destroy(delays);
}

void audit_run(struct run *run)
{
    if (run->invalid || !run->complete) return;
    audit_shares(run);
    audit_delays(run);
    audit_distributions(run);
}
