/* A scenario is judged while others play: however long that lasts, their requests go out. */

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "harness/run_command.h"
#include "printed_run.h"
#include "scratch.h"

#define SCENARIO(name, seconds)                                                                    \
    "version: 1\nname: " name "\nseed: 7\nduration: " seconds "\nworkload:\n"                      \
    "  - arrival: { constant: 50/s }\n    keys: { count: 1000 }\n"                                 \
    "upstream:\n  latency: 10ms\nexpect:\n  - served: { error: 0 }\n"

/* A judgement that nothing happens beside ends all the same, and the test fails. */
#define PATIENCE_NS (10 * NS_PER_S)

enum { GROWTHS = 2 };

static char *said;           /* owned: what the run printed */
static unsigned growths;     /* of the other's trace, seen during the judgement */
static char other_trace[512];

static int remove_folder(void **state)
{
    mem_free(said);
    return scratch_remove(state);
}

static long bytes_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (long)status.st_size : 0;
}

/* Judges the short one until the other's runtime has told of more requests, twice. */
static enum err slow_compare(const struct run *sim, const struct run *real, struct parity *out,
                             struct err_note *note)
{
    enum err rc = parity_compare(sim, real, out, note);
    if (strcmp(real->scenario->name, "short") != 0) return rc;
    instant_ns until = instant_add(clock_now(), PATIENCE_NS);
    long bytes = bytes_of(other_trace);
    while (growths < GROWTHS && clock_now() < until) {
        if (bytes_of(other_trace) > bytes) {
            growths++;
            bytes = bytes_of(other_trace);
        }
        poll(NULL, 0, 1);
    }
    return rc;
}

static void requests_go_out_while_another_scenario_is_judged(void **state)
{
    (void)state;
    const char *paths[] = { scratch_write("short.yaml", SCENARIO("short", "1s")), NULL };
    paths[1] = scratch_write("long.yaml", SCENARIO("long", "4s"));
    const struct run_options options = {
        .discover = { .paths = paths,
                      .path_count = 2,
                      .configs = TOLLGATE_SOURCE_DIR "/configs" },
        .sim = true,
        .real = true,
        .jobs = 2,
        .repeat = 1,
        .out = scratch_path("out"),
        .programs = TOLLGATE_BINARY_DIR "/bin",
        .outputs = { .annotations = "none" },
        .compare = slow_compare,
    };
    snprintf(other_trace, sizeof other_trace, "%s", scratch_path("out/long/trace.jsonl"));
    int code = printed_run(&options, &said);
    if (growths < GROWTHS) fail_msg("nothing was sent during a judgement:\n%s", said);
    assert_int_equal(code, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_go_out_while_another_scenario_is_judged),
    };
    return cmocka_run_group_tests(tests, scratch_make, remove_folder);
}
