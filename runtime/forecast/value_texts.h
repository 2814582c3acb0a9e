#ifndef FORECAST_VALUE_TEXTS_H
#define FORECAST_VALUE_TEXTS_H
/* The texts of values in the model's space, kept: a market's history comes again with each
 * request, moved on by a value, and prices have few distinct values, so nearly every number of a
 * request was written before. A logarithm and a shortest decimal cost some hundred nanoseconds, a
 * look here ten.
 *
 * A value has two places, by its bits, in one cache line; the older of two others there is driven
 * out. It is kept for one transform, the usual one; others are written anew each time. A text is
 * always the one that transform_forward() and decimal_write() give: without the table (NULL) the
 * same bytes are written. */

#include <stddef.h>
#include <stdint.h>

#include "forecast/request.h"

enum {
    VALUE_TEXTS_DEFAULT = 65536, /* places: 2 MiB */
    VALUE_TEXTS_WAYS = 2,
    VALUE_TEXT_MAX = 23,         /* longer ones are rare and not kept */
};

/* Half a cache line. */
struct value_text {
    uint64_t bits; /* of the value as the caller sent it */
    char text[VALUE_TEXT_MAX];
    uint8_t length; /* 0: nothing is kept here */
};

struct value_texts {
    struct value_text *places; /* owned: VALUE_TEXTS_WAYS for each line, the newer first */
    unsigned bits;             /* 2^bits lines */
    enum transform_space space;
    double eps;
};

/* `places` is rounded up to a power of two. */
void value_texts_init(struct value_texts *texts, size_t places, enum transform_space space,
                      double eps);
void value_texts_deinit(struct value_texts *texts);

/* Writes the texts of transform_forward(space, eps, value) for each of `count` values with commas
 * between: at most DECIMAL_TEXT_MAX + 1 bytes for each. Returns how many. `texts` may be NULL. */
size_t value_texts_write(struct value_texts *texts, const struct forecast_request *request,
                         const double *values, size_t count, char *out);

#endif
