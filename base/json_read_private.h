#ifndef BASE_JSON_READ_PRIVATE_H
#define BASE_JSON_READ_PRIVATE_H
/* Shared by json_read.c (values) and json_read_text.c (texts); nobody else includes it. */

#include <stddef.h>

#include "base/json_read.h"

struct json_reader {
    unsigned char *text; /* a copy in the arena, in which texts are ended and unescaped; or, when
                          * nothing is built, the caller's, which is not written to */
    size_t length;
    size_t at;
    int depth;
    struct arena *arena; /* NULL: nothing is built */
    cJSON *items;        /* the next free of `items_left` */
    size_t items_left;
    size_t items_more;   /* how many to ask for next */
};

/* At the opening quote; moves past the closing one. *out: the text, ended by a NUL where its
 * closing quote (or a part that was unescaped) stood; NULL when nothing is built. Returns NULL, or
 * what is wrong at `at`. */
const char *json_read_text(struct json_reader *reader, char **out);

static inline int json_reader_peek(const struct json_reader *reader)
{
    return reader->at < reader->length ? reader->text[reader->at] : -1;
}

#endif
