#include "scratch.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"

enum { PATHS = 8, PATH_BYTES = 192, FILE_BYTES_MAX = 1 << 30, DESCRIPTORS = 8 };

static char scratch[FOLDER_BYTES];

void folder_make(char out[FOLDER_BYTES])
{
    snprintf(out, FOLDER_BYTES, "/tmp/tollgate-test-XXXXXX");
    assert_non_null(mkdtemp(out));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void folder_remove(const char *folder)
{
    assert_int_equal(nftw(folder, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS), 0);
}

int scratch_make(void **state)
{
    (void)state;
    folder_make(scratch);
    return 0;
}

int scratch_remove(void **state)
{
    (void)state;
    folder_remove(scratch);
    return 0;
}

const char *scratch_path(const char *name)
{
    static char path[PATHS][PATH_BYTES];
    static unsigned turn;
    turn = (turn + 1) % PATHS;
    int length = snprintf(path[turn], PATH_BYTES, "%s/%s", scratch, name);
    assert_in_range(length, 1, PATH_BYTES - 1);
    return path[turn];
}

const char *scratch_write(const char *name, const char *text)
{
    const char *path = scratch_path(name);
    assert_int_equal(file_write(path, text, strlen(text), NULL), ERR_OK);
    return path;
}

char *scratch_read(const char *name)
{
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(file_read(scratch_path(name), FILE_BYTES_MAX, &text, &length, NULL), ERR_OK);
    return text;
}
