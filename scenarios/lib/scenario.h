#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H
/* A scenario file: one story of an upstream that misbehaves, the load that meets it, and what is
 * expected. Parsed once, const afterwards; the mock plays it on sockets, the simulator in virtual
 * time, the harness judges it.
 *
 *     version: 1
 *     name: brownout-503                 # letters, digits, '-'; unique in a run
 *     teaches: A 20 s brownout with 503s costs freshness, not availability.
 *     seed: 42
 *     duration: 60s
 *     tier: nightly                      # or gate, which it is without this line
 *     runtime: { env: prod, set: { cache_ttl_s: 5 } }
 *     workload:
 *       - arrival: { poisson: 40/s }     # all that a workload may say: workload.h
 *         keys: { count: 50, zipf: 0.9 } # zipf 0 or absent: all equally often
 *         request: { y_len: 288, horizon_steps: 12, liquidity_bucket: high }
 *         from: 0s                       # optional window of this workload
 *         to: 60s
 *     upstream:
 *       latency: { p50: 40ms, p90: 90ms, p99: 220ms, max: 400ms }   # or one of latency.h
 *       capacity: { workers: 16, queue: 64, on_full: 503 }          # optional: load makes it slow
 *       phases:
 *         - { name: outage, from: 20s, to: 40s, faults: [ { status: 503, share: 60% } ] }
 *     redis:                             # optional: a second cache level, redis_story.h
 *       phases: [ { name: redis-outage, from: 15s, to: 30s, do: down } ]
 *     expect:
 *       - latency: { p95: 300ms, outside: outage }
 *
 * Refused with file:line:column, the offending text and what is allowed: anything that is not in
 * this grammar, phases that overlap or leave the duration, expectations that can never be
 * evaluated. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/yaml.h"
#include "scenario/capacity.h"
#include "scenario/expect.h"
#include "scenario/fault.h"
#include "scenario/latency.h"
#include "scenario/objective.h"
#include "scenario/redis_story.h"
#include "scenario/workload.h"

enum {
    SCENARIO_PHASES_MAX = 32,
    SCENARIO_FAULTS_MAX = 16, /* per phase */
    SCENARIO_WORKLOADS_MAX = 8,
    SCENARIO_KEYS_MAX = 100000,
    SCENARIO_ARRIVALS_MAX = 5000000,
};

struct phase {
    const char *name;
    uint64_t from_ns, to_ns; /* from <= t < to, offsets from the scenario's start */
    const struct fault *faults;
    size_t fault_count;
    int line, column;
};

struct setting {
    const char *assignment; /* "cache_ttl_s=5", for config_load */
    int line, column;
};

/* When it is played: for every change, or once a night because it takes long. */
enum scenario_tier { SCENARIO_TIER_GATE, SCENARIO_TIER_NIGHTLY };

struct scenario {
    const char *path; /* as given */
    const char *name;
    const char *teaches;
    uint64_t seed;
    uint64_t duration_ns;
    enum scenario_tier tier;
    const char *environment; /* "prod": configs/prod.yaml */
    const struct setting *settings;
    size_t setting_count;
    const struct workload *workloads;
    size_t workload_count;
    struct latency latency;
    struct capacity capacity;
    const struct phase *phases; /* in order of time, not overlapping */
    size_t phase_count;
    struct redis_story redis;   /* the second cache level; not given: none */
    struct slo_objectives objectives; /* `slo:`, or the defaults */
    const struct expect *expects;
    size_t expect_count;
};

/* Everything `out` points to lives in `arena`. */
MUST_USE enum err scenario_load(struct arena *arena, const char *path, struct scenario *out,
                                struct err_note *note);
MUST_USE enum err scenario_parse(struct arena *arena, const char *path, const char *text,
                                 size_t length, struct scenario *out, struct err_note *note);

/* What its file expects by this name, as checks bear it; NULL: nothing, it is an invariant or the
 * like. */
const struct expect *scenario_expect(const struct scenario *scenario, const char *name);

/* "gate", "nightly" */
const char *scenario_tier_name(enum scenario_tier tier);
/* False when `name` is no tier. */
bool scenario_tier_parse(const char *name, enum scenario_tier *out);

/* A named length of time: one of the upstream's phases, or of redis'. */
struct scenario_window {
    const char *name;
    uint64_t from_ns, to_ns; /* from <= t < to; a moment: equal */
};

/* The phases of the upstream, then those of redis, each in order of time. */
size_t scenario_window_count(const struct scenario *scenario);
struct scenario_window scenario_window_at(const struct scenario *scenario, size_t index);

/* The phase in force at an offset from the start, NULL when none is. */
const struct phase *scenario_phase_at(const struct scenario *scenario, uint64_t offset_ns);

#endif
