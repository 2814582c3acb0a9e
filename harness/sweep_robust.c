#include <stdio.h>

#include "harness/sweep_search.h"

enum {
    NEIGHBOUR_SEEDS = 2,
    TRIED_MAX = 3, /* finalists whose neighbours are tried before they are moved */
    SHIFTS = 2,    /* variants of each of these that keep away from a cliff */
};

_Static_assert(TRIED_MAX * SHIFTS == SWEEP_SHIFTED_MAX, "room for each variant");

static const int neighbour_permilles[SWEEP_NEIGHBOURS] = { -250, -100, 100, 250 };

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

static enum err try_neighbours(struct sweep *sweep, struct sweep_finalist *finalist,
                               struct err_note *note)
{
    const struct sweep_space *space = &sweep->spec->space;
    struct sweep_point points[SWEEP_PARAMETERS_MAX * SWEEP_NEIGHBOURS];
    struct sweep_task tasks[SWEEP_PARAMETERS_MAX * SWEEP_NEIGHBOURS];
    list_neighbours(space, finalist);
    for (size_t i = 0; i < finalist->neighbour_count; i++) {
        points[i] = neighbour_point(finalist, &finalist->neighbours[i]);
        tasks[i] = (struct sweep_task){ .point = &points[i],
                                        .blocks = sweep->search_blocks,
                                        .block_count = sweep_search_blocks(sweep, NEIGHBOUR_SEEDS),
                                        .stop_early = true };
    }
    char what[96];
    snprintf(what, sizeof what, "neighbours of configuration %u%s", finalist->id,
             finalist->is_shifted ? ", moved" : "");
    enum err rc = sweep_try(sweep, SWEEP_STAGE_NEIGHBOURS, tasks, finalist->neighbour_count, what,
                            note);
    if (rc == ERR_OK) judge_neighbours(sweep, finalist);
    return rc;
}

/* ---- away from a cliff ---- */

/* Where one side of a knob is infeasible: towards the other, within the sweep's range. Returns
 * whether anything moved. */
static bool shift(const struct sweep_space *space, const struct sweep_finalist *finalist,
                  unsigned percent, struct sweep_point *out)
{
    bool moved = false;
    *out = finalist->point;
    for (size_t i = 0; i < space->count; i++) {
        bool below = false, above = false; /* is infeasible */
        for (size_t j = 0; j < finalist->neighbour_count; j++) {
            const struct sweep_neighbour *neighbour = &finalist->neighbours[j];
            if (neighbour->parameter != i || neighbour->feasible) continue;
            if (neighbour->permille < 0) below = true;
            else above = true;
        }
        if (below == above || space->parameters[i].scale == SWEEP_LIST) continue;
        uint64_t own = finalist->point.values[i];
        uint64_t step = u64_max(own * percent / 100, own < 1000 ? 1 : 0);
        uint64_t least = space->parameters[i].from;
        uint64_t most = space->parameters[i].to;
        if (above && own > least) out->values[i] = u64_max(own - u64_min(step, own), least);
        if (below && own < most) out->values[i] = u64_min(own + step, most);
        moved = moved || out->values[i] != own;
    }
    return moved && sweep_point_broken(space, out) == NULL;
}

/* Of those that were tried, two variants each, behind the other finalists. */
static void add_shifted(struct sweep *sweep)
{
    static const unsigned percents[] = { 10, 20 };
    size_t before = sweep->finalist_count;
    for (size_t i = 0; i < TRIED_MAX && i < before; i++) {
        for (size_t j = 0; j < SHIFTS; j++) {
            struct sweep_finalist variant = { .id = sweep->finalists[i].id, .is_shifted = true };
            if (!shift(&sweep->spec->space, &sweep->finalists[i], percents[j], &variant.point)) {
                continue;
            }
            variant.key = sweep_point_key(&sweep->spec->space, &variant.point);
            sweep->finalists[sweep->finalist_count++] = variant;
        }
    }
    sweep_drop_equals(sweep);
}

/* Tries the neighbours of those that `shifted` chooses, one after the other from the least loss on,
 * until one is robust; at most `most`. */
static enum err try_in_order(struct sweep *sweep, bool shifted, size_t most, bool *found,
                             struct err_note *note)
{
    sweep_sort_finalists(sweep);
    enum err rc = ERR_OK;
    for (size_t i = 0; i < sweep->finalist_count && most > 0 && !*found && rc == ERR_OK; i++) {
        struct sweep_finalist *finalist = &sweep->finalists[i];
        if (finalist->is_shifted != shifted || !sweep_score_feasible(&finalist->fresh)) continue;
        rc = try_neighbours(sweep, finalist, note);
        *found = sweep_finalist_robust(finalist);
        most--;
    }
    return rc;
}

/* The best few; when none of them is robust, these moved away from what is beside them. */
enum err sweep_find_robust(struct sweep *sweep, struct err_note *note)
{
    bool found = false;
    enum err rc = try_neighbours(sweep, &sweep->current, note);
    if (rc == ERR_OK) rc = try_in_order(sweep, false, TRIED_MAX, &found, note);
    if (rc == ERR_OK && !found) {
        sweep_sort_finalists(sweep); /* those that were tried come first */
        add_shifted(sweep);
        rc = sweep_try_fresh(sweep, note);
        if (rc == ERR_OK) rc = try_in_order(sweep, true, SWEEP_SHIFTED_MAX, &found, note);
    }
    sweep_sort_finalists(sweep);
    sweep_progress_end(&sweep->progress, SWEEP_STAGE_NEIGHBOURS);
    return rc;
}
