#include "harness/repeat_suite.h"

#include "base/mem.h"

void repeat_expand(struct suite *suite, struct arena *arena, uint32_t runs)
{
    if (runs <= 1) return;
    size_t count = suite->count * runs;
    struct suite_scenario *scenarios = mem_alloc(count, sizeof *scenarios);
    for (size_t i = 0; i < count; i++) {
        const struct suite_scenario *first = &suite->scenarios[i / runs];
        struct suite_scenario *item = &scenarios[i];
        uint32_t run = (uint32_t)(i % runs);
        *item = *first;
        if (run == 0) continue;
        item->scenario.name = arena_printf(arena, "%s-run%u", first->scenario.name, run + 1);
        item->seed = repeat_seed(first->seed, run);
        item->config.engine.seed = item->seed;
        schedule_create(&item->scenario, item->seed, &item->schedule);
    }
    mem_free(suite->scenarios);
    suite->scenarios = scenarios;
    suite->count = count;
}

static void fold_world(struct suite_world *first, struct suite_world *world, uint32_t runs)
{
    if (!world->present || !first->present) return;
    if (world->run.interrupted) return; /* it says nothing of what the others agree on */
    if (first->repeats.count == 0) {
        repeats_begin(&first->repeats, runs, &first->run, &first->verdict);
    }
    repeats_add(&first->repeats, &world->run, &world->verdict, &first->verdict);
    earlier_move(&first->earlier, &world->earlier);
}

/* The agreement of the worlds: what disagrees stays. */
static void fold_agreement(struct suite_scenario *first, struct suite_scenario *item)
{
    if (item->has_parity && (!first->has_parity || (first->parity.holds && !item->parity.holds))) {
        first->parity = item->parity;
        first->has_parity = true;
    }
    bool diverged = item->has_replay && !item->replay.identical;
    if (diverged && (!first->has_replay || first->replay.identical)) {
        struct replay kept = first->replay;
        first->replay = item->replay;
        item->replay = kept;
        item->has_replay = first->has_replay;
        first->has_replay = true;
    }
}

/* The first run that failed is the one to be looked at. */
static void fold_capsule(struct suite_scenario *first, struct suite_scenario *item)
{
    if (first->capsule != NULL) return;
    first->capsule = item->capsule;
    first->capsule_in_sim = item->capsule_in_sim;
    item->capsule = NULL;
}

static void finish_world(struct suite_world *world)
{
    if (world->repeats.count > 0) repeats_finish(&world->repeats, &world->verdict);
}

/* A run points into the scenario that it is of, which has moved. */
static void follow(struct suite_scenario *item, struct suite_world *world)
{
    if (!world->present) return;
    bool settled = world->run.schedule != world->run.plan;
    world->run.scenario = &item->scenario;
    world->run.config = &item->config;
    world->run.plan = &item->schedule;
    if (!settled) world->run.schedule = &item->schedule;
}

void repeat_fold(struct suite *suite, uint32_t runs)
{
    if (runs <= 1) return;
    size_t count = suite->count / runs;
    struct suite_scenario *kept = mem_alloc(count, sizeof *kept);
    for (size_t i = 0; i < count; i++) {
        struct suite_scenario *first = &suite->scenarios[i * runs];
        for (uint32_t run = 1; run < runs; run++) {
            struct suite_scenario *item = first + run;
            fold_world(&first->sim, &item->sim, runs);
            fold_world(&first->real, &item->real, runs);
            fold_agreement(first, item);
            fold_capsule(first, item);
            suite_scenario_deinit(item);
        }
        finish_world(&first->sim);
        finish_world(&first->real);
        kept[i] = *first;
        follow(&kept[i], &kept[i].sim);
        follow(&kept[i], &kept[i].real);
    }
    mem_free(suite->scenarios);
    suite->scenarios = kept;
    suite->count = count;
}
