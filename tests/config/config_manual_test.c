/* The rows, written out for people and read back. */
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

static void the_printed_configuration_reads_back_the_same(void **state)
{
    (void)state;
    static struct runtime_config config;
    static struct runtime_config back;
    struct err_note note = { 0 };
    static const char *const sets[] = {
        "default_model=a: b # \"c\"",      "breaker_failure_ratio=0.125",
        "retry_backoff_base_ms=0.25",      "breaker_count_429=true",
        "baseline_only_liquidity_bucket=", "baseline=kalman"
    };
    struct config_source source = { .sets = sets, .set_count = sizeof sets / sizeof *sets };
    assert_int_equal(config_load(&config, &source, &note), ERR_OK);

    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    config_write(&text, &config);
    char path[256];
    snprintf(path, sizeof path, "%s/config_manual_test.%d.yaml", TOLLGATE_BINARY_DIR,
             (int)getpid());
    assert_int_equal(file_write(path, text.data, text.length, &note), ERR_OK);
    struct config_source again = { .path = path };
    enum err rc = config_load(&back, &again, &note);
    unlink(path);
    if (rc != ERR_OK) fail_msg("%d: %s\n%s", note.line, note.sentence, buf_text(&text));
    buf_deinit(&text);
    assert_memory_equal(&config.engine, &back.engine, sizeof back.engine);
    assert_memory_equal(&config.forecast, &back.forecast, sizeof back.forecast);
    assert_memory_equal(&config.server, &back.server, sizeof back.server);
}

static void the_printed_configuration_names_sources(void **state)
{
    (void)state;
    static struct runtime_config config;
    struct err_note note = { 0 };
    static const char *const sets[] = { "retry_count=1" };
    struct config_source source = { .path = TOLLGATE_SOURCE_DIR "/configs/dev.yaml",
                                    .sets = sets,
                                    .set_count = 1 };
    assert_int_equal(config_load(&config, &source, &note), ERR_OK);
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    config_write(&text, &config);
    assert_non_null(
        strstr(buf_text(&text), "retry_count: 1  # whole number, --set; reload: yes\n"));
    assert_non_null(
        strstr(buf_text(&text), "connect_timeout_s: 0.5  # seconds, file; reload: yes\n"));
    assert_non_null(
        strstr(buf_text(&text), "breaker_window_s: 30  # seconds, default; reload: yes\n"));
    buf_deinit(&text);
}

static void the_manual_has_a_line_for_every_row(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    config_write_manual(&text);
    size_t count;
    const struct option *rows = config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        char line[OPTION_TEXT_MAX];
        snprintf(line, sizeof line, "\n| `%s` | ", rows[i].key);
        assert_non_null(strstr(buf_text(&text), line));
        assert_true(strlen(rows[i].sentence) > 20);
    }
    assert_non_null(
        strstr(buf_text(&text), "| `connect_timeout_s` | seconds | `0.25` | 1ms to 1h | "));
    assert_non_null(strstr(buf_text(&text), "`v1`, `timeseries`"));
    assert_non_null(strstr(buf_text(&text), "| 1 to 65536 | up to its value at start | "));
    assert_non_null(strstr(buf_text(&text), "| `seed` | whole number | `0` | "));
    buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_printed_configuration_reads_back_the_same),
        cmocka_unit_test(the_printed_configuration_names_sources),
        cmocka_unit_test(the_manual_has_a_line_for_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
