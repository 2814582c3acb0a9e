#include <stdio.h>
#include <stdlib.h>

#include "base/fixed.h"
#include "base/mem.h"
#include "harness/sweep_search.h"

enum { KNOB_SEEDS = 1, KNOB_STEPS_ALL = 2 * SWEEP_PARAMETERS_MAX * (SWEEP_STEPS + 1) };

static void put_step(struct sweep_knob *knob, uint64_t value)
{
    size_t at = 0;
    while (at < knob->count && knob->steps[at].value < value) at++;
    if (at < knob->count && knob->steps[at].value == value) return;
    for (size_t i = knob->count; i > at; i--) knob->steps[i] = knob->steps[i - 1];
    knob->steps[at] = (struct sweep_step){ .value = value };
    knob->count++;
}

/* The range in equal parts, and the setting's own value. */
static void list_steps(const struct sweep_parameter *parameter, uint64_t own,
                       struct sweep_knob *knob)
{
    *knob = (struct sweep_knob){ .count = 0 };
    put_step(knob, own);
    if (parameter->scale == SWEEP_LIST) {
        for (size_t i = 0; i < parameter->item_count && knob->count < SWEEP_STEPS; i++) {
            put_step(knob, parameter->items[i]);
        }
        return;
    }
    put_step(knob, parameter->from);
    put_step(knob, parameter->to);
    for (size_t i = 1; i + 1 < SWEEP_STEPS; i++) {
        put_step(knob, sweep_value_at(parameter, i * FIXED_ONE / (SWEEP_STEPS - 1)));
    }
}

static void write_why(const struct sweep *sweep, const struct sweep_score *score, char out[192])
{
    snprintf(out, 192, "%.80s: %.95s", sweep_block_name(sweep->world, score->worst_block),
             score->worst_check);
}

static void judge_knob(const struct sweep *sweep, const struct sweep_point *around,
                       size_t parameter, struct sweep_knob *knob)
{
    const struct sweep_space *space = &sweep->spec->space;
    for (size_t i = 0; i < knob->count; i++) {
        struct sweep_step *step = &knob->steps[i];
        struct sweep_point point = *around;
        point.values[parameter] = step->value;
        const struct sweep_constraint *broken = sweep_point_broken(space, &point);
        struct sweep_score score;
        sweep_score_make(sweep->store, sweep_point_key(space, &point), sweep->search_blocks,
                         sweep_search_blocks(sweep, KNOB_SEEDS), &score);
        step->loss = score.loss; /* over all blocks only when none of them stopped it */
        step->feasible = broken == NULL && sweep_score_feasible(&score);
        if (broken != NULL) snprintf(step->why, sizeof step->why, "%.190s", broken->text);
        else if (!step->feasible) write_why(sweep, &score, step->why);
    }
}

enum err sweep_knobs(struct sweep *sweep, struct err_note *note)
{
    const struct sweep_space *space = &sweep->spec->space;
    struct sweep_point *points = mem_alloc(KNOB_STEPS_ALL, sizeof *points);
    struct sweep_task *tasks = mem_alloc(KNOB_STEPS_ALL, sizeof *tasks);
    const struct sweep_point *around[] = { &sweep->finalists[0].point, &sweep->current.point };
    struct sweep_knob *knobs[] = { sweep->pick_knobs, sweep->current_knobs };
    size_t count = 0;
    for (size_t i = 0; i < 2 * space->count; i++) {
        size_t parameter = i / 2;
        struct sweep_knob *knob = &knobs[i % 2][parameter];
        list_steps(&space->parameters[parameter], around[i % 2]->values[parameter], knob);
        for (size_t j = 0; j < knob->count; j++) {
            points[count] = *around[i % 2];
            points[count].values[parameter] = knob->steps[j].value;
            tasks[count] = (struct sweep_task){
                .point = &points[count],
                .blocks = sweep->search_blocks,
                .block_count = sweep_search_blocks(sweep, KNOB_SEEDS),
                .stop_early = true,
            };
            count++;
        }
    }
    enum err rc = sweep_try(sweep, SWEEP_STAGE_CLIFFS, tasks, count, "cliffs along each knob",
                            note);
    for (size_t i = 0; i < 2 * space->count && rc == ERR_OK; i++) {
        judge_knob(sweep, around[i % 2], i / 2, &knobs[i % 2][i / 2]);
    }
    mem_free(tasks);
    mem_free(points);
    sweep_progress_end(&sweep->progress, SWEEP_STAGE_CLIFFS);
    return rc;
}

static void judge_effect(struct sweep *sweep, const struct sweep_point *without,
                         struct sweep_effect *effect)
{
    const struct sweep_space *space = &sweep->spec->space;
    uint64_t pick = sweep->finalists[0].key;
    uint64_t other = sweep_point_key(space, without);
    struct sweep_score score;
    sweep_score_make(sweep->store, other, sweep->fresh_blocks,
                     sweep->fresh_scenarios * sweep->spec->fresh.count, &score);
    const struct sweep_constraint *broken = sweep_point_broken(space, without);
    effect->feasible = broken == NULL && sweep_score_feasible(&score);
    if (broken != NULL) snprintf(effect->why, sizeof effect->why, "%.190s", broken->text);
    else if (!effect->feasible) write_why(sweep, &score, effect->why);
    size_t all = sweep->fresh_scenarios;
    effect->loss = sweep_paired(sweep, pick, other, all, SWEEP_OBJECTIVES);
    for (enum sweep_objective i = SWEEP_FRESH; i < SWEEP_OBJECTIVES; i++) {
        effect->objectives[i] = sweep_paired(sweep, pick, other, all, i);
    }
}

enum err sweep_effects(struct sweep *sweep, struct err_note *note)
{
    const struct sweep_space *space = &sweep->spec->space;
    const struct sweep_finalist *pick = &sweep->finalists[0];
    struct sweep_point points[SWEEP_PARAMETERS_MAX];
    struct sweep_task tasks[SWEEP_PARAMETERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < space->count; i++) {
        points[i] = pick->point;
        points[i].values[i] = sweep->current.point.values[i];
        sweep->effects[i].changed = points[i].values[i] != pick->point.values[i];
        if (!sweep->effects[i].changed) continue;
        tasks[count++] = (struct sweep_task){
            .point = &points[i],
            .blocks = sweep->fresh_blocks,
            .block_count = sweep->fresh_scenarios * sweep->spec->fresh.count,
        };
    }
    enum err rc = sweep_try(sweep, SWEEP_STAGE_EFFECTS, tasks, count, "what each change does",
                            note);
    if (rc != ERR_OK) return rc;
    for (size_t i = 0; i < space->count; i++) {
        if (sweep->effects[i].changed) judge_effect(sweep, &points[i], &sweep->effects[i]);
    }
    sweep->gain = sweep_paired(sweep, pick->key, sweep->current.key, sweep->fresh_scenarios,
                               SWEEP_OBJECTIVES);
    sweep_progress_end(&sweep->progress, SWEEP_STAGE_EFFECTS);
    return ERR_OK;
}
