#include <string.h>

#include "base/units.h"
#include "harness/sweep_spec.h"
#include "scenario/expect.h"

enum {
    SEARCH_SEEDS = 4,
    FRESH_SEEDS = 5,
    FRESH_SEED_FIRST = 1001,
    CONFIGURATIONS = 1024,
    ROUNDS = 3,
    ROUNDS_MAX = 8,
    KEEP_PPM = 250000,
    FINALISTS = 8,
    CONFIRM_JOBS = 4,
    JOBS_MAX = 64,
    WEIGHT_DIGITS = 6,
};

const char *const sweep_objective_names[SWEEP_OBJECTIVES + 1] = { "fresh", "slow", "calls",
                                                                   "recovery", NULL };

enum err sweep_spec_names(const struct value_reader *reader, const struct yaml_node *list,
                          const char *what, struct sweep_names *out)
{
    enum err rc = value_list(reader, list, what, "names, for example [healthy]");
    if (rc != ERR_OK) return rc;
    out->items = arena_alloc(reader->arena, list->count, sizeof *out->items);
    for (; out->count < list->count && rc == ERR_OK; out->count++) {
        const struct yaml_node *node = list->items[out->count];
        struct sweep_name *name = &out->items[out->count];
        rc = value_scalar(reader, node, what, &name->text);
        name->line = node->line;
        name->column = node->column;
    }
    return rc;
}

static enum err check_once(const struct value_reader *reader, const struct yaml_node *node,
                           const struct sweep_seeds *seeds, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (seeds->items[i] != seeds->items[index]) continue;
        return yaml_note(reader->file, node, reader->note, "seed %.20s stands twice", node->text);
    }
    return ERR_OK;
}

enum err sweep_spec_tolerated(const struct value_reader *reader, const struct yaml_node *root,
                              struct sweep_spec *out)
{
    const struct yaml_node *list = yaml_get(root, "tolerated");
    if (list == NULL) return ERR_OK;
    enum err rc = sweep_spec_names(reader, list, "tolerated", &out->tolerated);
    for (size_t i = 0; rc == ERR_OK && i < list->count; i++) {
        const char *text = list->items[i]->text;
        bool group = strcmp(text, SWEEP_WITNESSES) == 0 || strncmp(text, "invariant.", 10) == 0;
        if (group || expect_begins(text)) continue;
        rc = yaml_note(reader->file, list->items[i], reader->note,
                       "tolerated: no check begins with \"%.80s\"; write " SWEEP_WITNESSES
                       ", or the beginning of an expectation's or an invariant's name, for example "
                       "served.stale",
                       text);
    }
    return rc;
}

/* 4: that many from `first` on; [7, 9]: these. */
static enum err read_seeds(const struct value_reader *reader, const struct yaml_node *node,
                           const char *what, uint64_t first, struct sweep_seeds *out)
{
    uint64_t count = 0;
    if (node->kind != YAML_LIST) {
        struct value_range range = { out->least, SWEEP_SEEDS_MAX };
        enum err rc = value_whole(reader, node, what, range, &count);
        out->count = (size_t)count;
        for (size_t i = 0; i < out->count; i++) out->items[i] = first + i;
        return rc;
    }
    enum err rc = value_list(reader, node, what, "a number of seeds, or the seeds");
    if (rc == ERR_OK && node->count > SWEEP_SEEDS_MAX) {
        return yaml_note(reader->file, node, reader->note, "%s: %zu seeds; allowed: at most %d",
                         what, node->count, SWEEP_SEEDS_MAX);
    }
    for (out->count = 0; rc == ERR_OK && out->count < node->count; out->count++) {
        struct value_range range = { 1, UINT64_MAX };
        rc = value_whole(reader, node->items[out->count], what, range, &out->items[out->count]);
        if (rc == ERR_OK) rc = check_once(reader, node->items[out->count], out, out->count);
    }
    if (rc == ERR_OK && out->count < out->least) {
        rc = yaml_note(reader->file, node, reader->note,
                       "%s: at least %zu seeds; one has no spread to take an interval from", what,
                       out->least);
    }
    return rc;
}

static void default_seeds(struct sweep_seeds *out, uint64_t first, size_t count)
{
    for (out->count = 0; out->count < count; out->count++) {
        out->items[out->count] = first + out->count;
    }
}

enum err sweep_spec_seeds(const struct value_reader *reader, const struct yaml_node *root,
                          struct sweep_spec *out)
{
    static const char *const keys[] = { "search", "fresh" };
    out->search.least = 1;
    out->fresh.least = 2;
    default_seeds(&out->search, 1, SEARCH_SEEDS);
    default_seeds(&out->fresh, FRESH_SEED_FIRST, FRESH_SEEDS);
    const struct yaml_node *map = yaml_get(root, "seeds");
    if (map == NULL) return ERR_OK;
    enum err rc = yaml_check_keys(reader->file, map, "seeds", keys, 2, reader->note);
    const struct yaml_node *search = rc == ERR_OK ? yaml_get(map, "search") : NULL;
    const struct yaml_node *fresh = rc == ERR_OK ? yaml_get(map, "fresh") : NULL;
    if (search != NULL) rc = read_seeds(reader, search, "search", 1, &out->search);
    if (rc == ERR_OK && fresh != NULL) {
        rc = read_seeds(reader, fresh, "fresh", FRESH_SEED_FIRST, &out->fresh);
    }
    for (size_t i = 0; rc == ERR_OK && i < out->fresh.count; i++) {
        for (size_t j = 0; j < out->search.count; j++) {
            if (out->search.items[j] != out->fresh.items[i]) continue;
            return yaml_note(reader->file, map, reader->note,
                             "seed %llu is one of the search and one of the fresh ones; the "
                             "finalists must meet luck that did not choose them",
                             (unsigned long long)out->fresh.items[i]);
        }
    }
    return rc;
}

static enum err read_weight(const struct value_reader *reader, const struct yaml_node *node,
                            const char *what, double *out)
{
    const char *text;
    uint64_t millionths;
    enum err rc = value_scalar(reader, node, what, &text);
    if (rc != ERR_OK) return rc;
    if (!units_parse_decimal(text, WEIGHT_DIGITS, &millionths)) {
        return yaml_note(reader->file, node, reader->note,
                         "%s: \"%.40s\" is not a weight; write points per unit, for example 1 or "
                         "0.5; 0: it does not count",
                         what, text);
    }
    *out = (double)millionths / 1e6;
    return ERR_OK;
}

enum err sweep_spec_objectives(const struct value_reader *reader, const struct yaml_node *root,
                               struct sweep_spec *out)
{
    static const char *const keys[] = { "fresh", "slow", "calls", "recovery", "slow_over" };
    for (size_t i = 0; i < SWEEP_OBJECTIVES; i++) out->weights[i] = 1;
    out->slow_over_ns = 300 * NS_PER_MS;
    const struct yaml_node *map = yaml_get(root, "objectives");
    if (map == NULL) return ERR_OK;
    enum err rc = yaml_check_keys(reader->file, map, "objectives", keys,
                                  sizeof keys / sizeof keys[0], reader->note);
    double sum = 0;
    for (size_t i = 0; rc == ERR_OK && i < SWEEP_OBJECTIVES; i++) {
        const struct yaml_node *node = yaml_get(map, sweep_objective_names[i]);
        if (node != NULL) {
            rc = read_weight(reader, node, sweep_objective_names[i], &out->weights[i]);
        }
        sum += out->weights[i];
    }
    if (rc == ERR_OK && sum == 0) {
        return yaml_note(reader->file, map, reader->note,
                         "every objective has the weight 0, so nothing is wanted");
    }
    const struct yaml_node *slow_over = rc == ERR_OK ? yaml_get(map, "slow_over") : NULL;
    if (slow_over != NULL) {
        rc = value_duration(reader, slow_over, "slow_over", &out->slow_over_ns);
    }
    return rc;
}

static enum err read_count(const struct value_reader *reader, const struct yaml_node *map,
                           const char *key, uint64_t max, uint32_t *out)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (node == NULL) return ERR_OK;
    uint64_t value = 0;
    struct value_range range = { 1, max };
    enum err rc = value_whole(reader, node, key, range, &value);
    if (rc == ERR_OK) *out = (uint32_t)value;
    return rc;
}

enum err sweep_spec_budget(const struct value_reader *reader, const struct yaml_node *root,
                           struct sweep_spec *out)
{
    static const char *const keys[] = { "configurations", "rounds", "keep", "finalists" };
    out->configurations = CONFIGURATIONS;
    out->rounds = ROUNDS;
    out->keep_ppm = KEEP_PPM;
    out->finalists = FINALISTS;
    const struct yaml_node *map = yaml_get(root, "budget");
    if (map == NULL) return ERR_OK;
    enum err rc = yaml_check_keys(reader->file, map, "a budget", keys,
                                  sizeof keys / sizeof keys[0], reader->note);
    if (rc == ERR_OK) {
        rc = read_count(reader, map, keys[0], SWEEP_CONFIGURATIONS_MAX, &out->configurations);
    }
    if (rc == ERR_OK) rc = read_count(reader, map, keys[1], ROUNDS_MAX, &out->rounds);
    if (rc == ERR_OK) rc = read_count(reader, map, keys[3], SWEEP_FINALISTS_MAX, &out->finalists);
    const struct yaml_node *keep = rc == ERR_OK ? yaml_get(map, keys[2]) : NULL;
    if (keep == NULL) return rc;
    rc = value_share(reader, keep, keys[2], &out->keep_ppm);
    if (rc == ERR_OK && (out->keep_ppm == 0 || out->keep_ppm == 1000000)) {
        rc = yaml_note(reader->file, keep, reader->note,
                       "keep: \"%s\" would keep %s; write for example 25%%", keep->text,
                       out->keep_ppm == 0 ? "none" : "all");
    }
    return rc;
}

enum err sweep_spec_confirm(const struct value_reader *reader, const struct yaml_node *root,
                            struct sweep_spec *out)
{
    static const char *const keys[] = { "scenarios", "seed", "jobs" };
    out->confirm_jobs = CONFIRM_JOBS;
    out->confirm_seed = out->fresh.items[0];
    const struct yaml_node *map = yaml_get(root, "confirm");
    if (map == NULL) return ERR_OK;
    enum err rc = yaml_check_keys(reader->file, map, "confirm", keys,
                                  sizeof keys / sizeof keys[0], reader->note);
    const struct yaml_node *names = rc == ERR_OK ? yaml_get(map, "scenarios") : NULL;
    if (names != NULL) rc = sweep_spec_names(reader, names, "scenarios", &out->confirm);
    const struct yaml_node *seed = rc == ERR_OK ? yaml_get(map, "seed") : NULL;
    struct value_range range = { 1, UINT64_MAX };
    if (seed != NULL) rc = value_whole(reader, seed, "seed", range, &out->confirm_seed);
    if (rc == ERR_OK) rc = read_count(reader, map, "jobs", JOBS_MAX, &out->confirm_jobs);
    return rc;
}
