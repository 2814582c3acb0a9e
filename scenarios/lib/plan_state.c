#include "scenario/plan_state.h"

#include "base/mem.h"
#include "base/rng.h"

struct plan_state {
    const struct scenario *scenario; /* borrowed; may be NULL */
    uint64_t seed;
};

struct plan_state *plan_state_create(const struct scenario *scenario, uint64_t seed)
{
    struct plan_state *state = mem_alloc(1, sizeof *state);
    *state = (struct plan_state){ .scenario = scenario, .seed = seed };
    return state;
}

void plan_state_destroy(struct plan_state *state)
{
    mem_free(state);
}

void plan_state_reset(struct plan_state *state)
{
    (void)state;
}

static const struct phase *phase_at(const struct plan_state *state, uint64_t offset_ns)
{
    return state->scenario == NULL ? NULL : scenario_phase_at(state->scenario, offset_ns);
}

struct plan_keyed plan_keyed(struct plan_state *state, const struct plan_query *query)
{
    const struct phase *phase = phase_at(state, query->offset_ns);
    struct plan_keyed keyed = { 0, 0 };
    for (size_t i = 0; phase != NULL && i < phase->fault_count; i++) {
        const struct fault *fault = &phase->faults[i];
        uint64_t uniform = draw(state->seed, fault->stream, query->request_key, query->attempt);
        keyed.known |= UINT32_C(1) << i;
        if (draw_hits(uniform, fault->select.share_ppm)) keyed.fired |= UINT32_C(1) << i;
    }
    return keyed;
}

void plan_make(struct plan_state *state, const struct plan_query *query, struct reply_plan *out)
{
    struct plan_fate fate = { .fired = plan_keyed(state, query).fired };
    plan_compose(state->scenario, state->seed, query, &fate, out);
}

bool plan_needs_head(const struct plan_state *state, uint64_t offset_ns)
{
    (void)state;
    (void)offset_ns;
    return false;
}

enum plan_connect plan_connect_at(const struct plan_state *state, uint64_t offset_ns)
{
    (void)state;
    (void)offset_ns;
    return CONNECT_OPEN;
}

uint64_t plan_connect_next(const struct plan_state *state, uint64_t offset_ns)
{
    (void)state;
    (void)offset_ns;
    return UINT64_MAX;
}
