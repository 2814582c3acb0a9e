#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/repository_path.h"
#include "scratch.h"

static void assert_becomes(const char *path, const char *wanted)
{
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    repository_path(&out, path);
    assert_string_equal(buf_text(&out), wanted);
    buf_deinit(&out);
}

/* A folder top with a sub in it, which becomes the working folder. */
static int make(void **state)
{
    unsetenv("GITHUB_WORKSPACE");
    unsetenv("CI_PROJECT_DIR");
    if (scratch_make(state) != 0) return -1;
    mkdir(scratch_path("top"), 0755);
    mkdir(scratch_path("top/sub"), 0755);
    scratch_write("top/sub/a.yaml", "");
    symlink(scratch_path("top"), scratch_path("link"));
    return chdir(scratch_path("top/sub"));
}

static void without_a_checkout_paths_are_those_from_the_working_folder(void **state)
{
    (void)state;
    assert_becomes("a.yaml", "a.yaml");
    assert_becomes("./a.yaml", "a.yaml");
    assert_becomes(".//x/.././a.yaml", "a.yaml");
    assert_becomes(scratch_path("top/sub/a.yaml"), "a.yaml");
    assert_becomes("../other.yaml", "../other.yaml");
    assert_becomes("/elsewhere/a.yaml", "/elsewhere/a.yaml");
}

static void what_the_ci_system_names_is_the_root(void **state)
{
    (void)state;
    static const char *const names[] = { "GITHUB_WORKSPACE", "CI_PROJECT_DIR" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        setenv(names[i], scratch_path("top"), 1);
        assert_becomes("./a.yaml", "sub/a.yaml");
        assert_becomes("../gone.yaml", "gone.yaml");
        assert_becomes(scratch_path("top/sub/a.yaml"), "sub/a.yaml");
        assert_becomes(scratch_path("topmost/a.yaml"), scratch_path("topmost/a.yaml"));
        setenv(names[i], scratch_path("link/"), 1); /* by another name */
        assert_becomes("a.yaml", "sub/a.yaml");
        setenv(names[i], scratch_path("top"), 1);
        assert_becomes(scratch_path("link/sub/a.yaml"), "sub/a.yaml");
        unsetenv(names[i]);
    }
}

static void else_the_root_is_the_files_own_checkout(void **state)
{
    (void)state;
    mkdir(scratch_path("top/.git"), 0755);
    assert_becomes("a.yaml", "sub/a.yaml");
    assert_becomes(scratch_path("top/b.yaml"), "b.yaml");
    rmdir(scratch_path("top/.git"));
}

static int leave(void **state)
{
    return chdir("/") != 0 ? -1 : scratch_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_checkout_paths_are_those_from_the_working_folder),
        cmocka_unit_test(what_the_ci_system_names_is_the_root),
        cmocka_unit_test(else_the_root_is_the_files_own_checkout),
    };
    return cmocka_run_group_tests(tests, make, leave);
}
