#ifndef HARNESS_SWEEP_WORLD_H
#define HARNESS_SWEEP_WORLD_H
/* Where a sweep tries its points: every scenario with every seed is one block, simulated by the
 * production engine. Because chance is keyed, all points meet the same luck in a block, so that
 * differences between points are differences between settings.
 *
 * In a scenario a point's values go over the scenario's own settings, as where_set says
 * (sweep_space.h). What is the same for all points (schedule, parsed requests) is made once per
 * block. sweep_world_try() changes nothing, so that forked processes may call it. */

#include "harness/suite.h"
#include "harness/sim.h"
#include "harness/sweep_spec.h"

enum sweep_state {
    SWEEP_UNKNOWN,
    SWEEP_FEASIBLE,   /* every expectation that is not tolerated, and every invariant, passed */
    SWEEP_INFEASIBLE, /* one did not */
    SWEEP_IMPOSSIBLE, /* the configuration's own checks refuse the combination; not simulated */
};

/* What a point did in a block. Plain data: it travels between processes and into the journal. */
struct sweep_measure {
    enum sweep_state state;
    bool has_recovery;    /* the scenario has faults */
    uint32_t failed;      /* checks that did not pass */
    uint32_t fresh_ppm;
    uint32_t slow_ppm;
    uint32_t calls_ppm;   /* millionths of an attempt per request */
    uint64_t recovery_ns;
    char check[96];       /* the first that failed; SWEEP_IMPOSSIBLE: what the checks say, cut */
};

struct sweep_block {
    uint32_t scenario; /* index in world.suite.scenarios */
    uint64_t seed;
    bool ready;        /* schedule and requests are there */
    struct schedule schedule;
    struct sim_requests *requests; /* owned; with the base configuration's rules for requests */
    struct runtime_config *config; /* owned: the one `requests` were made with */
};

struct sweep_world {
    const struct sweep_spec *spec; /* borrowed */
    const char *config_path;       /* borrowed: the file every configuration starts from */
    struct runtime_config *config; /* owned: that file, read */
    struct suite suite;            /* owned: all scenarios, also held-out ones */
    bool *held_out;                /* owned; by scenario */
    uint64_t *own;                 /* owned; by scenario, then parameter: what it sets itself */
    struct sweep_block *blocks;    /* owned; by scenario, then seed: search first, then fresh */
    size_t block_count;
    size_t seed_count;             /* per scenario */
};

/* Finds the scenarios; troubles are printed to `errors`. */
MUST_USE enum err sweep_world_open(struct sweep_world *world, struct arena *arena,
                                   const struct sweep_spec *spec, const char *configs,
                                   FILE *errors);
void sweep_world_close(struct sweep_world *world);

/* The block's number; `seed` is an index: the search's, then the fresh ones. */
uint32_t sweep_block_at(const struct sweep_world *world, size_t scenario, size_t seed);
const char *sweep_block_name(const struct sweep_world *world, uint32_t block);
/* Makes schedule and requests; fails when the base configuration refuses a request. */
MUST_USE enum err sweep_block_prepare(struct sweep_world *world, uint32_t block,
                                      struct err_note *note);

/* The settings over `config_path` with which `point` is tried in a scenario: base.set, then the
 * scenario's, then the point's. Texts in `arena`. */
const char **sweep_world_sets(const struct sweep_world *world, size_t scenario,
                              const struct sweep_point *point, struct arena *arena,
                              size_t *count);
/* Simulates and judges; the block is ready. */
void sweep_world_try(const struct sweep_world *world, const struct sweep_point *point,
                     uint32_t block, struct sweep_measure *out);

/* What a finished run shows, for the objectives; also of a real one. */
void sweep_measure_run(const struct run *run, uint64_t slow_over_ns, struct sweep_measure *out);
/* Takes the verdict of it into account. */
void sweep_measure_judge(const struct verdicts *verdicts, const struct scenario *scenario,
                         const struct sweep_names *tolerated, struct sweep_measure *out);

#endif
