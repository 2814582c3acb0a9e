#include "contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "runtime/openapi.h"

/* HTTP's own; every other header must be described. */
static const char *const plain_headers[] = {
    "Connection", "Content-Length", "Content-Type", "Date", "Keep-Alive",
};

cJSON *contract_document(void)
{
    cJSON *document = cJSON_ParseWithLength(openapi_text, openapi_text_length);
    assert_non_null(document);
    return document;
}

/* `item`, or what its $ref names. */
static const cJSON *follow(const cJSON *document, const cJSON *item)
{
    const cJSON *reference = cJSON_GetObjectItemCaseSensitive(item, "$ref");
    return reference == NULL ? item : json_schema_resolve(document, reference->valuestring);
}

static const cJSON *response_of(const cJSON *document, unsigned status, const char *method,
                                const char *path)
{
    char name[16];
    const cJSON *paths = cJSON_GetObjectItemCaseSensitive(document, "paths");
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(paths, path);
    const cJSON *responses =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItem(item, method), "responses");
    snprintf(name, sizeof name, "%u", status);
    const cJSON *response = cJSON_GetObjectItemCaseSensitive(responses, name);
    if (response == NULL) response = cJSON_GetObjectItemCaseSensitive(responses, "default");
    return follow(document, response);
}

static bool is_plain(const char *name)
{
    for (size_t i = 0; i < sizeof plain_headers / sizeof *plain_headers; i++) {
        if (strcasecmp(name, plain_headers[i]) == 0) return true;
    }
    return false;
}

static bool header_allowed(const cJSON *document, const cJSON *described, const char *name,
                           const char *text, char fault[SCHEMA_FAULT_MAX])
{
    const cJSON *header = follow(document, cJSON_GetObjectItem(described, name));
    if (header == NULL) {
        snprintf(fault, SCHEMA_FAULT_MAX, "the header %s is not described", name);
        return false;
    }
    cJSON *value = cJSON_CreateString(text);
    const cJSON *schema = cJSON_GetObjectItemCaseSensitive(header, "schema");
    bool ok = json_schema_check(document, schema, value, fault);
    cJSON_Delete(value);
    return ok;
}

static bool headers_allowed(const cJSON *document, const cJSON *response,
                            const struct rig_answer *answer, char fault[SCHEMA_FAULT_MAX])
{
    const cJSON *described = cJSON_GetObjectItemCaseSensitive(response, "headers");
    const char *line = strchr(answer->head, '\n');
    while (line != NULL && line[1] != '\0') {
        char name[64];
        char text[512];
        if (sscanf(line + 1, "%63[^:]: %511[^\r]", name, text) == 2 && !is_plain(name) &&
            !header_allowed(document, described, name, text, fault)) {
            return false;
        }
        line = strchr(line + 1, '\n');
    }
    const cJSON *one;
    cJSON_ArrayForEach(one, described)
    {
        const cJSON *header = follow(document, one);
        bool required = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(header, "required"));
        if (required && rig_header(answer, one->string)[0] == '\0') {
            snprintf(fault, SCHEMA_FAULT_MAX, "the header %s is missing", one->string);
            return false;
        }
    }
    return true;
}

bool contract_allows(const cJSON *document, const struct rig_answer *answer, const char *method,
                     const char *path, char fault[SCHEMA_FAULT_MAX])
{
    const cJSON *response = response_of(document, answer->status, method, path);
    if (response == NULL) {
        snprintf(fault, SCHEMA_FAULT_MAX, "no answer %u is described", answer->status);
        return false;
    }
    if (!headers_allowed(document, response, answer, fault)) return false;
    char type[64];
    snprintf(type, sizeof type, "%s", rig_header(answer, "Content-Type"));
    type[strcspn(type, ";")] = '\0';
    const cJSON *content = cJSON_GetObjectItemCaseSensitive(response, "content");
    if (content == NULL && type[0] == '\0' && answer->body[0] == '\0') return true;
    const cJSON *media = cJSON_GetObjectItemCaseSensitive(content, type);
    if (media == NULL) {
        snprintf(fault, SCHEMA_FAULT_MAX, "the media type %s is not described", type);
        return false;
    }
    cJSON *value = strcmp(type, "text/plain") == 0 ? cJSON_CreateString(answer->body)
                                                   : cJSON_Duplicate(answer->json, true);
    if (value == NULL) {
        snprintf(fault, SCHEMA_FAULT_MAX, "the body is not JSON");
        return false;
    }
    bool ok = json_schema_check(document, cJSON_GetObjectItemCaseSensitive(media, "schema"), value,
                                fault);
    cJSON_Delete(value);
    return ok;
}

void contract_check(const cJSON *document, const struct rig_answer *answer, const char *method,
                    const char *path)
{
    char fault[SCHEMA_FAULT_MAX];
    if (contract_allows(document, answer, method, path, fault)) return;
    fail_msg("%s %s: %s\n%s%s", method, path, fault, answer->head, answer->body);
}
