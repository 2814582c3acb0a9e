#ifndef MOCK_FORECAST_H
#define MOCK_FORECAST_H
/* The answers to a forecast request: plausible, deterministic, and wrong in exactly one way when a
 * fault asks for it.
 *
 * Per series: level = last value, trend = a tenth of the mean step over the last 12, spread = the
 * mean absolute step over the last 32 (at least a thousandth of the level). The mean of step k is
 * level + k * trend; a quantile is mean + z * spread * sqrt(k), with z of the logistic distribution
 * that has the normal's 10 % and 90 % points. So quantiles never cross unless asked to. */

#include <stdint.h>

#include "base/buf.h"
#include "mock/ask.h"
#include "scenario/fault.h"

struct forecast_reply {
    enum answer_fault fault;
    uint64_t luck;       /* picks among a fault's forms, for example NaN or 1e999 */
    uint64_t latency_ns; /* told as the inference time */
};

/* The body of a 200. */
void forecast_write(struct buf *out, const struct ask *ask, const struct forecast_reply *reply);
/* The same in two parts, for a good answer: what the request alone decides, and the timing. */
void forecast_write_start(struct buf *out, const struct ask *ask);
void forecast_write_end(struct buf *out, enum ask_api api, bool stream, uint64_t latency_ns);
const char *forecast_content_type(bool stream, enum answer_fault fault);

/* {"detail": sentence}; NULL: the sentence tollama has for that status. */
void forecast_write_error(struct buf *out, unsigned status, const char *sentence);
/* The same with "hint", unless that is NULL. */
void forecast_write_error_hint(struct buf *out, unsigned status, const char *sentence,
                               const char *hint);

#endif
