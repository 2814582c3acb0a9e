#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sweep_fixture.h"

static const struct sweep_head whole = { .fingerprint = 0x1234, .shard = 1, .shards = 1 };

static void open_stage(struct sweep_set *stage)
{
    struct err_note note = { .err = ERR_OK };
    sweep_set_open(stage);
    sweep_set_write(stage, "scenarios/a.yaml", SWEEP_SLOW_MODEL);
    sweep_set_write(stage, "sweep.yaml", SWEEP_FILE(""));
    assert_int_equal(ERR_OK, sweep_set_load(stage, &note));
}

static const char *journal_path(const struct sweep_set *stage)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/journal.jsonl", stage->folder);
    return path;
}

static struct sweep_measure a_measure(void)
{
    struct sweep_measure measure = { .state = SWEEP_INFEASIBLE,
                                     .has_recovery = true,
                                     .failed = 2,
                                     .fresh_ppm = 912345,
                                     .slow_ppm = 7,
                                     .calls_ppm = 1204000,
                                     .recovery_ns = 1234567890 };
    snprintf(measure.check, sizeof measure.check, "served.fresh \"in\" x");
    return measure;
}

static void what_was_put_is_there_again_after_a_restart(void **state)
{
    (void)state;
    struct sweep_set stage;
    struct err_note note = { .err = ERR_OK };
    struct sweep_measure measure = a_measure();
    struct sweep_measure feasible = { .state = SWEEP_FEASIBLE, .fresh_ppm = 1000000 };
    size_t resumed;
    open_stage(&stage);
    struct sweep_store *store = &stage.store;
    assert_int_equal(ERR_OK,
                     sweep_store_open(store, journal_path(&stage), &whole, &resumed, &note));
    assert_int_equal(0, resumed);
    assert_int_equal(ERR_OK, sweep_store_put(store, UINT64_MAX - 5, 1, &measure, &note));
    for (uint64_t i = 0; i < 5000; i++) { /* more than the store begins with room for */
        assert_int_equal(ERR_OK, sweep_store_put(store, i * 77, 0, &feasible, &note));
    }
    sweep_store_deinit(store);
    sweep_store_init(store, &stage.world);
    assert_int_equal(ERR_OK,
                     sweep_store_open(store, journal_path(&stage), &whole, &resumed, &note));
    assert_int_equal(5001, resumed);
    const struct sweep_measure *found = sweep_store_get(store, UINT64_MAX - 5, 1);
    assert_non_null(found);
    assert_int_equal(measure.state, found->state);
    assert_int_equal(measure.failed, found->failed);
    assert_int_equal(measure.fresh_ppm, found->fresh_ppm);
    assert_int_equal(measure.slow_ppm, found->slow_ppm);
    assert_int_equal(measure.calls_ppm, found->calls_ppm);
    assert_int_equal(measure.recovery_ns, found->recovery_ns);
    assert_true(found->has_recovery);
    assert_string_equal(measure.check, found->check);
    assert_false(sweep_store_get(store, 77, 0)->has_recovery);
    assert_null(sweep_store_get(store, 77, 1));
    sweep_set_close(&stage);
}

static void a_line_that_was_cut_off_by_a_kill_is_cut_away(void **state)
{
    (void)state;
    struct sweep_set stage;
    struct err_note note = { .err = ERR_OK };
    struct sweep_measure measure = a_measure();
    size_t resumed;
    open_stage(&stage);
    struct sweep_store *store = &stage.store;
    assert_int_equal(ERR_OK,
                     sweep_store_open(store, journal_path(&stage), &whole, &resumed, &note));
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(ERR_OK, sweep_store_put(store, i, 0, &measure, &note));
    }
    char *text = sweep_set_read(&stage, "journal.jsonl");
    size_t length = strlen(text);
    for (size_t cut = length; cut-- > 0;) {
        text[cut] = '\0';
        sweep_set_write(&stage, "journal.jsonl", text);
        sweep_store_deinit(store);
        sweep_store_init(store, &stage.world);
        assert_int_equal(ERR_OK,
                         sweep_store_open(store, journal_path(&stage), &whole, &resumed, &note));
        assert_int_equal(ERR_OK, sweep_store_put(store, 9, 0, &measure, &note));
        sweep_store_deinit(store);
        sweep_store_init(store, &stage.world);
        size_t again;
        assert_int_equal(ERR_OK,
                         sweep_store_open(store, journal_path(&stage), &whole, &again, &note));
        assert_int_equal(resumed + 1, again);
    }
    mem_free(text);
    sweep_set_close(&stage);
}

static void a_journal_of_something_else_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct sweep_head head;
        const char *note;
    } rows[] = {
        { { .fingerprint = 0x1235, .shard = 1, .shards = 1 }, "another sweep file" },
        { { .fingerprint = 0x1234, .shard = 1, .shards = 4 }, "shard 1 of 1" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sweep_set stage;
        struct err_note note = { .err = ERR_OK };
        size_t resumed;
        open_stage(&stage);
        struct sweep_store *store = &stage.store;
        assert_int_equal(ERR_OK,
                         sweep_store_open(store, journal_path(&stage), &whole, &resumed, &note));
        sweep_store_deinit(store);
        sweep_store_init(store, &stage.world);
        assert_int_not_equal(ERR_OK, sweep_store_open(store, journal_path(&stage), &rows[i].head,
                                                      &resumed, &note));
        assert_non_null(strstr(note.sentence, rows[i].note));
        assert_non_null(strstr(note.sentence, "--restart"));
        sweep_set_close(&stage);
    }
}

static void a_line_that_is_no_result_is_refused_with_its_number(void **state)
{
    (void)state;
    struct sweep_set stage;
    struct err_note note = { .err = ERR_OK };
    size_t resumed;
    open_stage(&stage);
    sweep_set_write(&stage, "journal.jsonl",
                      "{\"journal\":1,\"file\":\"x\",\"fingerprint\":\"1234\",\"shard\":1,"
                      "\"shards\":1}\n{\"point\":\"zz\"}\n");
    assert_int_not_equal(ERR_OK, sweep_store_open(&stage.store, journal_path(&stage), &whole,
                                                  &resumed, &note));
    assert_int_equal(2, note.line);
    sweep_set_close(&stage);
}

/* Another process; the lock of this one does not count for itself. */
static void a_journal_that_another_sweep_writes_is_refused(void **state)
{
    (void)state;
    struct sweep_set stage;
    struct err_note note = { .err = ERR_OK };
    size_t resumed;
    open_stage(&stage);
    const char *path = journal_path(&stage);
    assert_int_equal(ERR_OK, sweep_store_open(&stage.store, path, &whole, &resumed, &note));
    pid_t other = fork();
    if (other == 0) {
        struct sweep_store store;
        sweep_store_init(&store, &stage.world);
        enum err rc = sweep_store_open(&store, path, &whole, &resumed, &note);
        bool refused = rc != ERR_OK && strstr(note.sentence, "another sweep") != NULL;
        _exit(refused ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(other, waitpid(other, &status, 0));
    assert_int_equal(0, status);
    sweep_set_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_there_again_after_a_restart),
        cmocka_unit_test(a_line_that_was_cut_off_by_a_kill_is_cut_away),
        cmocka_unit_test(a_journal_that_another_sweep_writes_is_refused),
        cmocka_unit_test(a_journal_of_something_else_is_refused),
        cmocka_unit_test(a_line_that_is_no_result_is_refused_with_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
