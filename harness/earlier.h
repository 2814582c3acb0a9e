#ifndef HARNESS_EARLIER_H
#define HARNESS_EARLIER_H
/* The playings of a real scenario that did not count, because the machine had spoilt them
 * (run_again.h). What was measured in them is gone; what was said of them stays with the result, so
 * that a reader sees what a verdict took.
 *
 *     earlier_add(&earlier, 7, CHECK_INVALID, "the load generator lagged: p99 is 9.0 ms")
 *     earlier_add_failed(&earlier, "order")
 *     earlier_write()   -> played again once; before: invalid (the load generator lagged: p99 ...;
 *                          failing: order) */

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "harness/verdict.h"

struct earlier_play {
    uint64_t seed;            /* with --repeat, whose run it was */
    enum check_status status; /* its verdict; a pass may have disagreed with the simulation */
    char *reason;             /* owned: why it was played again */
    char **failed;            /* owned, as its texts: names of the checks that failed in it */
    size_t failed_count;
};

struct earlier {
    struct earlier_play *items; /* owned; in the order of playing */
    size_t count;               /* how often it was played again */
};

void earlier_add(struct earlier *earlier, uint64_t seed, enum check_status status,
                 const char *reason);
/* Of the playing added last. */
void earlier_add_failed(struct earlier *earlier, const char *check);
void earlier_add_failures_of(struct earlier *earlier, const struct verdicts *seen);
/* ", " between the names of the playing's failed checks; nothing when none failed. */
void earlier_write_failed(const struct earlier_play *play, struct buf *out);
/* Behind those of `to`; leaves `from` empty. */
void earlier_move(struct earlier *to, struct earlier *from);
/* Forgets the playing added last: it counts after all. */
void earlier_drop(struct earlier *earlier);
void earlier_deinit(struct earlier *earlier);

/* What a sentence goes on with; nothing when there is none. */
void earlier_write(const struct earlier *earlier, struct buf *out);

#endif
