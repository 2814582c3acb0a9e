#ifndef BASE_ERR_H
#define BASE_ERR_H
/* What can go wrong when the world fails us: a file, a socket, a line of YAML. (Our own bugs are
 * asserts; a misbehaving upstream is data, see core/classify.h.)
 *
 * A function that can fail returns `enum err`, 0 is ERR_OK. Where a person must mend something, it
 * also fills a `struct err_note` at the place where the trouble is seen; higher layers only pass it
 * on. One note holds one trouble: the first one set stays.
 *
 * Example:
 *     scenarios/a.yaml:7:14: error: "40sec" is not a length of time; write 40s, 300ms or 2m */

#include <stdio.h>

#define ERR_LIST(X)                                                                                \
    X(ERR_OK, "ok")                                                                                \
    X(ERR_USAGE, "bad usage")                                                                      \
    X(ERR_SYNTAX, "not well-formed")                                                               \
    X(ERR_INVALID, "not allowed here")                                                             \
    X(ERR_NOT_FOUND, "not found")                                                                  \
    X(ERR_TOO_LARGE, "too large")                                                                  \
    X(ERR_IO, "input or output failed")                                                            \
    X(ERR_NETWORK, "network trouble")                                                              \
    X(ERR_LIMIT, "a limit was reached")

enum err {
#define ERR_ENUM(name, text) name,
    ERR_LIST(ERR_ENUM)
#undef ERR_ENUM
};

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

enum { ERR_PATH_MAX = 512, ERR_SENTENCE_MAX = 768 };

struct err_note {
    enum err err;
    char path[ERR_PATH_MAX];         /* empty: no file is to blame */
    int line;                        /* 1-based; 0: unknown */
    int column;                      /* 1-based; 0: unknown */
    char sentence[ERR_SENTENCE_MAX]; /* what is wrong, and what is allowed */
};

/* "ERR_SYNTAX" */
const char *err_name(enum err err);
/* "not well-formed" */
const char *err_text(enum err err);

/* Fills `note` unless it already holds a trouble (or is NULL); returns `err`, so that a caller can
 * write `return err_note_set(...)`. `path` may be NULL. */
enum err err_note_set(struct err_note *note, enum err err, const char *path, int line, int column,
                      const char *format, ...) PRINTF_LIKE(6, 7);

/* Writes "path:line:column: error: sentence\n", leaving out what is unknown. */
void err_note_print(FILE *out, const struct err_note *note);

#endif
