#include "harness/diff.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

static const struct suite_scenario *find_scenario(const struct suite *suite, const char *name)
{
    for (size_t i = 0; i < suite->count; i++) {
        if (strcmp(suite->scenarios[i].scenario.name, name) == 0) return &suite->scenarios[i];
    }
    return NULL;
}

static const struct suite_world *world_of(const struct suite_scenario *item, enum world which)
{
    if (item == NULL) return NULL;
    const struct suite_world *world = which == WORLD_SIM ? &item->sim : &item->real;
    return world->present ? world : NULL;
}

static const struct check *find_check(const struct verdicts *verdict, const char *name)
{
    for (size_t i = 0; i < verdict->count; i++) {
        if (strcmp(verdict->checks[i].name, name) == 0) return &verdict->checks[i];
    }
    return NULL;
}

/* Whether a status says anything about the service. */
static bool is_judged(enum check_status status)
{
    return status != CHECK_INVALID && status != CHECK_UNOBSERVABLE;
}

/* Nothing is better or worse than what was not judged: what follows it is as good as new. */
static enum change status_change(enum check_status old, enum check_status new)
{
    if (old == new) return CHANGE_NONE;
    if (!is_judged(old)) return CHANGE_NEW;
    if (!is_judged(new)) return CHANGE_WORSE;
    int before = check_status_badness(old);
    int after = check_status_badness(new);
    return after > before ? CHANGE_WORSE : CHANGE_BETTER;
}

static enum change p95_change(const struct figures *old, const struct figures *new)
{
    if (old->n == 0 || new->n == 0) return CHANGE_NONE;
    if (new->p95_low_ns > old->p95_high_ns) return CHANGE_WORSE;
    if (new->p95_high_ns < old->p95_low_ns) return CHANGE_BETTER;
    return CHANGE_NONE;
}

/* Whether a share rose (1), fell (-1), or neither beyond chance. */
static int share_moves(uint64_t old_part, uint64_t old_n, uint64_t new_part, uint64_t new_n)
{
    static const double standard_errors = 3.29;
    if (old_n == 0 || new_n == 0) return 0;
    double before = (double)old_part / (double)old_n;
    double after = (double)new_part / (double)new_n;
    double pooled = (double)(old_part + new_part) / (double)(old_n + new_n);
    double error = sqrt(pooled * (1 - pooled) * (1 / (double)old_n + 1 / (double)new_n));
    if (after - before > standard_errors * error) return 1;
    return before - after > standard_errors * error ? -1 : 0;
}

static uint64_t fresh_of(const struct figures *figures)
{
    return figures->served[SERVED_CACHE] + figures->served[SERVED_UPSTREAM];
}

static uint64_t errors_of(const struct figures *figures)
{
    return figures->served[SERVED_ERROR] + figures->n - figures->answered;
}

static enum change change_of(int good)
{
    if (good == 0) return CHANGE_NONE;
    return good > 0 ? CHANGE_BETTER : CHANGE_WORSE;
}

static void note_change(struct diff *diff, enum change change)
{
    diff->worse = diff->worse || change == CHANGE_WORSE;
    diff->better = diff->better || change == CHANGE_BETTER;
}

bool diff_has_figures(const struct diff_world *row)
{
    return row->old != NULL && row->new != NULL && !row->old->run.invalid && !row->new->run.invalid;
}

static void compare_figures(struct diff *diff, struct diff_world *row)
{
    const struct figures *old = &row->old_figures;
    const struct figures *new = &row->new_figures;
    if (!diff_has_figures(row)) return;
    row->p95 = p95_change(old, new);
    row->fresh = change_of(share_moves(fresh_of(old), old->n, fresh_of(new), new->n));
    row->errors = change_of(-share_moves(errors_of(old), old->n, errors_of(new), new->n));
    note_change(diff, row->p95);
    note_change(diff, row->fresh);
    note_change(diff, row->errors);
}

static void add_check(struct diff *diff, const struct diff_check *check)
{
    if (check->change == CHANGE_NONE) {
        diff->same_checks++;
        return;
    }
    diff->checks = mem_resize(diff->checks, diff->check_count + 1, sizeof *check);
    diff->checks[diff->check_count++] = *check;
    note_change(diff, check->change);
    diff->worse = diff->worse || check->new_fails;
}

/* An expectation that now asks for something else under its old name is a new one, unless it got
 * worse: nothing is better because less is asked for. */
static enum change check_change(const struct check *old, const struct check *new)
{
    if (old == NULL) return CHANGE_NEW;
    enum change change = status_change(old->status, new->status);
    return change != CHANGE_WORSE && strcmp(old->text, new->text) != 0 ? CHANGE_NEW : change;
}

/* Whether a check that does not pass is more than what the old result knows. */
static bool is_news(const struct check *old, const struct check *new)
{
    if (check_status_badness(new->status) <= 1) return false;
    return old == NULL || (!is_judged(old->status) && old->status != new->status);
}

static void compare_checks(struct diff *diff, const struct diff_world *row)
{
    const struct verdicts *old = &row->old->verdict;
    const struct verdicts *new = &row->new->verdict;
    for (size_t i = 0; i < new->count; i++) {
        struct diff_check check = { .scenario = row->scenario, .world = row->world };
        check.new = &new->checks[i];
        check.old = find_check(old, check.new->name);
        check.change = check_change(check.old, check.new);
        check.new_fails = is_news(check.old, check.new);
        add_check(diff, &check);
    }
    for (size_t i = 0; i < old->count; i++) {
        if (find_check(new, old->checks[i].name) != NULL) continue;
        diff->missing += old->checks[i].line > 0;
        add_check(diff, &(struct diff_check){ .scenario = row->scenario,
                                              .world = row->world,
                                              .old = &old->checks[i],
                                              .change = CHANGE_GONE });
    }
}

static void add_world(struct diff *diff, const char *scenario, const struct suite_world *old,
                      const struct suite_world *new)
{
    if (old == NULL && new == NULL) return;
    struct diff_world row = { .scenario = scenario, .old = old, .new = new };
    row.world = world_name(new != NULL ? new->run.world : old->run.world);
    if (old != NULL) figures_make(&row.old_figures, &old->run);
    if (new != NULL) figures_make(&row.new_figures, &new->run);
    if (old == NULL) {
        row.verdict = CHANGE_NEW;
        row.new_fails = new->verdict.status != CHECK_PASS;
        diff->worse = diff->worse || row.new_fails;
    } else if (new == NULL) {
        row.verdict = CHANGE_GONE;
        diff->missing++;
    } else {
        row.verdict = status_change(old->verdict.status, new->verdict.status);
        row.new_fails = row.verdict == CHANGE_NEW && new->verdict.status != CHECK_PASS;
        diff->worse = diff->worse || row.new_fails;
        note_change(diff, row.verdict);
        compare_figures(diff, &row);
        compare_checks(diff, &row);
    }
    diff->worlds = mem_resize(diff->worlds, diff->world_count + 1, sizeof row);
    diff->worlds[diff->world_count++] = row;
}

/* A disagreement belongs to the real world, which was added last. */
static void compare_agreement(struct diff *diff, const struct suite_scenario *old,
                              const struct suite_scenario *new)
{
    bool before = old != NULL && suite_scenario_disagrees(old);
    bool after = suite_scenario_disagrees(new);
    if (before == after) return;
    bool compared = after || new->has_parity || new->has_replay;
    struct diff_world *row = &diff->worlds[diff->world_count - 1];
    row->agreement = after ? CHANGE_WORSE : compared ? CHANGE_BETTER : CHANGE_NONE;
    note_change(diff, row->agreement);
}

void diff_make(struct diff *out, const struct suite *old, const struct suite *new)
{
    *out = (struct diff){ .world_count = 0 };
    for (size_t i = 0; i < new->count; i++) {
        const struct suite_scenario *item = &new->scenarios[i];
        const struct suite_scenario *before = find_scenario(old, item->scenario.name);
        for (int which = WORLD_SIM; which <= WORLD_REAL; which++) {
            add_world(out, item->scenario.name, world_of(before, (enum world)which),
                      world_of(item, (enum world)which));
        }
        if (world_of(item, WORLD_REAL) != NULL) compare_agreement(out, before, item);
    }
    for (size_t i = 0; i < old->count; i++) {
        const struct suite_scenario *item = &old->scenarios[i];
        if (find_scenario(new, item->scenario.name) != NULL) continue;
        for (int which = WORLD_SIM; which <= WORLD_REAL; which++) {
            add_world(out, item->scenario.name, world_of(item, (enum world)which), NULL);
        }
    }
}

void diff_forbid_missing(struct diff *diff)
{
    diff->worse = diff->worse || diff->missing > 0;
}

void diff_deinit(struct diff *diff)
{
    mem_free(diff->worlds);
    mem_free(diff->checks);
}

const struct diff_world *diff_find(const struct diff *diff, const char *scenario, const char *world)
{
    for (size_t i = 0; i < diff->world_count; i++) {
        const struct diff_world *row = &diff->worlds[i];
        if (strcmp(row->scenario, scenario) == 0 && strcmp(row->world, world) == 0) return row;
    }
    return NULL;
}
