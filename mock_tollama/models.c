#include "mock/models.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mock/schema.h"

static const char MODIFIED_AT[] = "2026-01-01T00:00:00Z";
static const char *const LICENSE_TYPES[] = { "apache-2.0", "apache-2.0", "cc-by-nc-4.0" };

static void begin(struct buf *body, struct json *json, const char *list)
{
    buf_init(body, BUF_UNBOUNDED);
    json_init(json, body);
    json_open(json, '{');
    if (list == NULL) return;
    json_key(json, list);
    json_open(json, '[');
}

static void write_tag(struct json *json, const struct model *model)
{
    json_open(json, '{');
    json_member_string(json, "name", model->name);
    json_member_string(json, "model", model->name);
    json_member_string(json, "modified_at", MODIFIED_AT);
    json_member_u64(json, "size", model->size_bytes);
    json_member_string(json, "digest", "local");
    json_key(json, "details");
    json_open(json, '{');
    json_member_string(json, "format", "tollama");
    json_member_string(json, "family", model->family);
    json_key(json, "families");
    json_open(json, '[');
    json_string(json, model->family);
    json_close(json, ']');
    json_member_string(json, "parameter_size", "");
    json_member_string(json, "quantization_level", "");
    json_close(json, '}');
    json_close(json, '}');
}

void models_on_tags(struct mock *mock, struct http_exchange *exchange)
{
    struct buf body;
    struct json json;
    begin(&body, &json, "models");
    for (size_t i = 0; i < mock->registry.count; i++) {
        if (mock->registry.models[i].installed) write_tag(&json, &mock->registry.models[i]);
    }
    json_close(&json, ']');
    json_close(&json, '}');
    api_reply_buf(exchange, &body);
}

void models_on_ps(struct mock *mock, struct http_exchange *exchange)
{
    struct buf body;
    struct json json;
    registry_expire(&mock->registry, clock_now());
    begin(&body, &json, "models");
    for (size_t i = 0; i < mock->registry.count; i++) {
        const struct model *model = &mock->registry.models[i];
        if (!model->loaded) continue;
        json_open(&json, '{');
        json_member_string(&json, "name", model->name);
        json_member_string(&json, "model", model->name);
        json_key(&json, "expires_at");
        api_json_moment(&json, mock, model->loaded_until);
        json_member_u64(&json, "size", model->size_bytes);
        json_member_u64(&json, "size_vram", 0);
        json_member_u64(&json, "context_length", 0);
        json_key(&json, "details");
        json_open(&json, '{');
        json_member_string(&json, "family", model->family);
        json_close(&json, '}');
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
    api_reply_buf(exchange, &body);
}

static void write_license(struct json *json, const struct model *model)
{
    json_key(json, "license");
    json_open(json, '{');
    json_member_string(json, "type", LICENSE_TYPES[model->license]);
    json_member_bool(json, "needs_acceptance", model->license != LICENSE_NONE);
    json_member_bool(json, "accepted", model->license != LICENSE_REQUIRED);
    json_close(json, '}');
}

static void write_model(struct json *json, const struct model *model)
{
    json_open(json, '{');
    json_member_string(json, "name", model->name);
    json_member_string(json, "family", model->family);
    json_member_bool(json, "installed", model->installed);
    write_license(json, model);
    json_close(json, '}');
}

static void write_models(struct json *json, const struct registry *registry, bool installed_only)
{
    json_open(json, '[');
    for (size_t i = 0; i < registry->count; i++) {
        const struct model *model = &registry->models[i];
        if (model->installed || !installed_only) write_model(json, model);
    }
    json_close(json, ']');
}

void models_on_models(struct mock *mock, struct http_exchange *exchange)
{
    struct buf body;
    struct json json;
    begin(&body, &json, NULL);
    json_key(&json, "available");
    write_models(&json, &mock->registry, false);
    json_key(&json, "installed");
    write_models(&json, &mock->registry, true);
    json_close(&json, '}');
    api_reply_buf(exchange, &body);
}

static void write_loaded(struct json *json, const struct mock *mock)
{
    json_open(json, '[');
    for (size_t i = 0; i < mock->registry.count; i++) {
        const struct model *model = &mock->registry.models[i];
        if (!model->loaded) continue;
        json_open(json, '{');
        json_member_string(json, "name", model->name);
        json_member_string(json, "model", model->name);
        json_member_string(json, "family", model->family);
        json_key(json, "expires_at");
        api_json_moment(json, mock, model->loaded_until);
        json_close(json, '}');
    }
    json_close(json, ']');
}

void models_on_info(struct mock *mock, struct http_exchange *exchange)
{
    struct buf body;
    struct json json;
    instant_ns now = clock_now();
    struct address address = mock_address(mock);
    char binding[sizeof address.host + 16];
    snprintf(binding, sizeof binding, "%s:%u", address.host, address.port);
    registry_expire(&mock->registry, now);
    begin(&body, &json, NULL);
    json_key(&json, "daemon");
    json_open(&json, '{');
    json_member_string(&json, "version", TOLLGATE_VERSION "+mock");
    json_key(&json, "started_at");
    api_json_moment(&json, mock, mock->created);
    json_member_u64(&json, "uptime_seconds", instant_until(now, mock->created) / NS_PER_S);
    json_member_string(&json, "host_binding", binding);
    json_close(&json, '}');
    json_key(&json, "config");
    json_null(&json);
    json_key(&json, "env");
    json_raw(&json, "{}", 2);
    json_key(&json, "models");
    json_open(&json, '{');
    json_key(&json, "installed");
    write_models(&json, &mock->registry, true);
    json_key(&json, "available");
    write_models(&json, &mock->registry, false);
    json_key(&json, "loaded");
    write_loaded(&json, mock);
    json_close(&json, '}');
    json_key(&json, "runners");
    json_raw(&json, "[]", 2);
    json_close(&json, '}');
    api_reply_buf(exchange, &body);
}

unsigned models_refusal(enum model_state state, const char *name, struct err_note *note,
                        const char **hint)
{
    switch (state) {
    case MODEL_READY: return 200;
    case MODEL_UNKNOWN:
        err_note_set(note, ERR_NOT_FOUND, NULL, 0, 0, "model '%.128s' is not installed", name);
        *hint = "GET /v1/models lists the models of this server; mock-tollama --models adds names";
        return 404;
    case MODEL_NOT_INSTALLED:
        err_note_set(note, ERR_NOT_FOUND, NULL, 0, 0, "model '%.128s' is not installed", name);
        *hint = "POST /api/pull {\"model\": NAME} installs it";
        return 404;
    case MODEL_NOT_LICENSED:
        err_note_set(note, ERR_INVALID, NULL, 0, 0, "model '%.128s' requires license acceptance",
                     name);
        *hint = "POST /api/pull {\"model\": NAME, \"accept_license\": true} accepts it";
        return 403;
    }
    return 500;
}

void models_refuse(struct http_exchange *exchange, enum model_state state, const char *name)
{
    struct err_note note = { .err = ERR_OK };
    const char *hint = NULL;
    unsigned status = models_refusal(state, name, &note, &hint);
    api_reply_hint(exchange, status, note.sentence, hint);
}

static void reply_show(struct http_exchange *exchange, const struct model *model)
{
    struct buf body;
    struct json json;
    begin(&body, &json, NULL);
    json_member_string(&json, "name", model->name);
    json_member_string(&json, "model", model->name);
    json_member_string(&json, "family", model->family);
    json_key(&json, "source");
    json_raw(&json, "{\"type\":\"local\"}", 16);
    json_key(&json, "resolved");
    json_raw(&json, "{\"commit_sha\":\"local\"}", 22);
    json_member_string(&json, "digest", "local");
    json_member_u64(&json, "size", model->size_bytes);
    json_member_string(&json, "snapshot_path", NULL);
    write_license(&json, model);
    json_member_string(&json, "modelfile", "");
    json_member_string(&json, "parameters", "");
    json_close(&json, '}');
    api_reply_buf(exchange, &body);
}

void models_on_show(struct mock *mock, struct http_exchange *exchange)
{
    static const struct schema_row ROWS[] = { { "model", SCHEMA_TEXT, true } };
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    const cJSON *document = api_read_body(exchange, &arena);
    if (document == NULL) goto out;
    if (schema_check(document, "the request", ROWS, 1, &note) != ERR_OK) {
        api_reply_error(exchange, 400, note.sentence);
        goto out;
    }
    const char *name = cJSON_GetObjectItemCaseSensitive(document, "model")->valuestring;
    const struct model *model = registry_find(&mock->registry, name);
    if (model != NULL && model->installed)
        reply_show(exchange, model);
    else
        models_refuse(exchange, model != NULL ? MODEL_NOT_INSTALLED : MODEL_UNKNOWN, name);
out:
    arena_deinit(&arena);
}
