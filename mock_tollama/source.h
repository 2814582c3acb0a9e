#ifndef MOCK_SOURCE_H
#define MOCK_SOURCE_H
/* A body that is still coming while it is being played: what has come waits at the source until the
 * play takes it, and the source lets no more come than it has room for. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_LENGTH_UNKNOWN UINT64_MAX

/* What is behind the bytes that wait. */
enum source_state {
    SOURCE_OPEN,   /* perhaps more; player_moved() tells */
    SOURCE_WHOLE,  /* the end */
    SOURCE_RESET,  /* nothing: the server reset its connection */
    SOURCE_CLOSED, /* nothing: it ended too early, or in another way */
};

struct source {
    enum source_state state;
    uint64_t length; /* of the whole body, as announced */
    bool bodiless;   /* the answer to a HEAD: no byte of a body, whatever is announced */
    bool last;       /* the connection ends behind the answer */
    /* Those that wait; borrowed until the next call. */
    const char *(*bytes)(struct source *source, size_t *length);
    void (*take)(struct source *source, size_t length);
};

#endif
