#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H
/* The policy engine: every decision of the hardening guide for many calls at once, with no clock,
 * socket or chance of its own. Two drivers feed it: the runtime (libuv, libcurl) and the simulator
 * (a queue and a number).
 *
 *     for (;;) {
 *         obey(engine_step(engine, &input, now));     in the order given
 *         input = wait until the next event or engine_wakeup(engine)
 *     }                                               (a plain wake-up is ENGINE_TIMER)
 *
 * One call runs through the chain of guide 8:
 *
 *     REQUEST -> baseline only? ------------------------------------------------> BASELINE
 *             -> fresh in L1? -> ANSWER                                              ^
 *             -> another call asks for the same? -> FLIGHT -> ANSWER, or with it ----|
 *             -> L2_GET -> fresh in L2? -> STORE, ANSWER                             |
 *             -> refused for good lately? ---------------.                           |
 *             -> hold / breaker open / pool full? -------|                           | none
 *             -> ATTEMPT -> ok -> STORE, L2_PUT, ANSWER  v                           |
 *                  ^  '---> failed -> retry allowed? -> stale in L1 or L2? -> ANSWER |
 *                  |                        |        -> stale of its family? -> ANSWER '
 *                  '-- BACKOFF <----------- yes
 *
 * A retry starts only when the class is retryable, `retry_count` is not used up, and backoff +
 * min_attempt_budget_ns fits what is left of the deadline. A Retry-After is a lower bound of the
 * backoff; when it does not fit, no retry is made and later calls are held off the upstream until
 * it is over (at most retry_after_hold_cap_ns). No retry is waited for that falls into the open
 * time of the breaker, or for which the retry budget has no token.
 *
 * Single flight: a call whose key is being asked for (from the gate of the first attempt to the
 * last backoff) waits for that outcome, at most until its own deadline. Success answers it from the
 * slot that was just stored (SERVED_UPSTREAM, no attempt of its own); failure sends it into its
 * fallback with the same cause; an answer that could not be stored makes each ask for itself; and
 * when the asking client leaves, the first who waits asks. One failure upstream stays one for the
 * breaker.
 *
 * The second level is a cache that others share (Redis): asked once, when L1 has nothing fresh. A
 * body found there counts by its age as one of L1 does, and goes into L1 when it is served.
 *
 * Families (cache.families): each new market time is a new key, so after a failure the very request
 * is rarely in the cache. Then the latest entry of L1 that was stored for a request of the same
 * family_key is served, as long as it is held, and always as stale: it answers another request.
 *
 * Negative cache: a request that the upstream refused for good (classify_is_final()) gets no
 * attempts for negative_ttl_ns.
 *
 * The chain's gate (hold, breaker, pool) is the same before each attempt. When it refuses the first
 * one, the cause is the refusal; later it stays what became of the attempt before. A place in the
 * pool is held while an attempt runs, not during its backoff.
 *
 * An attempt has three phases, each with its own limit, each clipped to the deadline:
 *     connect (START_ATTEMPT .. ATTEMPT_CONNECTED), write (.. ATTEMPT_SENT; every progress report
 *     starts the limit anew), read (every byte received starts the limit anew).
 * When a limit passes, the engine cancels the attempt itself: CONNECT_TIMEOUT, WRITE_TIMEOUT or
 * READ_TIMEOUT when the phase's own limit is the shorter one, DEADLINE when it is not. A report of
 * a later phase also ends the earlier ones, so a driver may leave CONNECTED out.
 *
 * An input goes before a timer of the same instant.
 *
 * Bounds: one step causes at most ENGINE_ACTIONS_MAX actions. What can be more (waiters of a
 * flight, dropped cache entries, several timers of one instant) is spread over steps:
 * engine_wakeup() then returns a moment that is already over, and the driver simply steps again
 * with ENGINE_TIMER. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/backoff.h"
#include "core/breaker.h"
#include "core/cache.h"
#include "core/classify.h"
#include "core/pool.h"
#include "core/record.h"
#include "core/retry_budget.h"

struct engine_config {
    uint64_t seed;               /* of every keyed draw */
    uint32_t calls_max;          /* calls in flight at once; ids are 0 .. calls_max-1 */
    uint64_t connect_timeout_ns; /* each > 0 */
    uint64_t read_timeout_ns;
    uint64_t write_timeout_ns;
    uint64_t pool_timeout_ns;
    uint64_t request_deadline_ns;
    uint32_t retry_count; /* 0 .. ATTEMPTS_MAX-1 */
    struct backoff_config backoff;
    uint64_t min_attempt_budget_ns;
    uint64_t retry_after_hold_cap_ns; /* 0: never hold */
    struct pool_config pool;
    struct breaker_config breaker;
    struct cache_config cache;
    bool l2_enabled;             /* false: no ENGINE_L2_* action ever */
    uint64_t l2_timeout_ns;      /* > 0 when l2_enabled: longest wait for ENGINE_L2_DONE */
    bool single_flight;          /* one attempt chain per key at a time; needs the cache */
    uint64_t negative_ttl_ns;    /* 0: no negative cache */
    uint32_t negative_entries_max;
    struct retry_budget_config retry_budget;
};

enum engine_input_kind {
    ENGINE_TIMER,             /* nothing happened but time */
    ENGINE_REQUEST,           /* a validated request arrived: takes the free id `call` */
    ENGINE_CLIENT_GONE,       /* nobody waits for `call` any more; it ends with SERVED_NOBODY */
    ENGINE_ATTEMPT_CONNECTED, /* a connection is ready (at once when it is reused) */
    ENGINE_ATTEMPT_PROGRESS,  /* bytes of the request left, or bytes of the response came */
    ENGINE_ATTEMPT_SENT,      /* the request left completely */
    ENGINE_ATTEMPT_DONE,      /* the attempt ended by itself */
    ENGINE_BASELINE_DONE,     /* the answer to ENGINE_RUN_BASELINE */
    ENGINE_L2_DONE,           /* the answer to ENGINE_L2_GET */
};

struct engine_input {
    enum engine_input_kind kind;
    uint32_t call;
    /* ENGINE_REQUEST */
    uint64_t request_key;        /* hash_text(request id) */
    struct cache_key cache_key;
    bool has_family;             /* family_key is given; no use without cache.families */
    struct cache_key family_key; /* equal for requests that may be answered by each other's stale
                                  * forecasts; equal cache keys have equal ones */
    enum code baseline_only;     /* CODE_NONE: the full chain; else the INPUT_* cause for going
                                  * straight to the baseline */
    /* ENGINE_ATTEMPT_*: the attempt they belong to, 0-based; must be the call's current one */
    uint32_t attempt;
    /* ENGINE_ATTEMPT_DONE */
    enum outcome outcome;
    uint16_t http_status;        /* 0: no complete head */
    bool has_retry_after;
    uint64_t retry_after_ns;     /* from now */
    uint64_t body_bytes;         /* OUTCOME_OK, l2_hit: what the cached answer will weigh */
    /* ENGINE_BASELINE_DONE */
    bool baseline_ok;
    /* ENGINE_L2_DONE: false for a miss, an error, and anything that cannot be served */
    bool l2_hit;
    uint64_t age_ns;             /* l2_hit: how long ago the answer was made */
};

enum engine_action_kind {
    ENGINE_START_ATTEMPT,  /* start attempt `attempt` of `call`; everything ends at `deadline` */
    ENGINE_CANCEL_ATTEMPT, /* end it; no input of it may follow. `outcome` says why */
    ENGINE_RUN_BASELINE,   /* compute it now and step with ENGINE_BASELINE_DONE */
    ENGINE_STORE,          /* keep a body in `slot`, dropping what is there: the forecast that
                            * `call` got from the model, or with `tier` CACHE_TIER_L2 the body that
                            * its L2 lookup found */
    ENGINE_DROP,           /* free the body in `slot` */
    ENGINE_ANSWER,         /* answer `call` as engine_record() says; then its id is free */
    ENGINE_BREAKER,        /* the breaker moved: `transition` */
    ENGINE_L2_GET,         /* look the key of `call` up in the second level; keep what is found
                            * until the call's ENGINE_ANSWER, and report ENGINE_L2_DONE */
    ENGINE_L2_CANCEL,      /* stop that: no ENGINE_L2_DONE of it may follow */
    ENGINE_L2_PUT,         /* write the forecast that `call` got from the model to the second level;
                            * `slot` holds it too, or is CACHE_NO_SLOT. Nothing is reported */
};

struct engine_action {
    enum engine_action_kind kind;
    uint32_t call;
    uint32_t attempt;
    uint32_t slot;
    enum outcome outcome;
    enum cache_tier tier; /* ENGINE_STORE */
    instant_ns deadline;
    struct breaker_transition transition;
};

enum { ENGINE_ACTIONS_MAX = 8 };

struct engine_actions {
    uint32_t count;
    struct engine_action items[ENGINE_ACTIONS_MAX];
};

struct engine_stats {
    uint32_t calls;         /* in flight */
    uint32_t attempts;      /* in flight */
    uint32_t pool_waiting;
    uint32_t permits_out;
    uint32_t cache_entries;
    uint64_t cache_bytes;
    uint32_t flight_waiting;   /* calls that wait for the attempts of another */
    uint32_t negative_entries; /* held, some of them too old to count */
    uint64_t late_results;  /* breaker results of an older generation */
    enum breaker_state breaker;
    instant_ns held_until;  /* 0: no hold */
};

struct engine;

/* `config` is copied. All memory is taken here. */
struct engine *engine_create(const struct engine_config *config);
void engine_destroy(struct engine *engine);
/* Other settings from `now` on, for calls in flight too. Limits and waits that already run keep
 * their ends, a half-open breaker finishes with the probes it began with, a running cooldown or
 * hold keeps its length; what the breaker's window and the cache remember stays as far as it fits.
 * calls_max and cache.entries_max may not exceed what they were at create; what sized other memory,
 * and the seed, must be the same (asserted). Between steps only; look at engine_wakeup() again. */
void engine_reconfigure(struct engine *engine, const struct engine_config *config, instant_ns now);

/* The actions are the engine's and valid until the next step. `now` never goes back (asserted). */
const struct engine_actions *engine_step(struct engine *engine, const struct engine_input *input,
                                         instant_ns now);
/* When to step with ENGINE_TIMER at the latest; INSTANT_NEVER when only an event can change things;
 * a moment that is over when there is more to do at once. */
instant_ns engine_wakeup(const struct engine *engine);
/* The record of a call in flight, or of one answered in the latest step. Borrowed. */
const struct call_record *engine_record(const struct engine *engine, uint32_t call);
struct engine_stats engine_stats(const struct engine *engine);

#endif
