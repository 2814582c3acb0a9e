#include "mock/schema.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/suggest.h"

enum { SCHEMA_ROWS_MAX = 32 };

static bool is_text(const cJSON *value)
{
    return cJSON_IsString(value) && value->valuestring[0] != '\0';
}

static bool is_count(const cJSON *value)
{
    return cJSON_IsNumber(value) && value->valuedouble >= 1 &&
           value->valuedouble <= SCHEMA_COUNT_MAX &&
           floor(value->valuedouble) == value->valuedouble;
}

static bool is_positive(const cJSON *value)
{
    return cJSON_IsNumber(value) && isfinite(value->valuedouble) && value->valuedouble > 0;
}

static bool kind_holds(enum schema_kind kind, const cJSON *value)
{
    switch (kind) {
    case SCHEMA_TEXT: return is_text(value);
    case SCHEMA_TEXT_OR_NULL: return cJSON_IsNull(value) || is_text(value);
    case SCHEMA_COUNT: return is_count(value);
    case SCHEMA_POSITIVE_OR_NULL: return cJSON_IsNull(value) || is_positive(value);
    case SCHEMA_NUMBER: return cJSON_IsNumber(value) && isfinite(value->valuedouble);
    case SCHEMA_SCALAR_OR_NULL:
        return cJSON_IsNull(value) || cJSON_IsNumber(value) || cJSON_IsString(value);
    case SCHEMA_BOOL: return cJSON_IsBool(value);
    case SCHEMA_BOOL_OR_NULL: return cJSON_IsNull(value) || cJSON_IsBool(value);
    case SCHEMA_COUNT_OR_NULL: return cJSON_IsNull(value) || is_count(value);
    case SCHEMA_STRING_OR_NULL: return cJSON_IsNull(value) || cJSON_IsString(value);
    case SCHEMA_LIST: return cJSON_IsArray(value);
    case SCHEMA_LIST_OR_NULL: return cJSON_IsNull(value) || cJSON_IsArray(value);
    case SCHEMA_OBJECT: return cJSON_IsObject(value);
    case SCHEMA_OBJECT_OR_NULL: return cJSON_IsNull(value) || cJSON_IsObject(value);
    }
    assert(false && "unknown kind");
    return false;
}

static const char *kind_text(enum schema_kind kind)
{
    switch (kind) {
    case SCHEMA_TEXT: return "a string that is not empty";
    case SCHEMA_TEXT_OR_NULL: return "a string that is not empty, or null";
    case SCHEMA_COUNT: return "an integer greater than 0";
    case SCHEMA_POSITIVE_OR_NULL: return "a number greater than 0, or null";
    case SCHEMA_NUMBER: return "a number";
    case SCHEMA_SCALAR_OR_NULL: return "a number, a string or null";
    case SCHEMA_BOOL: return "true or false";
    case SCHEMA_BOOL_OR_NULL: return "true, false or null";
    case SCHEMA_COUNT_OR_NULL: return "an integer greater than 0, or null";
    case SCHEMA_STRING_OR_NULL: return "a string or null";
    case SCHEMA_LIST: return "an array";
    case SCHEMA_LIST_OR_NULL: return "an array or null";
    case SCHEMA_OBJECT: return "an object";
    case SCHEMA_OBJECT_OR_NULL: return "an object or null";
    }
    assert(false && "unknown kind");
    return "";
}

static enum err unknown_field(const char *key, const char *where, const struct schema_row *rows,
                              size_t count, struct err_note *note)
{
    const char *known[SCHEMA_ROWS_MAX];
    for (size_t i = 0; i < count; i++)
        known[i] = rows[i].key;
    const char *near = suggest(key, known, count);
    return err_note_set(note, ERR_INVALID, NULL, 0, 0, "%s: unknown field \"%.64s\"%s%s%s", where,
                        key, near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                        near != NULL ? "\"?" : "");
}

static const struct schema_row *find_row(const struct schema_row *rows, size_t count,
                                         const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].key, key) == 0) return &rows[i];
    }
    return NULL;
}

enum unknown_members { REFUSE_UNKNOWN, IGNORE_UNKNOWN };

static enum err check(const cJSON *value, const char *where, const struct schema_row *rows,
                      size_t count, enum unknown_members unknown, struct err_note *note)
{
    assert(count <= SCHEMA_ROWS_MAX);
    if (!cJSON_IsObject(value)) {
        return err_note_set(note, ERR_INVALID, NULL, 0, 0, "%s must be an object", where);
    }
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, value)
    {
        const struct schema_row *row = find_row(rows, count, member->string);
        if (row == NULL && unknown == IGNORE_UNKNOWN) continue;
        if (row == NULL) return unknown_field(member->string, where, rows, count, note);
        if (!kind_holds(row->kind, member)) {
            return err_note_set(note, ERR_INVALID, NULL, 0, 0, "%s: \"%s\" must be %s", where,
                                row->key, kind_text(row->kind));
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (rows[i].required && cJSON_GetObjectItemCaseSensitive(value, rows[i].key) == NULL) {
            return err_note_set(note, ERR_INVALID, NULL, 0, 0, "%s: field \"%s\" is required",
                                where, rows[i].key);
        }
    }
    return ERR_OK;
}

enum err schema_check(const cJSON *value, const char *where, const struct schema_row *rows,
                      size_t count, struct err_note *note)
{
    return check(value, where, rows, count, REFUSE_UNKNOWN, note);
}

enum err schema_check_open(const cJSON *value, const char *where, const struct schema_row *rows,
                           size_t count, struct err_note *note)
{
    return check(value, where, rows, count, IGNORE_UNKNOWN, note);
}
