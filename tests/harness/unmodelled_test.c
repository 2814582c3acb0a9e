#include "harness/unmodelled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"

/* The simulator plays the engine, the forecast and a scenario's Redis, and no more. */
static bool is_simulated(const struct option *row)
{
    return row->offset < offsetof(struct runtime_config, server) ||
           row->offset >= offsetof(struct runtime_config, l2);
}

static void a_setting_that_is_not_simulated_is_on_the_list_and_no_other(void **state)
{
    (void)state;
    size_t count, listed;
    const struct option *rows = config_rows(&count);
    const struct unmodelled *list = unmodelled_rows(&listed);
    size_t found = 0;
    for (size_t i = 0; i < listed; i++)
        found += list[i].kind == UNMODELLED_ESTIMATE;
    for (size_t i = 0; i < count; i++) {
        bool known = unmodelled_find(rows[i].key) != NULL;
        if (known == is_simulated(&rows[i])) fail_msg("%s", rows[i].key);
        found += known;
    }
    assert_int_equal(found, listed);
}

static void the_page_has_a_row_with_each_of_them(void **state)
{
    (void)state;
    struct err_note note = { .err = ERR_OK };
    char *text = NULL;
    size_t length, count;
    enum err rc = file_read(TOLLGATE_SOURCE_DIR "/docs/parity.md", 1 << 20, &text, &length, &note);
    assert_int_equal(ERR_OK, rc);
    const struct unmodelled *rows = unmodelled_rows(&count);
    for (size_t i = 0; i < count; i++) {
        char code[80];
        snprintf(code, sizeof code, "`%s`", rows[i].key);
        if (strstr(text, code) == NULL) fail_msg("docs/parity.md does not name %s", rows[i].key);
    }
    mem_free(text);
}

static bool told(const char *const *sets, size_t count, struct buf *out)
{
    struct runtime_config *config = mem_alloc(1, sizeof *config);
    struct config_source source = { .sets = sets, .set_count = count };
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(ERR_OK, config_load(config, &source, &note));
    buf_init(out, BUF_UNBOUNDED);
    bool any = unmodelled_write(config, out);
    mem_free(config);
    return any;
}

static void only_what_differs_from_the_default_is_told(void **state)
{
    (void)state;
    struct buf out;
    static const char *const usual[] = { "response_bytes_max=262144", "keepalive_expiry_s=5",
                                         "body_bytes_max=1048576", "retry_count=0" };
    assert_false(told(usual, 4, &out));
    assert_int_equal(0, out.length);
    buf_deinit(&out);
    static const char *const limits[] = { "body_bytes_max=400", "rate_limit_per_s=1",
                                          "response_bytes_max=500" };
    assert_true(told(limits, 3, &out));
    assert_string_equal("the simulator does not model body_bytes_max (400), response_bytes_max "
                        "(500), rate_limit_per_s (1), which this scenario is played with; play it "
                        "over sockets",
                        buf_text(&out));
    buf_deinit(&out);
}

static void a_cache_that_sizes_bound_is_told_and_may_be_swept(void **state)
{
    (void)state;
    static const struct {
        const char *sets[2];
        bool told;
    } rows[] = {
        { { "cache_bytes_max=1000", "retry_count=0" }, true },
        { { "cache_bytes_max=102399999", "cache_entries_max=50000" }, true },
        { { "cache_bytes_max=102400000", "cache_entries_max=50000" }, false },
        { { "cache_bytes_max=134217728", "cache_entries_max=50000" }, false }, /* the defaults */
        { { "cache_bytes_max=12000", "cache_entries_max=5" }, false },
        { { "cache_bytes_max=12000", "cache_entries_max=6" }, true },
        { { "cache_bytes_max=0", "retry_count=0" }, false }, /* holds nothing in either world */
        { { "cache_bytes_max=1000", "cache_entries_max=0" }, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        if (told(rows[i].sets, 2, &out) != rows[i].told) fail_msg("row %zu", i);
        if (rows[i].told) assert_non_null(strstr(buf_text(&out), "not model cache_bytes_max ("));
        buf_deinit(&out);
    }
    assert_null(unmodelled_find("cache_bytes_max"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_that_is_not_simulated_is_on_the_list_and_no_other),
        cmocka_unit_test(the_page_has_a_row_with_each_of_them),
        cmocka_unit_test(only_what_differs_from_the_default_is_told),
        cmocka_unit_test(a_cache_that_sizes_bound_is_told_and_may_be_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
