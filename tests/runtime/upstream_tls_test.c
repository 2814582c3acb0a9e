/* An upstream behind TLS: whom the runtime trusts, and what it does when it does not. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "rig.h"
#include "tls_front.h"

#define KEY "k3y-of-the-upstream"

enum { POINTS = 40 };

/* Two authorities: ours, which signed both certificates, and a stranger. */
static char ours[64];
static char stranger[64];
static const struct secrets secrets = { .upstream_key = KEY };

static int make_folders(void **state)
{
    (void)state;
    snprintf(ours, sizeof ours, "/tmp/tollgate-tls-XXXXXX");
    snprintf(stranger, sizeof stranger, "/tmp/tollgate-tls-XXXXXX");
    if (mkdtemp(ours) == NULL || mkdtemp(stranger) == NULL) return -1;
    tls_make_authority(ours, "ours");
    tls_make_authority(stranger, "stranger");
    tls_make_certificate(ours, "right", "IP:127.0.0.1");
    tls_make_certificate(ours, "elsewhere", "DNS:elsewhere.test");
    return 0;
}

static void remove_folder(const char *folder)
{
    char path[512];
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (struct dirent *file = readdir(files); file != NULL; file = readdir(files)) {
        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        if (file->d_name[0] != '.') (void)unlink(path);
    }
    closedir(files);
    (void)rmdir(folder);
}

static int remove_folders(void **state)
{
    (void)state;
    remove_folder(ours);
    remove_folder(stranger);
    return 0;
}

struct scene {
    struct rig rig;
    struct tls_front front;
    char log[64];
};

/* The model server behind `certificate`; `authority` is what the runtime trusts, NULL: what the
 * system does. */
static void open_scene(struct scene *scene, const char *certificate, const char *authority,
                       const char *verify)
{
    char ca_file[128] = "upstream_ca_file=";
    char upstream[64];
    rig_start_upstream(&scene->rig);
    tls_front_start(&scene->front, ours, certificate, rig_upstream_port(&scene->rig));
    snprintf(upstream, sizeof upstream, "https://127.0.0.1:%u", (unsigned)scene->front.port);
    if (authority != NULL) {
        snprintf(ca_file, sizeof ca_file, "upstream_ca_file=%s/ca.pem", authority);
    }
    snprintf(scene->log, sizeof scene->log, "/tmp/tollgate-log-XXXXXX");
    close(mkstemp(scene->log));
    rig_start_service(&scene->rig, SETS(ca_file, verify, "retry_count=0", "cache_ttl_s=0"),
                      &(struct rig_more){ .secrets = &secrets,
                                          .upstream = upstream,
                                          .log_path = scene->log });
}

/* What was logged. Owned by the caller. */
static char *close_scene(struct scene *scene)
{
    char *text = NULL;
    size_t length;
    struct err_note note = { 0 };
    rig_stop(&scene->rig);
    tls_front_stop(&scene->front);
    assert_int_equal(file_read(scene->log, 1 << 20, &text, &length, &note), ERR_OK);
    (void)unlink(scene->log);
    if (strstr(text, KEY) != NULL) fail_msg("the key is in the log: %s", text);
    return text;
}

static void assert_forecasts(struct scene *scene, int requests)
{
    for (int i = 0; i < requests; i++) {
        struct rig_answer answer = rig_ask_for(&scene->rig, "m1", POINTS);
        assert_int_equal(answer.status, 200);
        rig_assert_meta(&answer, "runtime", "tollama");
        rig_answer_free(&answer);
    }
    assert_int_equal(scene->rig.attempts, requests);
    assert_string_equal(scene->rig.last_authorization, "Bearer " KEY);
    /* TLS' own messages on a pooled connection are not taken for its end. */
    assert_int_equal((int)rig_metric(&scene->rig, "tsfm_stale_sockets_total"), 0);
}

static void assert_baseline_of_the_network(struct scene *scene)
{
    struct rig_answer answer = rig_ask_for(&scene->rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    rig_assert_meta(&answer, "runtime", "baseline");
    rig_assert_meta(&answer, "cause", "RUNTIME_NETWORK");
    rig_answer_free(&answer);
    assert_int_equal(scene->rig.attempts, 0); /* nothing was sent to it, the key neither */
    const char *failed = "tsfm_attempt_total{outcome=\"connect_error\"}";
    assert_int_equal((int)rig_metric(&scene->rig, failed), 1);
}

static void assert_logged(char *log, const char *level, const char *part)
{
    char text[64];
    const char *line = strstr(log, "\"event\":\"attempt\"");
    if (line == NULL) fail_msg("no attempt in the log: %s", log);
    snprintf(text, sizeof text, "\"level\":\"%s\"", level);
    if (strstr(log, text) == NULL || strstr(log, part) == NULL) fail_msg("%s", log);
    mem_free(log);
}

static void upstream_of_a_trusted_authority_is_asked_and_shown_the_key(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, "right", ours, "upstream_tls_verify=true");
    assert_forecasts(&scene, 3);
    mem_free(close_scene(&scene));
}

static void upstream_of_an_unknown_authority_gets_nothing_and_the_baseline_is_served(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, "right", stranger, "upstream_tls_verify=true");
    assert_baseline_of_the_network(&scene);
    assert_logged(close_scene(&scene), "warn", "certificate");
}

static void the_system_does_not_trust_it_either(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, "right", NULL, "upstream_tls_verify=true");
    assert_baseline_of_the_network(&scene);
    assert_logged(close_scene(&scene), "warn", "certificate");
}

static void upstream_with_a_certificate_for_another_name_is_refused(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, "elsewhere", ours, "upstream_tls_verify=true");
    assert_baseline_of_the_network(&scene);
    assert_logged(close_scene(&scene), "warn", "target host name");
}

static void without_verification_anyone_may_answer(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, "elsewhere", stranger, "upstream_tls_verify=false");
    assert_forecasts(&scene, 1);
    mem_free(close_scene(&scene));
}

static void upstream_that_speaks_no_tls_is_a_network_error(void **state)
{
    (void)state;
    struct rig rig;
    char upstream[64];
    rig_start_upstream(&rig);
    snprintf(upstream, sizeof upstream, "https://127.0.0.1:%u", (unsigned)rig_upstream_port(&rig));
    rig_start_service(&rig, SETS("retry_count=0"), &(struct rig_more){ .upstream = upstream });
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    rig_assert_meta(&answer, "cause", "RUNTIME_NETWORK");
    rig_answer_free(&answer);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upstream_of_a_trusted_authority_is_asked_and_shown_the_key),
        cmocka_unit_test(upstream_of_an_unknown_authority_gets_nothing_and_the_baseline_is_served),
        cmocka_unit_test(the_system_does_not_trust_it_either),
        cmocka_unit_test(upstream_with_a_certificate_for_another_name_is_refused),
        cmocka_unit_test(without_verification_anyone_may_answer),
        cmocka_unit_test(upstream_that_speaks_no_tls_is_a_network_error),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
