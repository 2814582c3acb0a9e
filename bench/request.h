#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H
/* The HTTP requests of the benches: a POST of one of 50 markets, whose history of 288 values moves
 * on by one with every 50th key, as a market's does from one asking to the next. Making one is two
 * copies.
 *
 *     struct request request = { 0 };
 *     request_make(&request, REQUEST_TSFM, "127.0.0.1:8080", "/tsfm/forecast");
 *     request_set_key(&request, 17);            "market_id":"bench-00000017" */

#include <stdint.h>

#include "base/buf.h"

enum request_shape {
    REQUEST_TSFM,    /* POST /tsfm/forecast: 288 values, about 2.6 KB */
    REQUEST_TOLLAMA, /* POST /v1/forecast as the runtime sends it: 288 values and times */
};

struct request {
    struct buf bytes;  /* owned: head and body */
    size_t key_offset;    /* of the 8 digits */
    size_t values_offset; /* of the first of the 288 values */
};

void request_make(struct request *out, enum request_shape shape, const char *host,
                  const char *path);
void request_set_key(struct request *request, uint32_t key);
void request_deinit(struct request *request);

#endif
