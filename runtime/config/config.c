#include "config/config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "config/redis_url.h"

/* A probe is answered within the request deadline; one second more and it was lost. */
#define PROBE_SLACK_NS NS_PER_S

enum { WINDOW_DEADLINES_MIN = 4 };

/* Variables with our prefix that are no option but belong to the runtime. */
static const char *const foreign_variables[] = { "TSFM_FORECAST_API_TOKEN",
                                                 "TSFM_UPSTREAM_API_KEY", NULL };

struct check {
    struct runtime_config *config;
    const struct config_source *source;
    struct err_note *note;
};

static size_t row_index(const char *key)
{
    size_t count;
    const struct option *rows = config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].key, key) == 0) return i;
    }
    assert(false && "a check names a key without a row");
    return 0;
}

/* The row to blame for a combination: of those that somebody set, the one of the strongest source
 * (it was added last), and of several in the file the last. */
static size_t row_to_blame(const struct options *options, const char *const keys[])
{
    size_t blamed = row_index(keys[0]);
    for (size_t i = 1; keys[i] != NULL; i++) {
        size_t row = row_index(keys[i]);
        bool stronger = options->source[row] > options->source[blamed];
        bool later = options->source[row] == options->source[blamed] &&
                     options->line[row] > options->line[blamed];
        if (stronger || later) blamed = row;
    }
    return blamed;
}

static enum err refuse(const struct check *check, const char *const keys[], const char *format, ...)
    PRINTF_LIKE(3, 4);

static enum err refuse(const struct check *check, const char *const keys[], const char *format, ...)
{
    const struct options *options = &check->config->options;
    char sentence[ERR_SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);

    size_t row = row_to_blame(options, keys);
    const char *key = options->rows[row].key;
    switch (options->source[row]) {
    case OPTION_FILE:
        return err_note_set(check->note, ERR_INVALID, check->source->path, options->line[row],
                            options->column[row], "%s", sentence);
    case OPTION_ENVIRONMENT:
        return err_note_set(check->note, ERR_INVALID, NULL, 0, 0, "%s (%s is from the environment)",
                            sentence, key);
    case OPTION_SET:
        return err_note_set(check->note, ERR_INVALID, NULL, 0, 0, "%s (%s is from %s)", sentence,
                            key, check->source->set_origin ? check->source->set_origin : "--set");
    case OPTION_DEFAULT: break;
    }
    return err_note_set(check->note, ERR_INVALID, NULL, 0, 0, "%s", sentence);
}

static void warn(struct runtime_config *config, const char *format, ...) PRINTF_LIKE(2, 3);

static void warn(struct runtime_config *config, const char *format, ...)
{
    assert(config->warning_count < CONFIG_WARNINGS_MAX);
    va_list args;
    va_start(args, format);
    vsnprintf(config->warnings[config->warning_count++], CONFIG_WARNING_TEXT_MAX, format, args);
    va_end(args);
}

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static enum err refuse_impossible(const struct check *check)
{
    const struct runtime_config *config = check->config;
    const struct engine_config *engine = &config->engine;

    uint64_t least_ns =
        engine->connect_timeout_ns + engine->write_timeout_ns + engine->min_attempt_budget_ns;
    if (least_ns > engine->request_deadline_ns) {
        static const char *const keys[] = { "request_deadline_s", "connect_timeout_s",
                                            "write_timeout_s", "min_attempt_budget_ms", NULL };
        return refuse(check, keys,
                      "connect_timeout_s + write_timeout_s + min_attempt_budget_ms is %.9g s, more "
                      "than request_deadline_s (%.9g s): no attempt would have time to read; raise "
                      "the deadline or lower the others",
                      seconds(least_ns), seconds(engine->request_deadline_ns));
    }
    if (engine->backoff.base_ns > engine->backoff.cap_ns) {
        static const char *const keys[] = { "retry_backoff_cap_ms", "retry_backoff_base_ms", NULL };
        return refuse(check, keys,
                      "retry_backoff_base_ms (%.9g) is over retry_backoff_cap_ms (%.9g); allowed: "
                      "base <= cap",
                      seconds(engine->backoff.base_ns) * 1000,
                      seconds(engine->backoff.cap_ns) * 1000);
    }
    if (config->server.max_keepalive_connections > engine->pool.connections_max) {
        static const char *const keys[] = { "max_connections", "max_keepalive_connections", NULL };
        return refuse(check, keys,
                      "max_keepalive_connections (%u) is over max_connections (%u); the guide "
                      "advises 50 %% to 75 %% of it",
                      config->server.max_keepalive_connections, engine->pool.connections_max);
    }
    if (config->forecast.default_model[0] == '\0') {
        static const char *const keys[] = { "default_model", NULL };
        return refuse(check, keys,
                      "default_model is empty; name the model of requests that name none, for "
                      "example chronos");
    }
    return ERR_OK;
}

static enum err refuse_models(const struct check *check)
{
    static const char *const keys[] = { "warmup_models", NULL };
    const char *list = check->config->warmup.models;
    char name[OPTION_TEXT_MAX];
    uint32_t count = 0;
    while (config_next_model(&list, name)) count++;
    if (count <= WARMUP_PROFILES_MAX) return ERR_OK;
    return refuse(check, keys, "warmup_models names %u models; allowed: at most %d", count,
                  WARMUP_PROFILES_MAX);
}

static enum err refuse_redis_url(const struct check *check)
{
    static const char *const keys[] = { "redis_url", NULL };
    struct redis_url url;
    const char *text = check->config->l2.redis_url;
    const char *wrong = text[0] == '\0' ? NULL : redis_url_parse(text, &url);
    return wrong == NULL ? ERR_OK : refuse(check, keys, "redis_url: %s", wrong);
}

static void warn_phases(struct runtime_config *config)
{
    const struct engine_config *engine = &config->engine;
    const struct {
        const char *key;
        uint64_t limit_ns;
    } phases[] = {
        { "read_timeout_s", engine->read_timeout_ns },
        { "pool_timeout_s", engine->pool_timeout_ns },
    };
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        if (phases[i].limit_ns <= engine->request_deadline_ns) continue;
        warn(config,
             "config_phase_over_deadline: %s (%.9g s) can never be reached, request_deadline_s is "
             "%.9g s",
             phases[i].key, seconds(phases[i].limit_ns), seconds(engine->request_deadline_ns));
    }
}

static void warn_doubtful(struct runtime_config *config)
{
    const struct engine_config *engine = &config->engine;

    if (engine->breaker.window_ns < WINDOW_DEADLINES_MIN * engine->request_deadline_ns) {
        warn(config,
             "config_window_short: breaker_window_s (%.9g s) is under %d times request_deadline_s "
             "(%.9g s); slow failures leave the window before they can add up",
             seconds(engine->breaker.window_ns), WINDOW_DEADLINES_MIN,
             seconds(engine->request_deadline_ns));
    }

    uint64_t most_ns = (engine->retry_count + UINT64_C(1)) * engine->min_attempt_budget_ns;
    for (unsigned retry = 0; retry < engine->retry_count; retry++) {
        most_ns += backoff_ceiling_ns(&engine->backoff, retry);
    }
    if (engine->retry_count > 0 && most_ns > engine->request_deadline_ns) {
        warn(config,
             "config_retries_do_not_fit: %u retries with the longest waits need %.9g s, "
             "request_deadline_s is %.9g s; the last of them will often not be made",
             engine->retry_count, seconds(most_ns), seconds(engine->request_deadline_ns));
    }
    if (engine->calls_max < engine->pool.connections_max) {
        warn(config,
             "config_inflight_under_connections: max_inflight (%u) keeps max_connections (%u) from "
             "ever being used up",
             engine->calls_max, engine->pool.connections_max);
    }
    warn_phases(config);
}

static enum err load_file(struct runtime_config *out, const char *path, struct err_note *note)
{
    struct arena arena = { 0 };
    struct yaml_file file;
    enum err rc = yaml_load(&arena, path, &file, note);
    if (rc == ERR_OK && file.root->kind != YAML_MAP) {
        rc = yaml_note(&file, file.root, note,
                       "a configuration is a map of options, for example connect_timeout_s: 0.25");
    }
    if (rc == ERR_OK) rc = options_load_map(&out->options, out, &file, file.root, note);
    arena_deinit(&arena);
    return rc;
}

void config_derive(struct runtime_config *config)
{
    config->engine.breaker.probe_deadline_ns = config->engine.request_deadline_ns + PROBE_SLACK_NS;
    config->engine.l2_enabled = config->l2.redis_url[0] != '\0';
}

enum err config_load_file(struct runtime_config *out, const char *path, struct err_note *note)
{
    *out = (struct runtime_config){ 0 };
    size_t count;
    const struct option *rows = config_rows(&count);
    options_init(&out->options, rows, count, out);
    return path == NULL ? ERR_OK : load_file(out, path, note);
}

enum err config_load(struct runtime_config *out, const struct config_source *source,
                     struct err_note *note)
{
    enum err rc = ERR_OK;
    if (source->read != NULL) *out = *source->read;
    else rc = config_load_file(out, source->path, note);
    if (rc == ERR_OK && source->environment != NULL) {
        rc = options_load_environment(&out->options, out, source->environment, foreign_variables,
                                      note);
    }
    const char *origin = source->set_origin != NULL ? source->set_origin : "--set";
    for (size_t i = 0; rc == ERR_OK && i < source->set_count; i++) {
        rc = options_set(&out->options, out, source->sets[i], origin, note);
    }
    if (rc != ERR_OK) return rc;

    config_derive(out);
    const struct check check = { .config = out, .source = source, .note = note };
    rc = refuse_impossible(&check);
    if (rc == ERR_OK) rc = refuse_models(&check);
    if (rc == ERR_OK) rc = refuse_redis_url(&check);
    if (rc == ERR_OK) warn_doubtful(out);
    return rc;
}
