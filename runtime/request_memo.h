#ifndef RUNTIME_REQUEST_MEMO_H
#define RUNTIME_REQUEST_MEMO_H
/* The same bytes are the same request: callers who ask again, within the cache's life, send the
 * body they sent before, and reading and keying it again would cost more than the rest of a cache
 * hit. Bodies are compared byte by byte; the least recently used go first.
 *
 * Where questions do not repeat, copies of them would only go through memory that no cache holds:
 * bodies are kept from the second time on.
 *
 *     entry = request_memo_find(memo, config, body, length);
 *     NULL:  forecast_request_parse(), then, if request_memo_met(memo, body, length),
 *            request_memo_add(memo, body, length, &request)
 *     else:  entry->request, until memo_entry_release(entry)
 *
 * What a body means depends on the configuration too: another one empties the memo. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forecast/request.h"

struct memo_entry {
    struct forecast_request request; /* all it points to lives in this entry */
    uint32_t references;
    uint64_t hash;
    size_t bytes; /* of this entry, all told */
    const char *body;
    size_t body_length;
    struct memo_entry *chain; /* the next of the bucket */
    struct memo_entry *newer; /* by last use */
    struct memo_entry *older;
};

struct request_memo {
    uint64_t seed;
    size_t bytes_max;
    size_t bytes;
    struct forecast_config config; /* what the entries were read with */
    struct memo_entry **buckets;   /* owned */
    struct memo_entry *newest;
    struct memo_entry *oldest;
    uint64_t *met; /* owned: hashes of bodies that came, the latest of each place */
};

/* `bytes_max` 0: it never keeps anything. `seed`: so that nobody can choose colliding bodies. */
void request_memo_init(struct request_memo *memo, size_t bytes_max, uint64_t seed);
/* Entries that are still referenced live on. */
void request_memo_deinit(struct request_memo *memo);

/* A reference for the caller, or NULL. */
struct memo_entry *request_memo_find(struct request_memo *memo,
                                     const struct forecast_config *config, const char *body,
                                     size_t length);
/* Whether this body came before, as far as is known: the latest thousands are. Remembers it. */
bool request_memo_met(struct request_memo *memo, const char *body, size_t length);
/* Keeps a copy of `body`, which must not be there yet, and of `request`, which it was read to with
 * the configuration of the last find. */
void request_memo_add(struct request_memo *memo, const char *body, size_t length,
                      const struct forecast_request *request);
/* Accepts NULL. */
void memo_entry_release(struct memo_entry *entry);

#endif
