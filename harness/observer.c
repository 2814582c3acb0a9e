#include "harness/observer.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"

#define OBSERVER_BYTES_MAX ((size_t)1 << 31)

enum err observer_read(const char *path, void *context,
                       void (*on_line)(void *context, const cJSON *line), bool *cut,
                       struct err_note *note)
{
    char *text = NULL;
    size_t length = 0;
    enum err rc = file_read(path, OBSERVER_BYTES_MAX, &text, &length, note);
    if (rc != ERR_OK) return rc;
    const char *at = text;
    const char *end = text + length;
    *cut = length > 0 && end[-1] != '\n';
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL) break;
        cJSON *line = cJSON_ParseWithLength(at, (size_t)(newline - at));
        if (cJSON_IsObject(line)) on_line(context, line);
        cJSON_Delete(line);
        at = newline + 1;
    }
    mem_free(text);
    return ERR_OK;
}

const char *observer_text(const cJSON *line, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, name));
    return text == NULL ? "" : text;
}

uint64_t observer_u64(const cJSON *line, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(line, name);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < 1.8e19)) return 0;
    return (uint64_t)item->valuedouble;
}
