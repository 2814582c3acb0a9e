/* What a configuration says, and what it must not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/config.h"

static char path[256];

static enum err load(struct runtime_config *config, const char *text, struct err_note *note)
{
    struct err_note ignored = { 0 };
    *note = (struct err_note){ 0 };
    snprintf(path, sizeof path, "%s/config_load_test.%d.yaml", TOLLGATE_BINARY_DIR, (int)getpid());
    assert_int_equal(file_write(path, text, strlen(text), &ignored), ERR_OK);
    struct config_source source = { .path = path };
    enum err rc = config_load(config, &source, note);
    unlink(path);
    return rc;
}

static void assert_refused_at(const char *text, int line, const char *part)
{
    static struct runtime_config config;
    struct err_note note;
    assert_int_not_equal(load(&config, text, &note), ERR_OK);
    if (note.line != line || strstr(note.sentence, part) == NULL) {
        fail_msg("line %d instead of %d: %s (wanted: %s)", note.line, line, note.sentence, part);
    }
    if (line > 0) assert_string_equal(note.path, path);
}

static enum err load_sets(struct runtime_config *config, const char *const *sets, size_t count,
                          struct err_note *note)
{
    *note = (struct err_note){ 0 };
    struct config_source source = { .sets = sets, .set_count = count };
    return config_load(config, &source, note);
}

struct guide_values {
    const char *file;
    uint64_t connect_ms, read_ms, write_ms, pool_ms, deadline_ms;
    uint32_t retry_count;
    uint64_t base_ms, cap_ms;
    uint32_t connections, keepalive;
    uint64_t expiry_s, ttl_s, stale_s;
    uint32_t failures;
    uint64_t cooldown_s;
    uint32_t probes;
};

static void files_hold_the_values_of_guide_section_9(void **state)
{
    (void)state;
    static const struct guide_values guide[] = {
        { "dev", 500, 2000, 500, 250, 2500, 1, 100, 500, 32, 16, 30, 30, 60, 5, 15, 2 },
        { "staging", 300, 1500, 300, 200, 2000, 2, 100, 800, 128, 64, 45, 60, 120, 8, 20, 3 },
        { "prod", 250, 1200, 250, 150, 1800, 2, 100, 800, 256, 128, 60, 60, 180, 12, 30, 5 },
    };
    for (size_t i = 0; i < sizeof guide / sizeof *guide; i++) {
        const struct guide_values *want = &guide[i];
        static struct runtime_config config;
        struct err_note note = { 0 };
        char name[512];
        snprintf(name, sizeof name, "%s/configs/%s.yaml", TOLLGATE_SOURCE_DIR, want->file);
        struct config_source source = { .path = name };
        if (config_load(&config, &source, &note) != ERR_OK) fail_msg("%s", note.sentence);

        const struct engine_config *engine = &config.engine;
        assert_int_equal(engine->connect_timeout_ns, want->connect_ms * NS_PER_MS);
        assert_int_equal(engine->read_timeout_ns, want->read_ms * NS_PER_MS);
        assert_int_equal(engine->write_timeout_ns, want->write_ms * NS_PER_MS);
        assert_int_equal(engine->pool_timeout_ns, want->pool_ms * NS_PER_MS);
        assert_int_equal(engine->request_deadline_ns, want->deadline_ms * NS_PER_MS);
        assert_int_equal(engine->retry_count, want->retry_count);
        assert_int_equal(engine->backoff.base_ns, want->base_ms * NS_PER_MS);
        assert_int_equal(engine->backoff.cap_ns, want->cap_ms * NS_PER_MS);
        assert_int_equal(engine->pool.connections_max, want->connections);
        assert_int_equal(config.server.max_keepalive_connections, want->keepalive);
        assert_int_equal(config.server.keepalive_expiry_ns, want->expiry_s * NS_PER_S);
        assert_int_equal(engine->cache.ttl_ns, want->ttl_s * NS_PER_S);
        assert_int_equal(engine->cache.stale_ns, want->stale_s * NS_PER_S);
        assert_int_equal(engine->breaker.failures_to_open, want->failures);
        assert_int_equal(engine->breaker.cooldown_ns, want->cooldown_s * NS_PER_S);
        assert_int_equal(engine->breaker.half_open_probes, want->probes);
        assert_string_equal(config.forecast.baseline_only_liquidity_bucket, "low");
        if (config.warning_count != 0) fail_msg("%s: %s", name, config.warnings[0]);
    }
}

static void defaults_are_the_production_file(void **state)
{
    (void)state;
    static struct runtime_config defaults;
    static struct runtime_config prod;
    struct err_note note = { 0 };
    struct config_source none = { 0 };
    struct config_source file = { .path = TOLLGATE_SOURCE_DIR "/configs/prod.yaml" };
    assert_int_equal(config_load(&defaults, &none, &note), ERR_OK);
    assert_int_equal(config_load(&prod, &file, &note), ERR_OK);
    assert_memory_equal(&defaults.engine, &prod.engine, sizeof prod.engine);
    assert_memory_equal(&defaults.forecast, &prod.forecast, sizeof prod.forecast);
    assert_memory_equal(&defaults.server, &prod.server, sizeof prod.server);
}

static void every_default_reaches_its_own_field(void **state)
{
    (void)state;
    static struct runtime_config config;
    struct err_note note = { 0 };
    struct config_source none = { 0 };
    assert_int_equal(config_load(&config, &none, &note), ERR_OK);
    assert_int_equal(config.engine.breaker.window_ns, 30 * NS_PER_S);
    assert_int_equal(config.engine.breaker.min_volume, 20);
    assert_int_equal(config.engine.breaker.failure_ratio_permille, 500);
    assert_int_equal(config.engine.breaker.count_ratio_floor_permille, 0);
    assert_int_equal(config.engine.breaker.cooldown_jitter_permille, 200);
    assert_int_equal(config.engine.breaker.probe_deadline_ns, 2800 * NS_PER_MS);
    assert_false(config.engine.breaker.count_429);
    assert_int_equal(config.engine.min_attempt_budget_ns, 100 * NS_PER_MS);
    assert_int_equal(config.engine.retry_after_hold_cap_ns, 30 * NS_PER_S);
    assert_int_equal(config.engine.pool.queue_max, 1024);
    assert_int_equal(config.engine.calls_max, 4096);
    assert_int_equal(config.engine.cache.entries_max, 50000);
    assert_int_equal(config.engine.cache.bytes_max, 128 * 1024 * 1024);
    assert_int_equal(config.engine.seed, 0);
    assert_int_equal(config.forecast.input_len_steps, 288);
    assert_int_equal(config.forecast.min_history_points, 32);
    assert_int_equal(config.forecast.max_gap_minutes, 60);
    assert_string_equal(config.forecast.default_model, "chronos");
    assert_string_equal(config.forecast.default_model_version, "");
    assert_int_equal(config.forecast.upstream_api, UPSTREAM_V1);
    assert_int_equal(config.forecast.baseline, BASELINE_EWMA);
    assert_int_equal(config.server.body_bytes_max, 1024 * 1024);
    assert_int_equal(config.server.response_bytes_max, 8 * 1024 * 1024);
    assert_int_equal(config.server.log_level, LOG_LEVEL_INFO);
}

static void choices_follow_the_order_of_their_enums(void **state)
{
    (void)state;
    static const char *const sets[][3] = {
        { "upstream_api=v1", "baseline=ewma", "log_level=debug" },
        { "upstream_api=timeseries", "baseline=kalman", "log_level=info" },
        { "upstream_api=v1", "baseline=rolling_quantile", "log_level=warn" },
        { "upstream_api=v1", "baseline=ewma", "log_level=error" },
    };
    static const int want[][3] = {
        { UPSTREAM_V1, BASELINE_EWMA, LOG_LEVEL_DEBUG },
        { UPSTREAM_TIMESERIES, BASELINE_KALMAN, LOG_LEVEL_INFO },
        { UPSTREAM_V1, BASELINE_ROLLING_QUANTILE, LOG_LEVEL_WARN },
        { UPSTREAM_V1, BASELINE_EWMA, LOG_LEVEL_ERROR },
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        static struct runtime_config config;
        struct err_note note;
        assert_int_equal(load_sets(&config, sets[i], 3, &note), ERR_OK);
        assert_int_equal(config.forecast.upstream_api, want[i][0]);
        assert_int_equal(config.forecast.baseline, want[i][1]);
        assert_int_equal(config.server.log_level, want[i][2]);
    }
}

static void later_sources_win(void **state)
{
    (void)state;
    static struct runtime_config config;
    struct err_note note = { 0 };
    char retries[] = "TSFM_RETRY_COUNT=3";
    char ttl[] = "TSFM_CACHE_TTL_S=7";
    char token[] = "TSFM_FORECAST_API_TOKEN=not-an-option";
    char *environment[] = { retries, ttl, token, NULL };
    const char *sets[] = { "cache_ttl_s=8" };
    struct config_source source = { .path = TOLLGATE_SOURCE_DIR "/configs/dev.yaml",
                                    .environment = environment,
                                    .sets = sets,
                                    .set_count = 1 };
    assert_int_equal(config_load(&config, &source, &note), ERR_OK);
    assert_int_equal(config.engine.retry_count, 3);
    assert_int_equal(config.engine.cache.ttl_ns, 8 * NS_PER_S);
    assert_int_equal(config.engine.pool.connections_max, 32);
}

static void bad_files_are_refused_at_their_place(void **state)
{
    (void)state;
    assert_refused_at("retry_count: 2\nread_timeuot_s: 1\n", 2, "read_timeout_s");
    assert_refused_at("retry_count: 2\nretry_count: 3\n", 2, "retry_count");
    assert_refused_at("connect_timeout_s: 250ms\n", 1, "0.25");
    assert_refused_at("connect_timeout_s: -1\n", 1, "connect_timeout_s");
    assert_refused_at("retry_count: 11\n", 1, "10");
    assert_refused_at("retry_count: [1]\n", 1, "retry_count");
    assert_refused_at("upstream_api: v2\n", 1, "timeseries");
    assert_refused_at("- retry_count\n", 1, "map");
    assert_refused_at("retry_count: {\n", 2, "");
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    static struct runtime_config config;
    struct err_note note = { 0 };
    struct config_source source = { .path = "/nonexistent/tollgate.yaml" };
    assert_int_not_equal(config_load(&config, &source, &note), ERR_OK);
    assert_string_equal(note.path, "/nonexistent/tollgate.yaml");
}

static void phases_that_cannot_fit_the_deadline_are_refused(void **state)
{
    (void)state;
    assert_refused_at("connect_timeout_s: 1.5\nretry_count: 2\nwrite_timeout_s: 0.3\n", 3,
                      "request_deadline_s");
    /* The last of the rows that the file set is to blame, wherever the others stand. */
    assert_refused_at("retry_count: 0\nrequest_deadline_s: 0.5\n", 2, "min_attempt_budget_ms");
    static struct runtime_config config;
    struct err_note note;
    assert_int_equal(load(&config, "request_deadline_s: 0.6\nread_timeout_s: 0.5\n", &note),
                     ERR_OK);
}

static void a_backoff_base_over_its_cap_is_refused(void **state)
{
    (void)state;
    assert_refused_at("retry_backoff_base_ms: 900\n", 1, "base <= cap");
    assert_refused_at("retry_backoff_cap_ms: 50\nretry_count: 1\n", 1, "base <= cap");
}

static void more_kept_connections_than_connections_are_refused(void **state)
{
    (void)state;
    assert_refused_at("max_connections: 100\n", 1, "max_keepalive_connections (128)");
}

static void an_empty_default_model_is_refused(void **state)
{
    (void)state;
    assert_refused_at("default_model: \"\"\n", 1, "default_model");
}

static void a_combination_blames_the_source_that_made_it(void **state)
{
    (void)state;
    static struct runtime_config config;
    struct err_note note;
    const char *sets[] = { "retry_backoff_base_ms=900" };
    assert_int_equal(load_sets(&config, sets, 1, &note), ERR_INVALID);
    assert_non_null(strstr(note.sentence, "retry_backoff_base_ms is from --set"));

    char deadline[] = "TSFM_REQUEST_DEADLINE_S=0.2";
    char *environment[] = { deadline, NULL };
    struct config_source source = { .path = TOLLGATE_SOURCE_DIR "/configs/prod.yaml",
                                    .environment = environment };
    note = (struct err_note){ 0 };
    assert_int_equal(config_load(&config, &source, &note), ERR_INVALID);
    assert_non_null(strstr(note.sentence, "from the environment"));
    assert_int_equal(note.line, 0);
}

static void doubtful_combinations_are_named_warnings(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        const char *warning;
    } cases[] = {
        { "breaker_window_s=7.1", "config_window_short:" },
        { "min_attempt_budget_ms=501", "config_retries_do_not_fit:" },
        { "read_timeout_s=1.9", "config_phase_over_deadline: read_timeout_s" },
        { "pool_timeout_s=1.9", "config_phase_over_deadline: pool_timeout_s" },
        { "max_inflight=255", "config_inflight_under_connections:" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct runtime_config config;
        struct err_note note;
        assert_int_equal(load_sets(&config, &cases[i].set, 1, &note), ERR_OK);
        assert_int_equal(config.warning_count, 1);
        if (strncmp(config.warnings[0], cases[i].warning, strlen(cases[i].warning)) != 0) {
            fail_msg("%s gave: %s", cases[i].set, config.warnings[0]);
        }
    }
    static const char *const fine[] = { "breaker_window_s=7.2", "min_attempt_budget_ms=500",
                                        "read_timeout_s=1.8", "max_inflight=256" };
    static struct runtime_config config;
    struct err_note note;
    assert_int_equal(load_sets(&config, fine, 4, &note), ERR_OK);
    if (config.warning_count != 0) fail_msg("%s", config.warnings[0]);
}

static void all_warnings_at_once_have_room(void **state)
{
    (void)state;
    static const char *const sets[] = { "breaker_window_s=1", "min_attempt_budget_ms=1000",
                                        "read_timeout_s=3600", "pool_timeout_s=3600",
                                        "max_inflight=1" };
    static struct runtime_config config;
    struct err_note note;
    assert_int_equal(load_sets(&config, sets, 5, &note), ERR_OK);
    assert_int_equal(config.warning_count, 5);
    assert_true(config.warning_count <= CONFIG_WARNINGS_MAX);
}

static void a_file_that_was_read_before_gives_what_reading_it_gives(void **state)
{
    (void)state;
    static const char *const sets[] = { "request_deadline_s=1", "breaker_window_s=2" };
    static struct runtime_config before, with, without;
    const char *file = TOLLGATE_SOURCE_DIR "/configs/dev.yaml";
    struct err_note note = { 0 };
    struct config_source source = { .path = file, .sets = sets, .set_count = 2 };
    assert_int_equal(config_load_file(&before, file, &note), ERR_OK);
    assert_int_equal(config_load(&without, &source, &note), ERR_INVALID);
    const int line = note.line;
    source.read = &before;
    assert_int_equal(config_load(&with, &source, &note), ERR_INVALID);
    assert_int_equal(line, note.line);
    assert_memory_equal(&with, &without, sizeof with);
    static const char *const good[] = { "retry_count=3", "breaker_window_s=2" };
    source.sets = good;
    assert_int_equal(config_load(&with, &source, &note), ERR_OK);
    source.read = NULL;
    assert_int_equal(config_load(&without, &source, &note), ERR_OK);
    assert_memory_equal(&with, &without, sizeof with);
    assert_int_equal(with.warning_count, 1);
    assert_int_equal(before.warning_count, 0);
    assert_int_equal(with.engine.read_timeout_ns, 2 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_was_read_before_gives_what_reading_it_gives),
        cmocka_unit_test(files_hold_the_values_of_guide_section_9),
        cmocka_unit_test(defaults_are_the_production_file),
        cmocka_unit_test(every_default_reaches_its_own_field),
        cmocka_unit_test(choices_follow_the_order_of_their_enums),
        cmocka_unit_test(later_sources_win),
        cmocka_unit_test(bad_files_are_refused_at_their_place),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(phases_that_cannot_fit_the_deadline_are_refused),
        cmocka_unit_test(a_backoff_base_over_its_cap_is_refused),
        cmocka_unit_test(more_kept_connections_than_connections_are_refused),
        cmocka_unit_test(an_empty_default_model_is_refused),
        cmocka_unit_test(a_combination_blames_the_source_that_made_it),
        cmocka_unit_test(doubtful_combinations_are_named_warnings),
        cmocka_unit_test(all_warnings_at_once_have_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
