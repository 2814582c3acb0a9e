/* Each scenario of the catalogue, simulated, is what it was: one digest of everything that
 * happened. The same file holds for every compiler, every optimisation and every machine, so a
 * difference is either a policy that was changed (then the file is written anew, and the change is
 * seen in review) or a simulation that depends on something it must not depend on.
 *
 *     golden_test --write    writes tests/harness/data/golden.tsv anew */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/discover.h"
#include "harness/run_digest.h"
#include "harness/sim.h"

#define CATALOGUE TOLLGATE_SOURCE_DIR "/scenarios"
#define GOLDEN TOLLGATE_SOURCE_DIR "/tests/harness/data/golden.tsv"

/* One line per scenario: name, a tab, the digest. */
static void write_digests(struct buf *out)
{
    static const char *const paths[] = { CATALOGUE };
    const struct discover_options options = { .paths = paths, .path_count = 1 };
    const struct sim_options sim = { .jitter_seed = 0 };
    struct suite suite = { .count = 0 };
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(discover(&suite, &arena, &options, stderr), ERR_OK);
    for (size_t i = 0; i < suite.count; i++) {
        const struct suite_scenario *item = &suite.scenarios[i];
        struct run run;
        run_init(&run, WORLD_SIM, &item->scenario, &item->schedule, &item->config, item->seed);
        assert_int_equal(sim_run(&run, &sim, NULL, &note), ERR_OK);
        buf_printf(out, "%s\t%016" PRIx64 "\n", item->scenario.name, run_digest(&run));
        run_deinit(&run);
    }
    suite_deinit(&suite);
    arena_deinit(&arena);
}

static void each_simulated_scenario_is_what_it_was(void **state)
{
    (void)state;
    struct err_note note = { .err = ERR_OK };
    struct buf now;
    char *golden = NULL;
    size_t length = 0;
    buf_init(&now, BUF_UNBOUNDED);
    write_digests(&now);
    assert_int_equal(file_read(GOLDEN, 1 << 20, &golden, &length, &note), ERR_OK);
    const char *at = buf_text(&now);
    while (*at != '\0') {
        char line[256];
        size_t line_length = strcspn(at, "\n") + 1;
        snprintf(line, sizeof line, "%.*s", (int)line_length, at);
        if (strstr(golden, line) == NULL) {
            fail_msg("%.*s is not what it was; if that was meant: %s --write",
                     (int)strcspn(line, "\t"), line, "golden_test");
        }
        at += line_length;
    }
    assert_int_equal(length, now.length);
    mem_free(golden);
    buf_deinit(&now);
}

static int write_golden(void)
{
    struct err_note note = { .err = ERR_OK };
    struct buf now;
    buf_init(&now, BUF_UNBOUNDED);
    write_digests(&now);
    enum err rc = file_write(GOLDEN, now.data, now.length, &note);
    if (rc != ERR_OK) err_note_print(stderr, &note);
    buf_deinit(&now);
    return rc == ERR_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_simulated_scenario_is_what_it_was),
    };
    if (argc == 2 && strcmp(argv[1], "--write") == 0) return write_golden();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
