#ifndef HARNESS_SWEEP_SEARCH_H
#define HARNESS_SWEEP_SEARCH_H
/* The stages of a sweep, from the sample to the pick. Each asks for measures (sweep_pool.h) and
 * then looks only at what the store holds, so the outcome is a function of the sweep file, the
 * catalogue and the configuration, whatever was tried by whom and in which order.
 *
 *     sample -> rounds -> simplify -> fresh -> neighbours -> cliffs, effects
 *
 * Rounds: all configurations on every scenario with the first seed; the best `keep` of them with
 * more seeds; in the last round with all seeds of the search. The current setting is in every
 * round. */

#include "harness/sweep_pool.h"
#include "harness/sweep_progress.h"
#include "harness/sweep_rank.h"
#include "harness/sweep_stats.h"

struct sweep_candidate {
    struct sweep_point point;
    uint64_t key;
    uint32_t id;        /* 0: the current setting; the sample from 1 */
    uint32_t rounds;    /* that it was tried in */
    uint32_t front;     /* in the last of them */
    struct sweep_score score; /* over the last of them's blocks */
};

/* A setting beside another. */
struct sweep_neighbour {
    size_t parameter;
    int permille;      /* -250 .. 250 */
    uint64_t value;
    bool feasible;
    char where[64];    /* the scenario that is not */
    char why[96];      /* the check, or what the configuration's own checks say */
};

enum { SWEEP_SHIFTED_MAX = 6 };
enum { SWEEP_NEIGHBOURS = 4 }; /* per parameter: -25 %, -10 %, +10 %, +25 % */

struct sweep_finalist {
    struct sweep_point point;
    uint64_t key;
    uint32_t id;              /* of the candidate it was */
    bool is_current;
    bool is_shifted;          /* moved away from what is infeasible beside that candidate */
    struct sweep_score search; /* all seeds of the search */
    struct sweep_score fresh;  /* fresh seeds, on the search's scenarios and the held-out ones */
    struct sweep_neighbour neighbours[SWEEP_PARAMETERS_MAX * SWEEP_NEIGHBOURS];
    bool neighbours_known;    /* they were tried: for the best, until a robust one is found */
    size_t neighbour_count;   /* those that differ from it and keep the constraints */
    size_t neighbours_feasible;
};

enum { SWEEP_STEPS = 11 }; /* along a knob, and the setting's own value */

struct sweep_step {
    uint64_t value;
    bool feasible;
    double loss;              /* when feasible */
    char why[192];            /* the scenario and the check that fail; "" when none does */
};

struct sweep_knob {
    struct sweep_step steps[SWEEP_STEPS + 1]; /* in order of value */
    size_t count;
};

/* What one changed line does: the pick against the pick without it. */
struct sweep_effect {
    bool changed;
    bool feasible;            /* without it */
    char why[192];            /* when not */
    struct sweep_interval loss;
    struct sweep_interval objectives[SWEEP_OBJECTIVES];
};

struct sweep_shard {
    uint32_t index; /* 1 .. count */
    uint32_t count; /* 1: the whole */
};

struct sweep {
    const struct sweep_spec *spec; /* borrowed */
    struct sweep_world *world;     /* borrowed */
    struct sweep_store *store;     /* borrowed */
    struct sweep_pool pool;
    struct sweep_progress progress;
    struct sweep_candidate *candidates; /* owned; [0] is the current setting */
    size_t count;
    uint32_t *search_blocks;       /* owned: by seed, then scenario */
    size_t search_scenarios;
    uint32_t *fresh_blocks;        /* owned: by seed, then scenario */
    size_t fresh_scenarios;        /* all of them */
    struct sweep_finalist *finalists; /* owned; from the best to the worst, the pick first */
    size_t finalist_count;         /* 0: nothing is feasible */
    struct sweep_finalist current; /* the current setting, also when it is a finalist */
    struct sweep_knob pick_knobs[SWEEP_PARAMETERS_MAX];
    struct sweep_knob current_knobs[SWEEP_PARAMETERS_MAX];
    struct sweep_effect effects[SWEEP_PARAMETERS_MAX];
    struct sweep_interval gain;    /* loss of the pick minus that of the current, fresh seeds */
    struct sweep_shard shard;
};

/* `out` NULL: says nothing. */
void sweep_init(struct sweep *sweep, struct sweep_world *world, struct sweep_store *store,
                unsigned jobs, FILE *out);
void sweep_deinit(struct sweep *sweep);

/* Makes the sample; fails when the constraints leave no point. */
MUST_USE enum err sweep_make_sample(struct sweep *sweep, struct err_note *note);
/* Only the shard's part of the first round. */
MUST_USE enum err sweep_run_shard(struct sweep *sweep, struct err_note *note);
/* All stages; finalist_count is 0 when no configuration is feasible. */
MUST_USE enum err sweep_run(struct sweep *sweep, struct err_note *note);

/* The pick: finalists[0], which may be the current setting; NULL when nothing is feasible. */
const struct sweep_finalist *sweep_pick(const struct sweep *sweep);
bool sweep_finalist_robust(const struct sweep_finalist *finalist);
/* A configuration that is expected to fail in these scenarios (as often as any, on the first
 * seed). NULL: none of the sample is. */
const struct sweep_candidate *sweep_control(const struct sweep *sweep, const bool *scenarios);

/* Paired by seed: value of `a` minus value of `b` over the fresh seeds in one scenario
 * (suite.count: the mean over all). `objective` SWEEP_OBJECTIVES: the loss. */
struct sweep_interval sweep_paired(const struct sweep *sweep, uint64_t a, uint64_t b,
                                   size_t scenario, enum sweep_objective objective);

/* ---- between the files of the search ---- */

MUST_USE enum err sweep_try(struct sweep *sweep, enum sweep_stage stage,
                            const struct sweep_task *tasks, size_t count, const char *what,
                            struct err_note *note);
MUST_USE enum err sweep_finals(struct sweep *sweep, struct err_note *note);
void sweep_plan_finals(struct sweep *sweep, size_t finalists);
/* Fresh seeds and held-out scenarios, of all finalists (sweep_finals.c). */
MUST_USE enum err sweep_try_fresh(struct sweep *sweep, struct err_note *note);
void sweep_sort_finalists(struct sweep *sweep);
/* Of finalists that are the same the first stays. */
void sweep_drop_equals(struct sweep *sweep);
/* Neighbours (sweep_robust.c). */
MUST_USE enum err sweep_find_robust(struct sweep *sweep, struct err_note *note);
/* Cliffs along each knob, and what each changed line does (sweep_knobs.c). */
MUST_USE enum err sweep_knobs(struct sweep *sweep, struct err_note *note);
MUST_USE enum err sweep_effects(struct sweep *sweep, struct err_note *note);
/* How many blocks of search_blocks the first `seeds` seeds have. */
size_t sweep_search_blocks(const struct sweep *sweep, size_t seeds);

#endif
