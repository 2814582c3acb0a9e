#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "rig.h"

static struct rig rig;

static int start(void **state)
{
    (void)state;
    rig_start(&rig, (const char *const[]){ "retry_count=0", NULL });
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    return 0;
}

static void assert_well(void)
{
    char *body = rig_body("good", 40);
    struct rig_answer answer = rig_ask(&rig, NULL, body);
    assert_int_equal(answer.status, 200);
    rig_answer_free(&answer);
    mem_free(body);
}

/* Refused with `status`, INPUT_INVALID and a sentence with `part` in it; the service goes on. */
static void check_bytes(const char *body, size_t length, unsigned status, const char *part)
{
    struct rig_answer answer = rig_receive(&rig, rig_post(rig_port(&rig), "bad", body, length));
    if (answer.status != status) fail_msg("%u: %s", answer.status, answer.body);
    assert_string_equal(rig_header(&answer, "Content-Type"), "application/problem+json");
    assert_string_equal(rig_text(&answer, "code"), "INPUT_INVALID");
    assert_string_equal(rig_text(&answer, "request_id"), "bad");
    assert_int_equal(cJSON_GetObjectItem(answer.json, "status")->valueint, (int)status);
    if (strstr(rig_text(&answer, "detail"), part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, rig_text(&answer, "detail"));
    }
    rig_answer_free(&answer);
    assert_well();
}

static void check(const char *body, unsigned status, const char *part)
{
    check_bytes(body, strlen(body), status, part);
}

#define HEAD "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T00:00:00Z\","

static void body_that_is_not_json_is_refused(void **state)
{
    (void)state;
    check("", 400, "");
    check("hello", 400, "");
    check("{\"market_id\":", 400, "");
    check(HEAD "\"y\":[0.5,0.5]} trailing", 400, "");
    check_bytes("\0\xff\xfe{}", 5, 400, "");
}

static void body_over_the_limit_is_refused_with_413_and_the_limit(void **state)
{
    (void)state;
    size_t length = (1 << 20) + 1;
    char *body = mem_alloc(length + 1, 1);
    memset(body, ' ', length);
    check_bytes(body, length, 413, "1048576");
    mem_free(body);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    enum { DEEP = 100000 };
    char *body = mem_alloc(DEEP + 1, 1);
    memset(body, '[', DEEP);
    check(body, 400, "nest");
    memset(body, '{', DEEP);
    check(body, 400, "");
    mem_free(body);
}

static void nan_is_refused(void **state)
{
    (void)state;
    check(HEAD "\"y\":[0.5,NaN]}", 400, "");
    check(HEAD "\"y\":[0.5,1e999]}", 400, "y");
}

static void wrong_types_are_refused_by_name(void **state)
{
    (void)state;
    check(HEAD "\"y\":\"0.5\"}", 400, "y");
    check(HEAD "\"y\":[0.5,\"x\"]}", 400, "y");
    check(HEAD "\"y\":[0.5,0.5],\"horizon_steps\":\"12\"}", 400, "horizon_steps");
    check("{\"market_id\":7,\"as_of_ts\":\"2026-01-01T00:00:00Z\",\"y\":[0.5,0.5]}", 400,
          "market_id");
    check("[]", 400, "");
}

static void more_than_20000_points_are_refused(void **state)
{
    (void)state;
    char *body = rig_body("m", 20001);
    check(body, 400, "20001");
    mem_free(body);
    body = rig_body("m", 20000);
    struct rig_answer answer = rig_ask(&rig, NULL, body);
    assert_int_equal(answer.status, 200);
    rig_answer_free(&answer);
    mem_free(body);
}

static void random_damage_never_stops_the_service(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 1, "damage");
    char *good = rig_body("m", 40);
    size_t length = strlen(good);
    for (int i = 0; i < 500; i++) {
        char *body = mem_copy(good, length);
        for (uint64_t hits = 1 + rng_below(&rng, 4); hits > 0; hits--) {
            body[rng_below(&rng, length)] = (char)rng_below(&rng, 256);
        }
        size_t cut = rng_below(&rng, 4) == 0 ? (size_t)rng_below(&rng, length) : length;
        struct rig_answer answer = rig_receive(&rig, rig_post(rig_port(&rig), NULL, body, cut));
        assert_true(answer.status == 200 || answer.status == 400);
        rig_answer_free(&answer);
        mem_free(body);
    }
    mem_free(good);
    assert_well();
}

static void requests_that_are_not_http_leave_the_service_well(void **state)
{
    (void)state;
    const char *const bad[] = {
        "\r\n\r\n\r\n", "GET\r\n\r\n", "POST /tsfm/forecast HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST /tsfm/forecast HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /tsfm/forecast HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nshort",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int fd = rig_send(rig_port(&rig), bad[i], strlen(bad[i]));
        for (int turns = 0; turns < 5; turns++) rig_turn(&rig, fd);
        close(fd);
        assert_well();
    }
    assert_true(rig_metric(&rig, "tsfm_inflight") < 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_that_is_not_json_is_refused),
        cmocka_unit_test(body_over_the_limit_is_refused_with_413_and_the_limit),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(nan_is_refused),
        cmocka_unit_test(wrong_types_are_refused_by_name),
        cmocka_unit_test(more_than_20000_points_are_refused),
        cmocka_unit_test(random_damage_never_stops_the_service),
        cmocka_unit_test(requests_that_are_not_http_leave_the_service_well),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
