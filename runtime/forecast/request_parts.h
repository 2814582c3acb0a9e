#ifndef FORECAST_REQUEST_PARTS_H
#define FORECAST_REQUEST_PARTS_H
/* The pieces of forecast_request_parse(): request.c reads the plain fields and decides the route,
 * request_options.c what has parts, request_series.c the arrays; request_key.c makes the cache key.
 * Used by these four only. */

#include "forecast/document.h"
#include "forecast/request.h"

struct request_reader {
    const cJSON *root;                    /* the body, an object; borrowed */
    const struct forecast_config *config; /* borrowed */
    struct arena *arena;                  /* borrowed */
    struct forecast_request *out;         /* borrowed */
    struct err_note *note;                /* borrowed; may be NULL */
    uint64_t gap_minutes;                 /* the largest known gap in y; 0: none known */
    const char *x_past_whole;             /* canonical, not shortened: for the key */
};

/* A note with ERR_INVALID, which it returns. */
enum err request_refuse(const struct request_reader *reader, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* A member of the body; NULL when it is absent. */
const cJSON *request_member(const struct request_reader *reader, const char *name);
/* The same for members whose default is "none": null counts as absent too. */
const cJSON *request_optional(const struct request_reader *reader, const char *name);

/* A note at the first member of `object` that is not `allowed`, with did-you-mean; `where`
 * completes "unknown member ... in %s". */
MUST_USE enum err request_check_members(const struct request_reader *reader, const cJSON *object,
                                        const char *where, const char *const *allowed,
                                        size_t count);
/* A string of 1 to FORECAST_TEXT_MAX bytes, copied into the arena; NULL for `item` is refused as
 * missing. */
MUST_USE enum err request_take_text(const struct request_reader *reader, const cJSON *item,
                                    const char *name, const char **out);

/* quantiles, transform, model. */
MUST_USE enum err request_read_options(struct request_reader *reader);
/* y, y_ts, max_gap_minutes, x_past, x_future. freq must have been read. */
MUST_USE enum err request_read_series(struct request_reader *reader);

/* Fills out->key from everything that decides the answer. */
void request_make_key(const struct request_reader *reader);

#endif
