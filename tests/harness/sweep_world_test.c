#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sweep_fixture.h"

/* In the first second begin 40 clients who send for a second, in the next 40 who do not: all 80
 * requests come in that one, though no more than 41 begin within any. None is answered in time. */
#define LATE_ARRIVALS                                                                              \
    "version: 1\nname: late\nteaches: Slow clients come together with others.\nseed: 1\n"          \
    "duration: 4s\nruntime: { env: prod }\n"                                                       \
    "workload:\n"                                                                                  \
    "  - arrival: { constant: 40/s }\n    to: 1s\n    keys: { count: 40 }\n"                       \
    "    request: { y_len: 40, horizon_steps: 3, liquidity_bucket: high }\n"                       \
    "    client: { slow_upload: 100%, over: 1s }\n"                                                \
    "  - arrival: { constant: 40/s }\n    from: 1s\n    to: 2s\n    keys: { count: 40 }\n"         \
    "    request: { y_len: 41, horizon_steps: 3, liquidity_bucket: high }\n"                       \
    "upstream:\n  latency: 3s\n"                                                                   \
    "expect:\n  - served: { error: 0 }\n"

static void try_late_arrivals(const char *sweep, struct sweep_measure *out)
{
    struct sweep_set stage;
    struct err_note note = { .err = ERR_OK };
    sweep_set_open(&stage);
    sweep_set_write(&stage, "scenarios/a.yaml", LATE_ARRIVALS);
    sweep_set_write(&stage, "sweep.yaml", sweep);
    if (sweep_set_load(&stage, &note) != ERR_OK) fail_msg("%s", note.sentence);
    assert_int_equal(ERR_OK, sweep_block_prepare(&stage.world, 0, &note));
    struct sweep_point point;
    sweep_point_current(&stage.spec.space, &point);
    sweep_world_try(&stage.world, &point, 0, out);
    sweep_set_close(&stage);
}

#define LATE_SWEEP(inflight)                                                                       \
    "version: 1\nname: tried\nbase: { env: prod, set: { request_deadline_s: 1, "                   \
    "read_timeout_s: 0.9, retry_count: 0, connect_timeout_s: 0.05, breaker_failures_30s: 400, "    \
    "breaker_failure_ratio: 0, max_connections: 70, max_keepalive_connections: 10, "               \
    "max_inflight: " inflight " } }\n"                                                             \
    "parameters:\n  cache_ttl_s: { from: 15, to: 60 }\n"                                           \
    "scenarios: [scenarios]\n"

static void requests_that_come_late_find_room_as_long_as_the_settings_have_some(void **state)
{
    (void)state;
    struct sweep_measure measure;
    try_late_arrivals(LATE_SWEEP("100"), &measure);
    assert_string_equal("", measure.check);
    assert_int_equal(SWEEP_FEASIBLE, measure.state);
}

static void requests_beyond_what_the_settings_allow_are_refused(void **state)
{
    (void)state;
    struct sweep_measure measure;
    try_late_arrivals(LATE_SWEEP("70"), &measure);
    assert_int_equal(SWEEP_INFEASIBLE, measure.state);
    assert_string_equal("served.error", measure.check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_come_late_find_room_as_long_as_the_settings_have_some),
        cmocka_unit_test(requests_beyond_what_the_settings_allow_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
