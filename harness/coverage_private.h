#ifndef HARNESS_COVERAGE_PRIVATE_H
#define HARNESS_COVERAGE_PRIVATE_H
/* Used by coverage*.c and by who reads coverage back. */

#include "harness/coverage.h"

/* A new item, not reached; its index. The texts are borrowed. */
size_t coverage_add(struct coverage *coverage, const char *group, const char *name);
/* Drops the items that were not reached and are excused. */
void coverage_excuse(struct coverage *coverage);
/* Counts what is reached. */
void coverage_count(struct coverage *coverage);

#endif
