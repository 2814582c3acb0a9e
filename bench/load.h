#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H
/* A load generator on one epoll descriptor: keep-alive connections, one request at a time on each.
 *
 * Closed loop (period_ns 0): each connection sends again as soon as it has its answer.
 * Paced: request n is sent at
 * (n / connections) * period + (n % connections) * spread / connections, on connection
 * n % connections, and its latency counts from that moment. One connection with a period of 2 ms is
 * 500 requests/s; 1,000 with a spread of 50 ms and a period of 250 ms are a wave
 * of 1,000 requests in flight every quarter of a second. */

#include <stdint.h>

#include "request.h"

struct load_config {
    const char *host; /* IPv4 */
    uint16_t port;
    const char *path;
    enum request_shape shape;
    uint32_t connections;
    uint32_t keys;         /* request n asks for key n % keys */
    uint64_t requests_max; /* 0: no limit but the duration */
    uint64_t duration_ns;
    uint64_t period_ns;
    uint64_t spread_ns;
    const char *expect; /* an answer without this text is an error; NULL: any 200 is good */
};

struct load_result {
    uint64_t requests; /* answered with 200 and the expected text */
    uint64_t errors;   /* any other end */
    uint64_t elapsed_ns;
    uint64_t body_bytes;    /* of the last good answer */
    uint32_t *latency_us10; /* owned: tenths of a microsecond, sorted; `requests` of them */
};

/* Runs the whole load; ends the program with a sentence when it cannot connect. */
void load_run(const struct load_config *config, struct load_result *out);
void load_result_deinit(struct load_result *result);
/* Nearest rank, in microseconds; `ppm` 500000 is the median. 0 without a request. */
double load_quantile_us(const struct load_result *result, uint32_t ppm);

#endif
