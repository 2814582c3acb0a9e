#ifndef CORE_ENGINE_INTERNAL_H
#define CORE_ENGINE_INTERNAL_H
/* What the parts of the engine share; nobody else includes this.
 *
 *     engine.c          steps, wake-ups, memory: which input goes where
 *     engine_call.c     one call from request to answer: the chain around the attempts
 *     engine_lookup.c   between L1 and the attempts: the second level, the negative cache
 *     engine_flight.c   single flight: waiting for the attempts of another call
 *     engine_attempt.c  one attempt: the gate before it, its phases, how it ends, what follows
 *
 * The states of a call (every change goes through call_enter()):
 *
 *     FREE -> [L2] -> POOL -> CONNECT -> WRITE -> READ -> BACKOFF -> (gate) -> POOL or CONNECT ...
 *     FREE -> [L2] -> FLIGHT -> (gate) when it has to ask for itself
 *     each of them -> BASELINE -> FREE, or -> FREE with the answer */

#include <stdbool.h>
#include <stdint.h>

#include "base/timers.h"
#include "core/engine.h"
#include "core/flights.h"

enum call_state {
    CALL_FREE,
    CALL_L2,      /* looks into the second level; timer: the end of its patience */
    CALL_FLIGHT,  /* waits for another call's attempts; timer: the deadline */
    CALL_POOL,    /* waits for a place; timer: the end of its patience */
    CALL_CONNECT, /* the three phases of an attempt; timer: the phase's limit */
    CALL_WRITE,
    CALL_READ,
    CALL_BACKOFF,  /* timer: the next attempt */
    CALL_BASELINE, /* the driver computes; no timer */
};

struct call {
    enum call_state state;
    bool client_gone;             /* left while the baseline was computed */
    enum code baseline_only;      /* CODE_NONE: the full chain */
    enum code cause;              /* why the plain forecast is not served, as far as known */
    enum outcome limit_outcome;   /* CONNECT, WRITE, READ: what it means when the timer fires */
    uint64_t backoff_ns;          /* BACKOFF, POOL: waited before the next attempt */
    instant_ns pool_since;        /* POOL: when the wait began */
    struct breaker_permit permit; /* of the running attempt */
    uint32_t flight;              /* FLIGHT: waits for it; before the fallback: leads it */
    bool l2_stale;                /* the driver holds a stale body of the second level */
    instant_ns l2_made;           /* l2_stale: when it was made (modulo 2^64) */
    uint64_t l2_bytes;            /* l2_stale */
    struct cache_key key;
    bool has_family;
    struct cache_key family;      /* has_family */
    struct call_record record;
};

struct engine {
    struct engine_config settings;
    const struct engine_config *config; /* &settings; engine_reconfigure() changes them */
    uint32_t calls_size;                /* ids that memory was taken for */
    instant_ns now;                     /* of the latest step */
    struct call *calls;                 /* owned: by id */
    struct timers timers;               /* owned: by call id */
    struct pool pool;                   /* owned */
    struct breaker *breaker;            /* owned */
    struct cache *cache;                /* owned */
    struct cache_config negative_config;
    struct cache *negative;             /* owned: requests that the upstream refused for good */
    struct flights flights;             /* owned; only when config->single_flight */
    struct retry_budget budget;
    uint32_t calls_count;
    uint32_t attempts_count;
    instant_ns held_until; /* no attempts before it; 0: never held */
    enum code held_code;   /* of the outcome that set the hold */
    struct engine_actions actions;
};

/* engine.c */

/* The next free action, with every small field set. */
struct engine_action *engine_add(struct engine *engine, enum engine_action_kind kind,
                                 uint32_t call);
struct engine_action *engine_add_breaker(struct engine *engine,
                                         const struct breaker_transition *transition);

/* engine_call.c */

/* Alone assigns the state; the timer of the old state is gone, `timer` is the new one's. */
void call_enter(struct engine *engine, uint32_t id, enum call_state state, instant_ns timer);
void call_path(struct call *call, enum path_step step);
void call_on_request(struct engine *engine, const struct engine_input *input);
void call_on_client_gone(struct engine *engine, uint32_t id);
void call_on_timer(struct engine *engine, uint32_t id);
void call_on_baseline_done(struct engine *engine, uint32_t id, bool ok);
void call_answer(struct engine *engine, uint32_t id, enum served served, enum code code,
                 enum code cause);
void call_answer_cached(struct engine *engine, uint32_t id, struct cache_hit hit);
/* Keeps an answer to the call in L1, of `bytes` bytes and made at `made`: cache_store(). */
uint32_t call_store(struct engine *engine, uint32_t id, uint64_t bytes, instant_ns made);
/* No (further) attempt: the cache once more, else the baseline. */
void call_fall_back(struct engine *engine, uint32_t id);
void call_answer_upstream(struct engine *engine, uint32_t id, uint64_t body_bytes);

/* engine_lookup.c */

/* L1 has nothing fresh: joins a flight, or asks the second level, or the upstream. */
void lookup_begin(struct engine *engine, uint32_t id);
void lookup_on_done(struct engine *engine, const struct engine_input *input);
void lookup_on_timeout(struct engine *engine, uint32_t id);
/* Nobody waits for it; the caller answers. */
void lookup_cancel(struct engine *engine, uint32_t id);
/* Serves the stale body of the second level; false when there is none that is young enough. */
bool lookup_answer_stale(struct engine *engine, uint32_t id);
/* The upstream refused the call's request: whether for good depends on the status. */
void lookup_on_refusal(struct engine *engine, uint32_t id, uint16_t http_status);

/* engine_flight.c */

/* False when nobody asks for the same just now. */
bool flight_join(struct engine *engine, uint32_t id);
/* The call asks the upstream, others may join it. */
void flight_lead(struct engine *engine, uint32_t id);
/* A call leaves its attempts behind; nothing when it leads no flight. */
void flight_land(struct engine *engine, uint32_t id, enum flight_end end);
/* A leader has left, `flight` was its: the first who waits goes on. */
void flight_pass_on(struct engine *engine, uint32_t flight);
/* Settles one call whose flight has landed; false when there is none. */
bool flight_settle(struct engine *engine);
void flight_on_deadline(struct engine *engine, uint32_t id);
/* Nobody waits for it; the caller answers. */
void flight_leave(struct engine *engine, uint32_t id);

/* engine_attempt.c */

/* Hold, breaker, pool: starts an attempt, queues for a place, or falls back. */
void attempt_ask(struct engine *engine, uint32_t id);
/* The pool gave `id` a place. */
void attempt_on_grant(struct engine *engine, uint32_t id);
void attempt_on_pool_timeout(struct engine *engine, uint32_t id);
void attempt_on_progress(struct engine *engine, const struct engine_input *input);
void attempt_on_done(struct engine *engine, const struct engine_input *input);
/* A limit of the running phase passed. */
void attempt_on_limit(struct engine *engine, uint32_t id);
/* Ends the running attempt because nobody waits for it; the caller answers. */
void attempt_abandon(struct engine *engine, uint32_t id);

#endif
