#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "harness/sweep_search.h"

enum {
    /* What changing a line back may cost, all of them together, as a share of the gain. */
    SIMPLIFY_PERCENT = 2,
    /* Once more, because a knob may have to wait for another one behind it. */
    SIMPLIFY_PASSES = 2,
    SIMPLIFY_SEEDS = 2,
};

static void move_to(struct sweep *sweep, struct sweep_finalist *finalist, size_t parameter,
                    uint64_t value)
{
    finalist->point.values[parameter] = value;
    finalist->key = sweep_point_key(&sweep->spec->space, &finalist->point);
}

static double search_loss(const struct sweep *sweep, uint64_t key, bool *feasible)
{
    struct sweep_score score;
    size_t blocks = sweep_search_blocks(sweep, SIMPLIFY_SEEDS);
    sweep_score_make(sweep->store, key, sweep->search_blocks, blocks, &score);
    *feasible = sweep_score_feasible(&score) && score.blocks == blocks;
    return score.loss;
}

/* ---- simpler: each knob back to its current value where that costs next to nothing ---- */

/* Of one parameter, for all finalists side by side. */
static enum err simplify_parameter(struct sweep *sweep, size_t parameter, const double *allowed,
                                   struct err_note *note)
{
    const struct sweep_space *space = &sweep->spec->space;
    uint64_t current = space->parameters[parameter].current;
    struct sweep_point *points = mem_alloc(sweep->finalist_count, sizeof *points);
    struct sweep_task *tasks = mem_alloc(sweep->finalist_count, sizeof *tasks);
    for (size_t i = 0; i < sweep->finalist_count; i++) {
        points[i] = sweep->finalists[i].point;
        points[i].values[parameter] = current;
        tasks[i] = (struct sweep_task){ .point = &points[i],
                                        .blocks = sweep->search_blocks,
                                        .block_count = sweep_search_blocks(sweep, SIMPLIFY_SEEDS),
                                        .stop_early = true };
    }
    char what[96];
    snprintf(what, sizeof what, "simpler: %.60s back", space->parameters[parameter].row->key);
    enum err rc =
        sweep_try(sweep, SWEEP_STAGE_SIMPLIFY, tasks, sweep->finalist_count, what, note);
    for (size_t i = 0; i < sweep->finalist_count && rc == ERR_OK; i++) {
        bool feasible;
        double loss = search_loss(sweep, sweep_point_key(space, &points[i]), &feasible);
        bool kept = sweep_point_broken(space, &points[i]) == NULL;
        if (feasible && kept && loss <= allowed[i]) {
            move_to(sweep, &sweep->finalists[i], parameter, current);
        }
    }
    mem_free(tasks);
    mem_free(points);
    return rc;
}

void sweep_drop_equals(struct sweep *sweep)
{
    size_t kept = 0;
    for (size_t i = 0; i < sweep->finalist_count; i++) {
        bool known = false;
        for (size_t j = 0; j < kept && !known; j++) {
            known = sweep->finalists[j].key == sweep->finalists[i].key;
        }
        if (!known) sweep->finalists[kept++] = sweep->finalists[i];
    }
    sweep->finalist_count = kept;
}

static enum err simplify(struct sweep *sweep, struct err_note *note)
{
    double allowed[SWEEP_FINALISTS_MAX + 1];
    bool feasible;
    double current = search_loss(sweep, sweep->candidates[0].key, &feasible);
    for (size_t i = 0; i < sweep->finalist_count; i++) {
        double loss = search_loss(sweep, sweep->finalists[i].key, &feasible);
        double gain = current > loss ? current - loss : 0;
        allowed[i] = loss + gain * SIMPLIFY_PERCENT / 100;
    }
    enum err rc = ERR_OK;
    size_t knobs = sweep->spec->space.count;
    for (size_t i = 0; i < SIMPLIFY_PASSES * knobs && rc == ERR_OK; i++) {
        rc = simplify_parameter(sweep, i % knobs, allowed, note);
    }
    for (size_t i = 0; i < sweep->finalist_count; i++) {
        sweep->finalists[i].is_current = sweep->finalists[i].key == sweep->candidates[0].key;
    }
    sweep_drop_equals(sweep);
    sweep_progress_end(&sweep->progress, SWEEP_STAGE_SIMPLIFY);
    return rc;
}

/* ---- fresh seeds and held-out scenarios ---- */

static void score_finalist(const struct sweep *sweep, struct sweep_finalist *finalist)
{
    sweep_score_make(sweep->store, finalist->key, sweep->search_blocks,
                     sweep_search_blocks(sweep, SIZE_MAX), &finalist->search);
    sweep_score_make(sweep->store, finalist->key, sweep->fresh_blocks,
                     sweep->fresh_scenarios * sweep->spec->fresh.count, &finalist->fresh);
}

/* Feasible with luck that did not choose it, then robust, then by loss. Those whose neighbours
 * nobody has looked at come behind the others. */
static int compare_finalists(const void *a, const void *b)
{
    const struct sweep_finalist *left = a;
    const struct sweep_finalist *right = b;
    bool left_good = sweep_score_feasible(&left->fresh);
    bool right_good = sweep_score_feasible(&right->fresh);
    if (left_good != right_good) return left_good ? -1 : 1;
    bool left_known = left->neighbours_known;
    if (left_known != right->neighbours_known) return left_known ? -1 : 1;
    size_t left_bad = left->neighbour_count - left->neighbours_feasible;
    size_t right_bad = right->neighbour_count - right->neighbours_feasible;
    if (left_bad != right_bad) return left_bad > right_bad ? 1 : -1;
    double left_loss = left->fresh.loss;
    double right_loss = right->fresh.loss;
    if (left_loss != right_loss) return left_loss > right_loss ? 1 : -1;
    return (left->id > right->id) - (left->id < right->id);
}

void sweep_sort_finalists(struct sweep *sweep)
{
    qsort(sweep->finalists, sweep->finalist_count, sizeof *sweep->finalists, compare_finalists);
}

enum err sweep_try_fresh(struct sweep *sweep, struct err_note *note)
{
    struct sweep_task tasks[SWEEP_FINALISTS_MAX + SWEEP_SHIFTED_MAX + 1];
    size_t blocks = sweep->fresh_scenarios * sweep->spec->fresh.count;
    for (size_t i = 0; i <= sweep->finalist_count; i++) {
        bool last = i == sweep->finalist_count;
        tasks[i] = (struct sweep_task){
            .point = last ? &sweep->current.point : &sweep->finalists[i].point,
            .blocks = sweep->fresh_blocks,
            .block_count = blocks,
        };
    }
    char what[96];
    snprintf(what, sizeof what, "%zu finalists, fresh seeds and held-out scenarios",
             sweep->finalist_count);
    enum err rc =
        sweep_try(sweep, SWEEP_STAGE_FRESH, tasks, sweep->finalist_count + 1, what, note);
    if (rc != ERR_OK) return rc;
    for (size_t i = 0; i < sweep->finalist_count; i++) score_finalist(sweep, &sweep->finalists[i]);
    score_finalist(sweep, &sweep->current);
    sweep_progress_end(&sweep->progress, SWEEP_STAGE_FRESH);
    return ERR_OK;
}

enum err sweep_finals(struct sweep *sweep, struct err_note *note)
{
    const struct sweep_candidate *current = &sweep->candidates[0];
    sweep->current = (struct sweep_finalist){ .point = current->point,
                                              .key = current->key,
                                              .is_current = true };
    enum err rc = ERR_OK;
    if (sweep->finalist_count > 0) {
        sweep_plan_finals(sweep, sweep->finalist_count);
        rc = simplify(sweep, note);
        if (rc == ERR_OK) rc = sweep_try_fresh(sweep, note);
        sweep_sort_finalists(sweep);
        if (rc == ERR_OK) rc = sweep_find_robust(sweep, note);
    }
    if (rc == ERR_OK && sweep->finalist_count > 0) rc = sweep_knobs(sweep, note);
    if (rc == ERR_OK && sweep->finalist_count > 0) rc = sweep_effects(sweep, note);
    return rc;
}
