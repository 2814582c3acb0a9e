#include "runtime/trace_file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"

static char path[] = "/tmp/tollgate-trace-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    memset(path + strlen(path) - 6, 'X', 6);
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static struct trace_file *create(uint64_t bytes_max)
{
    static struct runtime_config traced;
    struct trace_file *trace = NULL;
    struct err_note note = { 0 };
    const struct config_source source = { .path = NULL };
    assert_int_equal(config_load(&traced, &source, &note), ERR_OK);
    traced.server.trace_bytes_max = bytes_max;
    traced.engine.seed = 7;
    const struct trace_file_config config = {
        .path = path, .program = "tester", .version = "1.2.3", .start = 42, .config = &traced,
    };
    assert_int_equal(trace_file_create(&config, &trace, &note), ERR_OK);
    return trace;
}

static char *contents(void)
{
    char *text = NULL;
    size_t length;
    struct err_note note = { 0 };
    assert_int_equal(file_read(path, 64 << 20, &text, &length, &note), ERR_OK);
    return text;
}

static bool append(struct trace_file *trace, const char *line)
{
    struct buf *out = trace_file_begin(trace);
    if (out == NULL) return false;
    buf_puts(out, line);
    trace_file_end(trace);
    return true;
}

static void lines_follow_a_first_line_that_says_whose_they_are(void **state)
{
    (void)state;
    struct trace_file *trace = create(1 << 30);
    assert_true(append(trace, "{\"t\":1}\n"));
    trace_file_flush(trace);
    char *early = contents();
    assert_non_null(strstr(early, "{\"t\":1}\n"));
    mem_free(early);
    assert_true(append(trace, "{\"t\":2}\n"));
    assert_int_equal(trace_file_destroy(trace), ERR_OK);
    char *text = contents();
    static const char head[] =
        "{\"trace\":2,\"program\":\"tester\",\"version\":\"1.2.3\",\"start_ns\":42,";
    assert_memory_equal(text, head, strlen(head));
    const char *rest = strchr(text, '\n');
    assert_non_null(strstr(text, "\"seed\":\"7\""));
    assert_string_equal(rest, "\n{\"t\":1}\n{\"t\":2}\n{\"end\":true,\"lines\":2}\n");
    mem_free(text);
}

static void trace_ends_with_a_mark_when_it_reaches_its_bound(void **state)
{
    (void)state;
    struct trace_file *trace = create(10000);
    int taken = 0;
    for (int i = 0; i < 1000; i++) taken += append(trace, "{\"t\":123456789}\n") ? 1 : 0;
    assert_int_equal(trace_file_destroy(trace), ERR_OK);
    assert_in_range(taken, 300, 600);
    char *text = contents();
    const char *mark = "{\"t\":123456789}\n{\"truncated\":true}\n";
    assert_true(strlen(text) < 10100);
    assert_string_equal(text + strlen(text) - strlen(mark), mark);
    mem_free(text);
}

static void large_pieces_are_written_before_the_end(void **state)
{
    (void)state;
    struct trace_file *trace = create(1 << 30);
    for (int i = 0; i < 20000; i++) assert_true(append(trace, "{\"t\":1234567890123}\n"));
    char *text = contents();
    assert_true(strlen(text) > 200000);
    mem_free(text);
    assert_int_equal(trace_file_destroy(trace), ERR_OK);
}

/* A child that writes two lines and dies before anything was flushed. */
static void die_with_lines_pending(int number)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit no_core = { 0, 0 };
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(number, SIG_DFL); /* cmocka's would fail the test in the child */
        struct trace_file *trace = create(1 << 30);
        trace_file_flush_on_crash(trace);
        (void)append(trace, "{\"t\":1}\n");
        (void)append(trace, "{\"t\":2}\n");
        (void)raise(number);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0); /* a sanitizer exits instead */
}

static void a_crash_leaves_what_was_written(void **state)
{
    (void)state;
    static const int numbers[] = { SIGABRT, SIGSEGV, SIGBUS };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        die_with_lines_pending(numbers[i]);
        char *text = contents();
        assert_non_null(strchr(text, '\n'));
        assert_string_equal(strchr(text, '\n'), "\n{\"t\":1}\n{\"t\":2}\n");
        mem_free(text);
    }
}

static void trace_that_cannot_be_created_says_which_file(void **state)
{
    (void)state;
    struct trace_file *trace = NULL;
    struct err_note note = { 0 };
    const struct trace_file_config config = { .path = "/nonexistent/t", .program = "tester" };
    assert_int_equal(trace_file_create(&config, &trace, &note), ERR_IO);
    assert_string_equal(note.path, "/nonexistent/t");
    assert_null(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_follow_a_first_line_that_says_whose_they_are,
                                        make_file, remove_file),
        cmocka_unit_test_setup_teardown(trace_ends_with_a_mark_when_it_reaches_its_bound,
                                        make_file, remove_file),
        cmocka_unit_test_setup_teardown(large_pieces_are_written_before_the_end, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(a_crash_leaves_what_was_written, make_file, remove_file),
        cmocka_unit_test(trace_that_cannot_be_created_says_which_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
