#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "contract.h"

/* What the runtime really answers, of every kind, is what openapi.json describes. */

#define FORECAST "/tsfm/forecast"

enum { POINTS = 40, SHORT_POINTS = 5 };

struct world {
    struct rig rig;
    cJSON *document;
};

static void start(struct world *world, const char *const sets[])
{
    rig_start(&world->rig, sets);
    world->document = contract_document();
}

static void stop(struct world *world)
{
    cJSON_Delete(world->document);
    rig_stop(&world->rig);
}

/* One forecast request: its answer has this status, this code ("": none), and is allowed. */
static struct rig_answer ask(struct world *world, const char *body, unsigned status,
                             const char *code)
{
    struct rig_answer answer = rig_ask(&world->rig, NULL, body);
    const char *path = status == 200 ? "meta.code" : "code";
    if (answer.status != status || strcmp(rig_text(&answer, path), code) != 0) {
        fail_msg("%u %s", answer.status, answer.body);
    }
    contract_check(world->document, &answer, "post", FORECAST);
    return answer;
}

static void check_for(struct world *world, const char *market, unsigned points, const char *code)
{
    char *body = rig_body(market, points);
    struct rig_answer answer = ask(world, body, 200, code);
    rig_answer_free(&answer);
    mem_free(body);
}

static void forecasts_of_every_source_are_as_described(void **state)
{
    (void)state;
    struct world world;
    start(&world, SETS("retry_count=1", "retry_backoff_base_ms=1", "breaker_failures_30s=5",
                       "breaker_min_volume=1", "breaker_failure_ratio=0",
                       "breaker_cooldown_s=3600"));
    PLAY(&world.rig, { .move = RIG_FORECAST }, { .move = RIG_RESET }, { .move = RIG_FORECAST },
         { .move = RIG_STATUS, .status = 404 }, { .move = RIG_BODY, .text = "{}" },
         { .move = RIG_STATUS, .status = 503 });
    check_for(&world, "m1", POINTS, "");                        /* upstream */
    check_for(&world, "m1", POINTS, "");                        /* cache */
    check_for(&world, "m2", POINTS, "");                        /* reset; then upstream */
    check_for(&world, "m3", POINTS, "BASELINE_FALLBACK");       /* 404 */
    check_for(&world, "m4", POINTS, "BASELINE_FALLBACK");       /* no forecast in the 200 */
    check_for(&world, "m5", POINTS, "BASELINE_FALLBACK");       /* 503, twice */
    check_for(&world, "m6", POINTS, "BASELINE_FALLBACK");       /* the breaker opens */
    check_for(&world, "m7", POINTS, "BASELINE_FALLBACK");       /* and is open */
    check_for(&world, "m8", SHORT_POINTS, "BASELINE_FALLBACK"); /* straight to it */
    stop(&world);
}

static void stale_forecasts_are_as_described(void **state)
{
    (void)state;
    struct world world;
    start(&world, SETS("retry_count=0", "cache_ttl_s=0", "cache_stale_if_error_s=3600"));
    PLAY(&world.rig, { .move = RIG_FORECAST }, { .move = RIG_STATUS, .status = 503 });
    check_for(&world, "m1", POINTS, "");
    check_for(&world, "m1", POINTS, "CACHE_STALE_SERVED");
    stop(&world);
}

static void refusals_are_as_described(void **state)
{
    (void)state;
    static char large[2048];
    struct world world;
    start(&world, SETS("retry_count=0", "body_bytes_max=1024"));
    memset(large, ' ', sizeof large - 1);
    struct rig_answer answer = ask(&world, "{", 400, "INPUT_INVALID");
    rig_answer_free(&answer);
    answer = ask(&world, large, 413, "INPUT_INVALID");
    rig_answer_free(&answer);

    static const struct {
        const char *method;
        const char *path;
        unsigned status;
    } routes[] = {
        { "GET", "/", 404 },
        { "GET", "/tsfm", 404 },
        { "GET", FORECAST, 405 },
        { "PUT", FORECAST, 405 },
        { "POST", "/metrics", 405 },
        { "DELETE", "/health/live", 405 },
        { "POST", "/health/ready", 405 },
        { "POST", "/openapi.json", 405 },
    };
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        answer = rig_get(&world.rig, routes[i].method, routes[i].path);
        assert_int_equal(answer.status, routes[i].status);
        const char *path = answer.status == 404 ? FORECAST : routes[i].path;
        contract_check(world.document, &answer, strcmp(path, FORECAST) == 0 ? "post" : "get", path);
        rig_answer_free(&answer);
    }
    stop(&world);
}

static char *impossible_body(void)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_puts(&text, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T00:00:00Z\","
                    "\"horizon_steps\":2,\"transform\":{\"space\":\"none\"},\"y\":[1e308");
    for (int i = 0; i < POINTS; i++) buf_puts(&text, i % 2 == 0 ? ",-1e308" : ",1e308");
    buf_puts(&text, "]}");
    return buf_take(&text);
}

static void errors_of_last_resort_are_as_described(void **state)
{
    (void)state;
    struct world world;
    start(&world, SETS("retry_count=0", "read_timeout_s=0.05"));
    PLAY(&world.rig, { .move = RIG_STATUS, .status = 503 }, { .move = RIG_RESET },
         { .move = RIG_HANG });
    char *body = impossible_body();
    struct rig_answer answer = ask(&world, body, 503, "RUNTIME_5XX");
    rig_answer_free(&answer);
    answer = ask(&world, body, 502, "RUNTIME_NETWORK");
    rig_answer_free(&answer);
    answer = ask(&world, body, 504, "RUNTIME_TIMEOUT");
    rig_answer_free(&answer);
    mem_free(body);
    stop(&world);
}

static bool one_hangs(struct rig *rig)
{
    return rig->hung_count == 1;
}

static void overload_and_drain_are_as_described(void **state)
{
    (void)state;
    struct world world;
    start(&world, SETS("retry_count=0", "max_inflight=1", "drain_s=0.05"));
    PLAY(&world.rig, { .move = RIG_HANG });
    char *body = rig_body("m1", POINTS);
    int first = rig_post(rig_port(&world.rig), "first", body, strlen(body));
    rig_until(&world.rig, one_hangs);
    struct rig_answer answer = ask(&world, body, 503, "RUNTIME_OVERLOADED");
    rig_answer_free(&answer);
    service_drain(world.rig.service);
    answer = rig_receive(&world.rig, first);
    assert_int_equal(answer.status, 503);
    contract_check(world.document, &answer, "post", FORECAST);
    rig_answer_free(&answer);
    mem_free(body);
    stop(&world);
}

static void the_other_paths_are_as_described(void **state)
{
    (void)state;
    static const char *const paths[] = { "/health/live", "/health/ready", "/metrics",
                                         "/openapi.json" };
    struct world world;
    start(&world, SETS("retry_count=0"));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct rig_answer answer = rig_get(&world.rig, "GET", paths[i]);
        assert_int_equal(answer.status, 200);
        contract_check(world.document, &answer, "get", paths[i]);
        rig_answer_free(&answer);
    }
    stop(&world);
}

/* Whether the checks above can fail: each object of a real answer with one member more, less or of
 * another type must be refused. */
static unsigned spoil(const struct world *world, const struct rig_answer *answer, cJSON *object,
                      const char *path)
{
    char fault[SCHEMA_FAULT_MAX];
    unsigned tried = 0;
    if (cJSON_IsObject(object)) {
        cJSON_AddNumberToObject(object, "undescribed", 1);
        if (contract_allows(world->document, answer, "post", FORECAST, fault)) {
            fail_msg("%s: one member more was not seen", path);
        }
        cJSON_DeleteItemFromObject(object, "undescribed");
        tried++;
    }
    for (cJSON *member = object->child, *next; member != NULL; member = next) {
        char below[256];
        next = member->next;
        snprintf(below, sizeof below, "%s/%s", path, member->string == NULL ? "" : member->string);
        tried += spoil(world, answer, member, below);
        cJSON kept = *member;
        member->type = (kept.type & ~0xff) | cJSON_True;
        member->child = NULL;
        if (cJSON_IsBool(&kept)) member->type = (kept.type & ~0xff) | cJSON_NULL;
        if (contract_allows(world->document, answer, "post", FORECAST, fault)) {
            fail_msg("%s: another type was not seen", below);
        }
        member->type = kept.type;
        member->child = kept.child;
        tried++;
        if (!cJSON_IsObject(object)) continue;
        char *name = member->string;
        char renamed[] = "undescribed";
        member->string = renamed;
        if (contract_allows(world->document, answer, "post", FORECAST, fault)) {
            fail_msg("%s: its absence was not seen", below);
        }
        member->string = name;
        tried++;
    }
    return tried;
}

static void a_member_more_less_or_of_another_type_is_seen(void **state)
{
    (void)state;
    struct world world;
    start(&world, SETS("retry_count=1", "retry_backoff_base_ms=1"));
    PLAY(&world.rig, { .move = RIG_STATUS, .status = 503 }, { .move = RIG_STATUS, .status = 404 });
    char *body = rig_body("m1", POINTS);
    struct rig_answer answer = ask(&world, body, 200, "BASELINE_FALLBACK");
    assert_true(spoil(&world, &answer, answer.json, "") > 80);
    contract_check(world.document, &answer, "post", FORECAST); /* put back as it was */
    rig_answer_free(&answer);
    mem_free(body);
    answer = ask(&world, "[]", 400, "INPUT_INVALID");
    assert_true(spoil(&world, &answer, answer.json, "") > 18);
    rig_answer_free(&answer);
    stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forecasts_of_every_source_are_as_described),
        cmocka_unit_test(stale_forecasts_are_as_described),
        cmocka_unit_test(refusals_are_as_described),
        cmocka_unit_test(errors_of_last_resort_are_as_described),
        cmocka_unit_test(overload_and_drain_are_as_described),
        cmocka_unit_test(the_other_paths_are_as_described),
        cmocka_unit_test(a_member_more_less_or_of_another_type_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
