/* What is said of a folder in which no scenario can be found. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "harness/discover.h"

enum { NOBODY = 65534 };

static enum err find_in(const char *folder, char *said, size_t said_bytes)
{
    const char *paths[] = { folder };
    const struct discover_options options = { .paths = paths, .path_count = 1 };
    struct suite suite = { .count = 0 };
    struct arena arena = { .head = NULL };
    FILE *errors = fmemopen(said, said_bytes, "w");
    assert_non_null(errors);
    enum err rc = discover(&suite, &arena, &options, errors);
    fclose(errors);
    arena_deinit(&arena);
    return rc;
}

static void a_folder_that_may_not_be_read_is_not_called_empty(void **state)
{
    (void)state;
    char folder[] = "/tmp/tollgate-shut-XXXXXX";
    char said[256] = "";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(find_in(folder, said, sizeof said), ERR_NOT_FOUND);
    assert_non_null(strstr(said, "no scenario (*.yaml) in this folder"));

    /* Permissions do not stop root. */
    bool root = geteuid() == 0;
    assert_int_equal(chmod(folder, 0), 0);
    if (root) assert_int_equal(seteuid(NOBODY), 0);
    enum err rc = find_in(folder, said, sizeof said);
    if (root) assert_int_equal(seteuid(0), 0);
    rmdir(folder);
    assert_int_equal(rc, ERR_IO);
    assert_non_null(strstr(said, "cannot read this folder: Permission denied"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_that_may_not_be_read_is_not_called_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
