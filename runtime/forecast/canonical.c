#include "forecast/canonical.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

struct canonical {
    struct json json;
    struct arena *arena; /* borrowed */
    struct canonical_cut cut;
    bool finite;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static void write_item(struct canonical *canonical, const cJSON *item);

static void write_object(struct canonical *canonical, const cJSON *object)
{
    size_t count = (size_t)cJSON_GetArraySize(object);
    const cJSON **members = arena_alloc(canonical->arena, count, sizeof *members);
    size_t at = 0;
    for (const cJSON *item = object->child; item != NULL; item = item->next) members[at++] = item;
    qsort(members, count, sizeof *members, compare_names);
    json_open(&canonical->json, '{');
    for (size_t i = 0; i < count; i++) {
        json_key(&canonical->json, members[i]->string);
        write_item(canonical, members[i]);
    }
    json_close(&canonical->json, '}');
}

static void write_array(struct canonical *canonical, const cJSON *array)
{
    size_t skip = 0;
    if (canonical->cut.keep < canonical->cut.length &&
        (size_t)cJSON_GetArraySize(array) == canonical->cut.length) {
        skip = canonical->cut.length - canonical->cut.keep;
    }
    json_open(&canonical->json, '[');
    for (const cJSON *item = array->child; item != NULL; item = item->next) {
        if (skip > 0) {
            skip--;
        } else {
            write_item(canonical, item);
        }
    }
    json_close(&canonical->json, ']');
}

static void write_item(struct canonical *canonical, const cJSON *item)
{
    struct json *json = &canonical->json;
    if (cJSON_IsObject(item)) {
        write_object(canonical, item);
    } else if (cJSON_IsArray(item)) {
        write_array(canonical, item);
    } else if (cJSON_IsString(item)) {
        json_string(json, item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        if (!isfinite(item->valuedouble)) canonical->finite = false;
        json_double(json, item->valuedouble + 0.0); /* -0 + 0 is 0 */
    } else if (cJSON_IsBool(item)) {
        json_bool(json, cJSON_IsTrue(item));
    } else {
        json_null(json);
    }
}

enum err canonical_text(const cJSON *item, const char *name, struct canonical_cut cut,
                        struct arena *arena, const char **out, struct err_note *note)
{
    struct buf buf;
    buf_init(&buf, BUF_UNBOUNDED);
    struct canonical canonical = { .arena = arena, .cut = cut, .finite = true };
    json_init(&canonical.json, &buf);
    write_item(&canonical, item);
    *out = arena_copy_text(arena, buf_text(&buf), buf.length);
    buf_deinit(&buf);
    if (canonical.finite) return ERR_OK;
    return err_note_set(note, ERR_INVALID, NULL, 0, 0, "%s holds a number that is not finite",
                        name);
}
