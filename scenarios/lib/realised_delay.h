#ifndef SCENARIO_REALISED_DELAY_H
#define SCENARIO_REALISED_DELAY_H
/* What was realised of the delays that a scenario asks for: of its latency, and of each fault that
 * delays. Three things are told apart:
 *
 *   asked     the quantiles of the distribution in the file
 *   realised  what the attempts met, with the interval that holds for any distribution (95 %)
 *   late      how much later than drawn each came: what the machine added
 *
 * What was drawn is judged by its counts around each asked quantile, by the exact binomial
 * distribution, at one in a million on each side:
 *
 *     latency { p50: 40ms, p99: 220ms }, 1000 attempts: 493 drew at most 40 ms, believable are
 *     424 to 576, so the p50 is as asked
 *
 * An attempt whose client left before counts with what was drawn. One for which several delays
 * fired counts for the latency alone: what each of them drew cannot be told. Not judged: delays on
 * a ramp (`ramp_delay`), whose distribution moves. 34 KiB for each delay of the scenario. */

#include "base/buf.h"
#include "scenario/delay_sketch.h"
#include "scenario/plan.h"

enum { REALISED_QUANTILES = 3 };

struct realised_delays;

/* `scenario` is borrowed. Never NULL. */
struct realised_delays *realised_delays_create(const struct scenario *scenario);
/* Accepts NULL. */
void realised_delays_destroy(struct realised_delays *delays);
void realised_delays_reset(struct realised_delays *delays);

/* One attempt, when it is over. */
struct realised_wait {
    const struct reply_plan *plan; /* of a phase of that scenario, or of none */
    uint64_t above_ns;      /* of its first step's time: what a real server took, in proxy mode */
    bool begun;             /* its first step was made */
    uint64_t late_ns;       /* so much later than planned */
    bool pauses_known;      /* the next is */
    uint64_t pause_late_ns; /* a later step was at most so much later */
};
void realised_delays_add(struct realised_delays *delays, const struct realised_wait *wait);

struct realised_delay {
    const struct phase *phase; /* NULL: the scenario's latency */
    const struct fault *fault;
    const char *text; /* of the asked distribution */
    bool judged;
    uint64_t count;
    struct realised_quantile {
        uint32_t ppm; /* 500000, 900000, 990000 */
        uint64_t asked_ns;
        uint64_t realised_ns, low_ns, high_ns; /* high: UINT64_MAX: not bounded by so few */
        uint64_t below, up_to; /* that were drawn: less than asked_ns, and not more */
        uint64_t least, most;  /* believable: up_to >= least, below <= most */
    } quantiles[REALISED_QUANTILES];
    uint64_t asked_max_ns, realised_max_ns;
    uint64_t late_p50_ns, late_p99_ns, late_max_ns;
};

/* The latency first, then the faults in the file's order. */
size_t realised_delays_count(const struct realised_delays *delays);
struct realised_delay realised_delay_of(const struct realised_delays *delays, size_t index);
/* False: it is not what was asked for; `quantile` (may be NULL) then is where. */
bool realised_delay_as_asked(const struct realised_delay *delay, size_t *quantile);

/* "latency { p50: 40ms, p99: 220ms }: 1000 attempts; p50 40.2ms (95% interval 38ms to 42ms), asked
 * 40ms; ...; late p50 0.1ms, p99 0.4ms, max 1.2ms" */
void realised_delay_write(struct buf *out, const struct realised_delay *delay);
/* A line for each that an attempt met. */
void realised_delays_write_all(struct buf *out, const struct realised_delays *delays);
/* The same as a JSON array: "text", "phase", "fault", "attempts", "quantiles": [{"ppm",
 * "asked_ns", "realised_ns", "low_ns", "high_ns"}], "asked_max_ns", "realised_max_ns",
 * "late_p50_ns", "late_p99_ns", "late_max_ns", "judged", "as_asked". */
void realised_delays_write_json(struct buf *out, const struct realised_delays *delays);

#endif
