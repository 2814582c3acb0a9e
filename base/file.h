#ifndef BASE_FILE_H
#define BASE_FILE_H
/* Whole files. Writing goes to a temporary name beside the target and is renamed, so that a reader
 * sees the old file or the new one and a killed run leaves no half of either. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

/* The file's bytes, NUL-terminated, owned by the caller (mem_free); at most `bytes_max`. */
MUST_USE enum err file_read(const char *path, size_t bytes_max, char **out, size_t *length,
                            struct err_note *note);
MUST_USE enum err file_write(const char *path, const void *bytes, size_t length,
                             struct err_note *note);
/* Before long work that ends in file_write(): what stands there now is removed, so that nobody
 * takes it for the new one, and whether a new one could be written is tried. What is no plain file
 * (/dev/stdout, a pipe) stays. */
MUST_USE enum err file_clear(const char *path, struct err_note *note);
/* A file's name as it stands in the file `path`, whatever the current folder is: "a/b.yaml" and
 * "c.txt" -> "a/c.txt"; "" -> the folder, "a/". An absolute one stays. In the arena, or `name`. */
const char *file_beside(struct arena *arena, const char *path, const char *name);
/* mkdir -p */
MUST_USE enum err file_make_folder(const char *path, struct err_note *note);
bool file_is_folder(const char *path);
bool file_exists(const char *path);

/* Opens /dev/null in the place of each standard descriptor that is closed; for the first line of a
 * main. Else a socket or file opened later would be written to as if it were standard output. */
void file_open_standard(void);
/* For the last line of a main: what it returns. Who pipes the output somewhere must not be told
 * that all is well when it never got there: then `lost` takes the place of the code 0, and standard
 * error says why. Any other code stays. */
int file_close_standard(int code, int lost);

#endif
