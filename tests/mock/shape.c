#include "shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WHERE_MAX = 256 };

static bool scalar_has(const char *kind, size_t length, const cJSON *value)
{
    bool text = cJSON_IsString(value);
    bool number = cJSON_IsNumber(value) && isfinite(value->valuedouble);
    if (strncmp(kind, "any", length) == 0) return true;
    if (strncmp(kind, "text", length) == 0) return text && value->valuestring[0] != '\0';
    if (strncmp(kind, "string", length) == 0) return text;
    if (strncmp(kind, "number", length) == 0) return number;
    if (strncmp(kind, "bool", length) == 0) return cJSON_IsBool(value);
    if (strncmp(kind, "whole", length) == 0) {
        return number && value->valuedouble >= 0 && floor(value->valuedouble) == value->valuedouble;
    }
    fail_msg("\"%s\" is no shape", kind);
    return false;
}

static void check_scalar(const char *kind, const cJSON *value, const char *where)
{
    size_t length = strcspn(kind, "|");
    bool or_null = strcmp(kind + length, "|null") == 0;
    if (or_null && cJSON_IsNull(value)) return;
    if (!scalar_has(kind, length, value)) fail_msg("%s is not %s", where, kind);
}

/* The member's shape in `shape`, under its name, "name?" or "*"; NULL: it must not be there. */
static const cJSON *shape_of(const cJSON *shape, const char *name)
{
    const cJSON *item = NULL;
    size_t length = strlen(name);
    cJSON_ArrayForEach(item, shape)
    {
        if (strncmp(item->string, name, length) != 0) continue;
        if (item->string[length] == '\0' || strcmp(item->string + length, "?") == 0) return item;
    }
    return cJSON_GetObjectItemCaseSensitive(shape, "*");
}

static void check_object(const cJSON *shape, const cJSON *value, const char *where)
{
    const cJSON *item = NULL;
    char place[WHERE_MAX];
    if (!cJSON_IsObject(value)) fail_msg("%s is not an object", where);
    cJSON_ArrayForEach(item, value)
    {
        const cJSON *expected = shape_of(shape, item->string);
        snprintf(place, sizeof place, "%s.%s", where, item->string);
        if (expected == NULL) fail_msg("%s should not be there", place);
        shape_check(expected, item, place);
    }
    cJSON_ArrayForEach(item, shape)
    {
        bool optional = strcmp(item->string, "*") == 0 || strchr(item->string, '?') != NULL;
        if (optional || cJSON_HasObjectItem(value, item->string)) continue;
        fail_msg("%s lacks \"%s\"", where, item->string);
    }
}

void shape_check(const cJSON *shape, const cJSON *value, const char *where)
{
    const cJSON *item = NULL;
    char place[WHERE_MAX];
    int index = 0;
    if (cJSON_IsString(shape)) {
        check_scalar(shape->valuestring, value, where);
    } else if (cJSON_IsObject(shape)) {
        check_object(shape, value, where);
    } else {
        if (!cJSON_IsArray(value)) fail_msg("%s is not an array", where);
        cJSON_ArrayForEach(item, value)
        {
            snprintf(place, sizeof place, "%s[%d]", where, index++);
            shape_check(cJSON_GetArrayItem(shape, 0), item, place);
        }
    }
}
