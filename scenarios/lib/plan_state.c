#include "scenario/plan_state.h"

#include "base/instant.h"
#include "base/mem.h"
#include "scenario/plan_edit.h"
#include "scenario/plan_queue.h"
#include "scenario/plan_rule.h"

struct plan_state {
    const struct scenario *scenario; /* borrowed; may be NULL */
    uint64_t seed;
    struct plan_rule *rules;  /* owned: SCENARIO_FAULTS_MAX per phase */
    struct plan_queue *queue; /* owned; NULL: no bound */
    bool connects;            /* some fault is at connect */
    bool stops;               /* some fault is in the request */
};

static bool is_in_request(const struct fault *fault)
{
    return fault->positioned &&
           (fault->at == FAULT_AT_REQUEST_HEAD || fault->at == FAULT_AT_REQUEST_BODY);
}

static void add_rule(struct plan_state *state, struct plan_rule *rule, const struct fault *fault)
{
    if (fault->effect == FAULT_COLD_START) rule->models = mem_alloc(1, sizeof *rule->models);
    if (fault->positioned && fault->at == FAULT_AT_CONNECT) state->connects = true;
    if (is_in_request(fault)) state->stops = true;
}

struct plan_state *plan_state_create(const struct scenario *scenario, uint64_t seed)
{
    struct plan_state *state = mem_alloc(1, sizeof *state);
    *state = (struct plan_state){ .scenario = scenario, .seed = seed };
    if (scenario == NULL) return state;
    state->rules = mem_alloc(scenario->phase_count * SCENARIO_FAULTS_MAX, sizeof *state->rules);
    for (size_t p = 0; p < scenario->phase_count; p++) {
        const struct phase *phase = &scenario->phases[p];
        for (size_t i = 0; i < phase->fault_count; i++) {
            add_rule(state, &state->rules[p * SCENARIO_FAULTS_MAX + i], &phase->faults[i]);
        }
    }
    if (scenario->capacity.workers > 0) state->queue = plan_queue_create(&scenario->capacity);
    return state;
}

static size_t rule_count(const struct plan_state *state)
{
    return state->scenario == NULL ? 0 : state->scenario->phase_count * SCENARIO_FAULTS_MAX;
}

void plan_state_destroy(struct plan_state *state)
{
    for (size_t i = 0; i < rule_count(state); i++)
        mem_free(state->rules[i].models);
    mem_free(state->rules);
    plan_queue_destroy(state->queue);
    mem_free(state);
}

void plan_state_reset(struct plan_state *state)
{
    for (size_t i = 0; i < rule_count(state); i++) {
        struct plan_models *models = state->rules[i].models;
        if (models != NULL) *models = (struct plan_models){ { { .known = false } } };
        state->rules[i] = (struct plan_rule){ .models = models };
    }
    if (state->queue != NULL) plan_queue_reset(state->queue);
}

static const struct phase *phase_at(const struct plan_state *state, uint64_t offset_ns)
{
    return state->scenario == NULL ? NULL : scenario_phase_at(state->scenario, offset_ns);
}

static struct plan_rule *rules_of(struct plan_state *state, const struct phase *phase)
{
    return &state->rules[(size_t)(phase - state->scenario->phases) * SCENARIO_FAULTS_MAX];
}

static bool is_at_connect(const struct fault *fault)
{
    return fault->positioned && fault->at == FAULT_AT_CONNECT;
}

static struct plan_trial trial_of(const struct plan_state *state, const struct phase *phase,
                                  const struct fault *fault, const struct plan_query *query)
{
    return (struct plan_trial){
        .seed = state->seed,
        .fault = fault,
        .query = query,
        .offset_ns = query->offset_ns - phase->from_ns,
    };
}

enum faults_where { FAULTS_ALL, FAULTS_IN_REQUEST, FAULTS_ELSEWHERE };

static bool is_where(const struct fault *fault, enum faults_where where)
{
    return where == FAULTS_ALL || is_in_request(fault) == (where == FAULTS_IN_REQUEST);
}

/* Which faults fire, and how long cold models make this attempt wait. */
static struct plan_fate select_faults(struct plan_state *state, const struct phase *phase,
                                      const struct plan_query *query, enum faults_where where)
{
    struct plan_fate fate = { 0, 0 };
    struct plan_rule *rules = rules_of(state, phase);
    bool gated = false;
    for (size_t i = 0; i < phase->fault_count; i++) {
        const struct fault *fault = &phase->faults[i];
        const struct plan_trial trial = trial_of(state, phase, fault, query);
        if (is_at_connect(fault) || !is_where(fault, where)) continue;
        if (!plan_rule_is_eligible(&rules[i], &trial)) continue;
        bool fires =
            plan_rule_draw_holds(&trial) && plan_rule_counter_holds(&rules[i], &fault->select);
        if (fires && fault->effect == FAULT_RATE_LIMIT) {
            fires = plan_rule_bucket_is_empty(&rules[i], &trial);
            gated = gated || fires;
        } else if (fires && fault->effect == FAULT_COLD_START) {
            if (gated) continue; /* it never reaches the model, and waits for none */
            uint64_t wait_ns =
                plan_models_wait_ns(rules[i].models, fault, query->model, trial.offset_ns);
            fate.wait_ns = u64_max(fate.wait_ns, wait_ns);
            fires = wait_ns > 0;
        }
        if (fires) fate.fired |= UINT32_C(1) << i;
        plan_rule_note(&rules[i], &trial, fires);
    }
    return fate;
}

/* Not one that a gate in front of the workers, or a connection that ended, keeps from them. */
static bool needs_worker(const struct reply_plan *plan)
{
    for (size_t i = 0; plan->phase != NULL && i < plan->phase->fault_count; i++) {
        if ((plan->fired >> i & 1) == 0) continue;
        if (plan->phase->faults[i].effect == FAULT_RATE_LIMIT) return false;
    }
    return plan->stop.at == STOP_NONE;
}

void plan_make(struct plan_state *state, const struct plan_query *query, struct reply_plan *out)
{
    const struct scenario *scenario = state->scenario;
    struct plan_fate fate = { 0, 0 };
    if (scenario == NULL) {
        plan_compose(NULL, 0, query, &fate, out);
        return;
    }
    const struct phase *phase = scenario_phase_at(scenario, query->offset_ns);
    /* Before the start there is no time to queue in. */
    struct plan_queue *queue = query->offset_ns == UINT64_MAX ? NULL : state->queue;
    bool full = queue != NULL && plan_queue_is_full(queue, query->offset_ns);
    if (full)
        fate.fired = PLAN_FIRED_FULL;
    else if (phase != NULL)
        fate = select_faults(state, phase, query,
                             query->past_head ? FAULTS_ELSEWHERE : FAULTS_ALL);
    plan_compose_in(scenario, phase, state->seed, query, &fate, out);
    if (full || queue == NULL || !needs_worker(out)) return;
    uint64_t wait_ns = plan_queue_take(queue, query->offset_ns, out->steps[0].after_ns);
    out->wait_ns += wait_ns;
    out->steps[0].after_ns += wait_ns;
}

bool plan_make_head(struct plan_state *state, const struct plan_query *query,
                    struct reply_plan *out)
{
    const struct phase *phase = phase_at(state, query->offset_ns);
    if (phase == NULL) return false;
    struct plan_fate fate = select_faults(state, phase, query, FAULTS_IN_REQUEST);
    if (fate.fired == 0) return false;
    fate.fired |= select_faults(state, phase, query, FAULTS_ELSEWHERE).fired;
    plan_compose_in(state->scenario, phase, state->seed, query, &fate, out);
    return true;
}

struct plan_keyed plan_keyed(struct plan_state *state, const struct plan_query *query)
{
    struct plan_keyed keyed = { 0, 0 };
    const struct phase *phase = phase_at(state, query->offset_ns);
    if (phase == NULL) return keyed;
    struct plan_rule *rules = rules_of(state, phase);
    for (size_t i = 0; i < phase->fault_count; i++) {
        const struct fault *fault = &phase->faults[i];
        const struct selection *select = &fault->select;
        bool counts = select->counter != COUNT_NONE || fault->effect == FAULT_RATE_LIMIT ||
                      fault->effect == FAULT_COLD_START;
        bool unknown = (select->model != NULL && query->model == NULL) ||
                       (select->market != NULL && query->market == NULL) ||
                       (select->path != NULL && query->path == NULL);
        const struct plan_trial trial = trial_of(state, phase, fault, query);
        bool fires = !is_at_connect(fault) && plan_rule_is_eligible(&rules[i], &trial) &&
                     plan_rule_draw_holds(&trial);
        /* What the keyed conditions refuse is refused, whatever counts behind them. */
        if (unknown || (counts && fires)) continue;
        keyed.known |= UINT32_C(1) << i;
        if (fires) keyed.fired |= UINT32_C(1) << i;
    }
    return keyed;
}

struct plan_count plan_counted(const struct plan_state *state, const struct phase *phase,
                               size_t fault)
{
    size_t first = (size_t)(phase - state->scenario->phases) * SCENARIO_FAULTS_MAX;
    return state->rules[first + fault].count;
}

void plan_recount(struct plan_state *state, const struct plan_query *query,
                  const struct plan_fate *fate)
{
    const struct phase *phase = phase_at(state, query->offset_ns);
    if (phase == NULL || (fate->fired & PLAN_FIRED_FULL) != 0) return;
    struct plan_rule *rules = rules_of(state, phase);
    for (size_t i = 0; i < phase->fault_count; i++) {
        const struct fault *fault = &phase->faults[i];
        const struct plan_trial trial = trial_of(state, phase, fault, query);
        bool fired = (fate->fired >> i & 1) != 0;
        if (is_at_connect(fault)) continue;
        if (!fired && !plan_rule_is_eligible(&rules[i], &trial)) continue;
        plan_rule_note(&rules[i], &trial, fired);
    }
}

bool plan_needs_head(const struct plan_state *state, uint64_t offset_ns)
{
    if (!state->stops) return false;
    const struct phase *phase = phase_at(state, offset_ns);
    for (size_t i = 0; phase != NULL && i < phase->fault_count; i++) {
        const struct fault *fault = &phase->faults[i];
        if (is_in_request(fault)) return true;
    }
    return false;
}

static enum plan_connect connect_of(const struct fault *fault)
{
    if (fault->effect == FAULT_REFUSE) return CONNECT_REFUSE;
    if (fault->effect == FAULT_SYN_DROP) return CONNECT_SYN_DROP;
    if (fault->effect == FAULT_RESET) return CONNECT_RESET;
    return fault->effect == FAULT_CLOSE ? CONNECT_CLOSE : CONNECT_STALL;
}

enum plan_connect plan_connect_at(const struct plan_state *state, uint64_t offset_ns)
{
    if (!state->connects) return CONNECT_OPEN;
    const struct phase *phase = phase_at(state, offset_ns);
    for (size_t i = 0; phase != NULL && i < phase->fault_count; i++) {
        const struct fault *fault = &phase->faults[i];
        uint64_t at_ns = offset_ns - phase->from_ns;
        if (!is_at_connect(fault)) continue;
        if (at_ns < fault->select.after_ns || at_ns >= fault->select.until_ns) continue;
        return connect_of(fault);
    }
    return CONNECT_OPEN;
}

uint64_t plan_connect_next(const struct plan_state *state, uint64_t offset_ns)
{
    uint64_t next = UINT64_MAX;
    if (!state->connects) return next;
    for (size_t p = 0; p < state->scenario->phase_count; p++) {
        const struct phase *phase = &state->scenario->phases[p];
        for (size_t i = 0; i < phase->fault_count; i++) {
            const struct fault *fault = &phase->faults[i];
            if (!is_at_connect(fault)) continue;
            uint64_t from = phase->from_ns + fault->select.after_ns;
            uint64_t to = phase->from_ns + fault->select.until_ns;
            if (from > offset_ns) next = u64_min(next, from);
            if (to > offset_ns) next = u64_min(next, to);
        }
    }
    return next;
}
