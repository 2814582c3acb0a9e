#ifndef HARNESS_SHRINK_PRIVATE_H
#define HARNESS_SHRINK_PRIVATE_H
/* Between shrink.c, which knows whether a scenario still fails, and shrink_reduce.c, which knows
 * what to leave out of it. */

#include "base/arena.h"
#include "base/yaml.h"
#include "harness/shrink.h"

struct shrinker {
    const struct shrink_options *options;
    struct shrink_result *result;
    struct arena *arena; /* of the tree's texts */
    struct yaml_node *root;
    uint32_t runs_max;
    int crash;    /* the signal that ends the simulation; 0: a check fails */
    bool frozen;  /* load, faults and time stay as they are */
    bool keeps_shares; /* an expectation fails: a larger share would be another story */
    bool calm_passes; /* the check holds without the faults, and must go on to */
    uint64_t tail_ns; /* behind the last fault: shrink_guard.h */
    uint64_t digest; /* what must stay of the run: shrink_guard.h */
    bool changed; /* in this round */
};

/* Whether the tree as it stands still fails; then something has `changed`. A try costs a
 * simulation; what does not parse any more costs none worth mentioning. */
bool shrink_keeps_failing(struct shrinker *shrinker);

/* What an invariant's failure does not need is no longer expected. */
void shrink_expectations(struct shrinker *shrinker);
/* One round over all of it: each step that mends the failure is taken back. */
void shrink_story(struct shrinker *shrinker);

#endif
