/* Every kind of load at once, over sockets and in virtual time: the same story. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command.h"
#include "scratch.h"

static const char scenario[] =
    "version: 1\nname: every-load\nteaches: Every kind of load at once.\nseed: 7\nduration: 4s\n"
    "runtime: { env: prod, set: { cache_ttl_s: 2, cache_stale_if_error_s: 4 } }\n"
    "workload:\n"
    "  - name: public\n    arrival: { poisson: 60/s }\n    keys: { count: 50, zipf: 0.9 }\n"
    "    request: { y_len: 64 }\n"
    "    mix: [ { share: 80% }, { request: { y_len: 10 } }, { request: { bad: nan } },\n"
    "           { request: { bad: empty } }, { request: { gap: 90m } } ]\n"
    "    client: { hang_up: 20%, after: 25ms, slow_upload: 5%, over: 200ms }\n"
    "  - name: patient\n    arrival: { closed: { clients: 4, think: 100ms } }\n"
    "    keys: { count: 20 }\n    request: { y_len: 64 }\n"
    "  - name: top\n    arrival: { cycle: { top: 10, every: 1500ms, concurrency: 4 } }\n"
    "    request: { y_len: 64 }\n"
    "  - arrival: { burst: { size: 20, every: 1s, spread: 50ms } }\n    keys: { count: 20 }\n"
    "    request: { y_len: 64 }\n"
    "  - arrival: { ramp: { from: 0/s, to: 60/s } }\n    keys: { count: 20 }\n"
    "    request: { y_len: 64 }\n"
    "upstream:\n  latency: { p50: 40ms, p90: 60ms, p99: 100ms, max: 200ms }\n  phases:\n"
    "    - { name: outage, from: 1s, to: 2500ms, faults: [ { status: 503, share: 60% } ] }\n"
    "expect:\n  - order: guide\n  - served: { error: \">= 1\" }\n  - cycle: { max: 2s }\n";

static struct command command;

static void both_worlds_send_and_serve_the_same(void **state)
{
    (void)state;
    const char *path = scratch_write("every.yaml", scenario);
    int code = command_run(&command, (const char *const[]){ "run", "--configs", "configs", "--out",
                                                            scratch_path("out"), path, NULL });
    if (code != 0) fail_msg("exit %d:\n%s", code, command.text);
    assert_says(&command, "L0 replay: identical");
    assert_says(&command, "L1 agreement");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_worlds_send_and_serve_the_same),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
