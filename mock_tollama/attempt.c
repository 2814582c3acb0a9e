#include "mock/attempt.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "mock/forecast.h"
#include "mock/head.h"
#include "mock/models.h"
#include "scenario/plan_state.h"

/* What is known of a request without the scenario. */
struct request {
    struct ask ask;
    unsigned status; /* 200: a forecast can be made */
    struct err_note note;
    const char *hint;    /* NULL: none */
    struct model *model; /* NULL: unknown, or not in the registry */
};

static void request_read(struct request *request, struct mock *mock, struct http_exchange *exchange,
                         enum ask_api api)
{
    *request = (struct request){ .ask = { .api = api }, .status = 200, .note = { .err = ERR_OK } };
    if (http_exchange_body_too_large(exchange)) {
        err_note_set(&request->note, ERR_TOO_LARGE, NULL, 0, 0, "the request body is over %d bytes",
                     (int)MOCK_BODY_BYTES_MAX);
        request->status = 413;
        return;
    }
    size_t length = 0;
    const char *body = http_exchange_body(exchange, &length);
    if (ask_parse(api, body, length, &request->ask, &request->note) != ERR_OK) {
        request->status = 400;
        return;
    }
    const char *name = request->ask.model;
    enum model_state state = registry_check(&mock->registry, name, &request->model);
    request->status = models_refusal(state, name, &request->note, &request->hint);
}

static void plan_for(const struct show_pick *pick, const struct plan_query *query,
                     struct reply_plan *out)
{
    static const struct plan_fate healthy = { 0, 0 };
    if (pick->stage != NULL)
        plan_make(pick->stage->plans, query, out);
    else
        plan_compose(NULL, 0, query, &healthy, out);
}

/* Fills status, answer, content type and body. */
static void order_answer(struct player_order *order, const struct request *request)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    /* The scenario comes first: a server that is down does not validate either. */
    bool failed = order->plan->status != 200;
    order->status = failed ? order->plan->status : request->status;
    order->answer = ANSWER_GOOD;
    if (order->status == 200) {
        struct forecast_reply reply = {
            .fault = order->plan->answer,
            .luck = draw(0, rng_stream("answer"), hash_text(order->id), order->attempt),
            .latency_ns = order->plan->latency_ns,
        };
        order->answer = reply.fault;
        order->content_type = forecast_content_type(&request->ask, reply.fault);
        forecast_write(&body, &request->ask, &reply);
    } else if (head_has_body(order->status)) {
        order->content_type = "application/json";
        forecast_write_error_hint(&body, order->status, failed ? NULL : request->note.sentence,
                                  failed ? NULL : request->hint);
    }
    order->body_length = body.length;
    order->body = buf_take(&body);
}

static char *order_echo(struct http_exchange *exchange, const struct player_order *order)
{
    const char *echo = api_echo_of(exchange);
    if (echo == NULL) return NULL;
    return mem_copy_string(order->answer == ANSWER_WRONG_ID ? "another-request" : echo);
}

static void release_stage(void *stage)
{
    stage_release(stage);
}

void attempt_on_request(struct mock *mock, struct http_exchange *exchange, const char *path,
                        enum ask_api api)
{
    instant_ns read_at = clock_now();
    struct identity_source source = {
        .request_id = http_exchange_header(exchange, "X-Request-ID"),
        .attempt = http_exchange_header(exchange, "X-Attempt"),
    };
    source.body = http_exchange_body(exchange, &source.body_length);
    struct identity identity = identity_make(&mock->identities, &source);
    struct request request;
    request_read(&request, mock, exchange, api);
    struct show_pick pick = show_pick(&mock->show, read_at);
    struct reply_plan plan;
    plan_for(&pick,
             &(struct plan_query){
                 .request_key = hash_text(identity.id),
                 .attempt = identity.attempt,
                 .offset_ns = pick.offset_ns,
                 .path = path,
                 .model = request.ask.model,
                 .market = request.ask.series_count > 0 ? request.ask.series[0].id : NULL,
             },
             &plan);
    struct player_order order = {
        .exchange = exchange,
        .plan = &plan,
        .read_at = read_at,
        .at_ns = (int64_t)(read_at - mock->show.start),
        .path = path,
        .id = identity.id,
        .attempt = identity.attempt,
    };
    order_answer(&order, &request);
    order.echo_id = order_echo(exchange, &order);
    if (pick.stage != NULL) {
        order.owner = stage_hold(pick.stage);
        order.on_end = release_stage;
    }
    uint64_t planned_ns = plan.steps[0].after_ns;
    metrics_count(&mock->metrics, api, order.status, planned_ns);
    if (order.status == 200 && request.model != NULL) {
        model_use(request.model, &request.ask.keep_alive, instant_add(read_at, planned_ns));
    }
    ask_deinit(&request.ask);
    api_play(mock, &order);
}
