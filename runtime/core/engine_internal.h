#ifndef CORE_ENGINE_INTERNAL_H
#define CORE_ENGINE_INTERNAL_H
/* What the three parts of the engine share; nobody else includes this.
 *
 *     engine.c          steps, wake-ups, memory: which input goes where
 *     engine_call.c     one call from request to answer: the chain around the attempts
 *     engine_attempt.c  one attempt: the gate before it, its phases, how it ends, what follows
 *
 * The states of a call (every change goes through call_enter()):
 *
 *     FREE -> POOL -> CONNECT -> WRITE -> READ -> BACKOFF -> (gate) -> POOL or CONNECT ...
 *     each of them -> BASELINE -> FREE, or -> FREE with the answer */

#include <stdbool.h>
#include <stdint.h>

#include "base/timers.h"
#include "core/engine.h"

enum call_state {
    CALL_FREE,
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
    struct cache_key key;
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
/* No (further) attempt: the cache once more, else the baseline. */
void call_fall_back(struct engine *engine, uint32_t id);
void call_answer_upstream(struct engine *engine, uint32_t id, uint64_t body_bytes);

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
