#ifndef HARNESS_UNMODELLED_H
#define HARNESS_UNMODELLED_H
/* The settings that change nothing in the simulated world, though they may over sockets: all that
 * is no part of the engine or of the forecast. One list: `check`, `run` and the reports tell of a
 * scenario that is played with such a limit, a sweep over such a setting is refused, and
 * docs/parity.md has a row for each (tests/harness/unmodelled_test.c). */

#include <stdbool.h>

#include "base/buf.h"
#include "config/config.h"

enum unmodelled_kind {
    UNMODELLED_LIMIT,    /* refuses or ends requests: told when it is not the default */
    UNMODELLED_SIZE,     /* simulated with estimated sizes: told when it is near these */
    UNMODELLED_ESTIMATE, /* the cache's bound, with these too: told when it may be the one that
                          * drives entries out; swept, because its values do differ */
    UNMODELLED_AROUND,   /* of what is around the requests: never told, only not swept */
};

struct unmodelled {
    const char *key; /* of the option */
    enum unmodelled_kind kind;
};

const struct unmodelled *unmodelled_rows(size_t *count);
/* NULL: the simulator does what the option says, if only by an estimate. */
const struct unmodelled *unmodelled_find(const char *key);

/* "the simulator does not model body_bytes_max (400), which this scenario is played with; play it
 * over sockets"; nothing and false when there is nothing to tell. */
bool unmodelled_write(const struct runtime_config *config, struct buf *out);
/* Whether there is. */
bool unmodelled_is_set(const struct runtime_config *config);

#endif
