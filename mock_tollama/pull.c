/* POST /api/pull: installs a model of the registry, with tollama's progress lines. */
#include "base/clock.h"
#include "base/mem.h"
#include "mock/models.h"
#include "mock/schema.h"

enum { PULL_PARTS = 2, PULL_LINE_NS = 20 * 1000 * 1000 };

static void write_pull_result(struct buf *out, const struct model *model)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "digest");
    json_string(&json, "local");
    json_key(&json, "model");
    json_string(&json, model->name);
    json_key(&json, "size");
    json_u64(&json, model->size_bytes);
    json_key(&json, "status");
    json_string(&json, "success");
    json_close(&json, '}');
}

/* "model" or "completed" and "total" only where they are told. */
static void write_status(struct buf *out, const char *status, const char *model)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    if (model != NULL) {
        json_key(&json, "model");
        json_string(&json, model);
    }
    json_key(&json, "status");
    json_string(&json, status);
    json_close(&json, '}');
}

static void write_download(struct buf *out, uint64_t completed, uint64_t total)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "completed");
    json_u64(&json, completed);
    json_key(&json, "status");
    json_string(&json, "downloading");
    json_key(&json, "total");
    json_u64(&json, total);
    json_close(&json, '}');
}

/* Ends a line: the body up to here leaves `after_ns` behind the line before. */
static void end_line(struct buf *out, struct reply_plan *plan, uint64_t after_ns)
{
    buf_putc(out, '\n');
    plan->steps[plan->step_count++] = (struct plan_step){
        .kind = PLAN_BODY, .after_ns = after_ns, .to_is_bytes = true, .to_bytes = out->length
    };
}

/* The lines of a pull and, in `plan`, the moments at which each leaves. */
static void write_progress(struct buf *out, const struct model *model, bool present,
                           struct reply_plan *plan)
{
    *plan = (struct reply_plan){ .status = 200, .answer = ANSWER_GOOD, .step_count = 1 };
    plan->steps[0] = (struct plan_step){ .kind = PLAN_HEAD };
    if (present) {
        write_status(out, "already present", model->name);
        end_line(out, plan, 0);
    } else {
        write_status(out, "pulling manifest", NULL);
        end_line(out, plan, 0);
        for (unsigned i = 0; i <= PULL_PARTS; i++) {
            write_download(out, model->size_bytes / PULL_PARTS * i, model->size_bytes);
            end_line(out, plan, PULL_LINE_NS);
        }
    }
    write_pull_result(out, model);
    end_line(out, plan, PULL_LINE_NS);
    plan->steps[plan->step_count++] = (struct plan_step){ .kind = PLAN_END };
}

static void pull_stream(struct mock *mock, struct http_exchange *exchange,
                        const struct model *model, bool present)
{
    struct buf body;
    struct reply_plan plan;
    buf_init(&body, BUF_UNBOUNDED);
    write_progress(&body, model, present, &plan);
    struct identity_source source = {
        .request_id = http_exchange_header(exchange, "X-Request-ID"),
        .attempt = http_exchange_header(exchange, "X-Attempt"),
    };
    source.body = http_exchange_body(exchange, &source.body_length);
    struct identity identity = identity_make(&mock->identities, &source);
    const char *echo = api_echo_of(exchange);
    size_t length = body.length;
    api_play(mock, &(struct player_order){
                       .exchange = exchange,
                       .plan = &plan,
                       .read_at = clock_now(),
                       .path = "/api/pull",
                       .id = identity.id,
                       .attempt = identity.attempt,
                       .status = 200,
                       .answer = ANSWER_GOOD,
                       .content_type = "application/x-ndjson",
                       .echo_id = echo != NULL ? mem_copy_string(echo) : NULL,
                       .body_length = length,
                       .body = buf_take(&body),
                   });
}

static bool is_true(const cJSON *document, const char *key, bool otherwise)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(document, key);
    return value != NULL ? cJSON_IsTrue(value) : otherwise;
}

static void pull(struct mock *mock, struct http_exchange *exchange, const cJSON *document)
{
    const char *name = cJSON_GetObjectItemCaseSensitive(document, "model")->valuestring;
    struct model *model = NULL;
    enum model_state state = registry_check(&mock->registry, name, &model);
    bool accepts = is_true(document, "accept_license", false);
    if (model == NULL || (state == MODEL_NOT_LICENSED && !accepts)) {
        models_refuse(exchange, model == NULL ? MODEL_UNKNOWN : state, name);
        return;
    }
    bool present = model->installed;
    if (model->license == LICENSE_REQUIRED) model->license = LICENSE_ACCEPTED;
    model->installed = true;
    if (is_true(document, "stream", true)) {
        pull_stream(mock, exchange, model, present);
        return;
    }
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    write_pull_result(&body, model);
    api_reply_buf(exchange, &body);
}

void pull_on_request(struct mock *mock, struct http_exchange *exchange)
{
    static const struct schema_row ROWS[] = {
        { "model", SCHEMA_TEXT, true },
        { "stream", SCHEMA_BOOL, false },
        { "accept_license", SCHEMA_BOOL, false },
        { "insecure", SCHEMA_BOOL_OR_NULL, false },
        { "offline", SCHEMA_BOOL_OR_NULL, false },
        { "local_files_only", SCHEMA_BOOL_OR_NULL, false },
        { "max_workers", SCHEMA_COUNT_OR_NULL, false },
        { "token", SCHEMA_STRING_OR_NULL, false },
        { "hf_home", SCHEMA_STRING_OR_NULL, false },
        { "http_proxy", SCHEMA_STRING_OR_NULL, false },
        { "https_proxy", SCHEMA_STRING_OR_NULL, false },
        { "no_proxy", SCHEMA_STRING_OR_NULL, false },
    };
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    const cJSON *document = api_read_body(exchange, &arena);
    if (document != NULL) {
        if (schema_check_open(document, "the request", ROWS, sizeof ROWS / sizeof ROWS[0], &note) !=
            ERR_OK)
            api_reply_error(exchange, 400, note.sentence);
        else
            pull(mock, exchange, document);
    }
    arena_deinit(&arena);
}
