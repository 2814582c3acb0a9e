#include "harness/sweep_search.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void on_done(void *context, size_t tries)
{
    sweep_progress_add(context, tries);
}

static void on_turn(void *context)
{
    sweep_progress_draw(context);
}

/* Seed by seed, so that the first so many seeds are a beginning of the list. */
static void list_blocks(struct sweep *sweep)
{
    const struct sweep_world *world = sweep->world;
    size_t search_seeds = sweep->spec->search.count;
    size_t scenarios = world->suite.count;
    sweep->search_blocks = mem_alloc(scenarios * search_seeds, sizeof *sweep->search_blocks);
    sweep->fresh_blocks =
        mem_alloc(scenarios * sweep->spec->fresh.count, sizeof *sweep->fresh_blocks);
    size_t n = 0;
    for (size_t seed = 0; seed < search_seeds; seed++) {
        for (size_t i = 0; i < scenarios; i++) {
            if (!world->held_out[i]) sweep->search_blocks[n++] = sweep_block_at(world, i, seed);
        }
    }
    sweep->search_scenarios = n / search_seeds;
    n = 0;
    for (size_t seed = 0; seed < sweep->spec->fresh.count; seed++) {
        for (size_t i = 0; i < scenarios; i++) {
            sweep->fresh_blocks[n++] = sweep_block_at(world, i, search_seeds + seed);
        }
    }
    sweep->fresh_scenarios = scenarios;
}

void sweep_init(struct sweep *sweep, struct sweep_world *world, struct sweep_store *store,
                unsigned jobs, FILE *out)
{
    *sweep = (struct sweep){ .spec = world->spec,
                             .world = world,
                             .store = store,
                             .shard = { 1, 1 } };
    sweep_progress_init(&sweep->progress, out == NULL ? stdout : out, out == NULL);
    sweep->pool = (struct sweep_pool){ .world = world,
                                       .store = store,
                                       .jobs = jobs,
                                       .on_done = on_done,
                                       .on_turn = on_turn,
                                       .context = &sweep->progress };
    sweep->finalists =
        mem_alloc(SWEEP_FINALISTS_MAX + SWEEP_SHIFTED_MAX, sizeof *sweep->finalists);
    list_blocks(sweep);
}

void sweep_deinit(struct sweep *sweep)
{
    mem_free(sweep->candidates);
    mem_free(sweep->search_blocks);
    mem_free(sweep->fresh_blocks);
    mem_free(sweep->finalists);
}

size_t sweep_search_blocks(const struct sweep *sweep, size_t seeds)
{
    size_t most = sweep->spec->search.count;
    return sweep->search_scenarios * (seeds < most ? seeds : most);
}

enum err sweep_try(struct sweep *sweep, enum sweep_stage stage, const struct sweep_task *tasks,
                   size_t count, const char *what, struct err_note *note)
{
    size_t missing = sweep_pool_missing(&sweep->pool, tasks, count);
    if (missing == 0) return ERR_OK;
    sweep_progress_stage(&sweep->progress, stage, missing, "%s", what);
    enum err rc = sweep_pool_run(&sweep->pool, tasks, count, note);
    sweep_progress_clear(&sweep->progress);
    return rc;
}

/* ---- the sample ---- */

static void add_candidate(struct sweep *sweep, const struct sweep_point *point)
{
    struct sweep_candidate *candidate = &sweep->candidates[sweep->count];
    *candidate = (struct sweep_candidate){ .point = *point,
                                           .key = sweep_point_key(&sweep->spec->space, point),
                                           .id = (uint32_t)sweep->count };
    sweep->count++;
}

static enum err no_point(const struct sweep *sweep, struct err_note *note)
{
    const struct sweep_spec *spec = sweep->spec;
    struct sweep_point point;
    size_t first = 0;
    for (size_t i = 0; i < spec->space.constraint_count; i++) {
        struct sweep_space alone = spec->space;
        alone.constraints[0] = spec->space.constraints[i];
        alone.constraint_count = 1;
        if (sweep_sample(&alone, spec->seed, &point, 1) == 0) first = i;
    }
    const struct sweep_constraint *constraint = &spec->space.constraints[first];
    return err_note_set(note, ERR_INVALID, spec->path, constraint->line, constraint->column,
                        "no point of the parameters' ranges keeps the constraints; widen the "
                        "ranges, or loosen \"%s\"",
                        constraint->text);
}

/* What the stages behind the rounds will need at most, for the time left. */
void sweep_plan_finals(struct sweep *sweep, size_t finalists)
{
    enum { TRIED_NEIGHBOURS = 4, SEEDS = 2 };
    const struct sweep_spec *spec = sweep->spec;
    size_t *planned = sweep->progress.planned;
    size_t search = sweep->search_scenarios * spec->space.count;
    size_t fresh = sweep->fresh_scenarios * spec->fresh.count;
    size_t tried = finalists < TRIED_NEIGHBOURS ? finalists : TRIED_NEIGHBOURS;
    planned[SWEEP_STAGE_SIMPLIFY] = finalists * search * SEEDS / 2;
    planned[SWEEP_STAGE_NEIGHBOURS] = tried * search * SWEEP_NEIGHBOURS * SEEDS;
    planned[SWEEP_STAGE_FRESH] = (finalists + 1) * fresh;
    planned[SWEEP_STAGE_CLIFFS] = 2 * search * SWEEP_STEPS;
    planned[SWEEP_STAGE_EFFECTS] = fresh * spec->space.count / 4;
}

static void plan(struct sweep *sweep)
{
    const struct sweep_spec *spec = sweep->spec;
    size_t rounds = sweep->count + spec->finalists * spec->search.count * spec->rounds;
    sweep->progress.planned[SWEEP_STAGE_ROUNDS] =
        rounds * sweep->search_scenarios / sweep->shard.count;
    if (sweep->shard.count == 1) sweep_plan_finals(sweep, spec->finalists);
}

enum err sweep_make_sample(struct sweep *sweep, struct err_note *note)
{
    const struct sweep_spec *spec = sweep->spec;
    sweep->candidates = mem_alloc(spec->configurations + 1, sizeof *sweep->candidates);
    struct sweep_point current;
    sweep_point_current(&spec->space, &current);
    add_candidate(sweep, &current);
    struct sweep_point *points = mem_alloc(spec->configurations, sizeof *points);
    size_t count = sweep_sample(&spec->space, spec->seed, points, spec->configurations);
    for (size_t i = 0; i < count; i++) {
        uint64_t key = sweep_point_key(&spec->space, &points[i]);
        if (key != sweep->candidates[0].key) add_candidate(sweep, &points[i]);
    }
    mem_free(points);
    if (count == 0) return no_point(sweep, note);
    plan(sweep);
    return ERR_OK;
}

enum err sweep_run_shard(struct sweep *sweep, struct err_note *note)
{
    struct sweep_task *tasks = mem_alloc(sweep->count, sizeof *tasks);
    size_t count = 0;
    for (size_t i = 0; i < sweep->count; i++) {
        if (i % sweep->shard.count != sweep->shard.index - 1) continue;
        tasks[count++] = (struct sweep_task){ .point = &sweep->candidates[i].point,
                                              .blocks = sweep->search_blocks,
                                              .block_count = sweep_search_blocks(sweep, 1) };
    }
    char what[96];
    snprintf(what, sizeof what, "shard %u of %u, %zu configurations", sweep->shard.index,
             sweep->shard.count, count);
    enum err rc = sweep_try(sweep, SWEEP_STAGE_ROUNDS, tasks, count, what, note);
    mem_free(tasks);
    return rc;
}

/* ---- rounds ---- */

/* 1, ..., all: doubling towards the last round. */
static size_t seeds_of_round(const struct sweep *sweep, uint32_t round)
{
    uint32_t halvings = sweep->spec->rounds - 1 - round;
    size_t seeds = sweep->spec->search.count;
    for (uint32_t i = 0; i < halvings && seeds > 1; i++) seeds = (seeds + 1) / 2;
    return round == 0 && sweep->spec->rounds > 1 ? 1 : seeds;
}

static size_t survivors_of(const struct sweep *sweep, size_t count)
{
    size_t kept = (size_t)((uint64_t)count * sweep->spec->keep_ppm / 1000000);
    return kept > sweep->spec->finalists ? kept : sweep->spec->finalists;
}

/* Tries the first `alive` of `order`, ranks them there, and returns how many are feasible. */
static enum err play_round(struct sweep *sweep, uint32_t round, struct sweep_ranked *order,
                           size_t alive, struct err_note *note)
{
    size_t blocks = sweep_search_blocks(sweep, seeds_of_round(sweep, round));
    struct sweep_task *tasks = mem_alloc(alive + 1, sizeof *tasks);
    bool has_current = false;
    for (size_t i = 0; i < alive; i++) {
        has_current = has_current || order[i].index == 0;
        tasks[i] = (struct sweep_task){ .point = &sweep->candidates[order[i].index].point,
                                        .blocks = sweep->search_blocks,
                                        .block_count = blocks };
    }
    tasks[alive] = (struct sweep_task){ .point = &sweep->candidates[0].point,
                                        .blocks = sweep->search_blocks,
                                        .block_count = blocks };
    char what[96];
    snprintf(what, sizeof what, "round %u of %u, %zu configurations, %zu blocks", round + 1,
             sweep->spec->rounds, alive, blocks);
    enum err rc = sweep_try(sweep, SWEEP_STAGE_ROUNDS, tasks, alive + !has_current, what, note);
    mem_free(tasks);
    if (rc != ERR_OK) return rc;
    for (size_t i = 0; i < alive; i++) {
        struct sweep_candidate *candidate = &sweep->candidates[order[i].index];
        sweep_score_make(sweep->store, candidate->key, sweep->search_blocks, blocks,
                         &order[i].score);
    }
    sweep_rank(sweep->spec, order, alive);
    for (size_t i = 0; i < alive; i++) {
        struct sweep_candidate *candidate = &sweep->candidates[order[i].index];
        candidate->rounds = round + 1;
        candidate->front = order[i].front;
        candidate->score = order[i].score;
    }
    return ERR_OK;
}

static size_t count_feasible(const struct sweep_ranked *order, size_t alive)
{
    size_t feasible = 0;
    while (feasible < alive && order[feasible].front != 0) feasible++;
    return feasible;
}

static void take_finalists(struct sweep *sweep, const struct sweep_ranked *order, size_t feasible)
{
    for (size_t i = 0; i < feasible && sweep->finalist_count < sweep->spec->finalists; i++) {
        const struct sweep_candidate *candidate = &sweep->candidates[order[i].index];
        sweep->finalists[sweep->finalist_count++] = (struct sweep_finalist){
            .point = candidate->point,
            .key = candidate->key,
            .id = candidate->id,
            .is_current = candidate->id == 0,
        };
    }
}

static enum err play_rounds(struct sweep *sweep, struct err_note *note)
{
    struct sweep_ranked *order = mem_alloc(sweep->count, sizeof *order);
    for (size_t i = 0; i < sweep->count; i++) order[i].index = i;
    size_t alive = sweep->count;
    size_t feasible = 0;
    enum err rc = ERR_OK;
    for (uint32_t round = 0; round < sweep->spec->rounds && alive > 0; round++) {
        rc = play_round(sweep, round, order, alive, note);
        if (rc != ERR_OK) break;
        feasible = count_feasible(order, alive);
        size_t kept = survivors_of(sweep, alive);
        alive = feasible < kept ? feasible : kept; /* what fails once, fails */
    }
    if (rc == ERR_OK) take_finalists(sweep, order, feasible);
    mem_free(order);
    sweep_progress_end(&sweep->progress, SWEEP_STAGE_ROUNDS);
    return rc;
}

enum err sweep_run(struct sweep *sweep, struct err_note *note)
{
    enum err rc = play_rounds(sweep, note);
    if (rc == ERR_OK) rc = sweep_finals(sweep, note);
    return rc;
}

const struct sweep_finalist *sweep_pick(const struct sweep *sweep)
{
    return sweep->finalist_count == 0 ? NULL : &sweep->finalists[0];
}

bool sweep_finalist_robust(const struct sweep_finalist *finalist)
{
    return finalist->neighbours_known &&
           finalist->neighbours_feasible == finalist->neighbour_count;
}

const struct sweep_candidate *sweep_control(const struct sweep *sweep, const bool *scenarios)
{
    const struct sweep_candidate *control = NULL;
    size_t most = 0;
    for (size_t i = 1; i < sweep->count; i++) {
        const struct sweep_candidate *candidate = &sweep->candidates[i];
        size_t fails = 0;
        for (size_t j = 0; j < sweep_search_blocks(sweep, 1); j++) {
            uint32_t block = sweep->search_blocks[j];
            const struct sweep_measure *measure =
                sweep_store_get(sweep->store, candidate->key, block);
            if (measure == NULL || measure->state == SWEEP_IMPOSSIBLE) break;
            bool counts = scenarios[sweep->world->blocks[block].scenario];
            if (counts && measure->state == SWEEP_INFEASIBLE) fails++;
        }
        bool worse = fails > most || (fails == most && control != NULL &&
                                      candidate->score.loss > control->score.loss);
        if (fails == 0 || !worse || candidate->score.impossible > 0) continue;
        control = candidate;
        most = fails;
    }
    return control;
}

static double value_of(const struct sweep_score *score, enum sweep_objective objective)
{
    return objective == SWEEP_OBJECTIVES ? score->loss : score->value[objective];
}

struct sweep_interval sweep_paired(const struct sweep *sweep, uint64_t a, uint64_t b,
                                   size_t scenario, enum sweep_objective objective)
{
    double differences[SWEEP_SEEDS_MAX];
    size_t n = sweep->spec->fresh.count;
    size_t scenarios = sweep->fresh_scenarios;
    bool all = scenario == scenarios;
    for (size_t seed = 0; seed < n; seed++) {
        const uint32_t *blocks = &sweep->fresh_blocks[seed * scenarios + (all ? 0 : scenario)];
        struct sweep_score left, right;
        sweep_score_make(sweep->store, a, blocks, all ? scenarios : 1, &left);
        sweep_score_make(sweep->store, b, blocks, all ? scenarios : 1, &right);
        differences[seed] = value_of(&left, objective) - value_of(&right, objective);
    }
    return sweep_interval_of(differences, n);
}
