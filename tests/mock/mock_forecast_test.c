/* Forecast values and small pure parts, without sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "mock/ask.h"
#include "mock/forecast.h"
#include "mock/identity.h"
#include "mock/timestamp.h"

static cJSON *forecast(const char *body)
{
    struct ask ask;
    struct err_note note = { .err = ERR_OK };
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    assert_int_equal(ask_parse(ASK_TIMESERIES, body, strlen(body), &ask, &note), ERR_OK);
    forecast_write(&out, &ask, &(struct forecast_reply){ .fault = ANSWER_GOOD });
    cJSON *document = cJSON_Parse(buf_text(&out));
    assert_non_null(document);
    buf_deinit(&out);
    ask_deinit(&ask);
    return document;
}

static double value_at(const cJSON *document, const char *quantile, int step)
{
    const cJSON *list = cJSON_GetObjectItem(cJSON_GetObjectItem(document, "quantiles"), quantile);
    const cJSON *item = cJSON_GetArrayItem(list, step);
    assert_true(cJSON_IsNumber(item) && isfinite(item->valuedouble));
    return item->valuedouble;
}

static void expect_ordered(const char *series, int horizon)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    buf_printf(&body,
               "{\"model\":\"m\",\"horizon_steps\":%d,\"series\":%s,"
               "\"quantiles\":[0.001,0.25,0.5,0.75,0.999]}",
               horizon, series);
    cJSON *document = forecast(buf_text(&body));
    for (int step = 0; step < horizon; step++) {
        double median = value_at(document, "0.5", step);
        assert_true(value_at(document, "0.001", step) <= value_at(document, "0.25", step));
        assert_true(value_at(document, "0.25", step) <= median);
        assert_true(median <= value_at(document, "0.75", step));
        assert_true(value_at(document, "0.75", step) <= value_at(document, "0.999", step));
    }
    cJSON_Delete(document);
    buf_deinit(&body);
}

static void quantiles_are_finite_and_ordered_for_any_series(void **state)
{
    (void)state;
    expect_ordered("[0.5]", 24);
    expect_ordered("[0,0,0,0]", 24);
    expect_ordered("[-3,5,-7,11]", 24);
    expect_ordered("[1e-12,2e-12,1e-12]", 24);
    expect_ordered("[999999999.9,1000000000.1,999999999.8]", 24);
    expect_ordered("[-1.7e308,1.7e308,-1.7e308]", 24);
    expect_ordered("[1.7e308]", 24);
}

static void spread_grows_with_the_step_around_the_last_level(void **state)
{
    (void)state;
    cJSON *document = forecast("{\"model\":\"m\",\"horizon_steps\":16,\"series\":[2,3,2,3]}");
    double first = value_at(document, "0.9", 0) - value_at(document, "0.1", 0);
    double last = value_at(document, "0.9", 15) - value_at(document, "0.1", 15);
    assert_true(fabs(last / first - 4) < 0.001); /* sqrt(16) */
    assert_true(fabs(value_at(document, "0.5", 0) - 3) < 0.1);
    /* z(0.9) of the normal, for a mean absolute step of 1 */
    assert_true(fabs(first - 2 * 1.28155) < 0.01);
    cJSON_Delete(document);
}

static void a_long_horizon_goes_on_as_it_began(void **state)
{
    (void)state;
    cJSON *document = forecast("{\"model\":\"m\",\"horizon_steps\":100,\"series\":[2,3,2,3]}");
    double first = value_at(document, "0.9", 0) - value_at(document, "0.1", 0);
    for (int step = 0; step < 100; step++) {
        double spread = value_at(document, "0.9", step) - value_at(document, "0.1", step);
        assert_true(fabs(spread / first - sqrt(step + 1)) < 0.001);
    }
    cJSON_Delete(document);
}

static void expect_next(const char *before, const char *last, const char *freq, const char *next)
{
    char out[TIMESTAMP_TEXT_MAX];
    assert_string_equal(timestamp_next(before, last, freq, out), next);
}

static void the_forecast_starts_one_step_after_the_last_timestamp(void **state)
{
    (void)state;
    expect_next(NULL, "2025-01-31", "D", "2025-02-01");
    expect_next(NULL, "2024-02-28", "D", "2024-02-29");
    expect_next(NULL, "2025-12-31", "D", "2026-01-01");
    expect_next(NULL, "2025-12-31T23:55:00Z", "5m", "2026-01-01T00:00:00Z");
    expect_next(NULL, "2025-12-31T23:30:00+01:00", "h", "2026-01-01T00:30:00+01:00");
    expect_next("2025-01-01", "2025-01-08", "auto", "2025-01-15");
    expect_next("2025-01-01T00:00:00", "2025-01-01T00:00:10", "auto", "2025-01-01T00:00:20");
    expect_next("a", "b", "auto", "b");
    expect_next(NULL, "2025-01-08", "auto", "2025-01-08");
    expect_next(NULL, "2025-99-99", "D", "2025-99-99");
    expect_next(NULL, "a text that is much longer than a timestamp can be", "D",
                "a text that is much longer than a times");
}

static void expect_identity(const char *header, const char *attempt, const char *id,
                            unsigned expected_attempt)
{
    struct identity_table table;
    identity_table_init(&table);
    struct identity_source source = { .request_id = header, .attempt = attempt };
    struct identity identity = identity_make(&table, &source);
    assert_string_equal(identity.id, id);
    assert_int_equal(identity.attempt, expected_attempt);
    mem_free(identity.id);
    identity_table_deinit(&table);
}

static void the_attempt_suffix_is_no_part_of_the_id(void **state)
{
    (void)state;
    expect_identity("r000042~1", "1", "r000042", 1);
    expect_identity("r000042", NULL, "r000042", 0);
    expect_identity("a~b~12", "3", "a~b", 3);
    expect_identity("a~b", "x", "a~b", 0);
    expect_identity("a~", "-1", "a~", 0);
    expect_identity("~1", "1", "~1", 1);
}

static void the_table_of_bodies_is_bounded(void **state)
{
    (void)state;
    struct identity_table table;
    identity_table_init(&table);
    for (uint32_t i = 0; i < 3 * IDENTITY_BODIES_MAX; i++) {
        struct identity_source source = { .body = (const char *)&i, .body_length = sizeof i };
        for (int seen = 0; seen < 2; seen++) {
            struct identity identity = identity_make(&table, &source);
            assert_int_equal(identity.id[strlen(identity.id) - 1], seen == 0 ? '0' : '1');
            mem_free(identity.id);
        }
    }
    identity_table_deinit(&table);
}

/* Every prefix and every changed byte of a good request is an ask or a sentence, never a crash. */
static void any_bytes_are_an_ask_or_a_sentence(void **state)
{
    (void)state;
    static const char GOOD[] =
        "{\"model\":\"m\",\"horizon\":2,\"quantiles\":[0.1],\"series\":[{\"id\":\"a\",\"freq\":"
        "\"D\","
        "\"timestamps\":[\"2025-01-01\"],\"target\":[1],\"past_covariates\":{\"p\":[1]}}]}";
    struct rng rng;
    rng_init(&rng, 7, "bytes");
    for (int i = 0; i < 20000; i++) {
        char body[sizeof GOOD];
        struct ask ask;
        struct err_note note = { .err = ERR_OK };
        size_t length = (size_t)rng_below(&rng, sizeof GOOD);
        memcpy(body, GOOD, sizeof GOOD);
        if (i % 2 == 0) {
            length = sizeof GOOD - 1;
            body[rng_below(&rng, length)] = (char)rng_below(&rng, 256);
        }
        enum err rc = ask_parse(ASK_V1, body, length, &ask, &note);
        assert_true(rc == ERR_OK || note.sentence[0] != '\0');
        ask_deinit(&ask);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_finite_and_ordered_for_any_series),
        cmocka_unit_test(spread_grows_with_the_step_around_the_last_level),
        cmocka_unit_test(a_long_horizon_goes_on_as_it_began),
        cmocka_unit_test(the_forecast_starts_one_step_after_the_last_timestamp),
        cmocka_unit_test(the_attempt_suffix_is_no_part_of_the_id),
        cmocka_unit_test(the_table_of_bodies_is_bounded),
        cmocka_unit_test(any_bytes_are_an_ask_or_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
