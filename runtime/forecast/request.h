#ifndef FORECAST_REQUEST_H
#define FORECAST_REQUEST_H
/* A forecast request as the caller sends it (docs/ARCHITECTURE.md names the contract): parsed,
 * checked, defaulted, routed and keyed. Foreign bytes: whatever they are, the result is a request
 * or one sentence that says what is wrong and where.
 *
 * Order of work, as the contract has it: validate; key for the cache; then the route:
 * fewer than 32 points -> INPUT_INSUFFICIENT_HISTORY, liquidity_bucket equal to the configured one
 * ("low", in capitals or not) -> INPUT_LOW_LIQUIDITY_BASELINE_ONLY, a gap over 60 minutes ->
 * INPUT_INSUFFICIENT_HISTORY with the warning gap_exceeds_limit; and all others when the
 * configuration says baseline_only -> BASELINE_FALLBACK; all four go straight to the baseline. The
 * gap is max_gap_minutes or what y_ts shows, whichever is larger.
 *
 * Example: {"market_id":"m1","as_of_ts":"2026-01-01T00:00:00Z","y":[0.5,0.52,...]} has freq 5m, 12
 * steps, quantiles 0.1 0.5 0.9, logit transform with eps 1e-6, model chronos. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/cache.h"
#include "core/taxonomy.h"

enum {
    FORECAST_POINTS_MIN = 2,
    FORECAST_POINTS_MAX = 20000,
    FORECAST_QUANTILES = 3, /* always 0.1, 0.5, 0.9 */
    FORECAST_NESTING_MAX = 32,
    FORECAST_TEXT_MAX = 256, /* bytes of market_id, model names and so on */
};

/* What is worth telling with an answer; bits of `warnings`. */
#define FORECAST_WARNING_LIST(X)                                                                   \
    X(WARNING_UNSUPPORTED_QUANTILES, "unsupported_quantiles_requested;using_default")              \
    X(WARNING_QUANTILE_CROSSING_FIXED, "quantile_crossing_fixed")                                  \
    X(WARNING_INTERVAL_MIN_WIDTH, "interval_min_width_enforced")                                   \
    X(WARNING_INTERVAL_MAX_WIDTH, "interval_max_width_clamped")                                    \
    X(WARNING_VALUE_CLIPPED, "values_clipped_to_unit_interval")                                    \
    X(WARNING_GAP_EXCEEDS_LIMIT, "gap_exceeds_limit;baseline_only")                                \
    X(WARNING_STALE_SERVED, "stale_if_error_served")                                               \
    X(WARNING_STALE_FAMILY, "stale_family_served")

enum forecast_warning {
#define WARNING_ENUM(name, text) name,
    FORECAST_WARNING_LIST(WARNING_ENUM)
#undef WARNING_ENUM
};

enum { FORECAST_WARNING_COUNT = WARNING_STALE_FAMILY + 1 };

const char *forecast_warning_text(enum forecast_warning warning);

enum transform_space { TRANSFORM_LOGIT, TRANSFORM_NONE };

/* Of a request that names no eps. */
#define FORECAST_EPS_DEFAULT 1e-6
enum baseline_kind { BASELINE_EWMA, BASELINE_KALMAN, BASELINE_ROLLING_QUANTILE };
enum upstream_api { UPSTREAM_V1, UPSTREAM_TIMESERIES };

struct forecast_config {
    uint32_t input_len_steps;                 /* last values sent upstream; 288 */
    uint32_t min_history_points;              /* fewer: baseline; 32 */
    uint32_t max_gap_minutes;                 /* larger: baseline; 60 */
    uint32_t horizon_max;                     /* horizon_steps over it: refused */
    char baseline_only_liquidity_bucket[256]; /* "low"; empty: none */
    char default_model[256];                  /* "chronos" */
    char default_model_version[256];          /* may be empty */
    int upstream_api;                         /* enum upstream_api */
    int baseline;                             /* enum baseline_kind */
    bool baseline_only;                       /* every request: baseline */
};

struct forecast_request {
    const char *market_id; /* texts are borrowed from the arena, defaults from the config */
    const char *as_of_ts;
    const char *freq;
    uint32_t freq_minutes;
    uint32_t horizon;
    const double *y; /* all values as sent, finite; borrowed from the arena */
    uint32_t y_count;
    uint32_t input_len;   /* how many of the last values are used: at most input_len_steps */
    const int64_t *y_ts;  /* seconds since 1970 UTC, y_count of them; NULL: not given */
    int64_t as_of_unix_s; /* parsed as_of_ts, seconds since 1970 UTC */
    enum transform_space transform;
    double eps;                /* 0 < eps < 0.5 */
    const char *model_name;    /* what to ask the upstream for */
    const char *model_version; /* NULL: none */
    const char *x_past;        /* canonical JSON text of the object, NULL when absent or {}; of an
                                * array as long as y only the last input_len values, as of y */
    const char *x_future;      /* the same, never shortened */
    const char *params;        /* canonical JSON text of model.params, NULL when absent or {} */
    const char *liquidity_bucket; /* NULL: none */
    uint32_t warnings;            /* bits 1u << enum forecast_warning */
    enum code baseline_only;      /* the route: CODE_NONE is the full chain */
    struct cache_key key; /* SHA-256 of the canonical form: member order and white space of the
                           * caller's JSON do not change it */
    struct cache_key family_key; /* zeros until forecast_request_make_family() */
};

/* Fills `out`; everything it points to lives in `arena`. ERR_SYNTAX (not JSON, nested too deeply)
 * or ERR_INVALID (a field breaks a rule): `note->sentence` is for the caller to read, names the
 * field and what is allowed, for example `y has 20001 values; allowed: 2 to 20000`. Members that
 * the contract does not know are refused with did-you-mean. Never crashes on any bytes. */
MUST_USE enum err forecast_request_parse(const char *body, size_t length,
                                         const struct forecast_config *config, struct arena *arena,
                                         struct forecast_request *out, struct err_note *note);

/* Fills request->family_key, which is the same for requests that differ only in what changes from
 * one asking to the next: SHA-256 over market_id, freq, horizon, transform and its eps, and the
 * model's name, version and params. The quantiles are always the same; not in it are as_of_ts, y,
 * y_ts, x_past, x_future and liquidity_bucket. */
void forecast_request_make_family(struct forecast_request *request);

/* Gives back what parsing keeps for the life of a thread: the last call of a thread that has parsed
 * requests and ends before the process does. */
void forecast_thread_end(void);

#endif
