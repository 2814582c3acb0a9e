#include "harness/vacuity.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "harness/interrupt.h"
#include "harness/sim.h"
#include "harness/verdict_private.h"

/* What every answer of a made-up run is. */
struct fate {
    enum served served;
    enum code code;
    enum code cause;
    enum cache_state cache_state;
    uint16_t http_status;
    bool at_the_limit; /* as late and after as many attempts as allowed; else at once */
};

static const struct fate fates[] = {
    { SERVED_UPSTREAM, CODE_NONE, CODE_NONE, CACHE_MISS, 200, false },
    { SERVED_CACHE, CODE_NONE, CODE_NONE, CACHE_FRESH, 200, false },
    { SERVED_UPSTREAM, CODE_NONE, CODE_NONE, CACHE_MISS, 200, true },
    { SERVED_STALE, CODE_CACHE_STALE_SERVED, CODE_RUNTIME_5XX, CACHE_STALE, 200, true },
    { SERVED_BASELINE, CODE_BASELINE_FALLBACK, CODE_RUNTIME_TIMEOUT, CACHE_MISS, 200, true },
    { SERVED_ERROR, CODE_RUNTIME_OVERLOADED, CODE_RUNTIME_OVERLOADED, CACHE_MISS, 503, true },
};

static const struct fate all_late = {
    SERVED_UPSTREAM, CODE_NONE, CODE_NONE, CACHE_MISS, 200, true,
};

static void make_answer(struct run *run, uint32_t at, const struct fate *fate)
{
    const struct engine_config *config = &run->config->engine;
    const struct cache_config *cache = &config->cache;
    struct run_answer *answer = &run->answers[at];
    uint64_t took_ns = fate->at_the_limit ? config->request_deadline_ns : 1;
    if (answer->intended_ns == INSTANT_NEVER) answer->intended_ns = run->schedule->items[at].at_ns;
    answer->sent_ns = answer->intended_ns;
    answer->done_ns = answer->intended_ns + took_ns;
    answer->answered = true;
    answer->answers = 1;
    answer->output_valid = true;
    answer->http_status = fate->http_status;
    answer->served = fate->served;
    answer->code = fate->code;
    answer->cause = fate->cause;
    answer->cache_state = fate->cache_state;
    answer->age_ns = fate->served == SERVED_STALE ? instant_add(cache->ttl_ns, cache->stale_ns) : 0;
    answer->attempt_at = (uint32_t)run->attempt_count;
    answer->attempt_count = fate->at_the_limit ? config->retry_count + 1
                                               : fate->served == SERVED_UPSTREAM;
    for (uint32_t i = 0; i < answer->attempt_count; i++) {
        *run_add_attempt(run) = (struct run_attempt){
            .request = at,
            .number = i,
            .outcome = fate->served == SERVED_UPSTREAM ? OUTCOME_OK : OUTCOME_HTTP_5XX,
        };
    }
}

/* When cycles send their requests if each answer takes equally long: as many at once as may be
 * (scenario/pace.h), and nothing of a cycle before the one before it is over. */
static void space_cycles(struct run *run, uint64_t took_ns)
{
    const struct schedule *schedule = run->schedule;
    uint64_t begun_ns = 0;
    uint32_t place = 0; /* within its cycle */
    for (size_t i = schedule->open_count; i < schedule->count; i++) {
        const struct arrival *item = &schedule->items[i];
        if (item->cycle == ARRIVAL_NO_CYCLE) continue;
        const struct arrival *last = i == schedule->open_count ? NULL : item - 1;
        bool follows = last != NULL && last->workload == item->workload;
        if (!follows || last->cycle != item->cycle) {
            uint64_t free_ns = follows ? run->answers[i - 1].intended_ns + took_ns : 0;
            begun_ns = u64_max(item->at_ns, free_ns);
            place = 0;
        }
        uint32_t before = place++ / run->scenario->workloads[item->workload].concurrency;
        run->answers[i].intended_ns = begun_ns + before * took_ns;
    }
}

/* Judges a run in which every answer is as `fate` says. */
static void judge_made_up(const struct suite_scenario *item, const struct fate *fate,
                          struct verdicts *out)
{
    struct run run;
    run_init(&run, WORLD_SIM, &item->scenario, &item->schedule, &item->config, item->seed);
    for (uint32_t i = 0; i < item->schedule.count; i++) make_answer(&run, i, fate);
    run.complete = true;
    run.permits_known = true;
    verdict_judge(&run, out);
    run_deinit(&run);
}

/* Kinds whose failures are not of the kind that whole runs of one fate show. */
static bool can_always_fail(const struct expect *expect)
{
    return expect->kind == EXPECT_BREAKER || expect->kind == EXPECT_ORDER ||
           expect->kind == EXPECT_BACKOFF ||
           (expect->kind == EXPECT_CANARY && expect->gate == EXPECT_GATE_INVALID);
}

/* Kinds that are judged by a test that needs a number of requests. */
static bool needs_numbers(const struct expect *expect)
{
    return expect->kind == EXPECT_LATENCY || expect->kind == EXPECT_CANARY ||
           (expect->kind == EXPECT_CYCLE && expect->quantile_ppm != EXPECT_QUANTILE_MAX);
}

static bool asks_for_exactly(const struct expect *expect)
{
    return expect->op == COMPARE_EQ && expect->value > 0;
}

/* Kinds that ask for many, which the run in which every answer is so must give. */
static bool asks_for_many(const struct expect *expect)
{
    return (expect->op == COMPARE_GE || expect->op == COMPARE_GT || asks_for_exactly(expect)) &&
           (expect->kind == EXPECT_SERVED || expect->kind == EXPECT_CODES ||
            expect->kind == EXPECT_ATTEMPTS || expect->kind == EXPECT_AMPLIFICATION);
}

/* The expectations, in which an exact number is at least that many: runs in which all are so have
 * more. Owned by the caller (mem_free); NULL when none asks for an exact number. */
static struct expect *relax(const struct scenario *scenario)
{
    bool any = false;
    for (size_t i = 0; i < scenario->expect_count; i++)
        any = any || asks_for_exactly(&scenario->expects[i]);
    if (!any) return NULL;
    struct expect *expects = mem_alloc(scenario->expect_count, sizeof *expects);
    for (size_t i = 0; i < scenario->expect_count; i++) {
        expects[i] = scenario->expects[i];
        if (asks_for_exactly(&expects[i])) expects[i].op = COMPARE_GE;
    }
    return expects;
}

static void take_passes(const struct suite_scenario *item, const struct verdicts *verdicts,
                        struct vacuity *out)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct expect *expect = &item->scenario.expects[i];
        if (verdicts->checks[i].status == CHECK_PASS ||
            !(needs_numbers(expect) || asks_for_many(expect))) {
            out->items[i].never_passes = false;
        }
    }
}

/* `lenient`: from relax(). */
static void try_fate(const struct suite_scenario *item, const struct expect *lenient,
                     const struct fate *fate, struct vacuity *out)
{
    struct verdicts verdicts;
    judge_made_up(item, fate, &verdicts);
    for (size_t i = 0; i < out->count; i++) {
        if (verdicts.checks[i].status == CHECK_FAIL) out->items[i].never_fails = false;
    }
    if (lenient != NULL) {
        struct suite_scenario relaxed = *item;
        relaxed.scenario.expects = lenient;
        verdict_deinit(&verdicts);
        judge_made_up(&relaxed, fate, &verdicts);
    }
    take_passes(item, &verdicts, out);
    verdict_deinit(&verdicts);
}

/* In the other runs a cycle's requests leave together when it is due. Here each waits for a place
 * among its `concurrency`, and all are late: no cycle can take longer. */
static void try_late_cycles(const struct suite_scenario *item, struct vacuity *out)
{
    struct run run;
    run_init(&run, WORLD_SIM, &item->scenario, &item->schedule, &item->config, item->seed);
    space_cycles(&run, item->config.engine.request_deadline_ns);
    for (uint32_t i = 0; i < item->schedule.count; i++) make_answer(&run, i, &all_late);
    for (size_t i = 0; i < out->count; i++) {
        const struct expect *expect = &item->scenario.expects[i];
        struct check check = { .status = CHECK_PASS };
        if (expect->kind != EXPECT_CYCLE) continue;
        verdict_cycle(&run, expect, &check);
        if (check.status == CHECK_FAIL) out->items[i].never_fails = false;
    }
    run_deinit(&run);
}

void vacuity_find(const struct suite_scenario *item, struct vacuity *out)
{
    const struct scenario *scenario = &item->scenario;
    struct expect *lenient = relax(scenario);
    *out = (struct vacuity){
        .items = mem_alloc(scenario->expect_count, sizeof *out->items),
        .count = scenario->expect_count,
    };
    for (size_t i = 0; i < out->count; i++) {
        out->items[i].never_fails = !can_always_fail(&scenario->expects[i]);
        out->items[i].asks_for_many = asks_for_many(&scenario->expects[i]);
        out->items[i].never_passes = true;
    }
    for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++)
        try_fate(item, lenient, &fates[i], out);
    try_late_cycles(item, out);
    for (size_t i = 0; i < out->count; i++) {
        struct fate fate = { SERVED_BASELINE, CODE_BASELINE_FALLBACK, CODE_NONE, CACHE_MISS, 200,
                             true };
        bool open = out->items[i].never_fails || out->items[i].never_passes;
        if (scenario->expects[i].kind != EXPECT_CODES || !open) continue;
        bool known = code_parse(scenario->expects[i].code, &fate.cause);
        assert(known); /* the scenario was refused otherwise */
        try_fate(item, lenient, &fate, out);
    }
    mem_free(lenient);
}

static enum err simulate(const struct suite_scenario *item, const struct scenario *scenario,
                         struct run *run, struct verdicts *verdicts, struct err_note *note)
{
    struct sim_options options = { .interrupt = interrupt_signal };
    run_init(run, WORLD_SIM, scenario, &item->schedule, &item->config, item->seed);
    enum err rc = sim_run(run, &options, NULL, note);
    if (rc == ERR_OK) verdict_judge(run, verdicts);
    return rc;
}

static bool fares_differently(const struct run_answer *with, const struct run_answer *bare)
{
    uint64_t with_ns = run_latency_ns(with);
    uint64_t bare_ns = run_latency_ns(bare);
    return with->served != bare->served || with->attempt_count != bare->attempt_count ||
           u64_max(with_ns, bare_ns) - u64_min(with_ns, bare_ns) > NS_PER_MS;
}

static void compare(const struct run *with, const struct verdicts *with_verdicts,
                    const struct run *bare, const struct verdicts *bare_verdicts,
                    struct vacuity *out)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct check *before = &with_verdicts->checks[i];
        const struct check *after = &bare_verdicts->checks[i];
        out->items[i].fails_without =
            check_status_badness(after->status) > check_status_badness(before->status);
        out->items[i].untouched = after->status == before->status &&
                                  strcmp(after->sentence, before->sentence) == 0;
        out->failing += out->items[i].fails_without;
    }
    if (with->schedule->count != bare->schedule->count) {
        out->differing = 1; /* clients that wait for answers sent another number of requests */
        return;
    }
    for (size_t i = 0; i < with->schedule->count; i++) {
        out->differing += fares_differently(&with->answers[i], &bare->answers[i]);
    }
}

/* What a connection suffers behind its answer shows on sockets alone. */
static bool shows_in_simulation(const struct phase *phase)
{
    for (size_t i = 0; i < phase->fault_count; i++) {
        if (phase->faults[i].at != FAULT_AT_RESPONSE_END) return true;
    }
    return false;
}

enum err vacuity_simulate(const struct suite_scenario *item, struct vacuity *out,
                          struct err_note *note)
{
    struct scenario bare = item->scenario;
    struct phase *phases = mem_alloc(bare.phase_count, sizeof *phases);
    for (size_t i = 0; i < bare.phase_count; i++) {
        out->has_faults = out->has_faults || shows_in_simulation(&bare.phases[i]);
        phases[i] = bare.phases[i];
        phases[i].faults = NULL;
        phases[i].fault_count = 0;
    }
    bare.phases = phases;
    out->has_faults = out->has_faults || bare.redis.phase_count > 0;
    bare.redis.calm = true;
    struct run with, without;
    struct verdicts with_verdicts = { .checks = NULL };
    struct verdicts without_verdicts = { .checks = NULL };
    enum err rc = simulate(item, &item->scenario, &with, &with_verdicts, note);
    enum err other = simulate(item, &bare, &without, &without_verdicts, note);
    if (rc == ERR_OK) rc = other;
    if (rc == ERR_OK) compare(&with, &with_verdicts, &without, &without_verdicts, out);
    out->simulated = rc == ERR_OK;
    verdict_deinit(&with_verdicts);
    verdict_deinit(&without_verdicts);
    run_deinit(&with);
    run_deinit(&without);
    mem_free(phases);
    return rc;
}

void vacuity_deinit(struct vacuity *vacuity)
{
    mem_free(vacuity->items);
    *vacuity = (struct vacuity){ .count = 0 };
}

bool vacuity_is_empty(const struct vacuity *vacuity)
{
    return vacuity->simulated && vacuity->has_faults && vacuity->failing == 0 &&
           vacuity->differing == 0;
}
