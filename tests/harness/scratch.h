#ifndef TESTS_HARNESS_SCRATCH_H
#define TESTS_HARNESS_SCRATCH_H
/* Folders for what tests write. A test program has one scratch folder, made and removed around its
 * tests:
 *
 *     return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
 *
 * Whoever needs several at once uses folder_make() and folder_remove(). */

enum { FOLDER_BYTES = 64 };

/* A new folder below /tmp; fails the test when there can be none. */
void folder_make(char out[FOLDER_BYTES]);
/* It and all that is in it; links are removed, not followed. */
void folder_remove(const char *folder);

/* cmocka's setup and teardown of a group. */
int scratch_make(void **state);
int scratch_remove(void **state);
/* The path of `name` in it; valid for seven more calls. */
const char *scratch_path(const char *name);
/* Writes a file into a folder that is there; returns its path as above. */
const char *scratch_write(const char *name, const char *text);
/* The whole file, which must be there; the caller frees it (mem_free). */
char *scratch_read(const char *name);

#endif
