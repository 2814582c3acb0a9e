#include "config/trace_head.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* "key=value" of the longest option that is written. */
enum { SETTING_MAX = 128 };

static bool is_written(const struct option *row)
{
    return row->kind != OPTION_TEXT;
}

/* The end of a line: what an engine is made of. */
static void put_config(struct json *json, const struct runtime_config *config)
{
    struct buf value;
    buf_init(&value, BUF_UNBOUNDED);
    json_key(json, "l2");
    json_bool(json, config->engine.l2_enabled);
    json_key(json, "config");
    json_open(json, '{');
    size_t count;
    const struct option *rows = config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (!is_written(&rows[i])) continue;
        buf_clear(&value);
        options_format_value(&config->options, config, i, &value);
        json_key(json, rows[i].key);
        json_string(json, buf_text(&value));
    }
    json_close(json, '}');
    json_close(json, '}');
    buf_putc(json->out, '\n');
    buf_deinit(&value);
}

void trace_head_write(struct buf *out, const char *program, const char *version, instant_ns start,
                      const struct runtime_config *config)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "trace");
    json_u64(&json, TRACE_VERSION);
    json_key(&json, "program");
    json_string(&json, program);
    json_key(&json, "version");
    json_string(&json, version);
    json_key(&json, "start_ns");
    json_u64(&json, start);
    put_config(&json, config);
}

void trace_reload_write(struct buf *out, instant_ns now, const struct runtime_config *config)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "t");
    json_u64(&json, now);
    json_key(&json, "in");
    json_string(&json, "reload");
    put_config(&json, config);
}

static enum err refuse(const char *path, struct err_note *note, const char *sentence,
                       const char *word)
{
    return err_note_set(note, ERR_INVALID, path, 1, 0, "%s%s", sentence, word);
}

static void read_name(const cJSON *head, const char *key, char out[TRACE_NAME_MAX])
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(head, key));
    snprintf(out, TRACE_NAME_MAX, "%s", text == NULL ? "" : text);
}

/* Every option that is written, and no other key: else an engine would be made of something that
 * the trace does not say. */
static enum err settings_make(const cJSON *config, char settings[][SETTING_MAX], const char **sets,
                              size_t *set_count, const char **wrong)
{
    size_t count;
    const struct option *rows = config_rows(&count);
    *set_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_written(&rows[i])) continue;
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(config, rows[i].key);
        const char *value = cJSON_GetStringValue(item);
        char *setting = settings[*set_count];
        *wrong = rows[i].key;
        if (value == NULL) return ERR_INVALID;
        int length = snprintf(setting, SETTING_MAX, "%s=%s", rows[i].key, value);
        if (length < 0 || length >= SETTING_MAX) return ERR_INVALID;
        sets[(*set_count)++] = setting;
    }
    *wrong = "a key that this program does not know";
    return (size_t)cJSON_GetArraySize(config) == *set_count ? ERR_OK : ERR_INVALID;
}

static enum err config_read(const char *path, const cJSON *line,
                            const struct trace_changes *changes, struct runtime_config *out,
                            struct err_note *note)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(line, "config");
    const cJSON *l2 = cJSON_GetObjectItemCaseSensitive(line, "l2");
    if (!cJSON_IsObject(config)) return refuse(path, note, "it holds no \"config\"", "");
    if (!cJSON_IsBool(l2)) return refuse(path, note, "it holds no \"l2\"", "");
    char (*settings)[SETTING_MAX] = mem_alloc(OPTIONS_MAX, sizeof *settings);
    size_t changed = changes == NULL ? 0 : changes->count;
    const char **sets = mem_alloc(OPTIONS_MAX + changed, sizeof *sets);
    const char *wrong = "";
    struct config_source source = { .sets = sets };
    struct err_note inner = { .err = ERR_OK };
    enum err rc = settings_make(config, settings, sets, &source.set_count, &wrong);
    if (rc != ERR_OK) {
        rc = refuse(path, note, "its configuration is of another version of the program: ", wrong);
        goto out;
    }
    for (size_t i = 0; i < changed; i++) sets[source.set_count++] = changes->sets[i];
    if (config_load(out, &source, &inner) != ERR_OK) {
        rc = refuse(path, note, "its configuration is refused: ", inner.sentence);
    }
    out->engine.l2_enabled = cJSON_IsTrue(l2) != 0;
out:
    mem_free(sets);
    mem_free(settings);
    return rc;
}

enum err trace_head_read_changed(const char *path, const char *line, size_t length,
                                 const struct trace_changes *changes, struct trace_head *out,
                                 struct err_note *note)
{
    cJSON *head = cJSON_ParseWithLength(line, length);
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(head, "trace");
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(head, "start_ns");
    enum err rc = ERR_OK;
    if (!cJSON_IsNumber(version)) {
        rc = refuse(path, note, "this is no trace: its first line does not begin with ",
                    "{\"trace\":");
    } else if (version->valueint != TRACE_VERSION) {
        rc = err_note_set(note, ERR_INVALID, path, 1, 0,
                          "a trace of format %d; this program reads format %d", version->valueint,
                          TRACE_VERSION);
    } else {
        read_name(head, "program", out->program);
        read_name(head, "version", out->version);
        bool plain = cJSON_IsNumber(start) && start->valuedouble >= 0 &&
                     start->valuedouble < 1.8e19;
        out->start = plain ? (instant_ns)start->valuedouble : 0;
        rc = config_read(path, head, changes, &out->config, note);
    }
    cJSON_Delete(head);
    return rc;
}

enum err trace_head_read(const char *path, const char *line, size_t length, struct trace_head *out,
                         struct err_note *note)
{
    return trace_head_read_changed(path, line, length, NULL, out, note);
}

enum err trace_reload_read(const char *line, size_t length, const struct trace_changes *changes,
                           struct runtime_config *out, struct err_note *note)
{
    cJSON *reload = cJSON_ParseWithLength(line, length);
    enum err rc = config_read(NULL, reload, changes, out, note);
    cJSON_Delete(reload);
    return rc;
}
