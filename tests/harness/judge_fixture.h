#ifndef TESTS_HARNESS_JUDGE_FIXTURE_H
#define TESTS_HARNESS_JUDGE_FIXTURE_H
/* A scenario with an outage, simulated well; tests then spoil one thing of the run and look at what
 * the judge says. */

#include "harness/parity.h"
#include "harness/sim.h"
#include "harness/verdict.h"

struct stage {
    struct arena arena;
    struct scenario scenario;
    struct runtime_config config;
    struct schedule schedule;
    struct run run;
    struct verdicts verdicts;
};

/* The outage's scenario: 40 requests/s for 30 s, 503 for all from 8 s to 16 s; then the breaker
 * opens, stale answers are served, then baselines, then all is well again. `expect` is the list's
 * YAML, each line with its own "  - ". */
#define STAGE_SCENARIO(expect)                                                                     \
    "version: 1\nname: judged\nteaches: How a judge sees an outage.\nseed: 7\nduration: 30s\n"     \
    "runtime:\n  env: prod\n  set:\n    cache_ttl_s: 2\n    cache_stale_if_error_s: 4\n"           \
    "    breaker_cooldown_s: 4\n    breaker_half_open_probe: 2\n"                                  \
    "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 40 }\n"                        \
    "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"                      \
    "upstream:\n  latency: 40ms\n  phases:\n"                                                      \
    "    - { name: outage, from: 8s, to: 16s, faults: [ { status: 503 } ] }\n"                     \
    "expect:\n" expect

#define STAGE_EXPECT "  - order: guide\n"

/* One key, asked for every 100 ms, its entry alive for 300 ms: from the fourth request on all hang
 * on milliseconds. */
#define STAGE_BRINK                                                                                \
    "version: 1\nname: brink\nseed: 7\nduration: 120s\n"                                          \
    "runtime: { env: prod, set: { cache_ttl_s: 0.3 } }\n"                                          \
    "workload:\n  - arrival: { constant: 10/s }\n"                                                 \
    "upstream:\n  latency: 1ms\nexpect:\n  - order: guide\n"

/* Any scenario's text, over the production settings; `setting` (or NULL) goes over both. */
void stage_open(struct stage *stage, const char *yaml, const char *setting);
/* Fills stage->run with a simulation. */
void stage_simulate(struct stage *stage);
/* Fills it by hand instead: every request is answered by the upstream after 1 ms, at the first
 * attempt. */
void stage_make_up(struct stage *stage);
/* Judges stage->run (again). */
void stage_judge(struct stage *stage);
/* All three: open, simulate, judge. */
void stage_simulate_and_judge(struct stage *stage, const char *yaml);
void stage_close(struct stage *stage);

/* The check of that name; fails the test when there is none. */
const struct check *stage_check(const struct stage *stage, const char *name);
/* Its status is FAIL, and its sentence holds `text`. */
void stage_assert_fails(const struct stage *stage, const char *name, const char *text);
void stage_assert_passes(const struct stage *stage, const char *name);

/* The first answer served so with at least that many attempts; none fails the test. */
struct run_answer *stage_answer(struct stage *stage, enum served served, uint32_t attempts);
struct run_attempt *stage_attempt(struct stage *stage, const struct run_answer *answer,
                                  uint32_t number);

#endif
