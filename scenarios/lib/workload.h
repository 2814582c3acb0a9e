#ifndef SCENARIO_WORKLOAD_H
#define SCENARIO_WORKLOAD_H
/* One workload: when its requests are sent, which of its distinct requests each one is, how their
 * client behaves, and the bytes of each.
 *
 *     - name: browsers                 # optional: letters, digits, '-'
 *       # open loops, sent whatever came of the others:
 *       arrival: { poisson: 40/s }
 *       #        { constant: 40/s }
 *       #        { burst: { size: 50, every: 5s, spread: 200ms } }
 *       #        { ramp: { from: 10/s, to: 80/s } }             # over the workload's window
 *       # closed loops, which wait for their answers:
 *       #        { closed: { clients: 16, think: 100ms } }
 *       #        { cycle: { top: 50, every: 60s, concurrency: 8 } }
 *       keys: { count: 50, zipf: 0.9 }
 *       request: { y_len: 288, horizon_steps: 12, liquidity_bucket: high, market: btc,
 *                  model: chronos, max_gap_minutes: 10, gap: 90m, values: extreme, bad: not_json }
 *       mix:                             # several kinds of request
 *         - { share: 70% }               # what is not said is as in `request`
 *         - { share: 10%, request: { y_len: 10 } }
 *         - { request: { bad: missing_y } } # without a share: what the others leave
 *       client: { hang_up: 5%, after: 50ms, slow_upload: 2%, over: 200ms }
 *       from: 0s
 *       to: 60s
 *
 * A closed loop waits for its answers, so it slows down when the service does, and its latencies
 * leave out the requests that a real crowd would have sent meanwhile (coordinated omission): it
 * shows what a few patient clients see, not what the public does.
 *
 * A cycle asks for the `top` most popular keys, at most `concurrency` at once, every `every`. Its
 * time counts from when it is due to its last answer. One that is due while the one before still
 * runs begins when that ends, and the wait counts. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    WORKLOAD_MIX_MAX = 16,
    WORKLOAD_MARKET_MAX = 192,    /* of a market_id, with its NUL */
    WORKLOAD_CLIENTS_MAX = 10000, /* of a closed loop, and the concurrency of a cycle */
};

enum arrival_kind {
    ARRIVAL_CONSTANT,
    ARRIVAL_POISSON,
    ARRIVAL_BURST,
    ARRIVAL_RAMP,
    ARRIVAL_CLOSED,
    ARRIVAL_CYCLE,
};

/* What is wrong with a request. All but BAD_NOTHING are refused with 400 and INPUT_INVALID. */
enum bad_request {
    BAD_NOTHING,
    BAD_NOT_JSON, /* cut off in the middle */
    BAD_EMPTY,    /* no body at all */
    BAD_MISSING_Y,
    BAD_NAN,        /* y holds the word NaN */
    BAD_WRONG_TYPE, /* y is a text */
    BAD_TOO_SHORT,  /* y has one value */
    BAD_TOO_LONG,   /* y has 20,001 values */
    BAD_FREQ,
    BAD_HORIZON, /* horizon_steps 0 */
    BAD_UNKNOWN_FIELD,
    BAD_COUNT,
};

/* "not_json", NULL-terminated, by enum bad_request; "nothing" is BAD_NOTHING. */
extern const char *const bad_request_names[];

/* "plausible", "extreme", NULL. Extreme values are valid: finite, in transform "none", and so far
 * apart that their spread is not finite. No EWMA and no KALMAN can be made of them. */
extern const char *const request_values_names[];

/* One entry of a mix; a workload without one has a single entry. */
struct request_shape {
    uint32_t share_ppm; /* of the workload's requests; all together 1,000,000 */
    uint32_t y_len;
    uint32_t horizon_steps;
    const char *liquidity_bucket; /* NULL: none; texts live in the scenario's arena */
    const char *market;           /* market ids are "<market>-m<key>"; NULL: "w<workload>-m<key>" */
    const char *model;            /* model_name; NULL: none is sent */
    bool has_max_gap;
    uint32_t max_gap_minutes; /* sent as such */
    uint32_t gap_minutes;     /* y_ts is sent, with one gap this long; 0: no y_ts */
    bool extreme; /* see request_values_names */
    enum bad_request bad;
};

/* What becomes of a request on its way: at most one of these, by a keyed draw. */
enum client_manner {
    CLIENT_STEADY,
    CLIENT_HANGS_UP, /* closes its connection client.after_ns after it sent, when unanswered */
    CLIENT_SLOW,     /* its body goes out in pieces over client.over_ns */
};

struct client_faults {
    uint32_t hang_up_ppm;
    uint64_t after_ns;
    uint32_t slow_ppm;
    uint64_t over_ns;
};

struct workload {
    const char *name; /* NULL: none */
    enum arrival_kind arrival;
    uint64_t rate_micro_per_s;    /* constant, poisson: > 0; ramp: at its begin, may be 0 */
    uint64_t rate_to_micro_per_s; /* ramp: at its end, may be 0, but not both */
    uint64_t every_ns;            /* burst, cycle: > 0 */
    uint64_t spread_ns;           /* burst: its requests are spread over this, <= every_ns */
    uint64_t think_ns;            /* closed: > 0 */
    uint32_t size;                /* burst: requests; closed: clients; cycle: top; each >= 1 */
    uint32_t concurrency;         /* cycle: >= 1, <= size */
    uint64_t from_ns, to_ns;      /* offsets from the scenario's start, from < to */
    uint32_t key_count;           /* distinct requests, >= 1: those of each shape after another */
    uint32_t zipf_permille;       /* exponent * 1000; 0: uniform */
    const struct request_shape *shapes;
    uint32_t shape_count;
    struct client_faults client;
};

/* Keys that arrivals choose from; each is a distinct request in every shape. */
uint32_t workload_market_count(const struct workload *workload);
/* The shape of a distinct request. */
const struct request_shape *workload_shape(const struct workload *workload, uint32_t key);
/* True when the run itself decides when a request is sent: a closed loop, a cycle. */
bool workload_is_paced(const struct workload *workload);
/* How many lanes such a workload has (clients, or the concurrency of a cycle), and how many
 * requests it sends at most. 0 for others. */
uint32_t workload_lanes(const struct workload *workload);
uint64_t workload_paced_requests(const struct workload *workload);

struct scenario;

/* The market_id of a distinct request, cut to `size`. Returns `out`. */
const char *workload_market_name(const struct scenario *scenario, uint32_t workload, uint32_t key,
                                 char *out, size_t size);

/* The body of POST /tsfm/forecast for one distinct request of a workload: deterministic, with
 * market id "<market>-m<key>", a fixed as_of_ts, and y_len plausible values in (0,1). A market has
 * the same values in every shape. */
void workload_write_request(struct buf *out, const struct scenario *scenario, uint32_t workload,
                            uint32_t key);

#endif
