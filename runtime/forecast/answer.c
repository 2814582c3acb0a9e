#include "forecast/answer.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "forecast/document.h"

enum { SCRATCH_BYTES = 8 * 1024 /* most answers need no more */ };

static const char *const quantile_names[FORECAST_QUANTILES] = { "0.1", "0.5", "0.9" };

static enum err refuse(struct err_note *note, const char *format, ...) PRINTF_LIKE(2, 3);

static enum err refuse(struct err_note *note, const char *format, ...)
{
    char sentence[ERR_SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return err_note_set(note, ERR_INVALID, NULL, 0, 0, "%s", sentence);
}

static enum err take_values(const cJSON *array, const char *name, uint32_t horizon, double *out,
                            struct err_note *note)
{
    if (!cJSON_IsArray(array)) {
        return refuse(note, "quantile %s is %s; it must be an array of %u numbers", name,
                      document_type(array), horizon);
    }
    int count = cJSON_GetArraySize(array);
    if ((uint32_t)count != horizon) {
        return refuse(note, "quantile %s has %d values; %u were asked for", name, count, horizon);
    }
    size_t index = 0;
    for (const cJSON *item = array->child; item != NULL; item = item->next, index++) {
        if (!cJSON_IsNumber(item)) {
            return refuse(note, "quantile %s[%zu] is %s; it must be a number", name, index,
                          document_type(item));
        }
        if (!isfinite(item->valuedouble)) {
            return refuse(note, "quantile %s[%zu] is not a finite number", name, index);
        }
        out[index] = item->valuedouble;
    }
    return ERR_OK;
}

static enum err take_quantiles(const cJSON *object, struct forecast_values *out,
                               struct err_note *note)
{
    if (!cJSON_IsObject(object)) {
        return refuse(note, "quantiles is %s; it must be an object", document_type(object));
    }
    for (int i = 0; i < FORECAST_QUANTILES; i++) {
        const char *name = quantile_names[i];
        const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, name);
        if (array == NULL) return refuse(note, "quantile %s is missing", name);
        enum err rc = take_values(array, name, out->horizon, out->q[i], note);
        if (rc != ERR_OK) return rc;
    }
    if (cJSON_GetArraySize(object) != FORECAST_QUANTILES) {
        return refuse(note, "there are %d quantiles; exactly 0.1, 0.5 and 0.9 were asked for",
                      cJSON_GetArraySize(object));
    }
    return ERR_OK;
}

/* One series was asked for, so exactly one forecast, under its id, is the answer. */
static enum err find_series(const cJSON *forecasts, const char *id, const cJSON **quantiles,
                            struct err_note *note)
{
    if (!cJSON_IsArray(forecasts)) {
        return refuse(note, "forecasts is %s; it must be an array", document_type(forecasts));
    }
    int count = cJSON_GetArraySize(forecasts);
    if (count != 1) return refuse(note, "there are %d forecasts; one was asked for", count);
    const cJSON *forecast = forecasts->child;
    if (!cJSON_IsObject(forecast)) {
        return refuse(note, "forecasts[0] is %s; it must be an object", document_type(forecast));
    }
    const cJSON *answered = cJSON_GetObjectItemCaseSensitive(forecast, "id");
    if (!cJSON_IsString(answered)) return refuse(note, "forecasts[0] has no id");
    if (strcmp(answered->valuestring, id) != 0) {
        return refuse(note, "the forecast is for series \"%.80s\"; \"%.80s\" was asked for",
                      answered->valuestring, id);
    }
    *quantiles = cJSON_GetObjectItemCaseSensitive(forecast, "quantiles");
    return *quantiles != NULL ? ERR_OK : refuse(note, "the forecast has no quantiles");
}

static enum err find_quantiles(const cJSON *root, const char *id, const cJSON **quantiles,
                               struct err_note *note)
{
    if (!cJSON_IsObject(root)) {
        return refuse(note, "the answer is %s; it must be an object", document_type(root));
    }
    const cJSON *forecasts = cJSON_GetObjectItemCaseSensitive(root, "forecasts");
    if (forecasts != NULL) return find_series(forecasts, id, quantiles, note);
    *quantiles = cJSON_GetObjectItemCaseSensitive(root, "quantiles");
    if (*quantiles == NULL) *quantiles = cJSON_GetObjectItemCaseSensitive(root, "yhat_q");
    if (*quantiles != NULL) return ERR_OK;
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(root, "detail");
    if (cJSON_IsString(detail)) {
        return refuse(note, "the answer is an error in a good status: \"%.200s\"",
                      detail->valuestring);
    }
    return refuse(note, "the answer has neither forecasts nor quantiles nor yhat_q");
}

enum err answer_parse(const char *body, size_t length, const struct forecast_request *request,
                      struct forecast_values *out, struct err_note *note)
{
    assert(out->horizon == request->horizon);
    _Alignas(max_align_t) unsigned char scratch[SCRATCH_BYTES];
    struct arena arena = { 0 };
    arena_lend(&arena, scratch, sizeof scratch);
    cJSON *root = NULL;
    const cJSON *quantiles = NULL;
    enum err rc = document_parse(body, length, "the answer", &arena, &root, note);
    if (rc == ERR_OK) rc = find_quantiles(root, request->market_id, &quantiles, note);
    if (rc == ERR_OK) rc = take_quantiles(quantiles, out, note);
    arena_deinit(&arena);
    /* To the caller an answer that is no JSON is one bad schema like any other. */
    return rc == ERR_OK ? ERR_OK : ERR_INVALID;
}
