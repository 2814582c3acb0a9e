#include "runtime/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct call_record answered(enum served served, enum code cause, uint64_t latency_ms)
{
    return (struct call_record){
        .arrived = 5 * NS_PER_S,
        .finished = 5 * NS_PER_S + latency_ms * NS_PER_MS,
        .served = served,
        .cause = cause,
    };
}

static struct buf write_out(const struct metrics *metrics)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    metrics_write(&text, metrics, &(struct metrics_gauges){ .engine = { .calls = 3 } });
    return text;
}

static void assert_line(const struct buf *text, const char *line)
{
    char wanted[256];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (strstr(buf_text(text), wanted) == NULL) fail_msg("no line %s in\n%s", line, text->data);
}

static void answers_are_counted_under_the_names_of_the_dashboards(void **state)
{
    (void)state;
    struct metrics metrics = { 0 };
    const struct call_record records[] = {
        answered(SERVED_UPSTREAM, CODE_NONE, 50),
        answered(SERVED_CACHE, CODE_NONE, 51),
        answered(SERVED_STALE, CODE_RUNTIME_5XX, 300),
        answered(SERVED_BASELINE, CODE_CIRCUIT_OPEN, 3001),
        answered(SERVED_ERROR, CODE_RUNTIME_TIMEOUT, 1),
        answered(SERVED_NOBODY, CODE_NONE, 1),
    };
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        metrics_on_answer(&metrics, &records[i]);
    }
    metrics_on_refusal(&metrics, METRICS_INVALID);
    struct buf text = write_out(&metrics);
    assert_line(&text, "tsfm_request_total{status=\"success\"} 4");
    assert_line(&text, "tsfm_request_total{status=\"error\"} 1");
    assert_line(&text, "tsfm_request_total{status=\"invalid\"} 1");
    assert_line(&text, "tsfm_request_total{status=\"abandoned\"} 1");
    assert_line(&text, "tsfm_served_total{served=\"stale\"} 1");
    assert_line(&text, "tsfm_fallback_total{reason=\"CACHE_STALE_SERVED\"} 1");
    assert_line(&text, "tsfm_fallback_total{reason=\"CIRCUIT_OPEN\"} 1");
    assert_line(&text, "tsfm_fallback_total{reason=\"RUNTIME_5XX\"} 0");
    assert_line(&text, "tsfm_cache_hit_total 2");
    assert_line(&text, "tsfm_inflight 3");
    buf_deinit(&text);
}

static void latency_buckets_are_cumulative_and_hold_their_bound(void **state)
{
    (void)state;
    struct metrics metrics = { 0 };
    const uint64_t latencies_ms[] = { 50, 51, 300, 3000, 3001 };
    for (size_t i = 0; i < sizeof latencies_ms / sizeof *latencies_ms; i++) {
        struct call_record record = answered(SERVED_UPSTREAM, CODE_NONE, latencies_ms[i]);
        metrics_on_answer(&metrics, &record);
    }
    struct buf text = write_out(&metrics);
    assert_line(&text, "tsfm_request_latency_ms_bucket{le=\"50\"} 1");
    assert_line(&text, "tsfm_request_latency_ms_bucket{le=\"100\"} 2");
    assert_line(&text, "tsfm_request_latency_ms_bucket{le=\"300\"} 3");
    assert_line(&text, "tsfm_request_latency_ms_bucket{le=\"3000\"} 4");
    assert_line(&text, "tsfm_request_latency_ms_bucket{le=\"+Inf\"} 5");
    assert_line(&text, "tsfm_request_latency_ms_count 5");
    assert_line(&text, "tsfm_request_latency_ms_sum 6402.000000");
    buf_deinit(&text);
}

static void breaker_shows_its_moves_and_the_answers_given_while_open(void **state)
{
    (void)state;
    struct metrics metrics = { 0 };
    metrics_on_transition(&metrics, &(struct breaker_transition){
        .from = BREAKER_CLOSED, .to = BREAKER_OPEN });
    struct call_record record = answered(SERVED_BASELINE, CODE_CIRCUIT_OPEN, 1);
    record.breaker = BREAKER_OPEN;
    metrics_on_answer(&metrics, &record);
    metrics_on_attempt(&metrics, OUTCOME_HTTP_503);
    struct buf text = write_out(&metrics);
    assert_line(&text, "tsfm_breaker_transitions_total{from=\"closed\",to=\"open\"} 1");
    assert_line(&text, "tsfm_breaker_open_total 1");
    assert_line(&text, "tsfm_breaker_state{state=\"closed\"} 1");
    assert_line(&text, "tsfm_attempt_total{outcome=\"http_503\"} 1");
    buf_deinit(&text);
}

/* Exposition format: one HELP and one TYPE per name, before its first sample. */
static void every_sample_stands_under_its_own_type(void **state)
{
    (void)state;
    struct metrics metrics = { 0 };
    struct buf text = write_out(&metrics);
    char name[128] = "";
    int samples = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text.data, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (sscanf(line, "# HELP %127s", name) == 1) continue;
        char typed[128];
        char type[16];
        if (sscanf(line, "# TYPE %127s %15s", typed, type) == 2) {
            assert_string_equal(typed, name);
            continue;
        }
        assert_memory_equal(line, name, strlen(name));
        samples++;
    }
    assert_true(samples > 50);
    buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_counted_under_the_names_of_the_dashboards),
        cmocka_unit_test(latency_buckets_are_cumulative_and_hold_their_bound),
        cmocka_unit_test(breaker_shows_its_moves_and_the_answers_given_while_open),
        cmocka_unit_test(every_sample_stands_under_its_own_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
