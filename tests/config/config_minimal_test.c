/* configs/minimal.yaml is guide section 11 and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

static const char *const knobs[] = {
    "request_deadline_s",   "retry_count",        "max_connections",
    "max_keepalive_connections", "breaker_failures_30s", "breaker_cooldown_s",
    "breaker_half_open_probe",   "cache_ttl_s",          "cache_stale_if_error_s",
};

static void load(struct runtime_config *out, const char *path)
{
    struct err_note note = { 0 };
    const struct config_source source = { .path = path };
    if (config_load(out, &source, &note) != ERR_OK) fail_msg("%s:%d %s", path, note.line,
                                                             note.sentence);
}

static bool is_knob(const char *key)
{
    for (size_t i = 0; i < sizeof knobs / sizeof *knobs; i++) {
        if (strcmp(knobs[i], key) == 0) return true;
    }
    return false;
}

static void it_holds_the_values_of_guide_section_11(void **state)
{
    (void)state;
    static struct runtime_config config;
    load(&config, TOLLGATE_SOURCE_DIR "/configs/minimal.yaml");
    const struct engine_config *engine = &config.engine;
    assert_int_equal(engine->request_deadline_ns, 1800 * NS_PER_MS);
    assert_int_equal(engine->retry_count, 2);
    assert_int_equal(engine->pool.connections_max, 256);
    assert_int_equal(config.server.max_keepalive_connections, 128);
    assert_int_equal(engine->breaker.failures_to_open, 12);
    assert_int_equal(engine->breaker.cooldown_ns, 30 * NS_PER_S);
    assert_int_equal(engine->breaker.half_open_probes, 5);
    assert_int_equal(engine->cache.ttl_ns, 60 * NS_PER_S);
    assert_int_equal(engine->cache.stale_ns, 180 * NS_PER_S);
    if (config.warning_count != 0) fail_msg("%s", config.warnings[0]);
}

static void it_sets_the_five_knobs_only_and_as_production_does(void **state)
{
    (void)state;
    static struct runtime_config minimal;
    static struct runtime_config prod;
    load(&minimal, TOLLGATE_SOURCE_DIR "/configs/minimal.yaml");
    load(&prod, TOLLGATE_SOURCE_DIR "/configs/prod.yaml");
    struct buf ours;
    struct buf theirs;
    buf_init(&ours, BUF_UNBOUNDED);
    buf_init(&theirs, BUF_UNBOUNDED);
    size_t set = 0;
    for (size_t i = 0; i < minimal.options.count; i++) {
        const char *key = minimal.options.rows[i].key;
        bool in_file = minimal.options.source[i] == OPTION_FILE;
        if (in_file != is_knob(key)) fail_msg("%s is %sset", key, in_file ? "" : "not ");
        if (!in_file) continue;
        set++;
        buf_clear(&ours);
        buf_clear(&theirs);
        options_format_value(&minimal.options, &minimal, i, &ours);
        options_format_value(&prod.options, &prod, i, &theirs);
        assert_int_equal(prod.options.source[i], OPTION_FILE);
        assert_string_equal(buf_text(&ours), buf_text(&theirs));
    }
    assert_int_equal(set, sizeof knobs / sizeof *knobs);
    buf_deinit(&ours);
    buf_deinit(&theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_the_values_of_guide_section_11),
        cmocka_unit_test(it_sets_the_five_knobs_only_and_as_production_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
