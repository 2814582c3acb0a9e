#include "harness/sweep_rank.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PPM = 1000000,
    /* Fronts compare each with each; of more than this the rest is ordered by loss alone. */
    FRONTS_OF_MAX = 8192,
};

double sweep_points(const struct sweep_spec *spec, enum sweep_objective objective, double value)
{
    double points = 0;
    switch (objective) {
    case SWEEP_FRESH: points = 100 * (1 - value); break;
    case SWEEP_SLOW: points = 100 * value; break;
    case SWEEP_CALLS: points = 10 * value; break;
    case SWEEP_RECOVERY: points = value; break;
    case SWEEP_OBJECTIVES: break;
    }
    return points * spec->weights[objective];
}

void sweep_score_make(const struct sweep_store *store, uint64_t point, const uint32_t *blocks,
                      size_t count, struct sweep_score *out)
{
    *out = (struct sweep_score){ .blocks = 0 };
    uint64_t fresh = 0, slow = 0, calls = 0;
    double recovery_s = 0;
    size_t simulated = 0, with_recovery = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sweep_measure *measure = sweep_store_get(store, point, blocks[i]);
        if (measure == NULL) continue;
        out->blocks++;
        if (measure->state != SWEEP_FEASIBLE && out->infeasible++ == 0) {
            out->worst_block = blocks[i];
            snprintf(out->worst_check, sizeof out->worst_check, "%s", measure->check);
        }
        if (measure->state == SWEEP_IMPOSSIBLE) {
            out->impossible++;
            continue;
        }
        simulated++;
        fresh += measure->fresh_ppm;
        slow += measure->slow_ppm;
        calls += measure->calls_ppm;
        if (!measure->has_recovery) continue;
        with_recovery++;
        recovery_s += (double)measure->recovery_ns / (double)NS_PER_S;
    }
    if (simulated == 0) return;
    double whole = (double)simulated * PPM;
    out->value[SWEEP_FRESH] = (double)fresh / whole;
    out->value[SWEEP_SLOW] = (double)slow / whole;
    out->value[SWEEP_CALLS] = (double)calls / whole;
    if (with_recovery > 0) out->value[SWEEP_RECOVERY] = recovery_s / (double)with_recovery;
    for (enum sweep_objective i = SWEEP_FRESH; i < SWEEP_OBJECTIVES; i++) {
        out->loss += sweep_points(store->world->spec, i, out->value[i]);
    }
}

bool sweep_score_feasible(const struct sweep_score *score)
{
    return score->blocks > 0 && score->infeasible == 0;
}

bool sweep_dominates(const struct sweep_spec *spec, const struct sweep_score *a,
                     const struct sweep_score *b)
{
    bool better = false;
    for (enum sweep_objective i = SWEEP_FRESH; i < SWEEP_OBJECTIVES; i++) {
        if (spec->weights[i] <= 0) continue;
        double left = sweep_points(spec, i, a->value[i]);
        double right = sweep_points(spec, i, b->value[i]);
        if (left > right) return false;
        if (left < right) better = true;
    }
    return better;
}

static int compare_numbers(double a, double b)
{
    return (a > b) - (a < b);
}

/* Feasible by loss, then the others by how often they fail. */
static int compare_losses(const void *a, const void *b)
{
    const struct sweep_ranked *left = a;
    const struct sweep_ranked *right = b;
    if (left->score.infeasible != right->score.infeasible) {
        return left->score.infeasible > right->score.infeasible ? 1 : -1;
    }
    if (left->score.impossible != right->score.impossible) {
        return left->score.impossible > right->score.impossible ? 1 : -1;
    }
    int by_loss = compare_numbers(left->score.loss, right->score.loss);
    if (by_loss != 0) return by_loss;
    return (left->index > right->index) - (left->index < right->index);
}

static int compare_fronts(const void *a, const void *b)
{
    const struct sweep_ranked *left = a;
    const struct sweep_ranked *right = b;
    if (left->front != right->front) return left->front > right->front ? 1 : -1;
    return compare_losses(a, b);
}

/* Of items in order of loss none is beaten by one behind it: its loss would be smaller. */
static void set_fronts(const struct sweep_spec *spec, struct sweep_ranked *items, size_t count)
{
    size_t left = count;
    for (uint32_t front = 1; left > 0; front++) {
        for (size_t i = 0; i < count; i++) {
            if (items[i].front != 0) continue;
            bool beaten = false;
            for (size_t j = 0; j < i && !beaten; j++) {
                bool same = items[j].front == 0 || items[j].front == front;
                beaten = same && sweep_dominates(spec, &items[j].score, &items[i].score);
            }
            if (beaten) continue;
            items[i].front = front;
            left--;
        }
    }
}

void sweep_rank(const struct sweep_spec *spec, struct sweep_ranked *items, size_t count)
{
    qsort(items, count, sizeof *items, compare_losses);
    size_t feasible = 0;
    while (feasible < count && sweep_score_feasible(&items[feasible].score)) feasible++;
    for (size_t i = 0; i < count; i++) items[i].front = 0;
    size_t fronts_of = feasible < FRONTS_OF_MAX ? feasible : FRONTS_OF_MAX;
    set_fronts(spec, items, fronts_of);
    qsort(items, fronts_of, sizeof *items, compare_fronts);
    uint32_t last = fronts_of == 0 ? 1 : items[fronts_of - 1].front;
    for (size_t i = fronts_of; i < feasible; i++) items[i].front = last + 1;
}
