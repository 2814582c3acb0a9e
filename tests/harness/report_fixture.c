#include "report_fixture.h"

#include <stdio.h>

#include "base/mem.h"

enum { REQUESTS = 100, SCENARIOS = 3 };

static const struct fault faults[] = { { .text = "status 503 60%" }, { .text = HOSTILE } };

static const struct phase outage_phases[] = {
    { .name = "outage",
      .from_ns = 4 * NS_PER_S,
      .to_ns = 7 * NS_PER_S,
      .faults = faults,
      .fault_count = 1 },
    { .name = "after", .from_ns = 8 * NS_PER_S, .to_ns = 9 * NS_PER_S },
};

static const struct phase hostile_phases[] = {
    { .name = HOSTILE, .to_ns = NS_PER_S, .faults = faults, .fault_count = 2 },
};

static const struct redis_phase hostile_redis[] = {
    { .name = HOSTILE, .from_ns = NS_PER_S, .to_ns = 3 * NS_PER_S, .effect = REDIS_HANG },
    { .name = "wiped", .from_ns = 4 * NS_PER_S, .to_ns = 4 * NS_PER_S, .effect = REDIS_FLUSH },
};

static const struct setting settings[] = { { .assignment = "cache_ttl_s=5" } };

static const struct expect outage_expects[] = {
    { .kind = EXPECT_LATENCY,
      .name = "latency.p95",
      .text = "p95: 200ms",
      .limit_ns = 200 * NS_PER_MS },
};

static void fill_schedule(struct suite_scenario *item)
{
    item->schedule.count = REQUESTS;
    item->schedule.open_count = REQUESTS;
    item->schedule.items = mem_alloc(REQUESTS, sizeof *item->schedule.items);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        item->schedule.items[i].at_ns = i * (NS_PER_S / 10);
        item->schedule.items[i].number = (uint32_t)i;
        item->schedule.items[i].cycle = ARRIVAL_NO_CYCLE;
        item->schedule.items[i].key = i % 7;
    }
}

static void put_path(struct run *run, struct run_answer *answer, enum path_step step)
{
    if (answer->path_count == 0) answer->path_at = (uint32_t)run->path_count;
    *run_add_path(run) = (struct path_entry){ .step = (uint8_t)step, .outcome = OUTCOME_HTTP_503 };
    answer->path_count++;
}

static void fill_answer(struct run *run, uint32_t index, enum served served, uint64_t latency_ns)
{
    struct run_answer *answer = &run->answers[index];
    answer->sent_ns = answer->intended_ns;
    answer->done_ns = answer->intended_ns + latency_ns;
    answer->answered = true;
    answer->answers = 1;
    answer->output_valid = true;
    answer->http_status = served == SERVED_ERROR ? 503 : 200;
    answer->served = served;
    answer->code = served == SERVED_STALE ? CODE_CACHE_STALE_SERVED : CODE_NONE;
    answer->cause = served == SERVED_UPSTREAM ? CODE_NONE : CODE_RUNTIME_5XX;
    put_path(run, answer, PATH_L1_MISS);
    if (served != SERVED_UPSTREAM) return;
    put_path(run, answer, PATH_ATTEMPT);
    answer->attempt_at = (uint32_t)run->attempt_count;
    answer->attempt_count = 1;
    *run_add_attempt(run) = (struct run_attempt){
        .request = index, .outcome = OUTCOME_HTTP_503, .http_status = 503, .latency_ns = latency_ns
    };
}

static void add_check(struct suite_world *world, struct check check, const char *name,
                      const char *sentence)
{
    snprintf(check.name, sizeof check.name, "%s", name);
    snprintf(check.sentence, sizeof check.sentence, "%s", sentence);
    if (check.line > 0) snprintf(check.text, sizeof check.text, "%s", "p95: 200ms");
    world->verdict.checks =
        mem_resize(world->verdict.checks, world->verdict.count + 1, sizeof check);
    world->verdict.checks[world->verdict.count++] = check;
}

static void open_world(struct suite_scenario *item, enum world which)
{
    struct suite_world *world = which == WORLD_SIM ? &item->sim : &item->real;
    world->present = true;
    run_init(&world->run, which, &item->scenario, &item->schedule, &item->config, item->seed);
    world->run.wall_ns = 1234567890;
    world->run.complete = true;
    item->scenario.objectives = objective_defaults();
}

/* Played three times, the last one invalid. */
static void repeat_world(struct suite_world *world)
{
    struct repeats *repeats = &world->repeats;
    repeats->count = 3;
    repeats->runs = mem_alloc(repeats->count, sizeof *repeats->runs);
    for (uint32_t i = 0; i < repeats->count; i++) {
        struct repeat_run *run = &repeats->runs[i];
        *run = (struct repeat_run){ .seed = i == 0 ? 0 : UINT64_MAX - i };
        run->status = i == 2 ? CHECK_INVALID : CHECK_PASS;
        repeats->statuses[run->status]++;
        for (size_t f = 0; f < REPEAT_FIGURES; f++) run->figures[f] = (i + 1) * 1000 + f;
    }
    repeats->runs[1].figures[REPEAT_P99] = INSTANT_NEVER;
    for (size_t f = 0; f < REPEAT_FIGURES; f++) {
        repeats->intervals[f] = (struct repeat_interval){ 1000 + f, 1500 + f, 2000 + f, 900, 2100 };
    }
}

static void fill_calm(struct suite_scenario *item)
{
    item->scenario = (struct scenario){ .path = "fixtures/calm.yaml",
                                        .name = "calm",
                                        .teaches = "Nothing happens.",
                                        .environment = "prod",
                                        .duration_ns = 10 * NS_PER_S,
                                        .settings = settings,
                                        .setting_count = 1 };
    fill_schedule(item);
    open_world(item, WORLD_SIM);
    open_world(item, WORLD_REAL);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        fill_answer(&item->sim.run, i, SERVED_UPSTREAM, 10 * NS_PER_MS);
        fill_answer(&item->real.run, i, SERVED_UPSTREAM, 10 * NS_PER_MS);
    }
    struct check place = { .line = 7, .column = 3, .n = REQUESTS };
    add_check(&item->sim, place, "latency.p95", "p95 was 10 ms");
    add_check(&item->real, place, "latency.p95", "p95 was 10 ms");
    add_check(&item->real, (struct check){ .n = 1 }, "invariant.deadline", "all in time");
    repeat_world(&item->real);
    struct earlier *earlier = &item->real.earlier;
    earlier_add(earlier, 0, CHECK_INVALID, "the load generator lagged: p99 is 9.0 ms");
    earlier_add_failed(earlier, "order");
    earlier_add_failed(earlier, "invariant.hold");
    earlier_add(earlier, UINT64_MAX - 1, CHECK_PASS, HOSTILE);
    item->real.run.foreign = true;
    item->has_parity = true;
    item->parity = (struct parity){ .margin_ns = PARITY_MARGIN_NS,
                                     .requests = REQUESTS,
                                    .decided = 98,
                                    .agree = 97,
                                    .marginal = 2,
                                    .marginal_agree = 2,
                                    .ids = { 5 },
                                    .id_count = 1,
                                    .served_holds = true,
                                    .intervals = { .hold = true },
                                    .holds = true };
}

static enum served outage_served(uint32_t index)
{
    if (index < 40) return SERVED_UPSTREAM;
    if (index < 70) return SERVED_STALE;
    return index < 95 ? SERVED_BASELINE : SERVED_ERROR;
}

static void fill_outage(struct suite_scenario *item)
{
    item->scenario = (struct scenario){ .path = "fixtures/outage.yaml",
                                        .name = "outage",
                                        .teaches = "What an outage costs.",
                                        .environment = "prod",
                                        .duration_ns = 10 * NS_PER_S,
                                        .phases = outage_phases,
                                        .phase_count = 2,
                                        .expects = outage_expects,
                                        .expect_count = 1 };
    fill_schedule(item);
    open_world(item, WORLD_SIM);
    struct suite_world *world = &item->sim;
    for (uint32_t i = 0; i + 1 < REQUESTS; i++) {
        fill_answer(&world->run, i, outage_served(i), (i + 1) * NS_PER_MS);
    }
    *run_add_transition(&world->run) = (struct breaker_transition){
        .at = 4 * NS_PER_S, .from = BREAKER_CLOSED, .to = BREAKER_OPEN, .failures = 12, .volume = 40
    };
    *run_add_transition(&world->run) =
        (struct breaker_transition){ .at = 8 * NS_PER_S,
                                     .from = BREAKER_OPEN,
                                     .to = BREAKER_HALF_OPEN,
                                     .rule = BREAKER_RULE_COOLDOWN_OVER };
    *run_add_delivery(&world->run) = (struct run_delivery){ .request = 41, .phase = 0, .fired = 1 };
    *run_add_delivery(&world->run) = (struct run_delivery){ .request = 42, .phase = 0, .fired = 0 };
    struct check place = { .line = 7, .column = 3, .n = REQUESTS };
    add_check(world, place, "served.fresh", "as it should be");
    place.status = CHECK_INCONCLUSIVE;
    add_check(world, place, "latency.p99", "200 more requests are needed");
    struct check failing = { .line = 31,
                             .column = 9,
                             .status = CHECK_FAIL,
                             .n = REQUESTS,
                             .ids = { 42, 99 },
                             .id_count = 2 };
    add_check(world, failing, "latency.p95", "expected p95 <= 1ms; it was 95 ms");
    world->verdict.status = CHECK_FAIL;
}

static void fill_hostile(struct suite_scenario *item)
{
    item->scenario = (struct scenario){ .path = HOSTILE,
                                        .name = HOSTILE,
                                        .teaches = HOSTILE,
                                        .environment = HOSTILE,
                                        .duration_ns = 10 * NS_PER_S,
                                        .phases = hostile_phases,
                                        .phase_count = 1,
                                        .redis = { .given = true,
                                                   .phases = hostile_redis,
                                                   .phase_count = 2 } };
    fill_schedule(item);
    open_world(item, WORLD_REAL);
    run_set_invalid(&item->real.run, "the mock died: %s", HOSTILE);
    add_check(&item->real, (struct check){ .status = CHECK_INVALID, .line = 1, .column = 1 },
              HOSTILE, item->real.run.invalid_reason);
    item->real.verdict.status = CHECK_INVALID;
}

void suite_fixture_open(struct suite *suite)
{
    *suite = (struct suite){ .scenarios = mem_alloc(SCENARIOS, sizeof *suite->scenarios),
                             .count = SCENARIOS,
                             .name = "20260102-030405",
                             .started_wall_ms = 1767323045678,
                             .wall_ns = 61234567890 };
    fill_calm(&suite->scenarios[0]);
    fill_outage(&suite->scenarios[1]);
    fill_hostile(&suite->scenarios[2]);
    coverage_make(&suite->coverage, suite);
    suite->coverage.has_code = true;
    suite->coverage.line_permille = 961;
    suite->coverage.branch_permille = 874;
    suite->coverage.lines_valid = 12345;
    suite->coverage.branches_valid = 6789;
}

void suite_fixture_close(struct suite *suite)
{
    suite_deinit(suite);
}

char *report_text(report_write_fn *write, const struct suite *suite)
{
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    write(&out, suite);
    return buf_take(&out);
}

char *report_text_of_fixture(report_write_fn *write)
{
    struct suite suite;
    suite_fixture_open(&suite);
    char *text = report_text(write, &suite);
    suite_fixture_close(&suite);
    return text;
}
