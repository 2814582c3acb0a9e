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
    NEIGHBOUR_SEEDS = 2,
    /* Finalists whose neighbours are tried at once: enough for a top three. */
    NEIGHBOUR_GROUP = 4,
};

static const int neighbour_permilles[SWEEP_NEIGHBOURS] = { -250, -100, 100, 250 };

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

static void drop_equal_finalists(struct sweep *sweep)
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
    drop_equal_finalists(sweep);
    sweep_progress_end(&sweep->progress, SWEEP_STAGE_SIMPLIFY);
    return rc;
}

/* ---- neighbours ---- */

static struct sweep_point neighbour_point(const struct sweep_finalist *finalist,
                                          const struct sweep_neighbour *neighbour)
{
    struct sweep_point point = finalist->point;
    point.values[neighbour->parameter] = neighbour->value;
    return point;
}

/* What a constraint rules out nobody may choose, so it is no neighbour. */
static void list_neighbours(const struct sweep_space *space, struct sweep_finalist *finalist)
{
    finalist->neighbour_count = 0;
    for (size_t i = 0; i < space->count; i++) {
        for (size_t j = 0; j < SWEEP_NEIGHBOURS; j++) {
            uint64_t own = finalist->point.values[i];
            struct sweep_neighbour neighbour = {
                .parameter = i,
                .permille = neighbour_permilles[j],
                .value = sweep_value_near(&space->parameters[i], own, neighbour_permilles[j]),
            };
            struct sweep_point point = neighbour_point(finalist, &neighbour);
            if (neighbour.value == own || sweep_point_broken(space, &point) != NULL) continue;
            finalist->neighbours[finalist->neighbour_count++] = neighbour;
        }
    }
}

static void judge_neighbours(const struct sweep *sweep, struct sweep_finalist *finalist)
{
    const struct sweep_space *space = &sweep->spec->space;
    finalist->neighbours_known = true;
    finalist->neighbours_feasible = 0;
    for (size_t i = 0; i < finalist->neighbour_count; i++) {
        struct sweep_neighbour *neighbour = &finalist->neighbours[i];
        struct sweep_point point = neighbour_point(finalist, neighbour);
        struct sweep_score score;
        sweep_score_make(sweep->store, sweep_point_key(space, &point), sweep->search_blocks,
                         sweep_search_blocks(sweep, NEIGHBOUR_SEEDS), &score);
        neighbour->feasible = sweep_score_feasible(&score);
        finalist->neighbours_feasible += neighbour->feasible;
        if (neighbour->feasible) continue;
        snprintf(neighbour->why, sizeof neighbour->why, "%s", score.worst_check);
        snprintf(neighbour->where, sizeof neighbour->where, "%.63s",
                 sweep_block_name(sweep->world, score.worst_block));
    }
}

/* Of finalists first .. first+count-1, and of the current setting. */
static enum err try_neighbours(struct sweep *sweep, size_t first, size_t count,
                               struct err_note *note)
{
    const struct sweep_space *space = &sweep->spec->space;
    size_t most = (count + 1) * space->count * SWEEP_NEIGHBOURS;
    struct sweep_point *points = mem_alloc(most, sizeof *points);
    struct sweep_task *tasks = mem_alloc(most, sizeof *tasks);
    size_t tasks_count = 0;
    for (size_t i = 0; i <= count; i++) {
        struct sweep_finalist *finalist =
            i == count ? &sweep->current : &sweep->finalists[first + i];
        list_neighbours(space, finalist);
        for (size_t j = 0; j < finalist->neighbour_count; j++, tasks_count++) {
            points[tasks_count] = neighbour_point(finalist, &finalist->neighbours[j]);
            tasks[tasks_count] = (struct sweep_task){
                .point = &points[tasks_count],
                .blocks = sweep->search_blocks,
                .block_count = sweep_search_blocks(sweep, NEIGHBOUR_SEEDS),
                .stop_early = true,
            };
        }
    }
    char what[96];
    snprintf(what, sizeof what, "neighbours of %zu finalists and of the current setting", count);
    enum err rc = sweep_try(sweep, SWEEP_STAGE_NEIGHBOURS, tasks, tasks_count, what, note);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        judge_neighbours(sweep, &sweep->finalists[first + i]);
    }
    if (rc == ERR_OK) judge_neighbours(sweep, &sweep->current);
    mem_free(tasks);
    mem_free(points);
    return rc;
}

/* The best few first; the others only while none of these is robust. */
static enum err find_robust(struct sweep *sweep, struct err_note *note)
{
    enum err rc = ERR_OK;
    bool found = false;
    for (size_t at = 0; at < sweep->finalist_count && !found && rc == ERR_OK;) {
        size_t left = sweep->finalist_count - at;
        size_t count = left < NEIGHBOUR_GROUP ? left : NEIGHBOUR_GROUP;
        rc = try_neighbours(sweep, at, count, note);
        for (size_t end = at + count; at < end && rc == ERR_OK; at++) {
            const struct sweep_finalist *finalist = &sweep->finalists[at];
            found = found ||
                    (sweep_score_feasible(&finalist->fresh) && sweep_finalist_robust(finalist));
        }
    }
    sweep_progress_end(&sweep->progress, SWEEP_STAGE_NEIGHBOURS);
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

static enum err try_fresh(struct sweep *sweep, struct err_note *note)
{
    struct sweep_task tasks[SWEEP_FINALISTS_MAX + 1];
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
    qsort(sweep->finalists, sweep->finalist_count, sizeof *sweep->finalists, compare_finalists);
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
        rc = simplify(sweep, note);
        if (rc == ERR_OK) rc = try_fresh(sweep, note);
        if (rc == ERR_OK) rc = find_robust(sweep, note);
        qsort(sweep->finalists, sweep->finalist_count, sizeof *sweep->finalists,
              compare_finalists);
    }
    if (rc == ERR_OK && sweep->finalist_count > 0) rc = sweep_knobs(sweep, note);
    if (rc == ERR_OK && sweep->finalist_count > 0) rc = sweep_effects(sweep, note);
    return rc;
}
