#ifndef HARNESS_BIRTHS_H
#define HARNESS_BIRTHS_H
/* Answers of some kind (the upstream's, refusals) to each distinct request, by when these were
 * intended: what an entry of the cache can have come from. */

#include "harness/run.h"

struct births {
    size_t base[SCENARIO_WORKLOADS_MAX];
    size_t *begin;     /* owned: by distinct request, and one more: its births in `answers` */
    uint32_t *answers; /* owned: indices of answers */
};

/* Of one distinct request. */
struct births_span {
    const uint32_t *answers; /* borrowed; rising by when they were intended */
    size_t count;
};

typedef bool births_are_fn(const struct run *run, const struct run_answer *answer);

/* Of the answers that came, and of those whose clients had hung up. */
void births_init(struct births *births, const struct run *run, births_are_fn *is_birth);
void births_deinit(struct births *births);
/* Those to the distinct request `key` of a workload that were intended in from_ns <= t <= to_ns; by
 * binary search. */
struct births_span births_between(const struct births *births, const struct run *run,
                                  uint32_t workload, uint32_t key, uint64_t from_ns,
                                  uint64_t to_ns);

#endif
