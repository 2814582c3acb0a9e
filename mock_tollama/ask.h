#ifndef MOCK_ASK_H
#define MOCK_ASK_H
/* What a forecast request asks for: parsed from foreign bytes and checked as tollama checks it.
 * Everything wrong becomes one sentence for the 400 answer's "detail". */

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "mock/registry.h"

enum ask_api {
    ASK_V1,         /* POST /v1/forecast: one JSON document */
    ASK_OLLAMA,     /* POST /api/forecast: NDJSON lines unless "stream" is false */
    ASK_TIMESERIES, /* POST /v1/timeseries/forecast: the older shape, one series of plain numbers */
};

enum {
    ASK_VALUES_MAX = 1000000, /* forecast values in one answer; more is refused */
    ASK_RECENT_MAX = 33,      /* of a series, what a forecast looks at */
    ASK_LENT_BYTES = 1024,    /* enough for what is kept of a request with one series */
};

struct ask_series {
    const char *id;                    /* texts are borrowed from the ask */
    const char *freq;                  /* "auto" when not given */
    const char *before_last_timestamp; /* NULL: none */
    const char *last_timestamp;        /* NULL: none (the older shape) */
    size_t count;                      /* of the target's values; >= 1 */
    const double *recent;              /* the last of them, finite */
    size_t recent_count;               /* ASK_RECENT_MAX, or all there are */
};

struct ask {
    enum ask_api api;
    bool stream; /* ASK_OLLAMA */
    const char *model;
    const char *model_version; /* ASK_TIMESERIES; NULL: none */
    size_t horizon;            /* >= 1 */
    const double *quantiles;   /* rising, each in (0,1) */
    size_t quantile_count;     /* may be 0 */
    const struct ask_series *series;
    size_t series_count; /* >= 1 */
    struct keep_alive keep_alive;
    cJSON *document;     /* in the arena */
    struct arena arena;  /* owned; it may begin in `lent`, so an ask stays where it was read */
    _Alignas(16) unsigned char lent[ASK_LENT_BYTES]; /* last: not cleared */
};

/* Fills `out`; release it with ask_deinit(), also after a failure. ERR_SYNTAX: not JSON;
 * ERR_INVALID: breaks a rule. Never crashes on any bytes. */
MUST_USE enum err ask_parse(enum ask_api api, const char *body, size_t length, struct ask *out,
                            struct err_note *note);
/* The same; the common kind of request takes a shorter way (mock/ask_scan.h). */
MUST_USE enum err ask_read(enum ask_api api, const char *body, size_t length, struct ask *out,
                           struct err_note *note);
/* Empty, and nothing to release. */
void ask_init(struct ask *ask, enum ask_api api);
void ask_deinit(struct ask *ask);

#endif
