#include "base/json_read_private.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/decimal.h"

enum { ITEMS_START = 32, ITEMS_MAX = 64 };

/* Each read_ function moves past what it names, fills `item` unless it is NULL, and returns NULL,
 * or says what is wrong at `at`. */
static const char *read_value(struct json_reader *reader, cJSON *item);

static void skip_space(struct json_reader *reader)
{
    for (;; reader->at++) {
        int c = json_reader_peek(reader);
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
    }
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static cJSON *new_item(struct json_reader *reader)
{
    if (reader->arena == NULL) return NULL;
    if (reader->items_left == 0) {
        reader->items = arena_room(reader->arena, reader->items_more, sizeof *reader->items);
        reader->items_left = reader->items_more;
        if (reader->items_more < ITEMS_MAX) reader->items_more *= 2;
    }
    reader->items_left--;
    cJSON *item = reader->items++;
    *item = (cJSON){ .type = 0 };
    return item;
}

/* Numbers and words. */

static bool skip_digits(struct json_reader *reader)
{
    const size_t from = reader->at;
    while (reader->at < reader->length && is_digit(reader->text[reader->at])) reader->at++;
    return reader->at > from;
}

static const char *check_number(struct json_reader *reader)
{
    static const char trouble[] = "this is no number of JSON";
    if (json_reader_peek(reader) == '-') reader->at++;
    if (json_reader_peek(reader) == 'I') return "NaN and Infinity are not JSON";
    if (json_reader_peek(reader) == '0') {
        reader->at++;
        if (is_digit(json_reader_peek(reader))) return "a number must not begin with 0";
    } else if (!skip_digits(reader)) {
        return trouble;
    }
    if (json_reader_peek(reader) == '.') {
        reader->at++;
        if (!skip_digits(reader)) return trouble;
    }
    if (json_reader_peek(reader) == 'e' || json_reader_peek(reader) == 'E') {
        reader->at++;
        if (json_reader_peek(reader) == '+' || json_reader_peek(reader) == '-') reader->at++;
        if (!skip_digits(reader)) return trouble;
    }
    return NULL;
}

static void fill_number(cJSON *item, double value)
{
    item->type = cJSON_Number;
    item->valuedouble = value;
    item->valueint = value >= INT_MAX ? INT_MAX : value <= INT_MIN ? INT_MIN : (int)value;
}

static const char *read_number(struct json_reader *reader, cJSON *item)
{
    const size_t from = reader->at;
    const char *text = (const char *)reader->text + from;
    double value;
    size_t length = decimal_scan(text, reader->length - from, &value);
    reader->at += length;
    if (length == 0) {
        const char *trouble = check_number(reader);
        if (trouble != NULL || item == NULL) return trouble;
        value = decimal_read(text, reader->at - from);
    } else if (item == NULL) {
        return NULL;
    }
    fill_number(item, value);
    return NULL;
}

static const char *read_word(struct json_reader *reader, cJSON *item)
{
    static const struct {
        const char *text;
        int type;
    } words[] = { { "true", cJSON_True }, { "false", cJSON_False }, { "null", cJSON_NULL } };
    const unsigned char *rest = reader->text + reader->at;
    size_t left = reader->length - reader->at;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i].text);
        if (left < length || memcmp(rest, words[i].text, length) != 0) continue;
        reader->at += length;
        if (item != NULL) item->type = words[i].type;
        if (item != NULL) item->valueint = words[i].type == cJSON_True;
        return NULL;
    }
    if (left >= 3 && (memcmp(rest, "NaN", 3) == 0 || memcmp(rest, "Inf", 3) == 0)) {
        return "NaN and Infinity are not JSON";
    }
    return left == 0 ? "it ends too early" : "a value is expected here";
}

/* Arrays and objects. */

/* `"key" :` */
static const char *read_key(struct json_reader *reader, char **out)
{
    skip_space(reader);
    if (json_reader_peek(reader) != '"') return "a member's name in quotes is expected here";
    const char *trouble = json_read_text(reader, out);
    if (trouble != NULL) return trouble;
    skip_space(reader);
    if (json_reader_peek(reader) != ':') return "a colon is expected here";
    reader->at++;
    return NULL;
}

static void append(cJSON *parent, cJSON *child, char *name)
{
    if (parent == NULL) return;
    child->string = name;
    if (parent->child == NULL) {
        parent->child = child;
    } else {
        cJSON *last = parent->child->prev; /* cJSON's way: the first knows the last */
        last->next = child;
        child->prev = last;
    }
    parent->child->prev = child;
}

/* Numbers of an array that stand close, `1,2,3`: what most of a request consists of. Moves past
 * those that have a comma behind them, and past the comma: the next value is as in any array. */
static void read_close_numbers(struct json_reader *reader, cJSON *array)
{
    const char *text = (const char *)reader->text;
    for (;;) {
        double value;
        size_t length = decimal_scan(text + reader->at, reader->length - reader->at, &value);
        size_t end = reader->at + length;
        if (length == 0 || end >= reader->length || text[end] != ',') return;
        reader->at = end + 1;
        if (array == NULL) continue;
        cJSON *item = new_item(reader);
        fill_number(item, value);
        append(array, item, NULL);
    }
}

static const char *read_members(struct json_reader *reader, cJSON *item, bool object)
{
    const int close = object ? '}' : ']';
    if (reader->depth == JSON_READ_DEPTH_MAX) return "it is nested too deeply; allowed: 32 levels";
    reader->depth++;
    reader->at++;
    if (item != NULL) item->type = object ? cJSON_Object : cJSON_Array;
    skip_space(reader);
    if (json_reader_peek(reader) == close) {
        reader->at++;
        reader->depth--;
        return NULL;
    }
    for (;;) {
        char *name = NULL;
        if (!object) read_close_numbers(reader, item);
        const char *trouble = object ? read_key(reader, &name) : NULL;
        if (trouble != NULL) return trouble;
        cJSON *child = new_item(reader);
        trouble = read_value(reader, child);
        if (trouble != NULL) return trouble;
        append(item, child, name);
        skip_space(reader);
        int c = json_reader_peek(reader);
        if (c != ',' && c != close) {
            if (c < 0) return "it ends too early";
            return object ? "a comma or } is expected here" : "a comma or ] is expected here";
        }
        reader->at++;
        if (c == close) break;
    }
    reader->depth--;
    return NULL;
}

static const char *read_value(struct json_reader *reader, cJSON *item)
{
    skip_space(reader);
    int c = json_reader_peek(reader);
    if (c == '{' || c == '[') return read_members(reader, item, c == '{');
    if (c == '-' || is_digit(c)) return read_number(reader, item);
    if (c != '"') return read_word(reader, item);
    char *text;
    const char *trouble = json_read_text(reader, &text);
    if (trouble == NULL && item != NULL) {
        item->type = cJSON_String;
        item->valuestring = text;
    }
    return trouble;
}

const char *json_read(const char *text, size_t length, struct arena *arena, cJSON **out, size_t *at)
{
    _Static_assert(JSON_READ_DEPTH_MAX == 32, "the sentence above says so");
    struct json_reader reader = {
        .text = (unsigned char *)(uintptr_t)text,
        .length = length,
        .arena = arena,
        .items_more = ITEMS_START,
    };
    assert((arena == NULL) == (out == NULL));
    if (arena != NULL) {
        reader.text = (unsigned char *)arena_copy_text(arena, text, length);
        *out = new_item(&reader);
    }
    const char *trouble = read_value(&reader, arena == NULL ? NULL : *out);
    if (trouble == NULL) {
        skip_space(&reader);
        if (reader.at < length) trouble = "nothing may follow the value";
    }
    *at = reader.at;
    if (trouble != NULL && out != NULL) *out = NULL;
    return trouble;
}
