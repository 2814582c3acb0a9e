#ifndef HARNESS_LOOKUPS_H
#define HARNESS_LOOKUPS_H
/* How long the lookups in a real second level took, read from the runtime's trace: what the
 * scenario says of its latency is for the simulator alone. Those that were given up, and those that
 * were made while the server hung, are the story's and not counted. */

#include "harness/run.h"

struct lookups {
    const struct run *run; /* borrowed */
    uint64_t *asked_ns;    /* owned: by call: when, as an offset; INSTANT_NEVER: not asked */
    uint64_t *took_ns;     /* owned, growing */
    size_t count, capacity;
};

void lookups_init(struct lookups *lookups, const struct run *run);
void lookups_asked(struct lookups *lookups, uint64_t call, uint64_t at_ns);
void lookups_answered(struct lookups *lookups, uint64_t call, uint64_t at_ns);
/* 99 of 100 were no longer; 0 when there were none. Releases what it holds. */
uint64_t lookups_finish(struct lookups *lookups);

#endif
