#include <math.h>
#include <string.h>

#include "forecast/canonical.h"
#include "forecast/request_parts.h"

static const char *const transform_members[] = { "space", "eps" };
static const char *const model_members[] = { "provider", "model_name", "model_version", "params" };

/* Anything but the set {0.1, 0.5, 0.9}, in whatever order, is replaced by it. */
static enum err read_quantiles(struct request_reader *reader)
{
    static const double served[FORECAST_QUANTILES] = { 0.1, 0.5, 0.9 };
    const cJSON *array = request_member(reader, "quantiles");
    if (array == NULL) return ERR_OK;
    if (!cJSON_IsArray(array)) {
        return request_refuse(reader, "quantiles is %s; it must be an array of numbers",
                              document_type(array));
    }
    unsigned seen = 0;
    int index = 0;
    bool other = false;
    for (const cJSON *item = array->child; item != NULL; item = item->next, index++) {
        if (!cJSON_IsNumber(item) || !(item->valuedouble > 0 && item->valuedouble < 1)) {
            return request_refuse(reader, "quantiles[%d] is not a number between 0 and 1", index);
        }
        int match = 0;
        while (match < FORECAST_QUANTILES && fabs(served[match] - item->valuedouble) > 1e-12)
            match++;
        if (match == FORECAST_QUANTILES) {
            other = true;
        } else {
            seen |= 1u << match;
        }
    }
    if (other || seen != (1u << FORECAST_QUANTILES) - 1) {
        reader->out->warnings |= 1u << WARNING_UNSUPPORTED_QUANTILES;
    }
    return ERR_OK;
}

static enum err read_transform(struct request_reader *reader)
{
    struct forecast_request *out = reader->out;
    const cJSON *object = request_member(reader, "transform");
    out->transform = TRANSFORM_LOGIT;
    out->eps = FORECAST_EPS_DEFAULT;
    if (object == NULL) return ERR_OK;
    if (!cJSON_IsObject(object)) {
        return request_refuse(reader, "transform is %s; it must be an object with space and eps",
                              document_type(object));
    }
    enum err rc = request_check_members(reader, object, "transform", transform_members,
                                        sizeof transform_members / sizeof *transform_members);
    if (rc != ERR_OK) return rc;
    const cJSON *space = cJSON_GetObjectItemCaseSensitive(object, "space");
    if (space != NULL) {
        const char *text = cJSON_IsString(space) ? space->valuestring : "";
        if (strcmp(text, "logit") != 0 && strcmp(text, "none") != 0) {
            return request_refuse(reader,
                                  "transform.space is %s%.40s; allowed: \"logit\", \"none\"",
                                  cJSON_IsString(space) ? "" : document_type(space), text);
        }
        out->transform = strcmp(text, "none") == 0 ? TRANSFORM_NONE : TRANSFORM_LOGIT;
    }
    const cJSON *eps = cJSON_GetObjectItemCaseSensitive(object, "eps");
    if (eps == NULL) return ERR_OK;
    if (!cJSON_IsNumber(eps)) {
        return request_refuse(reader, "transform.eps is %s; it must be a number",
                              document_type(eps));
    }
    if (!(eps->valuedouble > 0 && eps->valuedouble < 0.5)) {
        return request_refuse(reader, "transform.eps is %g; it must be over 0 and under 0.5",
                              eps->valuedouble);
    }
    out->eps = eps->valuedouble;
    return ERR_OK;
}

static enum err read_params(struct request_reader *reader, const cJSON *params)
{
    const struct canonical_cut none = { 0 };
    if (params == NULL) return ERR_OK;
    if (!cJSON_IsObject(params)) {
        return request_refuse(reader, "model.params is %s; it must be an object",
                              document_type(params));
    }
    if (params->child == NULL) return ERR_OK;
    return canonical_text(params, "model.params", none, reader->arena, &reader->out->params,
                          reader->note);
}

static enum err read_model(struct request_reader *reader)
{
    struct forecast_request *out = reader->out;
    const struct forecast_config *config = reader->config;
    const cJSON *object = request_member(reader, "model");
    out->model_name = config->default_model;
    if (config->default_model_version[0] != '\0')
        out->model_version = config->default_model_version;
    if (object == NULL) return ERR_OK;
    if (!cJSON_IsObject(object)) {
        return request_refuse(reader, "model is %s; it must be an object with model_name",
                              document_type(object));
    }
    enum err rc = request_check_members(reader, object, "model", model_members,
                                        sizeof model_members / sizeof *model_members);
    const cJSON *provider = cJSON_GetObjectItemCaseSensitive(object, "provider");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(object, "model_name");
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(object, "model_version");
    const char *ignored; /* there is one provider; its name is only checked to be one */
    if (rc == ERR_OK && provider != NULL) {
        rc = request_take_text(reader, provider, "model.provider", &ignored);
    }
    if (rc == ERR_OK && name != NULL) {
        out->model_version = NULL; /* the default version belongs to the default model */
        rc = request_take_text(reader, name, "model.model_name", &out->model_name);
    }
    if (rc == ERR_OK && version != NULL && !cJSON_IsNull(version)) {
        rc = request_take_text(reader, version, "model.model_version", &out->model_version);
    }
    if (rc == ERR_OK) {
        rc = read_params(reader, cJSON_GetObjectItemCaseSensitive(object, "params"));
    }
    return rc;
}

enum err request_read_options(struct request_reader *reader)
{
    enum err rc = read_quantiles(reader);
    if (rc == ERR_OK) rc = read_transform(reader);
    if (rc == ERR_OK) rc = read_model(reader);
    return rc;
}
