#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "net/address.h"
#include "net/http_client.h"

enum { NOW_MS = 0 };
/* Sun, 06 Nov 1994 08:49:37 GMT */
#define DATE_S UINT64_C(784111777)

static uint64_t parse(const char *text, uint64_t now_ms)
{
    uint64_t ns = 12345;
    if (!http_parse_retry_after(text, now_ms, &ns)) fail_msg("refused: %s", text);
    return ns;
}

static void retry_after_takes_seconds(void **state)
{
    (void)state;
    assert_int_equal(parse("0", NOW_MS), 0);
    assert_int_equal(parse("7", NOW_MS), 7 * NS_PER_S);
    assert_int_equal(parse(" 120\t", NOW_MS), 120 * NS_PER_S);
}

static void retry_after_saturates(void **state)
{
    (void)state;
    assert_true(parse("18446744074", NOW_MS) == UINT64_MAX);
    assert_true(parse("99999999999999999999999999", NOW_MS) == UINT64_MAX);
    assert_true(parse("Fri, 31 Dec 9999 23:59:59 GMT", NOW_MS) == UINT64_MAX);
    assert_true(parse("18446744073", NOW_MS) == UINT64_C(18446744073) * NS_PER_S);
}

static void retry_after_takes_the_three_forms_of_a_date(void **state)
{
    (void)state;
    uint64_t now_ms = DATE_S * 1000 - 1500;
    assert_int_equal(parse("Sun, 06 Nov 1994 08:49:37 GMT", now_ms), 1500 * NS_PER_MS);
    assert_int_equal(parse("Sunday, 06-Nov-94 08:49:37 GMT", now_ms), 1500 * NS_PER_MS);
    assert_int_equal(parse("Sun Nov  6 08:49:37 1994", now_ms), 1500 * NS_PER_MS);
}

static void retry_after_of_a_date_in_the_past_is_zero(void **state)
{
    (void)state;
    assert_int_equal(parse("Sun, 06 Nov 1994 08:49:37 GMT", DATE_S * 1000 + 1), 0);
}

static void retry_after_refuses_what_is_neither(void **state)
{
    (void)state;
    const char *const bad[] = { "",
                                " ",
                                "-1",
                                "+1",
                                "1.5",
                                "1s",
                                "soon",
                                "0x10",
                                "1, 2",
                                "Sun",
                                "Sun, 99 Foo 1994 08:49:37 GMT",
                                "Mon: 12",
                                "tomorrow",
                                "6 Nov 2094 08:49:37 GMT",
                                "Sat, 06 Nov 2094" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t ns;
        if (http_parse_retry_after(bad[i], NOW_MS, &ns)) fail_msg("taken: \"%s\"", bad[i]);
    }
}

static void an_address_is_a_numeric_host_and_a_port(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
        const char *url;
    } good[] = {
        { "127.0.0.1:8080", "127.0.0.1", 8080, "http://127.0.0.1:8080" },
        { "[::1]:0", "::1", 0, "http://[::1]:0" },
        { "localhost:65535", "127.0.0.1", 65535, "http://127.0.0.1:65535" },
        { "0.0.0.0:00080", "0.0.0.0", 80, "http://0.0.0.0:80" },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct address address;
        char url[64];
        assert_int_equal(address_parse(good[i].text, &address, NULL), ERR_OK);
        assert_string_equal(address.host, good[i].host);
        assert_int_equal(address.port, good[i].port);
        address_url(&address, url, sizeof url);
        assert_string_equal(url, good[i].url);
    }
}

static void an_address_that_is_not_one_says_what_to_write(void **state)
{
    (void)state;
    const char *const bad[] = { "",           "8080",           ":8080",         "127.0.0.1",
                                "127.0.0.1:", "127.0.0.1:x",    "1.2.3.4:65536", "1.2.3.4:-1",
                                "::1:80",     "[127.0.0.1]:80", "[::1:80",       "example.org:80",
                                "[]:1",       "1.2.3.4:000080", "1.2.3.4.5:1" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct address address;
        struct err_note note = { .err = ERR_OK };
        if (address_parse(bad[i], &address, &note) == ERR_OK) fail_msg("taken: \"%s\"", bad[i]);
        assert_int_equal(note.err, ERR_USAGE);
        assert_non_null(strstr(note.sentence, "write HOST:PORT"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_takes_seconds),
        cmocka_unit_test(retry_after_saturates),
        cmocka_unit_test(retry_after_takes_the_three_forms_of_a_date),
        cmocka_unit_test(retry_after_of_a_date_in_the_past_is_zero),
        cmocka_unit_test(retry_after_refuses_what_is_neither),
        cmocka_unit_test(an_address_is_a_numeric_host_and_a_port),
        cmocka_unit_test(an_address_that_is_not_one_says_what_to_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
