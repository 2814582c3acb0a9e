#include "core/breaker.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/breaker_window.h"

struct breaker_probe {
    bool out;
    instant_ns deadline;
};

struct breaker {
    const struct breaker_config *config; /* borrowed */
    uint64_t seed;
    enum breaker_state state;
    uint32_t generation;
    instant_ns wakeup; /* end of the cooldown, or deadline of the earliest probe */

    struct breaker_window window; /* CLOSED */

    /* HALF_OPEN */
    uint32_t probes_asked; /* k, as configured when it became half open */
    struct breaker_probe probes[BREAKER_PROBES_MAX];
    uint32_t probes_out;
    uint32_t successes;

    uint32_t permits_out;
    uint64_t late_results;
};

static void check_config(const struct breaker_config *config)
{
    assert(config->failures_to_open >= 1);
    assert(config->failures_to_open <= BREAKER_FAILURES_MAX);
    assert(config->window_ns > 0);
    assert(config->min_volume >= 1);
    assert(config->count_ratio_floor_permille <= 1000);
    assert(config->failure_ratio_permille <= 1000);
    assert(config->cooldown_jitter_permille <= 1000);
    assert(config->half_open_probes >= 1);
    assert(config->half_open_probes <= BREAKER_PROBES_MAX);
    assert(config->probe_deadline_ns > 0);
}

struct breaker *breaker_create(const struct breaker_config *config, uint64_t seed)
{
    check_config(config);
    struct breaker *breaker = mem_alloc(1, sizeof *breaker);
    *breaker = (struct breaker){
        .config = config,
        .seed = seed,
        .state = BREAKER_CLOSED,
        .wakeup = INSTANT_NEVER,
    };
    breaker_window_init(&breaker->window, config);
    return breaker;
}

void breaker_reconfigured(struct breaker *breaker)
{
    check_config(breaker->config);
    breaker_window_reconfigured(&breaker->window);
}

void breaker_destroy(struct breaker *breaker)
{
    if (breaker == NULL) return;
    breaker_window_deinit(&breaker->window);
    mem_free(breaker);
}

/* Uniform in cooldown * [1 - jitter, 1 + jitter); never 0: an open breaker is open for a while. */
static uint64_t draw_cooldown_ns(const struct breaker *breaker)
{
    uint64_t cooldown_ns = breaker->config->cooldown_ns;
    uint64_t permille = breaker->config->cooldown_jitter_permille;
    uint64_t half_ns = cooldown_ns / 1000 * permille + cooldown_ns % 1000 * permille / 1000;
    if (half_ns > 0) {
        uint64_t uniform = draw(breaker->seed, rng_stream("cooldown"), breaker->generation, 0);
        cooldown_ns = cooldown_ns - half_ns + draw_below(uniform, 2 * half_ns);
    }
    return cooldown_ns == 0 ? 1 : cooldown_ns;
}

static void set_half_open_wakeup(struct breaker *breaker)
{
    breaker->wakeup = INSTANT_NEVER;
    if (breaker->probes_out == 0) return;
    for (uint32_t i = 0; i < breaker->probes_asked; i++) {
        const struct breaker_probe *probe = &breaker->probes[i];
        if (probe->out) breaker->wakeup = instant_min(breaker->wakeup, probe->deadline);
    }
}

/* Alone assigns the state. */
static void breaker_enter(struct breaker *breaker, enum breaker_state state, enum breaker_rule rule,
                          struct window_sums sums, instant_ns now, struct breaker_transition *out)
{
    *out = (struct breaker_transition){
        .at = now,
        .from = breaker->state,
        .to = state,
        .rule = rule,
        .failures = sums.failures,
        .volume = sums.volume,
        .generation = ++breaker->generation,
    };
    breaker->state = state;
    breaker->wakeup = INSTANT_NEVER;
    switch (state) {
    case BREAKER_OPEN:
        out->cooldown_ns = draw_cooldown_ns(breaker);
        breaker->wakeup = instant_add(now, out->cooldown_ns);
        break;
    case BREAKER_HALF_OPEN:
        breaker->probes_asked = breaker->config->half_open_probes;
        memset(breaker->probes, 0, sizeof breaker->probes);
        breaker->probes_out = 0;
        breaker->successes = 0;
        break;
    case BREAKER_CLOSED: breaker_window_clear(&breaker->window); break;
    }
}

bool breaker_advance(struct breaker *breaker, instant_ns now, struct breaker_transition *out)
{
    if (now < breaker->wakeup) return false;
    if (breaker->state == BREAKER_OPEN) {
        breaker_enter(breaker, BREAKER_HALF_OPEN, BREAKER_RULE_COOLDOWN_OVER,
                      (struct window_sums){ .volume = 0 }, now, out);
        return true;
    }
    assert(breaker->state == BREAKER_HALF_OPEN); /* nothing is due in CLOSED */
    struct window_sums silent = { .volume = breaker->probes_asked, .failures = 1 };
    breaker_enter(breaker, BREAKER_OPEN, BREAKER_RULE_PROBE_SILENT, silent, now, out);
    return true;
}

bool breaker_would_admit(const struct breaker *breaker)
{
    switch (breaker->state) {
    case BREAKER_CLOSED: return true;
    case BREAKER_OPEN: return false;
    case BREAKER_HALF_OPEN:
        return breaker->probes_out + breaker->successes < breaker->probes_asked;
    }
    assert(false && "no such breaker state");
    return false;
}

static uint32_t take_probe_place(struct breaker *breaker, instant_ns now)
{
    uint32_t place = 0;
    while (breaker->probes[place].out)
        place++;
    assert(place < breaker->probes_asked);
    breaker->probes[place] = (struct breaker_probe){
        .out = true,
        .deadline = instant_add(now, breaker->config->probe_deadline_ns),
    };
    breaker->probes_out++;
    set_half_open_wakeup(breaker);
    return place;
}

bool breaker_admit(struct breaker *breaker, instant_ns now, struct breaker_permit *out)
{
    assert(now < breaker->wakeup);
    if (!breaker_would_admit(breaker)) return false;
    *out = (struct breaker_permit){ .generation = breaker->generation };
    if (breaker->state == BREAKER_HALF_OPEN) out->probe = take_probe_place(breaker, now) + 1;
    breaker->permits_out++;
    return true;
}

static enum verdict verdict_of(const struct breaker *breaker, enum outcome outcome)
{
    if (outcome == OUTCOME_HTTP_429 && breaker->config->count_429) return VERDICT_FAILURE;
    return classify(outcome)->verdict;
}

static bool record_closed(struct breaker *breaker, enum verdict verdict, instant_ns now,
                          struct breaker_transition *out)
{
    if (verdict == VERDICT_EXCLUDED) return false;
    if (verdict == VERDICT_SUCCESS) {
        breaker_window_on_success(&breaker->window, now);
        return false;
    }
    breaker_window_on_failure(&breaker->window, now);

    enum breaker_rule rule;
    struct window_sums sums;
    if (!breaker_window_judge(&breaker->window, now, &rule, &sums)) return false;
    breaker_enter(breaker, BREAKER_OPEN, rule, sums, now, out);
    return true;
}

static bool record_probe(struct breaker *breaker, uint32_t place, enum verdict verdict,
                         instant_ns now, struct breaker_transition *out)
{
    assert(place < breaker->probes_asked);
    assert(breaker->probes[place].out);
    breaker->probes[place].out = false;
    breaker->probes_out--;
    set_half_open_wakeup(breaker);

    struct window_sums sums = { .volume = breaker->probes_asked };
    switch (verdict) {
    case VERDICT_EXCLUDED: return false;
    case VERDICT_FAILURE:
        sums.failures = 1;
        breaker_enter(breaker, BREAKER_OPEN, BREAKER_RULE_PROBE_FAILED, sums, now, out);
        return true;
    case VERDICT_SUCCESS:
        sums.failures = ++breaker->successes;
        if (breaker->successes < breaker->probes_asked) return false;
        breaker_enter(breaker, BREAKER_CLOSED, BREAKER_RULE_PROBES_PASSED, sums, now, out);
        return true;
    }
    assert(false && "no such verdict");
    return false;
}

bool breaker_record(struct breaker *breaker, struct breaker_permit permit, enum outcome outcome,
                    instant_ns now, struct breaker_transition *out)
{
    assert(now < breaker->wakeup);
    assert(breaker->permits_out > 0);
    breaker->permits_out--;
    if (permit.generation != breaker->generation) {
        breaker->late_results++;
        return false;
    }
    assert(breaker->state != BREAKER_OPEN); /* no permit has an open generation */
    enum verdict verdict = verdict_of(breaker, outcome);
    if (breaker->state == BREAKER_CLOSED) {
        assert(permit.probe == 0);
        return record_closed(breaker, verdict, now, out);
    }
    assert(permit.probe > 0);
    return record_probe(breaker, permit.probe - 1, verdict, now, out);
}

enum breaker_state breaker_state(const struct breaker *breaker)
{
    return breaker->state;
}

instant_ns breaker_wakeup(const struct breaker *breaker)
{
    return breaker->wakeup;
}

uint64_t breaker_late_results(const struct breaker *breaker)
{
    return breaker->late_results;
}

uint32_t breaker_permits_out(const struct breaker *breaker)
{
    return breaker->permits_out;
}
