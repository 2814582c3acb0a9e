#include "harness/result_cursor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/result_read.h"

void cursor_fail(struct cursor *cursor, const char *format, ...)
{
    char what[256];
    va_list arguments;
    if (cursor->failed) return;
    cursor->failed = true;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    err_note_set(cursor->note, ERR_INVALID, cursor->path, 0, 0,
                 "damaged at %s: %s; make a new one with: tollgate run", cursor->place, what);
}

const cJSON *cursor_member(struct cursor *cursor, const cJSON *object, const char *key, int kind)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (item == NULL) {
        cursor_fail(cursor, "there is no \"%s\"", key);
    } else if (kind != cJSON_Invalid && (item->type & 0xFF) != kind) {
        cursor_fail(cursor, "\"%s\" is of another type", key);
        item = NULL;
    }
    return item;
}

uint64_t cursor_value_u64(struct cursor *cursor, const cJSON *item, const char *key, uint64_t max)
{
    double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (!(value >= 0 && value <= (double)RESULT_NUMBER_MAX) || value != (double)(uint64_t)value) {
        cursor_fail(cursor, "\"%s\" is not a whole number", key);
        return 0;
    }
    if ((uint64_t)value <= max) return (uint64_t)value;
    cursor_fail(cursor, "\"%s\" is %" PRIu64 ", more than the %" PRIu64 " that are possible", key,
                (uint64_t)value, max);
    return 0;
}

uint64_t cursor_value_wide(struct cursor *cursor, const cJSON *item, const char *key)
{
    if (!cJSON_IsString(item)) return cursor_value_u64(cursor, item, key, RESULT_NUMBER_MAX);
    char *end = NULL;
    unsigned long long value = strtoull(item->valuestring, &end, 10);
    if (item->valuestring[0] < '0' || item->valuestring[0] > '9' || *end != '\0')
        cursor_fail(cursor, "\"%s\" is not a whole number", key);
    return value;
}

bool cursor_value_bool(struct cursor *cursor, const cJSON *item, const char *key)
{
    if (!cJSON_IsBool(item)) cursor_fail(cursor, "\"%s\" is neither true nor false", key);
    return cJSON_IsTrue(item);
}

const char *cursor_value_text(struct cursor *cursor, const cJSON *item, const char *key)
{
    if (!cJSON_IsString(item)) {
        cursor_fail(cursor, "\"%s\" is no text", key);
        return "";
    }
    return arena_copy_text(cursor->arena, item->valuestring, strlen(item->valuestring));
}

uint64_t cursor_u64(struct cursor *cursor, const cJSON *object, const char *key, uint64_t max)
{
    return cursor_value_u64(cursor, cursor_member(cursor, object, key, cJSON_Invalid), key, max);
}

bool cursor_bool(struct cursor *cursor, const cJSON *object, const char *key)
{
    return cursor_value_bool(cursor, cursor_member(cursor, object, key, cJSON_Invalid), key);
}

const char *cursor_text(struct cursor *cursor, const cJSON *object, const char *key)
{
    return cursor_value_text(cursor, cursor_member(cursor, object, key, cJSON_Invalid), key);
}

const cJSON *cursor_next(const cJSON **cell)
{
    const cJSON *here = *cell;
    if (here != NULL) *cell = here->next;
    return here;
}

uint32_t cursor_request_id(struct cursor *cursor, const cJSON *item, size_t count)
{
    const char *id = cJSON_IsString(item) ? item->valuestring : "";
    char *end = NULL;
    unsigned long long index = 0;
    bool digits = id[0] == 'r' && id[1] >= '0' && id[1] <= '9';
    if (digits) index = strtoull(id + 1, &end, 10);
    if (!digits || *end != '\0' || index >= count) {
        cursor_fail(cursor, "\"%.40s\" is no request of this run", id);
        return 0;
    }
    return (uint32_t)index;
}
