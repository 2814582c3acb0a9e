#include <math.h>
#include <string.h>

#include "forecast/canonical.h"
#include "forecast/iso_time.h"
#include "forecast/request_parts.h"

enum { SECONDS_PER_MINUTE = 60 };

static const uint32_t gap_minutes_max = 1000000000;

/* Whether every value of `array` is a finite number; otherwise a note, with `name` before [index].
 */
static enum err check_numbers(const struct request_reader *reader, const cJSON *array,
                              const char *name)
{
    size_t index = 0;
    for (const cJSON *item = array->child; item != NULL; item = item->next, index++) {
        if (!cJSON_IsNumber(item)) {
            return request_refuse(reader, "%s[%zu] is %s; it must be a number", name, index,
                                  document_type(item));
        }
        if (!isfinite(item->valuedouble)) {
            return request_refuse(reader, "%s[%zu] is not a finite number", name, index);
        }
    }
    return ERR_OK;
}

static enum err read_y(struct request_reader *reader)
{
    struct forecast_request *out = reader->out;
    const cJSON *y = request_member(reader, "y");
    if (y == NULL) {
        return request_refuse(reader, "y is missing; it must be an array of %d to %d numbers",
                              FORECAST_POINTS_MIN, FORECAST_POINTS_MAX);
    }
    if (!cJSON_IsArray(y)) {
        return request_refuse(reader, "y is %s; it must be an array of %d to %d numbers",
                              document_type(y), FORECAST_POINTS_MIN, FORECAST_POINTS_MAX);
    }
    int count = cJSON_GetArraySize(y);
    if (count < FORECAST_POINTS_MIN || count > FORECAST_POINTS_MAX) {
        return request_refuse(reader, "y has %d values; allowed: %d to %d", count,
                              FORECAST_POINTS_MIN, FORECAST_POINTS_MAX);
    }
    enum err rc = check_numbers(reader, y, "y");
    if (rc != ERR_OK) return rc;

    double *values = arena_room(reader->arena, (size_t)count, sizeof *values);
    double *at = values;
    for (const cJSON *item = y->child; item != NULL; item = item->next) *at++ = item->valuedouble;
    out->y = values;
    out->y_count = (uint32_t)count;
    out->input_len = out->y_count;
    if (out->input_len > reader->config->input_len_steps) {
        out->input_len = reader->config->input_len_steps;
    }
    return ERR_OK;
}

/* The step from one time to the next: forward, and a whole number of `freq`. */
static enum err check_step(const struct request_reader *reader, size_t index, struct iso_time from,
                           struct iso_time to)
{
    const struct forecast_request *out = reader->out;
    int64_t step_s = to.unix_s - from.unix_s;
    if (step_s < 0 || (step_s == 0 && to.ns <= from.ns)) {
        return request_refuse(reader,
                              "y_ts[%zu] is not later than y_ts[%zu]; the times must strictly "
                              "increase",
                              index, index - 1);
    }
    if (to.ns != from.ns || step_s % ((int64_t)out->freq_minutes * SECONDS_PER_MINUTE) != 0) {
        return request_refuse(reader,
                              "the step from y_ts[%zu] to y_ts[%zu] is not a multiple of freq "
                              "(%s)",
                              index - 1, index, out->freq);
    }
    return ERR_OK;
}

static enum err read_y_ts(struct request_reader *reader)
{
    struct forecast_request *out = reader->out;
    const cJSON *y_ts = request_optional(reader, "y_ts");
    if (y_ts == NULL) return ERR_OK;
    if (!cJSON_IsArray(y_ts)) {
        return request_refuse(reader, "y_ts is %s; it must be an array of ISO-8601 times",
                              document_type(y_ts));
    }
    int count = cJSON_GetArraySize(y_ts);
    if ((uint32_t)count != out->y_count) {
        return request_refuse(reader,
                              "y_ts has %d times and y has %u values; they must be equally "
                              "long",
                              count, out->y_count);
    }
    int64_t *times = arena_room(reader->arena, (size_t)count, sizeof *times);
    struct iso_time previous = { 0 };
    size_t index = 0;
    for (const cJSON *item = y_ts->child; item != NULL; item = item->next, index++) {
        struct iso_time time;
        if (!cJSON_IsString(item) || !iso_time_parse(item->valuestring, &time)) {
            return request_refuse(reader,
                                  "y_ts[%zu] is no ISO-8601 time, such as "
                                  "2026-01-01T00:00:00Z",
                                  index);
        }
        if (index > 0) {
            enum err rc = check_step(reader, index, previous, time);
            if (rc != ERR_OK) return rc;
            uint64_t minutes = (uint64_t)(time.unix_s - previous.unix_s) / SECONDS_PER_MINUTE;
            /* One step of a slow series is no gap. */
            if (minutes > out->freq_minutes && minutes > reader->gap_minutes) {
                reader->gap_minutes = minutes;
            }
        }
        times[index] = time.unix_s;
        previous = time;
    }
    out->y_ts = times;
    return ERR_OK;
}

static enum err read_max_gap(struct request_reader *reader)
{
    const cJSON *item = request_optional(reader, "max_gap_minutes");
    if (item == NULL) return ERR_OK;
    if (!cJSON_IsNumber(item)) {
        return request_refuse(reader, "max_gap_minutes is %s; it must be a whole number, 0 or more",
                              document_type(item));
    }
    double minutes = item->valuedouble;
    if (!(minutes >= 0) || minutes > gap_minutes_max || minutes - floor(minutes) > 0) {
        return request_refuse(reader, "max_gap_minutes is %g; it must be a whole number, 0 to %u",
                              minutes, gap_minutes_max);
    }
    if ((uint64_t)minutes > reader->gap_minutes) reader->gap_minutes = (uint64_t)minutes;
    return ERR_OK;
}

/* The checked object, NULL in *out when it is absent or {}. */
static enum err read_covariates(const struct request_reader *reader, const char *name,
                                const cJSON **out)
{
    *out = NULL;
    const cJSON *object = request_member(reader, name);
    if (object == NULL) return ERR_OK;
    if (!cJSON_IsObject(object)) {
        return request_refuse(reader, "%s is %s; it must be an object of number arrays", name,
                              document_type(object));
    }
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        char place[FORECAST_TEXT_MAX];
        snprintf(place, sizeof place, "%s.%.80s", name, item->string);
        if (item->string[0] == '\0') {
            return request_refuse(reader, "%s has a member without a name", name);
        }
        if (!cJSON_IsArray(item)) {
            return request_refuse(reader, "%s is %s; it must be an array of numbers", place,
                                  document_type(item));
        }
        enum err rc = check_numbers(reader, item, place);
        if (rc != ERR_OK) return rc;
    }
    if (object->child != NULL) *out = object;
    return ERR_OK;
}

static enum err read_x(struct request_reader *reader)
{
    struct forecast_request *out = reader->out;
    const struct canonical_cut none = { 0 };
    const struct canonical_cut like_y = { .length = out->y_count, .keep = out->input_len };
    const cJSON *past;
    const cJSON *future;
    enum err rc = read_covariates(reader, "x_past", &past);
    if (rc == ERR_OK) rc = read_covariates(reader, "x_future", &future);
    if (rc == ERR_OK && past != NULL) {
        rc = canonical_text(past, "x_past", none, reader->arena, &reader->x_past_whole,
                            reader->note);
        if (rc == ERR_OK) {
            rc = canonical_text(past, "x_past", like_y, reader->arena, &out->x_past, reader->note);
        }
    }
    if (rc == ERR_OK && future != NULL) {
        rc = canonical_text(future, "x_future", none, reader->arena, &out->x_future, reader->note);
    }
    return rc;
}

enum err request_read_series(struct request_reader *reader)
{
    enum err rc = read_y(reader);
    if (rc == ERR_OK) rc = read_y_ts(reader);
    if (rc == ERR_OK) rc = read_max_gap(reader);
    if (rc == ERR_OK) rc = read_x(reader);
    return rc;
}
