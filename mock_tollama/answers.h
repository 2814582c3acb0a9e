#ifndef MOCK_ANSWERS_H
#define MOCK_ANSWERS_H
/* A forecast is a function of its request: the same bytes get the same numbers. So the answers to
 * bodies that came before are kept, without their timing, and such a request is neither read nor
 * forecast again. Bodies are looked up by a sample of their bytes and compared byte by byte. A body
 * is kept when it comes a third time: of the first only the hash of the sample is remembered, of
 * the second that of all bytes. So a body that comes once, as most do, costs a look at an eighth of
 * it. The least recently used go first.
 *
 *     known = answers_find(&answers, api, body, length);
 *     known != NULL:  its parts, until the next answers_add()
 *     else:           ask_read(), forecast_write(); answers_add(&answers, &part) */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mock/ask.h"

enum {
    ANSWERS_BYTES_MAX = 4 * 1024 * 1024,
    ANSWERS_BODY_BYTES_MAX = 64 * 1024, /* longer ones are not kept */
    ANSWERS_BUCKETS = 1024,
    ANSWERS_SEEN = 8192,
};

struct answer {
    enum ask_api api;
    bool stream;
    const char *model;
    const char *market; /* the first series' id */
    struct keep_alive keep_alive;
    const char *body; /* the request's */
    size_t body_length;
    const char *text; /* forecast_write_start() */
    size_t text_length;

    uint64_t hash;        /* of the sample */
    size_t bytes;         /* of this entry, all told */
    struct answer *chain; /* the next of the bucket */
    struct answer *newer; /* by last use */
    struct answer *older;
};

struct answer_seen {
    uint64_t sample; /* the hash of the sample */
    uint64_t whole;  /* and of the latest body with it; 0: there was one only */
};

struct answers {
    struct answer **buckets; /* owned: ANSWERS_BUCKETS */
    struct answer_seen *seen; /* owned: ANSWERS_SEEN */
    struct answer *newest, *oldest;
    size_t bytes;
    uint64_t hash; /* of the latest find's sample */
    bool again;    /* its body came before */
};

void answers_init(struct answers *answers);
void answers_deinit(struct answers *answers);

const struct answer *answers_find(struct answers *answers, enum ask_api api, const char *body,
                                  size_t length);
/* For the body of the latest find, which found nothing. Copies what it keeps. */
void answers_add(struct answers *answers, const struct answer *answer);

#endif
