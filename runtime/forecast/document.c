#include "forecast/document.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "forecast/request.h"

_Static_assert((int)JSON_READ_DEPTH_MAX == (int)FORECAST_NESTING_MAX, "the contract's depth");

/* Up to so many members are compared each with each, which is faster than sorting them. */
enum { TWINS_COMPARED_MAX = 16 };

const char *document_type(const cJSON *item)
{
    if (item == NULL) return "nothing";
    if (cJSON_IsString(item)) return "a string";
    if (cJSON_IsNumber(item)) return "a number";
    if (cJSON_IsArray(item)) return "an array";
    if (cJSON_IsObject(item)) return "an object";
    if (cJSON_IsBool(item)) return "a boolean";
    return "null";
}

static enum err note_syntax(const char *text, size_t at, const char *what, const char *trouble,
                            struct err_note *note)
{
    int line = 1;
    size_t line_start = 0;
    for (size_t i = 0; i < at; i++) {
        if (text[i] != '\n') continue;
        line++;
        line_start = i + 1;
    }
    int column = (int)(at - line_start) + 1;
    return err_note_set(note, ERR_SYNTAX, NULL, line, column,
                        "%s is not JSON: line %d, column %d (byte %zu): %s", what, line, column, at,
                        trouble);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static const char *compare_each(const cJSON *object)
{
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        for (const cJSON *other = item->next; other != NULL; other = other->next) {
            if (strcmp(item->string, other->string) == 0) return item->string;
        }
    }
    return NULL;
}

static const char *find_twin(const cJSON *object, struct arena *arena)
{
    size_t count = 0;
    for (const cJSON *item = object->child; item != NULL; item = item->next) count++;
    if (count < 2) return NULL;
    if (count <= TWINS_COMPARED_MAX) return compare_each(object);
    const cJSON **members = arena_alloc(arena, count, sizeof *members);
    size_t at = 0;
    for (const cJSON *item = object->child; item != NULL; item = item->next) members[at++] = item;
    qsort(members, count, sizeof *members, compare_names);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(members[i - 1]->string, members[i]->string) == 0) return members[i]->string;
    }
    return NULL;
}

/* The name of a member that some object has twice: readers disagree on which one counts. The tree's
 * depth was bounded by the scan. */
static const char *find_twins(const cJSON *item, struct arena *arena)
{
    if (cJSON_IsObject(item)) {
        const char *twin = find_twin(item, arena);
        if (twin != NULL) return twin;
    }
    for (const cJSON *child = item->child; child != NULL; child = child->next) {
        const char *twin = child->child == NULL ? NULL : find_twins(child, arena);
        if (twin != NULL) return twin;
    }
    return NULL;
}

enum err document_parse(const char *text, size_t length, const char *what, struct arena *arena,
                        cJSON **out, struct err_note *note)
{
    *out = NULL;
    size_t at = 0;
    if (length == 0) {
        return err_note_set(note, ERR_SYNTAX, NULL, 0, 0, "%s is empty; it must be JSON", what);
    }
    cJSON *tree = NULL;
    const char *trouble = json_read(text, length, arena, &tree, &at);
    if (trouble != NULL) return note_syntax(text, at, what, trouble, note);
    const char *twin = find_twins(tree, arena);
    if (twin != NULL) {
        return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                            "the member \"%.80s\" is given twice in one object; give it once",
                            twin);
    }
    *out = tree;
    return ERR_OK;
}

const char *document_scan(const char *text, size_t length, size_t *at)
{
    return json_read(text, length, NULL, NULL, at);
}
