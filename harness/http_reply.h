#ifndef HARNESS_HTTP_REPLY_H
#define HARNESS_HTTP_REPLY_H
/* Reads one HTTP/1.1 answer as its bytes come in, for the load generator alone. Foreign bytes: what
 * it cannot make sense of is REPLY_BROKEN.
 *
 *     struct http_reply reply = { .scanned = 0 };
 *     receive more behind bytes[length]; http_reply_read(&reply, bytes, length) until not
 * REPLY_MORE REPLY_COMPLETE: reply.status, bytes + reply.body_at, reply.body_length
 *
 * `bytes` are all that came since the answer began; they may have moved in memory between calls. A
 * chunked body is put together in place, so the bytes are changed. Taken: Content-Length, chunked,
 * and a body that ends with the connection; 1xx answers before the real one are passed over. */

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_REPLY_HEAD_BYTES_MAX = 64 * 1024 };

enum http_reply_state { REPLY_MORE, REPLY_COMPLETE, REPLY_BROKEN };

enum http_reply_body {
    REPLY_HEAD,    /* the head is not complete */
    REPLY_COUNTED, /* body_length bytes */
    REPLY_CHUNKED,
    REPLY_UNTIL_CLOSE,
};

struct http_reply {
    size_t head_at; /* where the head begins, behind 1xx ones */
    size_t scanned; /* no end of the head before this */
    enum http_reply_body body;
    unsigned status; /* 100 .. 999 */
    bool close;      /* the connection is not to be used again */
    size_t body_at;
    size_t body_length; /* chunked, until close: so far */
    size_t chunk_at;    /* where the next chunk's size line begins */
    size_t used;        /* REPLY_COMPLETE: bytes of this answer; what follows nobody asked for */
};

enum http_reply_state http_reply_read(struct http_reply *reply, char *bytes, size_t length);
/* The connection was closed behind `length` bytes: REPLY_COMPLETE or REPLY_BROKEN. */
enum http_reply_state http_reply_end(struct http_reply *reply, size_t length);

#endif
