#ifndef TESTS_HARNESS_SWEEP_FIXTURE_H
#define TESTS_HARNESS_SWEEP_FIXTURE_H
/* A folder of its own with scenarios and a sweep file, and sweeps played in this process. */

#include "harness/sweep_search.h"
#include "scratch.h"

struct sweep_set {
    char folder[FOLDER_BYTES]; /* removed by sweep_set_close() */
    struct arena arena;
    struct sweep_spec spec;
    struct sweep_world world;
    struct sweep_store store;
    struct sweep sweep;
    bool opened;
};

/* The model answers after 0.5 s, so that a shorter read_timeout_s is a cliff. */
#define SWEEP_SLOW_MODEL                                                                           \
    "version: 1\nname: slow-model\nteaches: The model takes half a second.\nseed: 1\n"             \
    "duration: 4s\nruntime: { env: prod, set: { cache_ttl_s: 1 } }\n"                              \
    "workload:\n  - arrival: { constant: 20/s }\n    keys: { count: 10 }\n"                        \
    "    request: { y_len: 40, horizon_steps: 3, liquidity_bucket: high }\n"                       \
    "upstream:\n  latency: 500ms\n"                                                                \
    "expect:\n  - served: { error: 0, fresh: \">= 90%\" }\n"

/* Half of the attempts fail for two seconds: more retries are fresher and cost more calls. */
#define SWEEP_BROWNOUT                                                                             \
    "version: 1\nname: brownout\nteaches: Half of the attempts fail.\nseed: 1\n"                   \
    "duration: 5s\nruntime: { env: prod, set: { cache_ttl_s: 1, breaker_failures_30s: 400,\n"      \
    "  breaker_failure_ratio: 0 } }\n"                                                             \
    "workload:\n  - arrival: { poisson: 20/s }\n    keys: { count: 10 }\n"                         \
    "    request: { y_len: 40, horizon_steps: 3, liquidity_bucket: high }\n"                       \
    "upstream:\n  latency: 30ms\n  phases:\n"                                                      \
    "    - { name: brown, from: 1s, to: 3s, faults: [ { status: 503, share: 50% } ] }\n"           \
    "expect:\n  - served: { error: 0 }\n"

/* A sweep of both by read_timeout_s and retry_count; `more` goes behind it. */
#define SWEEP_FILE(more)                                                                           \
    "version: 1\nname: tried\nseed: 3\nbase: { env: prod }\n"                                      \
    "parameters:\n  read_timeout_s: { from: 0.1, to: 1.5, scale: log }\n"                          \
    "  retry_count: { from: 0, to: 4 }\n"                                                          \
    "constraints:\n  - connect_timeout_s + read_timeout_s <= request_deadline_s\n"                 \
    "scenarios: [scenarios]\nseeds: { search: 2, fresh: 3 }\n"                                     \
    "budget: { configurations: 40, rounds: 2, finalists: 3 }\n" more

void sweep_set_open(struct sweep_set *stage);
/* Writes folder/name; `name` may have one folder. */
void sweep_set_write(struct sweep_set *stage, const char *name, const char *text);
/* The text of folder/name; the caller frees it (mem_free). Fails the test when there is none. */
char *sweep_set_read(const struct sweep_set *stage, const char *name);
/* Loads folder/sweep.yaml with the project's configurations, and finds the scenarios. */
enum err sweep_set_load(struct sweep_set *stage, struct err_note *note);
/* All of it: must succeed. */
void sweep_set_run(struct sweep_set *stage, unsigned jobs);
void sweep_set_close(struct sweep_set *stage);

#endif
