/* What is refused and what is warned about before the first request; and the same by the program
 * itself, with secrets in its environment. */
#include "runtime/start_checks.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "child.h"
#include "rig.h"
#include "runtime/descriptors.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TOKEN "0123456789abcdef0123456789abcdef"

static struct runtime_config config;

/* Over defaults of which one is warned about. */
static void load(const char *const sets[], size_t count)
{
    struct err_note note = { 0 };
    const char *all[8] = { "keepalive_expiry_s=5" };
    assert_true(count + 1 <= sizeof all / sizeof *all);
    memcpy(all + 1, sets, count * sizeof *all);
    const struct config_source source = { .sets = all, .set_count = count + 1 };
    if (config_load(&config, &source, &note) != ERR_OK) fail_msg("%s", note.sentence);
}

/* The log lines of start_warn(). Owned by the caller. Inlined, gcc 12 takes `text` for dangling. */
__attribute__((noinline)) static char *warnings(const struct start_facts *facts)
{
    char path[] = "/tmp/tollgate-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct log log;
    log_init(&log, fd, LOG_LEVEL_WARN);
    start_warn(&log, facts);
    char *text = NULL;
    size_t length;
    struct err_note note = { 0 };
    assert_int_equal(file_read(path, 1 << 20, &text, &length, &note), ERR_OK);
    close(fd);
    unlink(path);
    return text;
}

struct warning_case {
    const char *host;
    const char *upstream;
    const char *token;
    const char *key;
    const char *set;
    uint64_t descriptors;
    const char *event; /* NULL: none at all */
};

static void each_thing_to_regret_is_warned_about_and_nothing_else(void **state)
{
    (void)state;
    static const char near[] = "http://127.0.0.1:11435";
    static const char far[] = "http://gpu1:11435";
    static const char safe[] = "https://gpu1";
    const struct warning_case cases[] = {
        { "127.0.0.1", near, "", "", "seed=1", UINT64_MAX, NULL },
        { "::1", near, "", "", "seed=1", UINT64_MAX, NULL },
        { "0.0.0.0", near, "", "", "seed=1", UINT64_MAX, "open_to_everyone" },
        { "10.1.2.3", near, "", "", "seed=1", UINT64_MAX, "open_to_everyone" },
        { "::", near, "", "", "seed=1", UINT64_MAX, "open_to_everyone" },
        { "0.0.0.0", near, TOKEN, "", "seed=1", UINT64_MAX, NULL },
        { "127.0.0.1", safe, "", "", "upstream_tls_verify=false", UINT64_MAX,
          "upstream_not_verified" },
        { "127.0.0.1", safe, "", "", "upstream_tls_verify=true", UINT64_MAX, NULL },
        { "127.0.0.1", near, "", "", "upstream_tls_verify=false", UINT64_MAX, NULL },
        { "127.0.0.1", far, "", "k", "seed=1", UINT64_MAX, "upstream_key_in_clear" },
        { "127.0.0.1", "http://127.example.org:80", "", "k", "seed=1", UINT64_MAX,
          "upstream_key_in_clear" },
        { "127.0.0.1", "http://[2001:db8::1]:80", "", "k", "seed=1", UINT64_MAX,
          "upstream_key_in_clear" },
        { "127.0.0.1", safe, "", "k", "seed=1", UINT64_MAX, NULL },
        { "127.0.0.1", near, "", "k", "seed=1", UINT64_MAX, NULL },
        { "127.0.0.1", "http://[::1]:80", "", "k", "seed=1", UINT64_MAX, NULL },
        { "127.0.0.1", "http://localhost:80/x", "", "k", "seed=1", UINT64_MAX, NULL },
        { "127.0.0.1", near, "", "", "seed=1", 1024, "descriptors_short" },
        { "127.0.0.1", near, "", "", "keepalive_expiry_s=5.001", UINT64_MAX,
          "keepalive_outlives_upstream" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct warning_case *c = &cases[i];
        struct secrets secrets = { .api_token = "" };
        strncat(secrets.api_token, c->token, SECRET_MAX);
        strncat(secrets.upstream_key, c->key, SECRET_MAX);
        load(&c->set, 1);
        struct start_facts facts = { .config = &config,
                                     .secrets = &secrets,
                                     .upstream = c->upstream,
                                     .descriptors = c->descriptors };
        snprintf(facts.listen.host, sizeof facts.listen.host, "%s", c->host);
        char *log = warnings(&facts);
        char wanted[64];
        snprintf(wanted, sizeof wanted, "\"event\":\"%s\"", c->event == NULL ? "" : c->event);
        bool one_line = strchr(log, '\n') != NULL && strchr(log, '\n')[1] == '\0';
        bool right = c->event == NULL ? log[0] == '\0' : one_line && strstr(log, wanted) != NULL;
        if (!right) fail_msg("case %zu: \"%s\"", i, log);
        mem_free(log);
    }
}

static void certificate_file_that_is_none_is_refused(void **state)
{
    (void)state;
    struct err_note note = { 0 };
    char path[] = "/tmp/tollgate-ca-XXXXXX";
    close(mkstemp(path));
    char set[64];
    snprintf(set, sizeof set, "upstream_ca_file=%s", path);
    load((const char *const[]){ set }, 1);
    assert_int_not_equal(start_check(&config, &note), ERR_OK);
    assert_string_equal(note.path, path);
    assert_non_null(strstr(note.sentence, "certificate"));

    const char pem[] = "# ours\n-----BEGIN CERTIFICATE-----\n";
    assert_int_equal(file_write(path, pem, sizeof pem - 1, &note), ERR_OK);
    assert_int_equal(start_check(&config, &note), ERR_OK);
    unlink(path);
    assert_int_not_equal(start_check(&config, &note), ERR_OK);
    load((const char *const[]){ "upstream_ca_file=" }, 1);
    assert_int_equal(start_check(&config, &note), ERR_OK);
}

static void soft_limit_of_descriptors_is_raised_to_the_hard_one(void **state)
{
    (void)state;
    struct rlimit before;
    struct rlimit after;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit low = { .rlim_cur = 64, .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    uint64_t raised = descriptors_raise();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_true(after.rlim_cur == before.rlim_max);
    assert_true(raised == UINT64_MAX || raised == before.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

    load((const char *const[]){ "inbound_connections_max=1000", "max_connections=200" }, 2);
    assert_true(descriptors_needed(&config) > 1200);
}

/* The program. */

static void placeholder_in_the_environment_ends_the_program_with_2(void **state)
{
    (void)state;
    struct child child;
    setenv("TSFM_FORECAST_API_TOKEN", "changeme", 1);
    for (int i = 0; i < 2; i++) {
        child_start(&child, ARGS("--listen", "127.0.0.1:0", "--workers", i == 0 ? "1" : "2"));
        assert_int_equal(child_wait(&child), 2);
        char *said = child_err(&child);
        assert_non_null(strstr(said, "TSFM_FORECAST_API_TOKEN is a placeholder"));
        mem_free(said);
        child_clean(&child);
    }
    unsetenv("TSFM_FORECAST_API_TOKEN");
}

/* The token guards the program and shows in nothing that it prints. */
static void token_in_the_environment_guards_the_program_and_is_not_told(void **state)
{
    (void)state;
    struct child child;
    struct rig rig;
    rig_start_upstream(&rig);
    setenv("TSFM_FORECAST_API_TOKEN", TOKEN, 1);
    child_start(&child, ARGS("--listen", "127.0.0.1:0", "--set", "log_level=debug"));
    uint16_t port = child_port(&child);
    struct rig_answer answer = rig_receive(&rig, rig_post(port, NULL, "{}", 2));
    assert_int_equal(answer.status, 401);
    rig_answer_free(&answer);
    static const char request[] = "POST /tsfm/forecast HTTP/1.1\r\nHost: x\r\n"
                                  "Authorization: Bearer " TOKEN "\r\nContent-Length: 2\r\n\r\n{}";
    answer = rig_receive(&rig, rig_send(port, request, sizeof request - 1));
    assert_int_equal(answer.status, 400); /* let in, and found invalid */
    rig_answer_free(&answer);
    kill(child.pid, SIGTERM);
    assert_int_equal(child_wait(&child), 0);
    char *out = child_out(&child);
    char *log = child_err(&child);
    assert_null(strstr(out, TOKEN));
    assert_null(strstr(log, TOKEN));
    mem_free(out);
    mem_free(log);
    child_clean(&child);
    child_start(&child, ARGS("--print-config"));
    assert_int_equal(child_wait(&child), 0);
    out = child_out(&child);
    assert_null(strstr(out, TOKEN));
    mem_free(out);
    child_clean(&child);
    unsetenv("TSFM_FORECAST_API_TOKEN");
    rig_stop_upstream(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thing_to_regret_is_warned_about_and_nothing_else),
        cmocka_unit_test(certificate_file_that_is_none_is_refused),
        cmocka_unit_test(soft_limit_of_descriptors_is_raised_to_the_hard_one),
        cmocka_unit_test(placeholder_in_the_environment_ends_the_program_with_2),
        cmocka_unit_test(token_in_the_environment_guards_the_program_and_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
