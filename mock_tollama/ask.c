#include "mock/ask.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/json_read.h"
#include "mock/ask_scan.h"
#include "mock/ask_shape.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const double DEFAULT_QUANTILES[] = { 0.1, 0.5, 0.9 };

static enum err invalid(struct err_note *note, const char *where, const char *what)
{
    return err_note_set(note, ERR_INVALID, NULL, 0, 0, "%s: %s", where, what);
}

static const cJSON *member(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNull(value) ? NULL : value;
}

static const char *text_or(const cJSON *object, const char *key, const char *otherwise)
{
    const cJSON *value = member(object, key);
    return value != NULL ? value->valuestring : otherwise;
}

static enum err read_numbers(struct arena *arena, const cJSON *list, const char *where,
                             const double **out, size_t *out_count, struct err_note *note)
{
    size_t count = (size_t)cJSON_GetArraySize(list);
    double *values = arena_alloc(arena, count + 1, sizeof(*values));
    const cJSON *item = NULL;
    size_t i = 0;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)) {
            return err_note_set(note, ERR_INVALID, NULL, 0, 0, "%s[%zu] must be a finite number",
                                where, i);
        }
        values[i++] = item->valuedouble;
    }
    *out = values;
    *out_count = count;
    return ERR_OK;
}

static enum err read_target(struct arena *arena, const cJSON *list, const char *where,
                            struct ask_series *out, struct err_note *note)
{
    const double *values = NULL;
    enum err rc = read_numbers(arena, list, where, &values, &out->count, note);
    if (rc != ERR_OK) return rc;
    out->recent_count = out->count < ASK_RECENT_MAX ? out->count : ASK_RECENT_MAX;
    out->recent = values + (out->count - out->recent_count);
    return ERR_OK;
}

static enum err read_quantiles(struct ask *ask, struct err_note *note)
{
    const cJSON *list = member(ask->document, "quantiles");
    if (list == NULL) {
        /* The older shape has a default; the newer answers with the mean alone. */
        ask->quantiles = DEFAULT_QUANTILES;
        ask->quantile_count = ask->api == ASK_TIMESERIES ? COUNT(DEFAULT_QUANTILES) : 0;
        return ERR_OK;
    }
    enum err rc =
        read_numbers(&ask->arena, list, "quantiles", &ask->quantiles, &ask->quantile_count, note);
    if (rc != ERR_OK) return rc;
    for (size_t i = 0; i < ask->quantile_count; i++) {
        if (!(ask->quantiles[i] > 0 && ask->quantiles[i] < 1)) {
            return invalid(note, "quantiles", "each must lie between 0 and 1, both excluded");
        }
        if (i > 0 && !(ask->quantiles[i] > ask->quantiles[i - 1])) {
            return invalid(note, "quantiles", "must be sorted and unique");
        }
    }
    return ERR_OK;
}

/* An object of arrays; with `length` > 0 each must have that many values. */
static enum err check_covariates(const cJSON *series, const char *key, size_t length,
                                 struct err_note *note)
{
    const cJSON *list = NULL;
    cJSON_ArrayForEach(list, member(series, key))
    {
        if (!cJSON_IsArray(list)) return invalid(note, key, "each member must be an array");
        if (length > 0 && (size_t)cJSON_GetArraySize(list) != length) {
            return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                                "%s: \"%.64s\" has %d values; expected %zu", key, list->string,
                                cJSON_GetArraySize(list), length);
        }
        const cJSON *item = NULL;
        cJSON_ArrayForEach(item, list)
        {
            if (cJSON_IsNumber(item) ? isfinite(item->valuedouble) : cJSON_IsString(item)) continue;
            return invalid(note, key, "values must be finite numbers or strings");
        }
    }
    return ERR_OK;
}

static enum err read_timestamps(const cJSON *list, struct ask_series *out, struct err_note *note)
{
    const cJSON *item = NULL;
    size_t count = 0;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item) || item->valuestring[0] == '\0') {
            return invalid(note, "timestamps", "each must be a string that is not empty");
        }
        out->before_last_timestamp = out->last_timestamp;
        out->last_timestamp = item->valuestring;
        count++;
    }
    if (count == out->count) return ERR_OK;
    return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                        "series \"%.64s\": %zu timestamps but %zu target values", out->id, count,
                        out->count);
}

static enum err read_series(struct ask *ask, const cJSON *value, struct ask_series *out,
                            struct err_note *note)
{
    enum err rc = ask_check_series_shape(value, note);
    if (rc != ERR_OK) return rc;
    out->id = text_or(value, "id", "");
    out->freq = text_or(value, "freq", "auto");
    rc = read_target(&ask->arena, member(value, "target"), "target", out, note);
    if (rc != ERR_OK) return rc;
    if (out->count == 0) return invalid(note, "target", "must have at least one value");
    rc = read_timestamps(member(value, "timestamps"), out, note);
    if (rc == ERR_OK) rc = check_covariates(value, "past_covariates", out->count, note);
    if (rc == ERR_OK) rc = check_covariates(value, "future_covariates", ask->horizon, note);
    if (rc != ERR_OK) return rc;

    const cJSON *actuals = member(value, "actuals");
    const double *unused = NULL;
    size_t actual_count = 0;
    if (actuals == NULL) return ERR_OK;
    rc = read_numbers(&ask->arena, actuals, "actuals", &unused, &actual_count, note);
    if (rc == ERR_OK && actual_count != ask->horizon) {
        return invalid(note, "actuals", "must have as many values as the horizon");
    }
    return rc;
}

static enum err read_all_series(struct ask *ask, struct err_note *note)
{
    const cJSON *list = member(ask->document, "series");
    if (member(ask->document, "data_url") != NULL) {
        return invalid(note, "data_url", "this mock reads no files; send the values in \"series\"");
    }
    int count = cJSON_GetArraySize(list);
    if (count == 0) return invalid(note, "series", "must have at least one series");
    struct ask_series *series = arena_alloc(&ask->arena, (size_t)count, sizeof(*series));
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        enum err rc = read_series(ask, item, &series[ask->series_count], note);
        if (rc != ERR_OK) return rc;
        ask->series_count++;
    }
    ask->series = series;
    return ERR_OK;
}

static enum err read_plain_series(struct ask *ask, struct err_note *note)
{
    struct ask_series *series = arena_alloc(&ask->arena, 1, sizeof(*series));
    enum err rc = read_target(&ask->arena, member(ask->document, "series"), "series", series, note);
    if (rc == ERR_OK) rc = check_covariates(ask->document, "x_past", 0, note);
    if (rc == ERR_OK) rc = check_covariates(ask->document, "x_future", 0, note);
    if (rc != ERR_OK) return rc;
    if (series->count == 0) return invalid(note, "series", "must have at least one value");
    series->id = "series";
    series->freq = text_or(ask->document, "freq", "auto");
    ask->model_version = text_or(ask->document, "model_version", NULL);
    ask->series = series;
    ask->series_count = 1;
    return ERR_OK;
}

static enum err read_keep_alive(struct ask *ask, struct err_note *note)
{
    const cJSON *value = member(ask->document, "keep_alive");
    if (value == NULL) return ERR_OK;
    ask->keep_alive = (struct keep_alive){ .given = true, .seconds = value->valuedouble };
    if (cJSON_IsNumber(value) && isfinite(value->valuedouble)) return ERR_OK;
    if (cJSON_IsString(value) && keep_alive_parse(value->valuestring, &ask->keep_alive)) {
        return ERR_OK;
    }
    return invalid(note, "keep_alive", "write seconds or a time such as \"5m\"; -1 means for ever");
}

enum err ask_parse(enum ask_api api, const char *body, size_t length, struct ask *out,
                   struct err_note *note)
{
    size_t at;
    ask_init(out, api);
    if (json_read(body, length, &out->arena, &out->document, &at) != NULL) {
        return err_note_set(note, ERR_SYNTAX, NULL, 0, 0, "the request body is not JSON");
    }
    enum err rc = ask_check_shape(api, out->document, note);
    if (rc != ERR_OK) return rc;
    const char *horizon_key = api == ASK_TIMESERIES ? "horizon_steps" : "horizon";
    out->model = text_or(out->document, "model", "");
    out->horizon = (size_t)member(out->document, horizon_key)->valuedouble;
    out->stream = api == ASK_OLLAMA && !cJSON_IsFalse(member(out->document, "stream"));
    rc = read_quantiles(out, note);
    if (rc == ERR_OK) rc = read_keep_alive(out, note);
    if (rc != ERR_OK) return rc;
    rc = api == ASK_TIMESERIES ? read_plain_series(out, note) : read_all_series(out, note);
    if (rc != ERR_OK) return rc;
    if (out->horizon > ASK_VALUES_MAX / (out->quantile_count + 1) / out->series_count) {
        return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                            "the answer would have over %d values; ask for a shorter \"%s\"",
                            (int)ASK_VALUES_MAX, horizon_key);
    }
    return ERR_OK;
}

enum err ask_read(enum ask_api api, const char *body, size_t length, struct ask *out,
                  struct err_note *note)
{
    return ask_scan(api, body, length, out) ? ERR_OK : ask_parse(api, body, length, out, note);
}

void ask_init(struct ask *ask, enum ask_api api)
{
    memset(ask, 0, offsetof(struct ask, lent));
    ask->api = api;
}

void ask_deinit(struct ask *ask)
{
    arena_deinit(&ask->arena);
    ask_init(ask, ask->api);
}
