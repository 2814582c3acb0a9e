#include "forecast/request.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/suggest.h"
#include "forecast/iso_time.h"
#include "forecast/request_parts.h"

enum {
    HORIZON_DEFAULT = 12,
    FREQ_DIGITS_MAX = 6,
    MINUTES_PER_YEAR = 525600,
    SCRATCH_BYTES = 32 * 1024, /* for 288 values and times */
};

/* To take a new member: its name here, a read_ function below, a line in request_key.c. */
static const char *const body_members[] = {
    "market_id", "as_of_ts",  "freq",  "horizon_steps",   "quantiles",        "y", "y_ts", "x_past",
    "x_future",  "transform", "model", "max_gap_minutes", "liquidity_bucket",
};

const char *forecast_warning_text(enum forecast_warning warning)
{
    static const char *const texts[] = {
#define WARNING_TEXT(name, text) [name] = text,
        FORECAST_WARNING_LIST(WARNING_TEXT)
#undef WARNING_TEXT
    };
    assert((size_t)warning < sizeof texts / sizeof *texts);
    return texts[warning];
}

enum err request_refuse(const struct request_reader *reader, const char *format, ...)
{
    char sentence[ERR_SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return err_note_set(reader->note, ERR_INVALID, NULL, 0, 0, "%s", sentence);
}

const cJSON *request_member(const struct request_reader *reader, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(reader->root, name);
}

const cJSON *request_optional(const struct request_reader *reader, const char *name)
{
    const cJSON *item = request_member(reader, name);
    return cJSON_IsNull(item) ? NULL : item;
}

enum err request_check_members(const struct request_reader *reader, const cJSON *object,
                               const char *where, const char *const *allowed, size_t count)
{
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        size_t i = 0;
        while (i < count && strcmp(allowed[i], item->string) != 0) i++;
        if (i < count) continue;
        const char *near = suggest(item->string, allowed, count);
        if (near != NULL) {
            return request_refuse(reader, "unknown member \"%.80s\" in %s; did you mean \"%s\"?",
                                  item->string, where, near);
        }
        char list[ERR_SENTENCE_MAX / 2] = "";
        size_t used = 0;
        for (i = 0; i < count && used < sizeof list; i++) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ",
                                     allowed[i]);
        }
        return request_refuse(reader, "unknown member \"%.80s\" in %s; allowed: %s", item->string,
                              where, list);
    }
    return ERR_OK;
}

enum err request_take_text(const struct request_reader *reader, const cJSON *item, const char *name,
                           const char **out)
{
    if (!cJSON_IsString(item)) {
        return request_refuse(reader, "%s is %s; it must be a string", name,
                              item == NULL ? "missing" : document_type(item));
    }
    size_t length = strlen(item->valuestring);
    if (length < 1 || length > FORECAST_TEXT_MAX) {
        return request_refuse(reader, "%s has %zu bytes; allowed: 1 to %d", name, length,
                              FORECAST_TEXT_MAX);
    }
    *out = arena_copy_text(reader->arena, item->valuestring, length);
    return ERR_OK;
}

static enum err read_as_of(struct request_reader *reader)
{
    struct forecast_request *out = reader->out;
    const cJSON *item = request_member(reader, "as_of_ts");
    enum err rc = request_take_text(reader, item, "as_of_ts", &out->as_of_ts);
    if (rc != ERR_OK) return rc;
    struct iso_time time;
    if (!iso_time_parse(out->as_of_ts, &time)) {
        return request_refuse(reader,
                              "as_of_ts \"%.60s\" is no ISO-8601 time; write for example "
                              "2026-01-01T00:00:00Z",
                              out->as_of_ts);
    }
    out->as_of_unix_s = time.unix_s;
    return ERR_OK;
}

static bool parse_freq(const char *text, uint32_t *minutes)
{
    size_t digits = strspn(text, "0123456789");
    if (digits < 1 || digits > FREQ_DIGITS_MAX || text[0] == '0') return false;
    char unit = text[digits];
    if ((unit != 'm' && unit != 'h') || text[digits + 1] != '\0') return false;
    uint32_t count = 0;
    for (size_t i = 0; i < digits; i++) count = count * 10 + (uint32_t)(text[i] - '0');
    *minutes = unit == 'h' ? count * 60 : count;
    return *minutes <= MINUTES_PER_YEAR;
}

static enum err read_freq(struct request_reader *reader)
{
    struct forecast_request *out = reader->out;
    const cJSON *item = request_member(reader, "freq");
    out->freq = "5m";
    if (item != NULL) {
        enum err rc = request_take_text(reader, item, "freq", &out->freq);
        if (rc != ERR_OK) return rc;
    }
    if (parse_freq(out->freq, &out->freq_minutes)) return ERR_OK;
    return request_refuse(reader,
                          "freq \"%.40s\" is not allowed; write a positive whole number and m "
                          "or h, at most a year, for example 5m or 1h",
                          out->freq);
}

static enum err read_horizon(struct request_reader *reader)
{
    const cJSON *item = request_member(reader, "horizon_steps");
    const uint32_t most = reader->config->horizon_max;
    reader->out->horizon = HORIZON_DEFAULT;
    if (item == NULL) return ERR_OK;
    if (!cJSON_IsNumber(item)) {
        return request_refuse(reader, "horizon_steps is %s; it must be a whole number, 1 to %u",
                              document_type(item), most);
    }
    double value = item->valuedouble;
    if (!(value >= 1) || value > most || value - floor(value) > 0) {
        return request_refuse(reader, "horizon_steps is %g; it must be a whole number, 1 to %u",
                              value, most);
    }
    reader->out->horizon = (uint32_t)value;
    return ERR_OK;
}

static enum err read_liquidity(struct request_reader *reader)
{
    const cJSON *item = request_optional(reader, "liquidity_bucket");
    if (item == NULL) return ERR_OK;
    return request_take_text(reader, item, "liquidity_bucket", &reader->out->liquidity_bucket);
}

static void choose_route(struct request_reader *reader)
{
    struct forecast_request *out = reader->out;
    const struct forecast_config *config = reader->config;
    const char *bucket = config->baseline_only_liquidity_bucket;
    bool gap = reader->gap_minutes > config->max_gap_minutes;

    if (gap) out->warnings |= 1u << WARNING_GAP_EXCEEDS_LIMIT;
    out->baseline_only = CODE_NONE;
    if (out->y_count < config->min_history_points) {
        out->baseline_only = CODE_INPUT_INSUFFICIENT_HISTORY;
    } else if (bucket[0] != '\0' && out->liquidity_bucket != NULL &&
               strcasecmp(bucket, out->liquidity_bucket) == 0) {
        out->baseline_only = CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
    } else if (gap) {
        out->baseline_only = CODE_INPUT_INSUFFICIENT_HISTORY;
    } else if (config->baseline_only) {
        out->baseline_only = CODE_BASELINE_FALLBACK;
    }
}

static enum err read_body(struct request_reader *reader)
{
    if (!cJSON_IsObject(reader->root)) {
        return request_refuse(reader,
                              "the body is %s; it must be an object with market_id, as_of_ts "
                              "and y",
                              document_type(reader->root));
    }
    enum err rc = request_check_members(reader, reader->root, "the body", body_members,
                                        sizeof body_members / sizeof *body_members);
    if (rc == ERR_OK) {
        rc = request_take_text(reader, request_member(reader, "market_id"), "market_id",
                               &reader->out->market_id);
    }
    if (rc == ERR_OK) rc = read_as_of(reader);
    if (rc == ERR_OK) rc = read_freq(reader);
    if (rc == ERR_OK) rc = read_horizon(reader);
    if (rc == ERR_OK) rc = request_read_series(reader);
    if (rc == ERR_OK) rc = request_read_options(reader);
    if (rc == ERR_OK) rc = read_liquidity(reader);
    return rc;
}

enum err forecast_request_parse(const char *body, size_t length,
                                const struct forecast_config *config, struct arena *arena,
                                struct forecast_request *out, struct err_note *note)
{
    /* The tree is ten times as large as what stays of it, and done with here: on the stack it is
     * always in the processor's caches. */
    _Alignas(max_align_t) unsigned char scratch[SCRATCH_BYTES];
    struct arena tree = { 0 };
    *out = (struct forecast_request){ 0 };
    cJSON *root = NULL;
    arena_lend(&tree, scratch, sizeof scratch);
    enum err rc = document_parse(body, length, "the body", &tree, &root, note);
    if (rc == ERR_OK) {
        struct request_reader reader = {
            .root = root, .config = config, .arena = arena, .out = out, .note = note
        };
        rc = read_body(&reader);
        if (rc == ERR_OK) {
            request_make_key(&reader);
            choose_route(&reader);
        }
    }
    arena_deinit(&tree);
    return rc;
}
