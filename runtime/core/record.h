#ifndef CORE_RECORD_H
#define CORE_RECORD_H
/* What is known of one call when it is answered: enough for `meta`, the logs, the metrics and the
 * harness. Filled by the engine only. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/breaker.h"
#include "core/cache.h"
#include "core/classify.h"
#include "core/taxonomy.h"

enum {
    ATTEMPTS_MAX = 11, /* retry_count is at most 10 */
    PATH_WORDS_MAX = 64,     /* at most 5 words per attempt and 8 around them */
};

enum served {
    SERVED_NOBODY,   /* the client went away: no answer was owed */
    SERVED_CACHE,    /* fresh entry */
    SERVED_UPSTREAM, /* the model's forecast, just made */
    SERVED_STALE,
    SERVED_BASELINE,
    SERVED_ERROR,
};

enum { SERVED_COUNT = SERVED_ERROR + 1 };

/* Where the body of a cached answer comes from. */
enum cache_tier {
    CACHE_TIER_NONE, /* nothing cached was served */
    CACHE_TIER_L1,   /* this process: the body lies in `cache_slot` */
    CACHE_TIER_L2,   /* the second level: the driver holds the body since ENGINE_L2_DONE */
};

/* One word of `meta.path`. PATH_ATTEMPT carries the attempt's outcome. */
#define PATH_LIST(X)                                                                               \
    X(PATH_INPUT_BASELINE_ONLY, "input:baseline_only")                                             \
    X(PATH_L1_FRESH, "l1:fresh")                                                                   \
    X(PATH_L1_STALE, "l1:stale")                                                                   \
    X(PATH_L1_MISS, "l1:miss")                                                                     \
    X(PATH_L1_FILLED, "l1:filled")                                                                 \
    X(PATH_L2_FRESH, "l2:fresh")                                                                   \
    X(PATH_L2_STALE, "l2:stale")                                                                   \
    X(PATH_L2_MISS, "l2:miss")                                                                     \
    X(PATH_L2_TIMEOUT, "l2:timeout")                                                               \
    X(PATH_NEGATIVE_HIT, "negative:hit")                                                           \
    X(PATH_FLIGHT_JOINED, "flight:joined")                                                         \
    X(PATH_FLIGHT_OK, "flight:ok")                                                                 \
    X(PATH_FLIGHT_FAILED, "flight:failed")                                                         \
    X(PATH_HOLD, "hold")                                                                           \
    X(PATH_BREAKER_CLOSED, "breaker:closed")                                                       \
    X(PATH_BREAKER_OPEN, "breaker:open")                                                           \
    X(PATH_BREAKER_PROBE, "breaker:probe")                                                         \
    X(PATH_BREAKER_PROBES_OUT, "breaker:half_open")                                                \
    X(PATH_POOL_WAIT, "pool:wait")                                                                 \
    X(PATH_POOL_FULL, "pool:full")                                                                 \
    X(PATH_POOL_TIMEOUT, "pool:timeout")                                                           \
    X(PATH_ATTEMPT, "attempt:")                                                                    \
    X(PATH_RETRY_BUDGET, "retry:budget")                                                           \
    X(PATH_STALE_HIT, "stale:hit")                                                                 \
    X(PATH_STALE_L2, "stale:l2")                                                                   \
    X(PATH_STALE_FAMILY, "stale:family")                                                           \
    X(PATH_STALE_MISS, "stale:miss")                                                               \
    X(PATH_BASELINE_OK, "baseline:ok")                                                             \
    X(PATH_BASELINE_FAILED, "baseline:failed")

enum path_step {
#define PATH_ENUM(name, text) name,
    PATH_LIST(PATH_ENUM)
#undef PATH_ENUM
};

struct path_entry {
    uint8_t step;    /* enum path_step */
    uint8_t outcome; /* enum outcome, PATH_ATTEMPT only */
};

struct attempt_record {
    enum outcome outcome;
    uint16_t http_status;  /* 0: no complete head was received */
    instant_ns started;
    uint64_t backoff_ns;   /* waited before it; 0 for the first */
    uint64_t latency_ns;   /* from start to result */
};

struct call_record {
    uint64_t request_key;  /* hash of the request id: subject of every keyed draw */
    instant_ns arrived;
    instant_ns deadline;   /* arrived + request_deadline */
    instant_ns finished;
    enum served served;
    enum code code;
    enum code cause;
    enum cache_state cache_state; /* of what was served, or CACHE_MISS */
    enum cache_tier cache_tier;   /* of what was served */
    uint32_t cache_slot;          /* the body's slot when served from L1 or stored there; for
                                   * SERVED_UPSTREAM of a call that made no attempt itself, the
                                   * slot in which the forecast of another call lies */
    uint64_t age_ns;              /* of what was served */
    bool stale_family;            /* SERVED_STALE: it is the forecast of another request of the
                                   * same family, with that one's as_of_ts */
    uint64_t pool_wait_ns;        /* waited for a place in the pool, over all attempts */
    enum breaker_state breaker;   /* when answered */
    uint8_t attempt_count;
    uint8_t path_count;
    struct attempt_record attempts[ATTEMPTS_MAX];
    struct path_entry path[PATH_WORDS_MAX];
};

const char *served_name(enum served served); /* "upstream" */
bool served_parse(const char *name, enum served *out);

const char *cache_tier_name(enum cache_tier tier); /* "none", "l1", "l2" */

/* "attempt:RUNTIME_5XX" (its taxonomy code; "attempt:ok" for a success), "stale:hit"; borrowed,
 * static. */
const char *path_entry_name(struct path_entry entry);
/* The inverse; the outcome is some outcome of that code. */
bool path_entry_parse(const char *name, struct path_entry *out);

#endif
