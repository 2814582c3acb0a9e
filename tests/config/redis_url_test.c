/* redis_url: what it means, what is refused, and that nobody sees the password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "config/config.h"
#include "config/redis_url.h"

struct meaning {
    const char *text;
    const char *host;
    const char *user;
    const char *password;
    uint16_t port;
    uint32_t database;
};

static void every_part_may_be_left_out_but_the_host(void **state)
{
    (void)state;
    static const struct meaning meanings[] = {
        { "redis://cache", "cache", "", "", 6379, 0 },
        { "redis://127.0.0.1:7000", "127.0.0.1", "", "", 7000, 0 },
        { "redis://cache/", "cache", "", "", 6379, 0 },
        { "redis://cache.example:1/15", "cache.example", "", "", 1, 15 },
        { "redis://:sesame@cache/2", "cache", "", "sesame", 6379, 2 },
        { "redis://reader:sesame@cache", "cache", "reader", "sesame", 6379, 0 },
        { "redis://:s%40s%3a%2F%25@h", "h", "", "s@s:/%", 6379, 0 },
        { "redis://:a@b:c/d@h", "h", "", "a@b:c/d", 6379, 0 },
        { "redis://[::1]:7000/65535", "::1", "", "", 7000, 65535 },
        { "redis://[fe80::1]", "fe80::1", "", "", 6379, 0 },
    };
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        struct redis_url url;
        const char *wrong = redis_url_parse(meanings[i].text, &url);
        if (wrong != NULL) fail_msg("%s: %s", meanings[i].text, wrong);
        assert_string_equal(url.host, meanings[i].host);
        assert_string_equal(url.user, meanings[i].user);
        assert_string_equal(url.password, meanings[i].password);
        assert_int_equal(url.port, meanings[i].port);
        assert_int_equal(url.database, meanings[i].database);
    }
}

static void what_is_no_such_url_is_refused_without_repeating_the_password(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "redis:/cache", "rediss://cache", "http://cache", "cache:6379", "redis://",
        "redis://:6379", "redis://a b", "redis://cache:0", "redis://cache:65536",
        "redis://cache:x", "redis://cache:", "redis://cache/x", "redis://cache/65536",
        "redis://cache/1/2", "redis://[::1", "redis://[::1]7", "redis://::1:7000",
        "redis://secret@cache", "redis://:secret%@c", "redis://:secret%4@c",
        "redis://:secret%zz@c", "redis://:secret%00@c", "redis://u:@c", "redis://:secret@",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct redis_url url;
        const char *wrong = redis_url_parse(refused[i], &url);
        if (wrong == NULL) fail_msg("%s was taken", refused[i]);
        assert_null(strstr(wrong, "secret"));
    }
}

static void random_texts_are_parsed_or_refused(void **state)
{
    (void)state;
    static const char alphabet[] = "redis:/@[]%0a7.";
    struct rng rng;
    rng_init(&rng, 5, "redis_url_test");
    for (int round = 0; round < 20000; round++) {
        char text[40] = "redis://";
        size_t length = 8 + rng_below(&rng, 30);
        for (size_t i = 8; i < length; i++) {
            text[i] = alphabet[rng_below(&rng, sizeof alphabet - 1)];
        }
        text[length] = '\0';
        struct redis_url url;
        if (redis_url_parse(text, &url) == NULL) assert_true(url.host[0] != '\0' && url.port > 0);
    }
}

static enum err load(struct runtime_config *config, const char *set, struct err_note *note)
{
    *note = (struct err_note){ 0 };
    const struct config_source source = { .sets = &set, .set_count = 1 };
    return config_load(config, &source, note);
}

static void the_url_switches_the_second_level_on(void **state)
{
    (void)state;
    static struct runtime_config config;
    struct err_note note;
    assert_int_equal(load(&config, "seed=1", &note), ERR_OK);
    assert_false(config.engine.l2_enabled);
    assert_int_equal(load(&config, "redis_url=redis://127.0.0.1/1", &note), ERR_OK);
    assert_true(config.engine.l2_enabled);
    assert_int_equal(load(&config, "redis_url=redis://:secret@127.0.0.1/x", &note), ERR_INVALID);
    assert_non_null(strstr(note.sentence, "redis_url: its database is not a number"));
    assert_null(strstr(note.sentence, "secret"));
}

static void print_config_hides_the_password(void **state)
{
    (void)state;
    static struct runtime_config config;
    struct err_note note;
    assert_int_equal(load(&config, "redis_url=redis://u:secret@127.0.0.1:7000/1", &note), ERR_OK);
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    config_write(&text, &config);
    assert_null(strstr(buf_text(&text), "secret"));
    assert_non_null(strstr(buf_text(&text), "redis_url: \"redis://***@127.0.0.1:7000/1\""));
    buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_may_be_left_out_but_the_host),
        cmocka_unit_test(what_is_no_such_url_is_refused_without_repeating_the_password),
        cmocka_unit_test(random_texts_are_parsed_or_refused),
        cmocka_unit_test(the_url_switches_the_second_level_on),
        cmocka_unit_test(print_config_hides_the_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
