#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "promtool.h"
#include "rig.h"

enum { POINTS = 40, SHORT_POINTS = 5 };

static void ask(struct rig *rig, const char *market, unsigned points, unsigned status)
{
    struct rig_answer answer = rig_ask_for(rig, market, points);
    if (answer.status != status) fail_msg("%s: %u %s", market, answer.status, answer.body);
    rig_answer_free(&answer);
}

/* One of everything that moves a counter: fresh, cached, retried, stale, baseline, held, breaker
 * open, refused. */
static void start_and_mix(struct rig *rig)
{
    rig_start(rig, SETS("retry_count=1", "retry_backoff_base_ms=2", "breaker_failures_30s=3",
                        "breaker_min_volume=1", "breaker_failure_ratio=0",
                        "breaker_cooldown_s=3600"));
    PLAY(rig, { .move = RIG_FORECAST }, { .move = RIG_STATUS, .status = 503 },
         { .move = RIG_FORECAST }, { .move = RIG_STATUS, .status = 503 },
         { .move = RIG_STATUS, .status = 503 });
    ask(rig, "m1", POINTS, 200);       /* upstream */
    ask(rig, "m1", POINTS, 200);       /* cache */
    ask(rig, "m2", POINTS, 200);       /* 503, retried, upstream */
    ask(rig, "m3", SHORT_POINTS, 200); /* straight to the baseline */
    ask(rig, "m4", POINTS, 200);       /* twice 503: the breaker opens; baseline */
    ask(rig, "m5", POINTS, 200);       /* skipped; baseline */
    ask(rig, "m6", 1, 400);
}

static void prometheus_own_checker_complains_of_nothing_but_the_inherited_names(void **state)
{
    (void)state;
    struct rig rig;
    start_and_mix(&rig);
    struct rig_answer page = rig_get(&rig, "GET", "/metrics");
    assert_string_equal(rig_header(&page, "Content-Type"),
                        "text/plain; version=0.0.4; charset=utf-8");
    promtool_check(page.body);
    rig_answer_free(&page);
    rig_stop(&rig);
}

/* The checker is checked: without it, a page that it never read would pass. */
static void prometheus_own_checker_refuses_a_broken_page(void **state)
{
    (void)state;
    char said[PROMTOOL_SAID_MAX];
    assert_int_equal(promtool_run("# TYPE a counter\na{b=\"c\" 1\n", said), 1);
    assert_non_null(strstr(said, "error while linting"));
}

struct sample {
    const char *name;
    double value;
};

static void mixed_traffic_shows_in_every_counter_it_should(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        { "tsfm_request_total{status=\"success\"}", 6 },
        { "tsfm_request_total{status=\"invalid\"}", 1 },
        { "tsfm_request_latency_ms_count", 6 },
        { "tsfm_request_latency_seconds_count", 6 },
        { "tsfm_request_latency_seconds_bucket{le=\"+Inf\"}", 6 },
        { "tsfm_route_selected_total{route=\"model\"}", 5 },
        { "tsfm_route_selected_total{route=\"baseline\"}", 1 },
        { "tsfm_fallback_total{reason=\"INPUT_INSUFFICIENT_HISTORY\"}", 1 },
        { "tsfm_fallback_total{reason=\"RUNTIME_5XX\"}", 1 },
        { "tsfm_fallback_total{reason=\"CIRCUIT_OPEN\"}", 1 },
        { "tsfm_chain_step_total{step=\"l1:fresh\"}", 1 },
        { "tsfm_chain_step_total{step=\"input:baseline_only\"}", 1 },
        { "tsfm_chain_step_total{step=\"baseline:ok\"}", 3 },
        { "tsfm_cache_hit_total", 1 },
        { "tsfm_attempt_total{outcome=\"ok\"}", 2 },
        { "tsfm_attempt_total{outcome=\"http_503\"}", 3 },
        { "tsfm_attempt_latency_seconds_count", 5 },
        { "tsfm_retry_total", 2 },
        { "tsfm_backoff_seconds_count", 2 },
        { "tsfm_backoff_seconds_bucket{le=\"0.005\"}", 2 },
        { "tsfm_breaker_state{state=\"open\"}", 1 },
        { "tsfm_breaker_transitions_total{from=\"closed\",to=\"open\"}", 1 },
        { "tsfm_breaker_rule_total{rule=\"count\"}", 1 },
        { "tsfm_breaker_open_total", 2 },
        { "tsfm_breaker_skipped_total", 1 },
        { "tsfm_forecast_interval_width_ratio_count", 5 },
        { "tsfm_pool_wait_seconds_count", 0 },
        { "tsfm_hold_remaining_seconds", 0 },
        { "tsfm_inflight", 0 },
        { "tsfm_pool_in_use", 0 },
    };
    struct rig rig;
    start_and_mix(&rig);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        double value = rig_metric(&rig, samples[i].name);
        double off = value - samples[i].value;
        if (off < -1e-9 || off > 1e-9) fail_msg("%s is %g", samples[i].name, value);
    }
    double width = rig_metric(&rig, "tsfm_interval_width");
    assert_true(width >= 0.02 && width <= 0.6);
    rig_stop(&rig);
}

static bool one_hangs(struct rig *rig)
{
    return rig->hung_count == 1;
}

static void the_pool_shows_who_waits_and_how_long_it_took(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("max_connections=1", "max_keepalive_connections=1", "retry_count=0"));
    PLAY(&rig, { .move = RIG_HANG }, { .move = RIG_FORECAST });
    char *first = rig_body("m1", POINTS);
    char *second = rig_body("m2", POINTS);
    int leaver = rig_post(rig_port(&rig), "first", first, strlen(first));
    rig_until(&rig, one_hangs);
    int waiter = rig_post(rig_port(&rig), "second", second, strlen(second));
    while (rig_metric(&rig, "tsfm_pool_waiting") < 0.5) rig_turn(&rig, -1);
    assert_true(rig_metric(&rig, "tsfm_pool_in_use") > 0.5);
    close(leaver);
    struct rig_answer answer = rig_receive(&rig, waiter);
    assert_int_equal(answer.status, 200);
    assert_true(rig_metric(&rig, "tsfm_pool_wait_seconds_count") > 0.5);
    assert_true(rig_metric(&rig, "tsfm_pool_wait_seconds_sum") > 0);
    assert_true(rig_metric(&rig, "tsfm_pool_waiting") < 0.5);
    rig_answer_free(&answer);
    mem_free(first);
    mem_free(second);
    rig_stop(&rig);
}

static void a_hold_shows_how_long_it_lasts(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=1", "retry_after_hold_cap_s=3000"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503, .text = "2000" });
    ask(&rig, "m1", POINTS, 200);
    ask(&rig, "m2", POINTS, 200);
    double left_s = rig_metric(&rig, "tsfm_hold_remaining_seconds");
    assert_true(left_s > 1000 && left_s <= 2000);
    assert_true(rig_metric(&rig, "tsfm_chain_step_total{step=\"hold\"}") > 0.5);
    rig_stop(&rig);
}

static void the_process_shows_its_memory_descriptors_and_start(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0"));
    double now_s = (double)clock_wall_ms() / 1000;
    double started_s = rig_metric(&rig, "process_start_time_seconds");
    assert_true(started_s > now_s - 600 && started_s < now_s + 2);
    double resident = rig_metric(&rig, "process_resident_memory_bytes");
    assert_true(resident > 1e6 && resident < 1e12);
    assert_true(rig_metric(&rig, "process_virtual_memory_bytes") >= resident);
    assert_true(rig_metric(&rig, "process_cpu_seconds_total") >= 0);
    double before = rig_metric(&rig, "process_open_fds");
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    double after = rig_metric(&rig, "process_open_fds");
    close(fds[0]);
    close(fds[1]);
    assert_true(after - before > 1.5 && after - before < 2.5);
    assert_true(rig_metric(&rig, "process_max_fds") >= after);
    struct rig_answer page = rig_get(&rig, "GET", "/metrics");
    assert_non_null(strstr(page.body, "\ntsfm_build_info{version=\"0."));
    rig_answer_free(&page);
    rig_stop(&rig);
}

/* `text` from its first character on is a table row "| `name` |": the name, else "". */
static void row_name(const char *text, char out[128])
{
    out[0] = '\0';
    if (strncmp(text, "| `", 3) == 0) (void)sscanf(text + 3, "%127[a-z_0-9]", out);
}

static void the_documents_tables_name_what_is_on_the_page_and_no_more(void **state)
{
    (void)state;
    struct rig rig;
    struct err_note note = { 0 };
    char *document = NULL;
    size_t length = 0;
    assert_int_equal(file_read(TOLLGATE_SOURCE_DIR "/docs/observability.md", 1 << 20, &document,
                               &length, &note), ERR_OK);
    rig_start(&rig, SETS("retry_count=0", "warmup_enabled=true"));
    struct rig_answer page = rig_get(&rig, "GET", "/metrics");
    unsigned count = 0;
    char name[128];
    char wanted[192];
    for (const char *at = strstr(page.body, "# TYPE "); at != NULL;
         at = strstr(at + 1, "# TYPE ")) {
        assert_int_equal(sscanf(at, "# TYPE %127s", name), 1);
        snprintf(wanted, sizeof wanted, "\n| `%s` |", name);
        if (strstr(document, wanted) == NULL) fail_msg("%s is not in the document", name);
        count++;
    }
    for (const char *at = document; at != NULL; at = strchr(at + 1, '\n')) {
        row_name(at + 1, name);
        if (strncmp(name, "tsfm_", 5) != 0 && strncmp(name, "process_", 8) != 0) continue;
        snprintf(wanted, sizeof wanted, "\n# TYPE %s ", name);
        if (strstr(page.body, wanted) == NULL) fail_msg("%s is not on the page", name);
        count--;
    }
    assert_int_equal(count, 0);
    mem_free(document);
    rig_answer_free(&page);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prometheus_own_checker_complains_of_nothing_but_the_inherited_names),
        cmocka_unit_test(prometheus_own_checker_refuses_a_broken_page),
        cmocka_unit_test(mixed_traffic_shows_in_every_counter_it_should),
        cmocka_unit_test(the_pool_shows_who_waits_and_how_long_it_took),
        cmocka_unit_test(a_hold_shows_how_long_it_lasts),
        cmocka_unit_test(the_process_shows_its_memory_descriptors_and_start),
        cmocka_unit_test(the_documents_tables_name_what_is_on_the_page_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
