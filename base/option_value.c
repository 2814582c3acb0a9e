#include "base/option_value.h"

#include <assert.h>
#include <string.h>

#include "base/suggest.h"
#include "base/units.h"

/* How many decimals a number of this kind has: the field counts in 10^-decimals of the unit. */
static unsigned kind_decimals(enum option_kind kind)
{
    switch (kind) {
    case OPTION_SECONDS: return 9;
    case OPTION_MILLIS: return 6;
    case OPTION_PERMILLE: return 3;
    case OPTION_U32:
    case OPTION_U64:
    case OPTION_BOOL:
    case OPTION_TEXT:
    case OPTION_CHOICE: return 0;
    }
    return 0;
}

const char *option_unit(const struct option *row)
{
    switch (row->kind) {
    case OPTION_SECONDS: return "seconds";
    case OPTION_MILLIS: return "milliseconds";
    case OPTION_U32:
    case OPTION_U64: return "whole number";
    case OPTION_PERMILLE: return "ratio";
    case OPTION_BOOL: return "true or false";
    case OPTION_TEXT: return "text";
    case OPTION_CHOICE: return "choice";
    }
    return "";
}

/* Completes `"x" is not ...`. */
static const char *kind_noun(enum option_kind kind)
{
    switch (kind) {
    case OPTION_SECONDS: return "a number of seconds";
    case OPTION_MILLIS: return "a number of milliseconds";
    case OPTION_U32:
    case OPTION_U64: return "a whole number";
    case OPTION_PERMILLE: return "a ratio with at most 3 decimals";
    case OPTION_BOOL: return "true or false";
    case OPTION_TEXT: return "a text";
    case OPTION_CHOICE: return "one of the choices";
    }
    return "";
}

/* value / 10^decimals, exact. */
static void put_decimal(struct buf *out, uint64_t value, unsigned decimals)
{
    uint64_t scale = 1;
    for (unsigned i = 0; i < decimals; i++) scale *= 10;
    buf_put_u64(out, value / scale);
    uint64_t fraction = value % scale;
    if (fraction == 0) return;
    while (fraction % 10 == 0) {
        fraction /= 10;
        decimals--;
    }
    buf_printf(out, ".%0*llu", (int)decimals, (unsigned long long)fraction);
}

/* A duration such as "250ms" where the key already names the unit: what to write instead. */
static void put_unit_hint(struct buf *out, const struct option *row, const char *text)
{
    uint64_t ns = 0;
    bool time = row->kind == OPTION_SECONDS || row->kind == OPTION_MILLIS;
    bool plain_number = text[strspn(text, "0123456789.")] == '\0';
    if (!time || plain_number || !units_parse_duration(text, &ns)) return;
    buf_puts(out, "; the key already names the unit, write ");
    put_decimal(out, ns, kind_decimals(row->kind));
}

static enum err note_number(const struct option *row, const char *name, const char *text,
                            struct option_place place, const char *trouble, struct err_note *note)
{
    struct buf allowed;
    bool time = row->kind == OPTION_SECONDS || row->kind == OPTION_MILLIS;
    buf_init(&allowed, ERR_SENTENCE_MAX);
    put_decimal(&allowed, row->min, kind_decimals(row->kind));
    if (row->max == UINT64_MAX) {
        buf_puts(&allowed, " or more");
    } else {
        buf_puts(&allowed, " to ");
        put_decimal(&allowed, row->max, kind_decimals(row->kind));
    }
    if (time) buf_printf(&allowed, " %s", option_unit(row));
    put_unit_hint(&allowed, row, text);
    enum err err = err_note_set(note, ERR_INVALID, place.path, place.line, place.column,
                                "%s: \"%.80s\" %s; allowed: %s", name, text, trouble,
                                buf_text(&allowed));
    buf_deinit(&allowed);
    return err;
}

static enum err parse_number(const struct option *row, void *field, const char *name,
                             const char *text, struct option_place place, struct err_note *note)
{
    uint64_t value = 0;
    if (!units_parse_decimal(text, kind_decimals(row->kind), &value)) {
        char trouble[64];
        snprintf(trouble, sizeof trouble, "is not %s", kind_noun(row->kind));
        return note_number(row, name, text, place, trouble, note);
    }
    if (value < row->min) return note_number(row, name, text, place, "is too small", note);
    if (value > row->max) return note_number(row, name, text, place, "is too large", note);
    if (row->kind == OPTION_U32 || row->kind == OPTION_PERMILLE) {
        assert(row->max <= (row->kind == OPTION_U32 ? UINT32_MAX : 1000));
        *(uint32_t *)field = (uint32_t)value;
    } else {
        *(uint64_t *)field = value;
    }
    return ERR_OK;
}

static enum err parse_bool(void *field, const char *name, const char *text,
                           struct option_place place, struct err_note *note)
{
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0) {
        return err_note_set(note, ERR_INVALID, place.path, place.line, place.column,
                            "%s: \"%.80s\" is not allowed; allowed: true or false", name, text);
    }
    *(bool *)field = yes;
    return ERR_OK;
}

static enum err parse_text(void *field, const char *name, const char *text,
                           struct option_place place, struct err_note *note)
{
    size_t length = strlen(text);
    if (length >= OPTION_TEXT_MAX) {
        return err_note_set(note, ERR_INVALID, place.path, place.line, place.column,
                            "%s: the text has %zu bytes; allowed: at most %d", name, length,
                            OPTION_TEXT_MAX - 1); /* not shown: it may hold a password */
    }
    memset(field, 0, OPTION_TEXT_MAX);
    memcpy(field, text, length);
    return ERR_OK;
}

static enum err parse_choice(const struct option *row, void *field, const char *name,
                             const char *text, struct option_place place, struct err_note *note)
{
    struct buf list;
    size_t count = 0;
    for (; row->choices[count] != NULL; count++) {
        if (strcmp(row->choices[count], text) == 0) {
            *(int *)field = (int)count;
            return ERR_OK;
        }
    }
    buf_init(&list, ERR_SENTENCE_MAX);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&list, "%s%s", i == 0 ? "" : ", ", row->choices[i]);
    }
    const char *near = suggest(text, row->choices, count);
    if (near != NULL) buf_printf(&list, "; did you mean \"%s\"?", near);
    enum err err = err_note_set(note, ERR_INVALID, place.path, place.line, place.column,
                                "%s: \"%.80s\" is not allowed; allowed: %s", name, text,
                                buf_text(&list));
    buf_deinit(&list);
    return err;
}

enum err option_parse(const struct option *row, void *target, const char *name, const char *text,
                      struct option_place place, struct err_note *note)
{
    void *field = (char *)target + row->offset;
    bool number = row->kind != OPTION_TEXT && row->kind != OPTION_CHOICE;
    if (number && text[0] == '\0') {
        return err_note_set(note, ERR_INVALID, place.path, place.line, place.column,
                            "%s: the value is missing; it must be %s", name, kind_noun(row->kind));
    }
    switch (row->kind) {
    case OPTION_SECONDS:
    case OPTION_MILLIS:
    case OPTION_U32:
    case OPTION_U64:
    case OPTION_PERMILLE: return parse_number(row, field, name, text, place, note);
    case OPTION_BOOL: return parse_bool(field, name, text, place, note);
    case OPTION_TEXT: return parse_text(field, name, text, place, note);
    case OPTION_CHOICE: return parse_choice(row, field, name, text, place, note);
    }
    return ERR_INVALID;
}

void option_format(const struct option *row, const void *target, struct buf *out)
{
    const void *field = (const char *)target + row->offset;
    switch (row->kind) {
    case OPTION_SECONDS:
    case OPTION_MILLIS: put_decimal(out, *(const uint64_t *)field, kind_decimals(row->kind)); break;
    case OPTION_U64: buf_put_u64(out, *(const uint64_t *)field); break;
    case OPTION_U32: buf_put_u64(out, *(const uint32_t *)field); break;
    case OPTION_PERMILLE: put_decimal(out, *(const uint32_t *)field, 3); break;
    case OPTION_BOOL: buf_puts(out, *(const bool *)field ? "true" : "false"); break;
    case OPTION_TEXT: buf_puts(out, field); break;
    case OPTION_CHOICE: buf_puts(out, row->choices[*(const int *)field]); break;
    }
}
