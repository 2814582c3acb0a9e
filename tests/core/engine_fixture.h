#ifndef TESTS_ENGINE_FIXTURE_H
#define TESTS_ENGINE_FIXTURE_H
/* An engine in virtual time, driven by hand. Every step returns its actions as one line:
 *
 *     start 0.1                        attempt 1 of call 0 starts
 *     cancel 0.1 read_timeout          it is cancelled
 *     baseline 0                       the baseline of call 0 is to be computed
 *     l2 get 0 / l2 cancel 0 / l2 put 0
 *     store 0 / drop 3                 the answer of call 0 is kept / slot 3 is freed
 *     store 0 from l2                  what call 0 found in the second level is kept
 *     closed>open count                the breaker moved
 *     answer 0 upstream                call 0 is answered
 *     answer 0 stale CACHE_STALE_SERVED RUNTIME_5XX      ... with code and cause
 *
 * joined by ", "; "" when there is none. The texts live until the next step. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/engine.h"

#define MS NS_PER_MS
#define SEC NS_PER_S

struct fixture {
    struct engine_config config;
    struct engine *engine;
    instant_ns now;
    struct buf text;
};

/* The guide's prod values, but small: 4 connections, 4 waiters, 8 cache entries, 3 failures open
 * the breaker for exactly 10 s, 2 probes close it. Change `config`, then fixture_start(). */
void fixture_init(struct fixture *f);
void fixture_start(struct fixture *f);
void fixture_deinit(struct fixture *f);

const char *step(struct fixture *f, struct engine_input input);
/* A request with cache key `key`; its request key is 1000 + call. */
const char *request(struct fixture *f, uint32_t call, uint8_t key);
const char *baseline_only(struct fixture *f, uint32_t call, enum code cause);
/* Inputs of the call's current attempt. */
const char *connected(struct fixture *f, uint32_t call);
const char *progress(struct fixture *f, uint32_t call);
const char *sent(struct fixture *f, uint32_t call);
const char *done(struct fixture *f, uint32_t call, enum outcome outcome);
const char *done_retry_after(struct fixture *f, uint32_t call, enum outcome outcome,
                             uint64_t retry_after_ns);
const char *baseline_done(struct fixture *f, uint32_t call, bool ok);
const char *client_gone(struct fixture *f, uint32_t call);
const char *timer(struct fixture *f);
/* Goes to engine_wakeup() (or stays, when that is over) and steps. */
const char *wake(struct fixture *f);
/* Wakes until nothing is due at the present moment; the texts of all those steps. */
const char *drain(struct fixture *f);

/* "l1:miss breaker:closed attempt:ok" */
const char *path(struct fixture *f, uint32_t call);
const struct call_record *record(const struct fixture *f, uint32_t call);
struct engine_stats stats(const struct fixture *f);
/* The wait that the engine will draw before retry `retry` of `call`. */
uint64_t drawn_ns(const struct fixture *f, uint32_t call, unsigned retry);

/* A whole call that ends with `outcome` at once, without a retry of use: asserts that it started.
 */
void fail_one(struct fixture *f, uint32_t call, uint8_t key, enum outcome outcome);
/* A whole call that is answered by the upstream and stored. */
void fill(struct fixture *f, uint32_t call, uint8_t key);
/* Opens the breaker by three 500s. */
void open_breaker(struct fixture *f);

#define assert_text assert_string_equal

#endif
