#include "runtime/command_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { ARGS_MAX = 16 };

struct parsed {
    enum err rc;
    struct command_line line;
    struct err_note note;
};

static struct parsed parse(const char *const args[])
{
    char *argv[ARGS_MAX + 1] = { (char *)(uintptr_t)"tollgate-runtime" };
    int argc = 1;
    for (; args[argc - 1] != NULL; argc++) {
        assert_in_range(argc, 1, ARGS_MAX - 1);
        argv[argc] = (char *)(uintptr_t)args[argc - 1];
    }
    struct parsed parsed = { 0 };
    parsed.rc = command_line_parse(argc, argv, &parsed.line, &parsed.note);
    return parsed;
}

static void no_arguments_serve_with_the_documented_defaults(void **state)
{
    (void)state;
    struct parsed parsed = parse((const char *[]){ NULL });
    assert_int_equal(parsed.rc, ERR_OK);
    assert_int_equal(parsed.line.command, COMMAND_SERVE);
    assert_null(parsed.line.config);
    assert_string_equal(parsed.line.upstream, "http://127.0.0.1:11435");
    assert_string_equal(parsed.line.listen.host, "127.0.0.1");
    assert_int_equal(parsed.line.listen.port, 8000);
    command_line_deinit(&parsed.line);
}

static void flags_take_their_value_in_both_spellings(void **state)
{
    (void)state;
    struct parsed parsed = parse((const char *[]){
        "--config=a.yaml", "--upstream", "http://localhost:1/", "--listen=127.0.0.1:0", "--set",
        "cache_ttl_s=5", "--set=retry_count=0", "--seed", "18446744073709551615", "--trace", "t",
        "--workers=64", "--parent", "12", NULL });
    assert_int_equal(parsed.rc, ERR_OK);
    assert_string_equal(parsed.line.config, "a.yaml");
    assert_string_equal(parsed.line.upstream, "http://localhost:1");
    assert_int_equal(parsed.line.listen.port, 0);
    assert_int_equal(parsed.line.set_count, 2);
    assert_string_equal(parsed.line.sets[0], "cache_ttl_s=5");
    assert_string_equal(parsed.line.sets[1], "retry_count=0");
    assert_true(parsed.line.has_seed);
    assert_true(parsed.line.seed == UINT64_MAX);
    assert_string_equal(parsed.line.trace, "t");
    assert_int_equal(parsed.line.workers, 64);
    assert_int_equal(parsed.line.parent, 12);
    command_line_deinit(&parsed.line);
}

static void assert_refused(const char *const args[], const char *part)
{
    struct parsed parsed = parse(args);
    assert_int_not_equal(parsed.rc, ERR_OK);
    if (strstr(parsed.note.sentence, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, parsed.note.sentence);
    }
    command_line_deinit(&parsed.line);
}

static void bad_usage_is_refused_with_what_to_do(void **state)
{
    (void)state;
    assert_refused((const char *[]){ "--confg", "x", NULL }, "did you mean \"--config\"");
    assert_refused((const char *[]){ "--zzzzzzzzz", NULL }, "try --help");
    assert_refused((const char *[]){ "serve", NULL }, "unexpected argument \"serve\"");
    assert_refused((const char *[]){ "", NULL }, "unexpected argument \"\"");
    assert_refused((const char *[]){ "--config", NULL }, "--config needs a value");
    assert_refused((const char *[]){ "--help=1", NULL }, "--help takes no value");
    assert_refused((const char *[]){ "--seed", "1", "--seed", "2", NULL }, "given twice");
    assert_refused((const char *[]){ "--seed", "-1", NULL }, "not a whole number");
    assert_refused((const char *[]){ "--seed", "18446744073709551616", NULL },
                   "not a whole number");
    assert_refused((const char *[]){ "--parent", "99999999999", NULL }, "not a whole number");
    assert_refused((const char *[]){ "--workers", "65", NULL }, "from 0 to 64");
    assert_refused((const char *[]){ "--workers", "0", NULL }, "at least 1");
    assert_refused((const char *[]){ "--listen", "nonsense", NULL }, "nonsense");
}

static void upstream_must_be_a_base_url(void **state)
{
    (void)state;
    const char *const bad[] = { "", "localhost:1", "ftp://x", "http://", "https:///", "http://:80",
                                "http://a b", "http://a?q=1", "http://a#b", "http://a\n" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused((const char *[]){ "--upstream", bad[i], NULL }, "not a base URL");
    }
}

static void upstream_may_hold_no_password_and_the_refusal_does_not_repeat_it(void **state)
{
    (void)state;
    const char *const bad[] = { "http://me:hunter2@host:1", "https://hunter2@host/base",
                                "http://me:hunter2@host?q" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused((const char *[]){ "--upstream", bad[i], NULL }, "TSFM_UPSTREAM_API_KEY");
        struct parsed parsed = parse((const char *[]){ "--upstream", bad[i], NULL });
        assert_null(strstr(parsed.note.sentence, "hunter2"));
        command_line_deinit(&parsed.line);
    }
    struct parsed parsed = parse((const char *[]){ "--upstream", "http://host/@me", NULL });
    assert_int_equal(parsed.rc, ERR_OK);
    assert_string_equal(parsed.line.upstream, "http://host/@me");
    command_line_deinit(&parsed.line);
}

static void help_names_every_flag(void **state)
{
    (void)state;
    const char *const flags[] = { "--config", "--upstream", "--listen", "--set", "--seed",
                                  "--trace", "--workers", "--parent", "--print-config",
                                  "--help", "--version" };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        assert_non_null(strstr(command_line_help(), flags[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_arguments_serve_with_the_documented_defaults),
        cmocka_unit_test(flags_take_their_value_in_both_spellings),
        cmocka_unit_test(bad_usage_is_refused_with_what_to_do),
        cmocka_unit_test(upstream_must_be_a_base_url),
        cmocka_unit_test(upstream_may_hold_no_password_and_the_refusal_does_not_repeat_it),
        cmocka_unit_test(help_names_every_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
