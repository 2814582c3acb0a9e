#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

static char folder[64];

static int make_scratch(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/tollgate-file-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int remove_scratch(void **state)
{
    (void)state;
    static const char *const names[] = { "a", "b", "new/deep/er", "new/deep", "new", "" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) remove(in_folder(names[i]));
    return file_exists(folder) ? -1 : 0; /* something else was left behind */
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct err_note note = { .err = ERR_OK };
    size_t length = 300000;
    char *bytes = mem_alloc(length, 1);
    for (size_t i = 0; i < length; i++) bytes[i] = (char)(i % 251);
    assert_int_equal(file_write(in_folder("a"), bytes, length, &note), ERR_OK);
    assert_int_equal(file_write(in_folder("a"), bytes, length, &note), ERR_OK); /* over the old */
    char *back = NULL;
    size_t back_length = 0;
    assert_int_equal(file_read(in_folder("a"), length, &back, &back_length, &note), ERR_OK);
    assert_int_equal(back_length, length);
    assert_memory_equal(back, bytes, length);
    assert_int_equal(back[length], '\0');
    mem_free(back);
    mem_free(bytes);
}

static void an_empty_file_reads_as_empty_text(void **state)
{
    (void)state;
    char *back = NULL;
    size_t length = 9;
    assert_int_equal(file_write(in_folder("a"), NULL, 0, NULL), ERR_OK);
    assert_int_equal(file_read(in_folder("a"), 10, &back, &length, NULL), ERR_OK);
    assert_int_equal(length, 0);
    assert_string_equal(back, "");
    mem_free(back);
}

static void troubles_of_reading_are_named(void **state)
{
    (void)state;
    char *back = NULL;
    size_t length = 0;
    struct err_note missing = { .err = ERR_OK };
    assert_int_equal(file_read(in_folder("none"), 10, &back, &length, &missing), ERR_NOT_FOUND);
    assert_string_equal(missing.sentence, "cannot open this file: No such file or directory");
    assert_string_equal(missing.path, in_folder("none"));
    struct err_note is_folder = { .err = ERR_OK };
    assert_int_equal(file_read(folder, 10, &back, &length, &is_folder), ERR_INVALID);
    assert_string_equal(is_folder.sentence, "this is a folder; a file is needed");
    struct err_note large = { .err = ERR_OK };
    assert_int_equal(file_write(in_folder("a"), "12345", 5, NULL), ERR_OK);
    assert_int_equal(file_read(in_folder("a"), 4, &back, &length, &large), ERR_TOO_LARGE);
    assert_string_equal(large.sentence, "the file is too large; allowed: at most 4 bytes");
    assert_null(back);
}

static void a_failed_write_leaves_the_old_file_and_no_rest(void **state)
{
    (void)state;
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(file_write(in_folder("none/a"), "x", 1, &note), ERR_NOT_FOUND);
    assert_string_equal(note.path, in_folder("none/a"));
    assert_int_equal(file_write(in_folder("a"), "old", 3, NULL), ERR_OK);
    /* The disk is "full" at 1000 bytes. */
    static const char bytes[5000];
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = { .rlim_cur = 1000, .rlim_max = before.rlim_max };
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    note.err = ERR_OK;
    enum err err = file_write(in_folder("a"), bytes, sizeof bytes, &note);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, ERR_IO);
    assert_string_equal(note.sentence, "cannot write this file: File too large");
    char *back = NULL;
    size_t length = 0;
    assert_int_equal(file_read(in_folder("a"), 100, &back, &length, NULL), ERR_OK);
    assert_string_equal(back, "old"); /* and remove_scratch() finds nothing else */
    mem_free(back);
    assert_int_equal(file_write(folder, "x", 1, NULL), ERR_INVALID);
    assert_true(file_is_folder(folder));
}

static void a_pipe_is_written_to_and_not_replaced(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(in_folder("b"), 0600), 0);
    /* Both ends in this process, so that nothing blocks. */
    FILE *end = fopen(in_folder("b"), "r+");
    assert_non_null(end);
    assert_int_equal(file_write(in_folder("b"), "x\n", 2, NULL), ERR_OK);
    char line[8] = "";
    assert_non_null(fgets(line, sizeof line, end));
    assert_string_equal(line, "x\n");
    fclose(end);
    struct stat st;
    assert_int_equal(stat(in_folder("b"), &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
}

static void folders_are_made_with_all_their_parents(void **state)
{
    (void)state;
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(file_make_folder(in_folder("new/deep/er/"), &note), ERR_OK);
    assert_int_equal(file_make_folder(in_folder("new/deep/er"), &note), ERR_OK);
    assert_true(file_is_folder(in_folder("new/deep/er")));
    assert_false(file_is_folder(in_folder("none")));
    assert_int_equal(file_write(in_folder("a"), "x", 1, NULL), ERR_OK);
    assert_int_equal(file_make_folder(in_folder("a/b"), &note), ERR_IO);
    assert_string_equal(note.path, in_folder("a"));
    assert_string_equal(note.sentence,
                        "cannot make this folder: a file of this name is in the way");
    assert_true(file_exists(in_folder("a")));
}

static void closed_standard_descriptors_are_taken_by_nothing_else(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        file_open_standard();
        int next = dup(STDERR_FILENO); /* the lowest that is free */
        _exit(next > STDERR_FILENO ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void what_is_cleared_is_gone_and_what_cannot_be_written_is_known_before(void **state)
{
    (void)state;
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(file_clear(in_folder("a"), &note), ERR_OK); /* nothing stood there */
    assert_false(file_exists(in_folder("a")));
    assert_int_equal(file_write(in_folder("a"), "x", 1, &note), ERR_OK);
    assert_int_equal(file_clear(in_folder("a"), &note), ERR_OK);
    assert_false(file_exists(in_folder("a")));
    assert_int_equal(file_clear("/dev/null", &note), ERR_OK);
    assert_true(file_exists("/dev/null"));
    assert_int_equal(file_clear(in_folder("no/such"), &note), ERR_NOT_FOUND);
    note = (struct err_note){ .err = ERR_OK };
    assert_int_equal(file_clear(folder, &note), ERR_INVALID);
    assert_string_equal(note.sentence, "this is a folder; a file name is needed");
}

static void a_file_beside_another_is_in_its_folder(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    assert_string_equal(file_beside(&arena, "a/b/c.yaml", "d/e.txt"), "a/b/d/e.txt");
    assert_string_equal(file_beside(&arena, "/c.yaml", "e.txt"), "/e.txt");
    assert_string_equal(file_beside(&arena, "c.yaml", "e.txt"), "e.txt");
    assert_string_equal(file_beside(&arena, "a/c.yaml", "/e.txt"), "/e.txt");
    assert_string_equal(file_beside(&arena, "a/c.yaml", ""), "a/");
    assert_string_equal(file_beside(&arena, "c.yaml", ""), "");
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_beside_another_is_in_its_folder),
        cmocka_unit_test(closed_standard_descriptors_are_taken_by_nothing_else),
        cmocka_unit_test_setup_teardown(what_is_written_reads_back, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(an_empty_file_reads_as_empty_text, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(troubles_of_reading_are_named, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_the_old_file_and_no_rest,
                                        make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(
            what_is_cleared_is_gone_and_what_cannot_be_written_is_known_before, make_scratch,
            remove_scratch),
        cmocka_unit_test_setup_teardown(a_pipe_is_written_to_and_not_replaced, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(folders_are_made_with_all_their_parents, make_scratch,
                                        remove_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
