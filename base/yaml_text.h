#ifndef BASE_YAML_TEXT_H
#define BASE_YAML_TEXT_H
/* Looks at the text of a YAML file before and after libyaml does: what it may hold, and which piece
 * of it to show in a note. Used by yaml.c only. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct yaml_place {
    int line;   /* 1-based */
    int column; /* 1-based, in characters */
};

enum { YAML_EXCERPT_MAX = 64 };

/* Steps over a byte order mark, which would shift the columns of line 1. */
void yaml_text_skip_mark(const char **text, size_t *length);
/* Refuses bytes that are not UTF-8 and control characters, with their place. */
MUST_USE enum err yaml_text_check(const char *path, const char *text, size_t length,
                                  struct err_note *note);
/* The first tab in the indentation of `line`; false when there is none. */
bool yaml_text_find_tab_indent(const char *text, size_t length, int line, struct yaml_place *out);
/* `line` without the blanks around it, cut to fit (between characters). Returns `out`. */
const char *yaml_text_excerpt(const char *text, size_t length, int line,
                              char out[YAML_EXCERPT_MAX]);
/* What to do about one of libyaml's problems; the problem itself when nothing better is known. Sets
 * `at_context` when the note belongs to where the broken construct begins. */
const char *yaml_text_advice(const char *problem, bool *at_context);

#endif
