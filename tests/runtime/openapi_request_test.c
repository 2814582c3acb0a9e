#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "config/config.h"
#include "contract.h"
#include "forecast/request.h"

/* The schema of a request and the parser of requests agree: a table of bodies goes through both. */

#define HEAD "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T00:00:00Z\","
#define Y "\"y\":[0.5,0.6]"
#define WITH(more) HEAD Y "," more "}"
#define L16 "aaaaaaaaaaaaaaaa"
#define L64 L16 L16 L16 L16
#define L256 L64 L64 L64 L64

enum opinion {
    BOTH_TAKE,
    BOTH_REFUSE,
    ONLY_PARSER_REFUSES, /* what the schema's description says that it cannot express */
};

static const struct row {
    enum opinion opinion;
    const char *body;
} rows[] = {
    { BOTH_TAKE, HEAD Y "}" },
    { BOTH_REFUSE, "[]" },
    { BOTH_REFUSE, "null" },
    { BOTH_REFUSE, "{}" },
    { BOTH_REFUSE, WITH("\"marketid\":\"m\"") },
    { BOTH_REFUSE, "{\"as_of_ts\":\"2026-01-01T00:00:00Z\"," Y "}" },
    { BOTH_REFUSE, "{\"market_id\":\"m\"," Y "}" },
    { BOTH_REFUSE, HEAD "\"freq\":\"5m\"}" },
    { BOTH_REFUSE, "{\"market_id\":\"\",\"as_of_ts\":\"2026-01-01\"," Y "}" },
    { BOTH_REFUSE, "{\"market_id\":1,\"as_of_ts\":\"2026-01-01\"," Y "}" },
    { BOTH_REFUSE, "{\"market_id\":null,\"as_of_ts\":\"2026-01-01\"," Y "}" },
    { BOTH_TAKE, "{\"market_id\":\"" L256 "\",\"as_of_ts\":\"2026-01-01\"," Y "}" },
    { BOTH_REFUSE, "{\"market_id\":\"" L256 "a\",\"as_of_ts\":\"2026-01-01\"," Y "}" },
    { ONLY_PARSER_REFUSES, /* 256 characters, 257 bytes */
      "{\"market_id\":\"" L64 L64 L64 L16 L16 L16 "aaaaaaaaaaaaaaa\u00e9\",\"as_of_ts\":"
      "\"2026-01-01\"," Y "}" },
    { BOTH_TAKE, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T10:00\"," Y "}" },
    { BOTH_TAKE, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01 10:00:00.25+0130\"," Y "}" },
    { BOTH_TAKE, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01t10:00:00z\"," Y "}" },
    { BOTH_TAKE, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T10:00:00-05\"," Y "}" },
    { BOTH_REFUSE, "{\"market_id\":\"m\",\"as_of_ts\":\"yesterday\"," Y "}" },
    { BOTH_REFUSE, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-1-1\"," Y "}" },
    { BOTH_REFUSE, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T10\"," Y "}" },
    { BOTH_REFUSE, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T10:00:00.Z\"," Y "}" },
    { BOTH_REFUSE, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T10:00+01:\"," Y "}" },
    { BOTH_REFUSE, "{\"market_id\":\"m\",\"as_of_ts\":1767225600," Y "}" },
    { ONLY_PARSER_REFUSES, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-02-30\"," Y "}" },

    { BOTH_TAKE, WITH("\"freq\":\"1h\"") },
    { BOTH_TAKE, WITH("\"freq\":\"525600m\"") },
    { ONLY_PARSER_REFUSES, WITH("\"freq\":\"525601m\"") },
    { BOTH_REFUSE, WITH("\"freq\":\"0m\"") },
    { BOTH_REFUSE, WITH("\"freq\":\"5\"") },
    { BOTH_REFUSE, WITH("\"freq\":\"5d\"") },
    { BOTH_REFUSE, WITH("\"freq\":\"05m\"") },
    { BOTH_REFUSE, WITH("\"freq\":\"1000000m\"") },
    { BOTH_REFUSE, WITH("\"freq\":null") },
    { BOTH_TAKE, WITH("\"horizon_steps\":1") },
    { BOTH_TAKE, WITH("\"horizon_steps\":1000") },
    { BOTH_TAKE, WITH("\"horizon_steps\":2.0") },
    { BOTH_REFUSE, WITH("\"horizon_steps\":0") },
    { BOTH_REFUSE, WITH("\"horizon_steps\":1001") },
    { BOTH_REFUSE, WITH("\"horizon_steps\":1.5") },
    { BOTH_REFUSE, WITH("\"horizon_steps\":\"12\"") },
    { BOTH_REFUSE, WITH("\"horizon_steps\":null") },

    { BOTH_TAKE, WITH("\"quantiles\":[0.2,0.8]") },
    { BOTH_TAKE, WITH("\"quantiles\":[]") },
    { BOTH_REFUSE, WITH("\"quantiles\":[0]") },
    { BOTH_REFUSE, WITH("\"quantiles\":[1]") },
    { BOTH_REFUSE, WITH("\"quantiles\":[\"0.5\"]") },
    { BOTH_REFUSE, WITH("\"quantiles\":0.5") },
    { BOTH_REFUSE, WITH("\"quantiles\":null") },

    { BOTH_REFUSE, HEAD "\"y\":[0.5]}" },
    { BOTH_REFUSE, HEAD "\"y\":[0.5,null]}" },
    { BOTH_REFUSE, HEAD "\"y\":[0.5,\"0.5\"]}" },
    { BOTH_REFUSE, HEAD "\"y\":null}" },
    { BOTH_REFUSE, HEAD "\"y\":{}}" },
    { BOTH_TAKE, WITH("\"y_ts\":[\"2026-01-01\",\"2026-01-01T00:05\"]") },
    { BOTH_TAKE, WITH("\"y_ts\":null") },
    { BOTH_REFUSE, WITH("\"y_ts\":[\"2026-01-01\"]") },
    { BOTH_REFUSE, WITH("\"y_ts\":[\"2026-01-01\",1]") },
    { BOTH_REFUSE, WITH("\"y_ts\":\"2026-01-01\"") },
    { ONLY_PARSER_REFUSES, WITH("\"y_ts\":[\"2026-01-01\",\"2026-01-01\"]") },
    { ONLY_PARSER_REFUSES, WITH("\"y_ts\":[\"2026-01-01\",\"2026-01-01T00:03\"]") },
    { ONLY_PARSER_REFUSES,
      WITH("\"y_ts\":[\"2026-01-01\",\"2026-01-01T00:05\",\"2026-01-01T00:10\"]") },
    { BOTH_TAKE, WITH("\"max_gap_minutes\":0") },
    { BOTH_TAKE, WITH("\"max_gap_minutes\":1000000000") },
    { BOTH_TAKE, WITH("\"max_gap_minutes\":null") },
    { BOTH_REFUSE, WITH("\"max_gap_minutes\":1000000001") },
    { BOTH_REFUSE, WITH("\"max_gap_minutes\":-1") },
    { BOTH_REFUSE, WITH("\"max_gap_minutes\":0.5") },
    { BOTH_REFUSE, WITH("\"max_gap_minutes\":\"5\"") },

    { BOTH_TAKE, WITH("\"x_past\":{},\"x_future\":{\"a\":[1,2.5],\"b\":[]}") },
    { BOTH_REFUSE, WITH("\"x_past\":{\"a\":[1,null]}") },
    { BOTH_REFUSE, WITH("\"x_past\":{\"a\":1}") },
    { BOTH_REFUSE, WITH("\"x_future\":[1]") },
    { BOTH_REFUSE, WITH("\"x_future\":null") },
    { ONLY_PARSER_REFUSES, WITH("\"x_past\":{\"\":[1]}") },

    { BOTH_TAKE, WITH("\"transform\":{}") },
    { BOTH_TAKE, WITH("\"transform\":{\"space\":\"none\",\"eps\":0.4999}") },
    { BOTH_REFUSE, WITH("\"transform\":{\"space\":\"log\"}") },
    { BOTH_REFUSE, WITH("\"transform\":{\"space\":null}") },
    { BOTH_REFUSE, WITH("\"transform\":{\"eps\":0}") },
    { BOTH_REFUSE, WITH("\"transform\":{\"eps\":0.5}") },
    { BOTH_REFUSE, WITH("\"transform\":{\"eps\":\"0.1\"}") },
    { BOTH_REFUSE, WITH("\"transform\":{\"scale\":1}") },
    { BOTH_REFUSE, WITH("\"transform\":\"logit\"") },
    { BOTH_REFUSE, WITH("\"transform\":null") },

    { BOTH_TAKE, WITH("\"model\":{}") },
    { BOTH_TAKE, WITH("\"model\":{\"provider\":\"p\",\"model_name\":\"n\",\"model_version\":null,"
                      "\"params\":{\"a\":[{\"b\":null}]}}") },
    { BOTH_REFUSE, WITH("\"model\":{\"name\":\"n\"}") },
    { BOTH_REFUSE, WITH("\"model\":{\"model_name\":\"\"}") },
    { BOTH_REFUSE, WITH("\"model\":{\"model_name\":null}") },
    { BOTH_REFUSE, WITH("\"model\":{\"model_version\":\"\"}") },
    { BOTH_REFUSE, WITH("\"model\":{\"model_version\":2}") },
    { BOTH_REFUSE, WITH("\"model\":{\"provider\":null}") },
    { BOTH_REFUSE, WITH("\"model\":{\"params\":[]}") },
    { BOTH_REFUSE, WITH("\"model\":{\"params\":null}") },
    { BOTH_REFUSE, WITH("\"model\":\"chronos\"") },
    { BOTH_REFUSE, WITH("\"model\":null") },

    { BOTH_TAKE, WITH("\"liquidity_bucket\":\"low\"") },
    { BOTH_TAKE, WITH("\"liquidity_bucket\":null") },
    { BOTH_REFUSE, WITH("\"liquidity_bucket\":\"\"") },
    { BOTH_REFUSE, WITH("\"liquidity_bucket\":1") },
    { BOTH_REFUSE, WITH("\"liquidity_bucket\":\"" L256 "a\"") },
    { ONLY_PARSER_REFUSES, WITH("\"freq\":\"5m\",\"freq\":\"5m\"") },
};

struct world {
    struct runtime_config config;
    cJSON *document;
};

static int setup(void **state)
{
    static struct world world;
    struct err_note note = { 0 };
    assert_int_equal(config_load(&world.config, &(struct config_source){ .path = NULL }, &note),
                     ERR_OK);
    world.document = contract_document();
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    cJSON_Delete(world->document);
    return 0;
}

static void check(const struct world *world, const char *body, enum opinion opinion)
{
    struct arena arena = { 0 };
    struct forecast_request request;
    struct err_note note = { 0 };
    bool parsed = forecast_request_parse(body, strlen(body), &world->config.forecast, &arena,
                                         &request, &note) == ERR_OK;
    arena_deinit(&arena);
    char fault[SCHEMA_FAULT_MAX];
    cJSON *value = cJSON_Parse(body);
    assert_non_null(value);
    const cJSON *schema =
        json_schema_resolve(world->document, "#/components/schemas/ForecastRequest");
    bool valid = json_schema_check(world->document, schema, value, fault);
    cJSON_Delete(value);
    if (parsed != (opinion == BOTH_TAKE)) {
        fail_msg("the parser %s %.300s", parsed ? "takes" : note.sentence, body);
    }
    if (valid != (opinion != BOTH_REFUSE)) {
        fail_msg("the schema %s %.300s", valid ? "takes" : fault, body);
    }
}

static void schema_and_parser_have_one_opinion(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(*state, rows[i].body, rows[i].opinion);
    }
}

static char *body_of(unsigned points)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_puts(&text, HEAD "\"y\":[1");
    for (unsigned i = 1; i < points; i++) buf_puts(&text, ",1");
    buf_puts(&text, "]}");
    return buf_take(&text);
}

static void schema_and_parser_take_equally_long_series(void **state)
{
    char *most = body_of(FORECAST_POINTS_MAX);
    char *more = body_of(FORECAST_POINTS_MAX + 1);
    check(*state, most, BOTH_TAKE);
    check(*state, more, BOTH_REFUSE);
    mem_free(most);
    mem_free(more);
}

static void the_examples_are_valid_requests(void **state)
{
    const struct world *world = *state;
    const cJSON *post = json_schema_resolve(world->document, "#/paths");
    post = cJSON_GetObjectItem(cJSON_GetObjectItem(post, "/tsfm/forecast"), "post");
    const cJSON *body = cJSON_GetObjectItem(post, "requestBody");
    const cJSON *media = cJSON_GetObjectItem(cJSON_GetObjectItem(body, "content"),
                                             "application/json");
    const cJSON *example;
    int count = 0;
    cJSON_ArrayForEach(example, cJSON_GetObjectItem(media, "examples"))
    {
        char *text = cJSON_PrintUnformatted(cJSON_GetObjectItem(example, "value"));
        check(world, text, BOTH_TAKE);
        cJSON_free(text);
        count++;
    }
    assert_true(count >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(schema_and_parser_have_one_opinion, setup, teardown),
        cmocka_unit_test_setup_teardown(schema_and_parser_take_equally_long_series, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_examples_are_valid_requests, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
