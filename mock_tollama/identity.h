#ifndef MOCK_IDENTITY_H
#define MOCK_IDENTITY_H
/* Who a request is, for its fate: the id whose hash is the subject of every draw, and the attempt.
 *
 *     X-Request-ID: r000042~1, X-Attempt: 1     -> id "r000042", attempt 1
 *     no X-Request-ID                           -> id "body-<hash>-0", "body-<hash>-1", ... for
 * equal bodies in the order in which they come in */

#include <stddef.h>
#include <stdint.h>

enum { IDENTITY_BODIES_MAX = 65536, IDENTITY_PROBES = 16, IDENTITY_ROOM = 64 };

struct identity_slot {
    uint64_t body_hash;
    uint32_t seen; /* 0: free */
};

/* How often each body came. When the places of a hash are taken, the first is used again: that
 * body's count starts anew, and memory stays bounded. */
struct identity_table {
    struct identity_slot *slots; /* owned: IDENTITY_BODIES_MAX */
};

void identity_table_init(struct identity_table *table);
void identity_table_deinit(struct identity_table *table);
/* No body was seen. */
void identity_table_clear(struct identity_table *table);

struct identity {
    char *id; /* owned; mem_free(); or in the source's room */
    unsigned attempt;
};

struct identity_source {
    const char *request_id; /* the header; NULL when absent */
    const char *attempt;    /* the header; NULL when absent */
    const char *body;
    size_t body_length;
    char *room; /* of IDENTITY_ROOM bytes, for an id that fits; NULL: none */
};

struct identity identity_make(struct identity_table *table, const struct identity_source *source);

#endif
