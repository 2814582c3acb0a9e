#ifndef HARNESS_SWEEP_SPEC_H
#define HARNESS_SWEEP_SPEC_H
/* A sweep file: which settings to try, on which scenarios, and what is wanted. docs/sweeps.md
 * explains it with an example; sweeps/ holds one per environment.
 *
 *     version: 1
 *     name: prod                       # the folder below reports/
 *     about: What should production set?
 *     seed: 1                          # of the sample
 *     base: { env: prod, set: { retry_budget_ratio: 0 } }
 *     parameters:
 *       read_timeout_s: { from: 0.3, to: 2.4, scale: log }
 *       cache_ttl_s: { from: 15, to: 240, scale: log, where_set: scaled }
 *       single_flight: [true, false]
 *     constraints:
 *       - connect_timeout_s + read_timeout_s <= request_deadline_s
 *     scenarios: { paths: [../scenarios], tier: gate, without: [bad-schema] }
 *     held_out: [resets-midbody]       # of the scenarios: only the finalists meet them
 *     seeds: { search: 4, fresh: 5 }   # how many, or a list of them
 *     objectives: { fresh: 1, slow: 2, calls: 0.5, recovery: 0, slow_over: 300ms }
 *     tolerated: [witnesses, canary]   # expectations that need not hold: SWEEP_WITNESSES, and
 *                                      # those whose name begins so
 *     budget: { configurations: 1024, rounds: 3, keep: 25%, finalists: 8 }
 *     confirm: { scenarios: [healthy], seed: 42, jobs: 4 }
 *
 * Paths are relative to the file's folder. Every mistake is a note with line and column. */

#include "base/arena.h"
#include "harness/sweep_space.h"
#include "scenario/scenario.h"
#include "scenario/value.h"

enum { SWEEP_SEEDS_MAX = 64, SWEEP_CONFIGURATIONS_MAX = 1000000, SWEEP_FINALISTS_MAX = 32 };

/* More is better of the first alone. */
enum sweep_objective {
    SWEEP_FRESH,    /* share of answers that are a forecast not older than its TTL */
    SWEEP_SLOW,     /* share of answers later than slow_over */
    SWEEP_CALLS,    /* attempts at the upstream per request */
    SWEEP_RECOVERY, /* from the last fault's end until the last degraded answer is over */
    SWEEP_OBJECTIVES,
};

/* Among `tolerated`: all expectations that only show that a scenario bites: at least so many stale,
 * baseline, cached, upstream or error answers, at least so many of a code, the breaker's path,
 * a rollback that must come. Better settings may well not show it. */
#define SWEEP_WITNESSES "witnesses"

/* A name in the file, with its place for the note when nothing has that name. */
struct sweep_name {
    const char *text;
    int line, column;
};

struct sweep_names {
    struct sweep_name *items; /* in the arena */
    size_t count;
};

struct sweep_seeds {
    uint64_t items[SWEEP_SEEDS_MAX];
    size_t count;
    size_t least; /* of count */
};

struct sweep_spec {
    const char *path; /* as given */
    const char *name;
    const char *about; /* "" when there is none */
    uint64_t seed;
    const char *environment;
    const char *config_path;  /* of the environment */
    const char **sets;        /* "key=value" of base, then NULL */
    size_t set_count;
    struct runtime_config base;
    struct sweep_space space;
    const char **paths; /* files and folders, from here */
    size_t path_count;
    bool has_tier;
    enum scenario_tier tier;
    struct sweep_names without;
    struct sweep_names held_out;
    struct sweep_seeds search;
    struct sweep_seeds fresh;
    double weights[SWEEP_OBJECTIVES]; /* points per unit; see sweep_rank.h */
    uint64_t slow_over_ns;
    struct sweep_names tolerated;
    uint32_t configurations; /* besides the current one */
    uint32_t rounds;
    uint32_t keep_ppm;       /* of the configurations that stay for the next round */
    uint32_t finalists;
    struct sweep_names confirm; /* scenarios; none: all of the search */
    uint64_t confirm_seed;
    uint32_t confirm_jobs;
};

/* `configs`: folder of the environments' files; NULL: beside the sweep file's folder, then
 * ./configs. Texts live in `arena`; `out` must stay where it is (the space points into it). */
MUST_USE enum err sweep_spec_load(struct arena *arena, const char *path, const char *configs,
                                  struct sweep_spec *out, struct err_note *note);

/* ---- for sweep_spec*.c ---- */

MUST_USE enum err sweep_spec_parameters(const struct value_reader *reader,
                                        const struct yaml_node *map, struct sweep_spec *out);
/* "fresh", "slow", "calls", "recovery" */
extern const char *const sweep_objective_names[SWEEP_OBJECTIVES + 1];
MUST_USE enum err sweep_spec_names(const struct value_reader *reader,
                                   const struct yaml_node *list, const char *what,
                                   struct sweep_names *out);
MUST_USE enum err sweep_spec_tolerated(const struct value_reader *reader,
                                       const struct yaml_node *root, struct sweep_spec *out);
MUST_USE enum err sweep_spec_seeds(const struct value_reader *reader,
                                   const struct yaml_node *root, struct sweep_spec *out);
MUST_USE enum err sweep_spec_objectives(const struct value_reader *reader,
                                        const struct yaml_node *root, struct sweep_spec *out);
MUST_USE enum err sweep_spec_budget(const struct value_reader *reader,
                                    const struct yaml_node *root, struct sweep_spec *out);
MUST_USE enum err sweep_spec_confirm(const struct value_reader *reader,
                                     const struct yaml_node *root, struct sweep_spec *out);

#endif
