/* Over sockets: a market's request of this minute is answered by that of the minute before. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "rig.h"

enum { POINTS = 40 };

#define EARLIER "2026-01-01T00:00:00Z"
#define LATER "2026-01-01T00:05:00Z"

/* Another moment, other values; `more` are further members. */
static struct rig_answer ask(struct rig *rig, const char *market, const char *as_of,
                             const char *more)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    buf_printf(&body, "{\"market_id\":\"%s\",\"as_of_ts\":\"%s\",\"horizon_steps\":2%s,\"y\":[",
               market, as_of, more);
    for (unsigned i = 0; i < POINTS; i++) {
        buf_puts(&body, i == 0 ? "" : ",");
        buf_puts(&body, strcmp(as_of, EARLIER) == 0 ? "0.5" : "0.25");
    }
    buf_puts(&body, "]}");
    struct rig_answer answer = rig_ask(rig, NULL, buf_text(&body));
    assert_int_equal(answer.status, 200);
    buf_deinit(&body);
    return answer;
}

/* The upstream answers once, then no more. */
static void start(struct rig *rig, const char *const sets[])
{
    rig_start(rig, sets);
    PLAY(rig, { .move = RIG_FORECAST }, { .move = RIG_STATUS, .status = 503 });
    struct rig_answer answer = ask(rig, "m", EARLIER, "");
    rig_assert_meta(&answer, "runtime", "tollama");
    assert_string_equal(rig_text(&answer, "as_of_ts"), EARLIER);
    rig_answer_free(&answer);
}

static void assert_baseline(struct rig *rig, const char *market, const char *more)
{
    struct rig_answer answer = ask(rig, market, LATER, more);
    rig_assert_meta(&answer, "runtime", "baseline");
    assert_string_equal(rig_path(&answer), "l1:miss breaker:closed attempt:RUNTIME_5XX stale:miss "
                                           "baseline:ok");
    assert_string_equal(rig_text(&answer, "as_of_ts"), LATER);
    rig_answer_free(&answer);
}

static void assert_warned(const struct rig_answer *answer)
{
    const cJSON *meta = cJSON_GetObjectItem(answer->json, "meta");
    const cJSON *warnings = cJSON_GetObjectItem(meta, "warnings");
    assert_int_equal(cJSON_GetArraySize(warnings), 2);
    assert_string_equal(cJSON_GetArrayItem(warnings, 0)->valuestring, "stale_if_error_served");
    assert_string_equal(cJSON_GetArrayItem(warnings, 1)->valuestring, "stale_family_served");
}

static void a_later_request_is_served_the_earlier_forecast_and_told_so(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, SETS("retry_count=0", "stale_family_key=true"));
    struct rig_answer answer = ask(&rig, "m", LATER, "");
    assert_string_equal(rig_path(&answer),
                        "l1:miss breaker:closed attempt:RUNTIME_5XX stale:family");
    assert_string_equal(rig_text(&answer, "market_id"), "m");
    assert_string_equal(rig_text(&answer, "as_of_ts"), EARLIER); /* whose forecast it is */
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_assert_meta(&answer, "code", "CACHE_STALE_SERVED");
    rig_assert_meta(&answer, "cause", "RUNTIME_5XX");
    rig_assert_meta(&answer, "fallback_reason", "CACHE_STALE_SERVED");
    rig_assert_meta(&answer, "cache_state", "stale_if_error");
    rig_assert_meta(&answer, "cache_tier", "l1");
    assert_true(rig_flag(&answer, "fallback_used"));
    assert_true(rig_flag(&answer, "cache_stale"));
    assert_warned(&answer);
    /* The entry is within cache_ttl_s, but not fresh for this request: no time left is named. */
    assert_string_equal(rig_header(&answer, "Cache-Status"), "tollgate; hit; detail=stale_family");
    assert_string_not_equal(rig_header(&answer, "Age"), "");
    rig_answer_free(&answer);
    assert_true(rig_metric(&rig, "tsfm_chain_step_total{step=\"stale:family\"}") > 0.5);

    answer = ask(&rig, "m", EARLIER, ""); /* its own request: fresh as ever */
    assert_string_equal(rig_path(&answer), "l1:fresh");
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void the_same_bytes_again_have_the_same_family(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, SETS("retry_count=0", "stale_family_key=true"));
    for (int i = 0; i < 2; i++) { /* read, then remembered */
        struct rig_answer answer = ask(&rig, "m", LATER, "");
        assert_string_equal(rig_path(&answer),
                            "l1:miss breaker:closed attempt:RUNTIME_5XX stale:family");
        rig_answer_free(&answer);
    }
    rig_stop(&rig);
}

static void another_market_horizon_or_model_is_another_family(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, SETS("retry_count=0", "stale_family_key=true"));
    assert_baseline(&rig, "other", "");
    assert_baseline(&rig, "m", ",\"freq\":\"1h\"");
    assert_baseline(&rig, "m", ",\"model\":{\"model_name\":\"other\"}");
    rig_stop(&rig);
}

static void unless_it_is_switched_on_there_is_the_baseline(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, SETS("retry_count=0"));
    assert_baseline(&rig, "m", "");
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_request_is_served_the_earlier_forecast_and_told_so),
        cmocka_unit_test(the_same_bytes_again_have_the_same_family),
        cmocka_unit_test(another_market_horizon_or_model_is_another_family),
        cmocka_unit_test(unless_it_is_switched_on_there_is_the_baseline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
