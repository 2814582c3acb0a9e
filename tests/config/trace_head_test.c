#include "config/trace_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void load(struct runtime_config *out, const char *path, const char *const *sets,
                 size_t set_count)
{
    struct err_note note = { .err = ERR_OK };
    const struct config_source source = { .path = path, .sets = sets, .set_count = set_count };
    if (config_load(out, &source, &note) != ERR_OK) fail_msg("%s", note.sentence);
}

/* Both start as zeros, so that padding compares equal too. */
static void assert_comes_back(const struct runtime_config *config)
{
    static struct trace_head head;
    struct err_note note = { .err = ERR_OK };
    struct buf line;
    buf_init(&line, BUF_UNBOUNDED);
    trace_head_write(&line, "tester", "1.2.3", 42, config);
    assert_int_equal(line.data[line.length - 1], '\n');
    if (trace_head_read("t", line.data, line.length - 1, &head, &note) != ERR_OK) {
        fail_msg("%s", note.sentence);
    }
    assert_string_equal(head.program, "tester");
    assert_string_equal(head.version, "1.2.3");
    assert_int_equal(head.start, 42);
    assert_memory_equal(&head.config.engine, &config->engine, sizeof config->engine);
    buf_deinit(&line);
}

static void a_whole_engine_configuration_comes_back_from_a_trace(void **state)
{
    (void)state;
    static const char *const files[] = { "dev", "staging", "prod" };
    static struct runtime_config config;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/configs/%s.yaml", TOLLGATE_SOURCE_DIR, files[i]);
        load(&config, path, NULL, 0);
        config.engine.seed = UINT64_C(18446744073709551557);
        assert_comes_back(&config);
    }
}

/* Every number at another value than its default, as far as the checks allow. */
static void settings_that_are_not_the_defaults_come_back(void **state)
{
    (void)state;
    static const char *const sets[] = {
        "connect_timeout_s=0.123456789", "read_timeout_s=0.9", "request_deadline_s=7.000000001",
        "retry_count=9", "retry_backoff_base_ms=0.000001", "max_connections=77",
        "max_keepalive_connections=70", "breaker_failure_ratio=0.333", "breaker_count_429=true",
        "cache_bytes_max=12345678901", "breaker_cooldown_jitter=0", "seed=18446744073709551615",
    };
    static struct runtime_config config;
    load(&config, NULL, sets, sizeof sets / sizeof sets[0]);
    assert_comes_back(&config);
    config.engine.l2_enabled = !config.engine.l2_enabled;
    assert_comes_back(&config);
}

static void texts_are_not_written(void **state)
{
    (void)state;
    static const char *const sets[] = { "default_model=hidden-secret" };
    static struct runtime_config config;
    load(&config, NULL, sets, 1);
    struct buf line;
    buf_init(&line, BUF_UNBOUNDED);
    trace_head_write(&line, "tester", "1.2.3", 42, &config);
    assert_null(strstr(buf_text(&line), "hidden-secret"));
    buf_deinit(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_engine_configuration_comes_back_from_a_trace),
        cmocka_unit_test(settings_that_are_not_the_defaults_come_back),
        cmocka_unit_test(texts_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
