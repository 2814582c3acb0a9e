#include "mock/ask_shape.h"

#include <string.h>

#include "mock/schema.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* To follow a change of tollama's schema: a row here. */
#define FORECAST_ROWS                                                                              \
    { "model", SCHEMA_TEXT, true }, { "horizon", SCHEMA_COUNT, true },                             \
        { "series", SCHEMA_LIST, false }, { "quantiles", SCHEMA_LIST, false },                     \
        { "options", SCHEMA_OBJECT, false }, { "timeout", SCHEMA_POSITIVE_OR_NULL, false },        \
        { "keep_alive", SCHEMA_SCALAR_OR_NULL, false },                                            \
        { "modelfile", SCHEMA_TEXT_OR_NULL, false }, { "data_url", SCHEMA_TEXT_OR_NULL, false },   \
        { "ingest", SCHEMA_OBJECT_OR_NULL, false }, { "parameters", SCHEMA_OBJECT, false },        \
    {                                                                                              \
        "response_options", SCHEMA_OBJECT, false                                                   \
    }

static const struct schema_row V1_ROWS[] = { FORECAST_ROWS };
static const struct schema_row OLLAMA_ROWS[] = { FORECAST_ROWS, { "stream", SCHEMA_BOOL, false } };
static const struct schema_row PARAMETERS_ROWS[] = {
    { "covariates_mode", SCHEMA_TEXT, false },
    { "metrics", SCHEMA_OBJECT_OR_NULL, false },
    { "timesfm", SCHEMA_OBJECT_OR_NULL, false },
};
static const struct schema_row RESPONSE_OPTIONS_ROWS[] = {
    { "explain", SCHEMA_BOOL, false },
    { "narrative", SCHEMA_BOOL, false },
};
static const struct schema_row TIMESERIES_ROWS[] = {
    { "model", SCHEMA_TEXT, true },
    { "model_version", SCHEMA_TEXT_OR_NULL, false },
    { "series", SCHEMA_LIST, true },
    { "horizon_steps", SCHEMA_COUNT, true },
    { "freq", SCHEMA_TEXT, false },
    { "quantiles", SCHEMA_LIST, false },
    { "x_past", SCHEMA_OBJECT_OR_NULL, false },
    { "x_future", SCHEMA_OBJECT_OR_NULL, false },
    { "params", SCHEMA_OBJECT_OR_NULL, false },
};
static const struct schema_row SERIES_ROWS[] = {
    { "id", SCHEMA_TEXT, true },
    { "freq", SCHEMA_TEXT, false },
    { "timestamps", SCHEMA_LIST, true },
    { "target", SCHEMA_LIST, true },
    { "actuals", SCHEMA_LIST_OR_NULL, false },
    { "past_covariates", SCHEMA_OBJECT_OR_NULL, false },
    { "future_covariates", SCHEMA_OBJECT_OR_NULL, false },
    { "static_covariates", SCHEMA_OBJECT_OR_NULL, false },
};
static const struct schema_row INGEST_ROWS[] = {
    { "format", SCHEMA_TEXT_OR_NULL, false },
    { "freq", SCHEMA_TEXT_OR_NULL, false },
    { "freq_column", SCHEMA_TEXT_OR_NULL, false },
    { "series_id_column", SCHEMA_TEXT_OR_NULL, false },
    { "target_column", SCHEMA_TEXT_OR_NULL, false },
    { "timestamp_column", SCHEMA_TEXT_OR_NULL, false },
};
static const struct schema_row METRICS_ROWS[] = {
    { "names", SCHEMA_LIST, true },
    { "mase_seasonality", SCHEMA_COUNT, false },
};
static const struct schema_row TIMESFM_ROWS[] = {
    { "force_on_cpu", SCHEMA_BOOL, false },
    { "ridge", SCHEMA_NUMBER, false },
    { "xreg_mode", SCHEMA_TEXT, false },
};
static const char *const METRIC_NAMES[] = { "mae",  "mape",  "mase",  "pinball",
                                            "rmse", "rmsse", "smape", "wape" };
static const char *const COVARIATES_MODES[] = { "best_effort", "strict" };
static const char *const INGEST_FORMATS[] = { "csv", "parquet" };

static const cJSON *member(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNull(value) ? NULL : value;
}

static bool is_one_of(const cJSON *value, const char *const *words, size_t count)
{
    for (size_t i = 0; cJSON_IsString(value) && i < count; i++) {
        if (strcmp(words[i], value->valuestring) == 0) return true;
    }
    return false;
}

static enum err check_metrics(const cJSON *metrics, struct err_note *note)
{
    const cJSON *name = NULL;
    if (metrics == NULL) return ERR_OK;
    enum err rc = schema_check(metrics, "metrics", METRICS_ROWS, COUNT(METRICS_ROWS), note);
    if (rc != ERR_OK) return rc;
    const cJSON *names = member(metrics, "names");
    bool known = cJSON_GetArraySize(names) > 0;
    cJSON_ArrayForEach(name, names)
    {
        known = known && is_one_of(name, METRIC_NAMES, COUNT(METRIC_NAMES));
    }
    if (known) return ERR_OK;
    return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                        "metrics: \"names\" must hold at least one of mae, mape, mase, pinball, "
                        "rmse, rmsse, smape, wape, and nothing else");
}

static enum err check_parameters(const cJSON *parameters, struct err_note *note)
{
    if (parameters == NULL) return ERR_OK;
    enum err rc =
        schema_check(parameters, "parameters", PARAMETERS_ROWS, COUNT(PARAMETERS_ROWS), note);
    if (rc != ERR_OK) return rc;
    const cJSON *mode = member(parameters, "covariates_mode");
    if (mode != NULL && !is_one_of(mode, COVARIATES_MODES, COUNT(COVARIATES_MODES))) {
        return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                            "parameters: \"covariates_mode\" must be best_effort or strict");
    }
    const cJSON *timesfm = member(parameters, "timesfm");
    if (timesfm != NULL) {
        rc = schema_check(timesfm, "timesfm", TIMESFM_ROWS, COUNT(TIMESFM_ROWS), note);
    }
    return rc == ERR_OK ? check_metrics(member(parameters, "metrics"), note) : rc;
}

static enum err check_ingest(const cJSON *ingest, struct err_note *note)
{
    if (ingest == NULL) return ERR_OK;
    enum err rc = schema_check(ingest, "ingest", INGEST_ROWS, COUNT(INGEST_ROWS), note);
    const cJSON *format = member(ingest, "format");
    if (rc != ERR_OK || format == NULL ||
        is_one_of(format, INGEST_FORMATS, COUNT(INGEST_FORMATS))) {
        return rc;
    }
    return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                        "ingest: \"format\" must be csv, parquet or null");
}

/* What both of the newer shapes have in common. */
static enum err check_parts(const cJSON *document, struct err_note *note)
{
    const cJSON *response_options = member(document, "response_options");
    enum err rc = check_parameters(member(document, "parameters"), note);
    if (rc == ERR_OK) rc = check_ingest(member(document, "ingest"), note);
    if (rc != ERR_OK || response_options == NULL) return rc;
    return schema_check(response_options, "response_options", RESPONSE_OPTIONS_ROWS,
                        COUNT(RESPONSE_OPTIONS_ROWS), note);
}

enum err ask_check_shape(enum ask_api api, const cJSON *document, struct err_note *note)
{
    static const char WHERE[] = "the request";
    enum err rc = ERR_OK;
    switch (api) {
    case ASK_V1: rc = schema_check(document, WHERE, V1_ROWS, COUNT(V1_ROWS), note); break;
    case ASK_OLLAMA:
        rc = schema_check(document, WHERE, OLLAMA_ROWS, COUNT(OLLAMA_ROWS), note);
        break;
    case ASK_TIMESERIES:
        return schema_check(document, WHERE, TIMESERIES_ROWS, COUNT(TIMESERIES_ROWS), note);
    }
    return rc == ERR_OK ? check_parts(document, note) : rc;
}

enum err ask_check_series_shape(const cJSON *series, struct err_note *note)
{
    return schema_check(series, "a series", SERIES_ROWS, COUNT(SERIES_ROWS), note);
}
