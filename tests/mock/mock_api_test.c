/* tollama's endpoints: each answer has the shape that tests/mock/data/shapes.json states, and the
 * status of each refusal is the right one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "client.h"
#include "shape.h"

static const char OLD_FORECAST[] =
    "{\"model\":\"chronos\",\"series\":[1,2,3],\"horizon_steps\":3,\"freq\":\"5m\"}";

static cJSON *load_shapes(void)
{
    struct err_note note = { .err = ERR_OK };
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(file_read(TOLLGATE_SOURCE_DIR "/tests/mock/data/shapes.json", 1 << 20, &text,
                               &length, &note),
                     ERR_OK);
    cJSON *shapes = cJSON_Parse(text);
    assert_non_null(shapes);
    mem_free(text);
    return shapes;
}

static unsigned call(const struct mock_process *mock, const struct request *request, cJSON **out)
{
    struct answer answer;
    client_call(mock, request, &answer);
    assert_int_equal(answer.end, END_WHOLE);
    unsigned status = answer.status;
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    assert_non_null(document);
    if (out != NULL)
        *out = document;
    else
        cJSON_Delete(document);
    answer_free(&answer);
    return status;
}

static const cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static void expect_shape(const struct mock_process *mock, const struct request *request,
                         const cJSON *shapes)
{
    char name[128];
    cJSON *document = NULL;
    snprintf(name, sizeof name, "%s %s", request->method != NULL ? request->method : "POST",
             request->path);
    assert_non_null(get(shapes, name));
    assert_int_equal(call(mock, request, &document), 200);
    shape_check(get(shapes, name), document, name);
    cJSON_Delete(document);
}

static void every_endpoint_answers_in_its_shape(void **state)
{
    (void)state;
    static const char *const GETS[] = { "/api/version",  "/v1/health", "/health/live",
                                        "/health/ready", "/api/tags",  "/v1/models",
                                        "/api/info" };
    struct mock_process mock;
    cJSON *shapes = load_shapes();
    mock_start(&mock, NULL, NULL);
    for (size_t i = 0; i < sizeof GETS / sizeof GETS[0]; i++)
        expect_shape(&mock, &(struct request){ .method = "GET", .path = GETS[i] }, shapes);
    expect_shape(&mock, &(struct request){ .path = "/v1/forecast" }, shapes);
    expect_shape(&mock,
                 &(struct request){ .path = "/v1/timeseries/forecast", .body = OLD_FORECAST },
                 shapes);
    expect_shape(&mock, &(struct request){ .path = "/api/validate" }, shapes);
    expect_shape(&mock,
                 &(struct request){ .path = "/api/show", .body = "{\"model\":\"chronos2\"}" },
                 shapes);
    expect_shape(&mock,
                 &(struct request){ .path = "/api/pull",
                                    .body = "{\"model\":\"timer-base\",\"stream\":false}" },
                 shapes);
    /* With a model loaded, so that its row is looked at. */
    expect_shape(&mock, &(struct request){ .method = "GET", .path = "/api/ps" }, shapes);
    expect_shape(&mock, &(struct request){ .method = "GET", .path = "/api/info" }, shapes);
    mock_stop(&mock);
    cJSON_Delete(shapes);
}

static void errors_have_a_detail_and_the_right_status(void **state)
{
    (void)state;
    static const struct {
        struct request request;
        unsigned status;
    } CASES[] = {
        { { .path = "/v1/forecast", .body = "{}" }, 400 },
        { { .path = "/v1/forecast", .body = "no json" }, 400 },
        { { .path = "/api/show", .body = "{\"model\":\"nobody-has-it\"}" }, 404 },
        { { .path = "/api/show", .body = "{\"model\":\"timer-base\"}" }, 404 },
        { { .path = "/api/show", .body = "{\"name\":\"chronos2\"}" }, 400 },
        { { .path = "/api/show", .body = "[" }, 400 },
        { { .path = "/api/pull", .body = "{\"model\":7}" }, 400 },
        { { .path = "/api/pull", .body = "{\"model\":\"moirai-2.0-small\"}" }, 403 },
        { { .path = "/api/validate", .body = "{" }, 400 },
        { { .method = "GET", .path = "/v1/forecast" }, 405 },
        { { .path = "/api/tags", .body = "{}" }, 405 },
        { { .method = "GET", .path = "/api/none" }, 404 },
    };
    struct mock_process mock;
    cJSON *shapes = load_shapes();
    mock_start(&mock, NULL, NULL);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        cJSON *document = NULL;
        assert_int_equal(call(&mock, &CASES[i].request, &document), CASES[i].status);
        shape_check(get(shapes, "error"), document, CASES[i].request.path);
        cJSON_Delete(document);
    }
    mock_stop(&mock);
    cJSON_Delete(shapes);
}

static unsigned forecast_status(const struct mock_process *mock, const char *model,
                                const char *keep_alive)
{
    char body[512];
    snprintf(body, sizeof body,
             "{\"model\":\"%s\",\"horizon\":2,\"series\":[{\"id\":\"a\",\"timestamps\":[\"2026-01-"
             "01\"],\"target\":[1]}]%s%s}",
             model, keep_alive != NULL ? ",\"keep_alive\":" : "",
             keep_alive != NULL ? keep_alive : "");
    return call(mock, &(struct request){ .path = "/v1/forecast", .body = body }, NULL);
}

static void a_named_registry_knows_its_models_and_no_others(void **state)
{
    (void)state;
    struct mock_process mock;
    mock_start_with(&mock, (const char *const[]){ "--models", "a,b", NULL });
    assert_int_equal(forecast_status(&mock, "a", NULL), 200);
    assert_int_equal(forecast_status(&mock, "b", NULL), 200);
    assert_int_equal(forecast_status(&mock, "chronos", NULL), 404);
    mock_stop(&mock);
    /* Without it any name is a model; those known but not installed are still refused. */
    mock_start(&mock, NULL, NULL);
    assert_int_equal(forecast_status(&mock, "whatever", NULL), 200);
    assert_int_equal(forecast_status(&mock, "timer-base", NULL), 404);
    assert_int_equal(forecast_status(&mock, "moirai-2.0-small", NULL), 403);
    mock_stop(&mock);
}

static void models_come_from_a_file(void **state)
{
    (void)state;
    static const char TEXT[] = "- { name: one, family: torch, size: 3MiB }\n"
                               "- { name: two, installed: false, license: required }\n";
    struct mock_process mock;
    struct err_note note = { .err = ERR_OK };
    char path[64] = "/tmp/mock-models-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(file_write(path, TEXT, sizeof TEXT - 1, &note), ERR_OK);
    mock_start_with(&mock, (const char *const[]){ "--models", path, NULL });
    unlink(path);
    assert_int_equal(forecast_status(&mock, "one", NULL), 200);
    assert_int_equal(forecast_status(&mock, "two", NULL), 403);
    assert_int_equal(call(&mock,
                          &(struct request){ .path = "/api/pull",
                                             .body = "{\"model\":\"two\",\"stream\":false,"
                                                     "\"accept_license\":true,\"extra\":1}" },
                          NULL),
                     200);
    assert_int_equal(forecast_status(&mock, "two", NULL), 200);
    mock_stop(&mock);
}

/* The row of a model in /api/ps, NULL when it is not loaded; `document` is to be deleted. */
static const cJSON *loaded(const struct mock_process *mock, const char *name, cJSON **document)
{
    const cJSON *row = NULL;
    assert_int_equal(call(mock, &(struct request){ .method = "GET", .path = "/api/ps" }, document),
                     200);
    cJSON_ArrayForEach(row, get(*document, "models"))
    {
        if (strcmp(get(row, "name")->valuestring, name) == 0) return row;
    }
    return NULL;
}

static void a_forecast_loads_its_model_and_keep_alive_unloads_it(void **state)
{
    (void)state;
    struct mock_process mock;
    cJSON *document = NULL;
    mock_start(&mock, NULL, NULL);
    assert_null(loaded(&mock, "chronos", &document));
    cJSON_Delete(document);

    assert_int_equal(forecast_status(&mock, "chronos", NULL), 200);
    const cJSON *row = loaded(&mock, "chronos", &document);
    assert_non_null(row);
    assert_true(cJSON_IsNull(get(row, "expires_at")));
    cJSON_Delete(document);

    assert_int_equal(forecast_status(&mock, "chronos", "\"5m\""), 200);
    row = loaded(&mock, "chronos", &document);
    assert_non_null(row);
    assert_true(cJSON_IsString(get(row, "expires_at")));
    cJSON_Delete(document);

    assert_int_equal(forecast_status(&mock, "chronos", "0"), 200);
    assert_null(loaded(&mock, "chronos", &document));
    cJSON_Delete(document);

    /* A model whose time is over is gone when somebody looks. */
    assert_int_equal(forecast_status(&mock, "chronos", "0.000001"), 200);
    assert_null(loaded(&mock, "chronos", &document));
    cJSON_Delete(document);
    assert_int_equal(forecast_status(&mock, "chronos", "\"soon\""), 400);
    mock_stop(&mock);
}

static void a_pull_tells_its_progress_line_by_line(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    char type[64];
    mock_start(&mock, NULL, NULL);
    int fd = client_connect(&mock);
    uint64_t before = clock_now();
    client_send(fd, &(struct request){ .path = "/api/pull",
                                       .id = "pull-1",
                                       .body = "{\"model\":\"timer-base\"}" });
    client_read(fd, &answer, CLIENT_PATIENCE_MS);
    uint64_t after = clock_now();
    assert_int_equal(answer.status, 200);
    assert_true(answer_header(&answer, "Content-Type", type, sizeof type));
    assert_string_equal(type, "application/x-ndjson");
    assert_true(answer_header(&answer, "X-Request-ID", type, sizeof type));
    assert_string_equal(type, "pull-1");
    int lines = 0;
    char *line = answer.body.data;
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++) {
        *end = '\0';
        cJSON *event = cJSON_Parse(line);
        assert_true(cJSON_IsString(get(event, "status")));
        if (end[1] == '\0') assert_string_equal(get(event, "status")->valuestring, "success");
        cJSON_Delete(event);
    }
    assert_int_equal(lines, 5);
    /* The last line left four pauses after the first. */
    assert_true(after - before >= UINT64_C(4) * 20 * 1000 * 1000);
    answer_free(&answer);
    close(fd);
    assert_int_equal(forecast_status(&mock, "timer-base", NULL), 200);
    mock_stop(&mock);
}

static unsigned status_with(const struct mock_process *mock, const char *path, const char *header)
{
    struct answer answer;
    char value[64];
    client_call(mock, &(struct request){ .method = "GET", .path = path, .header = header },
                &answer);
    unsigned status = answer.status;
    if (status == 401) {
        assert_true(answer_header(&answer, "WWW-Authenticate", value, sizeof value));
        assert_string_equal(value, "Bearer");
        assert_non_null(strstr(buf_text(&answer.body), "\"detail\":"));
    }
    answer_free(&answer);
    return status;
}

static void with_keys_only_their_bearers_are_served(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    setenv("MOCK_TOLLAMA_API_KEYS", "third,,fourth", 1);
    mock_start_with(
        &mock, (const char *const[]){ "--api-key", "first-key", "--api-key", "second-key", NULL });
    unsetenv("MOCK_TOLLAMA_API_KEYS");
    assert_int_equal(status_with(&mock, "/api/tags", NULL), 401);
    assert_int_equal(status_with(&mock, "/api/tags", "Authorization: Bearer first-kez"), 401);
    assert_int_equal(status_with(&mock, "/api/tags", "Authorization: Bearer first-key2"), 401);
    assert_int_equal(status_with(&mock, "/api/tags", "Authorization: Bearer first"), 401);
    assert_int_equal(status_with(&mock, "/api/tags", "Authorization: Bearer "), 401);
    assert_int_equal(status_with(&mock, "/api/tags", "Authorization: Basic first-key"), 401);
    assert_int_equal(status_with(&mock, "/api/tags", "Authorization: Bearer first-key"), 200);
    assert_int_equal(status_with(&mock, "/api/tags", "authorization: Bearer second-key"), 200);
    assert_int_equal(status_with(&mock, "/api/tags", "Authorization: Bearer third"), 200);
    assert_int_equal(status_with(&mock, "/api/tags", "Authorization: Bearer fourth"), 200);
    client_call(&mock, &(struct request){ .path = "/v1/forecast" }, &answer);
    assert_int_equal(answer.status, 401);
    answer_free(&answer);
    /* Not the mock's own interface. */
    assert_int_equal(status_with(&mock, "/__mock/health", NULL), 200);
    mock_stop(&mock);
}

static void metrics_are_what_prometheus_reads(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, "{ status: 503, share: 50% }", "3ms");
    for (int i = 0; i < 40; i++) {
        char id[16];
        snprintf(id, sizeof id, "r%06d", i);
        client_call(&mock, &(struct request){ .id = id }, &answer);
        answer_free(&answer);
    }
    client_call(&mock, &(struct request){ .method = "GET", .path = "/metrics" }, &answer);
    assert_int_equal(answer.status, 200);
    const char *text = buf_text(&answer.body);
    unsigned good = 0, bad = 0;
    const char *at = strstr(text, "endpoint=\"v1_forecast\",status_class=\"2xx\"} ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "endpoint=\"v1_forecast\",status_class=\"2xx\"} %u", &good), 1);
    at = strstr(text, "endpoint=\"v1_forecast\",status_class=\"5xx\"} ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "endpoint=\"v1_forecast\",status_class=\"5xx\"} %u", &bad), 1);
    assert_int_equal(good + bad, 40);
    assert_non_null(strstr(text, "tollama_models_loaded 1\n"));
    assert_non_null(strstr(text, "mock_attempts_ended_total{end=\"complete\"} 40\n"));

    FILE *promtool = popen("promtool check metrics 2>&1", "w");
    assert_non_null(promtool);
    fputs(text, promtool);
    assert_int_equal(pclose(promtool), 0);
    answer_free(&answer);
    mock_stop(&mock);
}

static void every_answer_carries_the_request_id_back(void **state)
{
    (void)state;
    static const struct request REQUESTS[] = {
        { .path = "/v1/forecast", .id = "a~b c" },
        { .path = "/v1/forecast", .id = "a~b c", .body = "{}" },
        { .method = "GET", .path = "/api/tags", .id = "a~b c" },
        { .method = "GET", .path = "/nowhere", .id = "a~b c" },
        { .method = "GET", .path = "/v1/forecast", .id = "a~b c" },
        { .method = "GET", .path = "/metrics", .id = "a~b c" },
    };
    struct mock_process mock;
    struct answer answer;
    char id[32];
    mock_start(&mock, NULL, NULL);
    for (size_t i = 0; i < sizeof REQUESTS / sizeof REQUESTS[0]; i++) {
        client_call(&mock, &REQUESTS[i], &answer);
        assert_true(answer_header(&answer, "X-Request-ID", id, sizeof id));
        assert_string_equal(id, "a~b c");
        answer_free(&answer);
    }
    mock_stop(&mock);
}

static void validate_tells_what_is_wrong_without_refusing(void **state)
{
    (void)state;
    struct mock_process mock;
    cJSON *document = NULL;
    mock_start_with(&mock, (const char *const[]){ "--models", "a", NULL });
    assert_int_equal(call(&mock,
                          &(struct request){ .path = "/api/validate", .body = "{\"model\":\"a\"}" },
                          &document),
                     200);
    assert_true(cJSON_IsFalse(get(document, "valid")));
    assert_int_equal(cJSON_GetArraySize(get(document, "errors")), 1);
    cJSON_Delete(document);
    /* Right in form, but the model is not there. */
    assert_int_equal(call(&mock, &(struct request){ .path = "/api/validate" }, &document), 200);
    assert_true(cJSON_IsFalse(get(document, "valid")));
    assert_int_equal(cJSON_GetArraySize(get(document, "suggestions")), 1);
    cJSON_Delete(document);
    mock_stop(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_endpoint_answers_in_its_shape),
        cmocka_unit_test(errors_have_a_detail_and_the_right_status),
        cmocka_unit_test(a_named_registry_knows_its_models_and_no_others),
        cmocka_unit_test(models_come_from_a_file),
        cmocka_unit_test(a_forecast_loads_its_model_and_keep_alive_unloads_it),
        cmocka_unit_test(a_pull_tells_its_progress_line_by_line),
        cmocka_unit_test(with_keys_only_their_bearers_are_served),
        cmocka_unit_test(metrics_are_what_prometheus_reads),
        cmocka_unit_test(every_answer_carries_the_request_id_back),
        cmocka_unit_test(validate_tells_what_is_wrong_without_refusing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
