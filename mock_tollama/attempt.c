#include "mock/attempt.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "mock/answers.h"
#include "mock/forecast.h"
#include "mock/head.h"
#include "mock/models.h"
#include "mock/proxy.h"
#include "scenario/plan_state.h"

enum { TIMING_BYTES_LIKELY = 64, ATTEMPTS_IDLE_MAX = 256 };

/* What is known of a request without the scenario. */
struct request {
    const struct answer *known; /* its body came before; NULL: `ask` holds what it says */
    const char *name;   /* the model's; NULL: unknown */
    const char *market; /* the first series' id; NULL: unknown */
    struct keep_alive keep_alive;
    bool stream;
    unsigned status;     /* 200: a forecast can be made */
    const char *hint;    /* NULL: none */
    struct model *model; /* NULL: unknown, or not in the registry */
    /* What stands behind is large and mostly not used: it is not cleared. */
    struct err_note note;
    struct ask ask;
};

static void request_init(struct request *request, enum ask_api api)
{
    memset(request, 0, offsetof(struct request, note));
    request->status = 200;
    request->note.err = ERR_OK;
    request->note.sentence[0] = '\0';
    ask_init(&request->ask, api);
}

static void request_read(struct request *request, struct mock *mock, struct http_exchange *exchange,
                         enum ask_api api)
{
    request_init(request, api);
    if (http_exchange_body_too_large(exchange)) {
        err_note_set(&request->note, ERR_TOO_LARGE, NULL, 0, 0, "the request body is over %d bytes",
                     (int)MOCK_BODY_BYTES_MAX);
        request->status = 413;
        return;
    }
    size_t length = 0;
    const char *body = http_exchange_body(exchange, &length);
    request->known = answers_find(&mock->answers, api, body, length);
    if (request->known != NULL) {
        request->name = request->known->model;
        request->market = request->known->market;
        request->keep_alive = request->known->keep_alive;
        request->stream = request->known->stream;
    } else if (ask_read(api, body, length, &request->ask, &request->note) == ERR_OK) {
        request->name = request->ask.model;
        request->market = request->ask.series[0].id;
        request->keep_alive = request->ask.keep_alive;
        request->stream = request->ask.stream;
    } else {
        request->status = 400;
        return;
    }
    enum model_state state = registry_check(&mock->registry, request->name, &request->model);
    request->status = models_refusal(state, request->name, &request->note, &request->hint);
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

static void write_good(struct buf *out, struct mock *mock, const struct player_order *order,
                       const struct request *request)
{
    const struct ask *ask = &request->ask;
    const struct answer *known = request->known;
    if (known != NULL) {
        buf_expect(out, known->text_length + TIMING_BYTES_LIKELY);
        buf_put(out, known->text, known->text_length);
    } else {
        struct answer answer = {
            .api = ask->api,
            .stream = request->stream,
            .model = request->name,
            .market = request->market,
            .keep_alive = request->keep_alive,
        };
        forecast_write_start(out, ask);
        answer.body = http_exchange_body(order->exchange, &answer.body_length);
        answer.text = buf_text(out);
        answer.text_length = out->length;
        answers_add(&mock->answers, &answer);
    }
    forecast_write_end(out, ask->api, request->stream, order->plan->latency_ns);
}

/* An answer with one thing wrong. */
static void write_bad(struct buf *out, const struct player_order *order, struct request *request)
{
    const struct forecast_reply reply = {
        .fault = order->plan->answer,
        .luck = draw(0, rng_stream("answer"), hash_text(order->id), order->attempt),
        .latency_ns = order->plan->latency_ns,
    };
    if (request->known != NULL) {
        size_t length = 0;
        const char *body = http_exchange_body(order->exchange, &length);
        enum err rc = ask_read(request->ask.api, body, length, &request->ask, &request->note);
        assert(rc == ERR_OK);
    }
    forecast_write(out, &request->ask, &reply);
}

/* Fills status, answer, content type and body. */
static void order_answer(struct mock *mock, struct player_order *order, struct request *request)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    /* The scenario comes first: a server that is down does not validate either. */
    bool failed = order->plan->status != 200;
    order->status = failed ? order->plan->status : request->status;
    order->answer = ANSWER_GOOD;
    if (order->status == 200) {
        order->answer = order->plan->answer;
        order->content_type = forecast_content_type(request->stream, order->answer);
        if (order->answer == ANSWER_GOOD)
            write_good(&body, mock, order, request);
        else
            write_bad(&body, order, request);
    } else if (head_has_body(order->status)) {
        order->content_type = "application/json";
        forecast_write_error_hint(&body, order->status, failed ? NULL : request->note.sentence,
                                  failed ? NULL : request->hint);
    }
    order->body_length = body.length;
    order->body = buf_take(&body);
}

/* What a play holds until its end. */
struct attempt {
    struct mock *mock;
    enum ask_api api;
    struct stage *stage; /* held; NULL: none */
    bool answered;       /* else no byte of an answer was ever needed */
    unsigned status;     /* as planned */
    uint64_t planned_ns;
    struct attempt *next_idle;
    /* For the order's texts, where they fit and no proxy takes them over. */
    char id[IDENTITY_ROOM];
    char echo_id[IDENTITY_ROOM];
};

static struct attempt *attempt_open(struct mock *mock, enum ask_api api)
{
    struct attempt *attempt = mock->idle_attempts;
    if (attempt != NULL) {
        mock->idle_attempts = attempt->next_idle;
        mock->idle_attempt_count--;
    } else {
        attempt = mem_alloc(1, sizeof *attempt);
    }
    memset(attempt, 0, offsetof(struct attempt, id));
    attempt->mock = mock;
    attempt->api = api;
    return attempt;
}

static void attempt_close(struct attempt *attempt)
{
    struct mock *mock = attempt->mock;
    if (mock->idle_attempt_count == ATTEMPTS_IDLE_MAX) {
        mem_free(attempt);
        return;
    }
    attempt->next_idle = mock->idle_attempts;
    mock->idle_attempts = attempt;
    mock->idle_attempt_count++;
}

void attempts_deinit(struct mock *mock)
{
    while (mock->idle_attempts != NULL) {
        struct attempt *attempt = mock->idle_attempts;
        mock->idle_attempts = attempt->next_idle;
        mem_free(attempt);
    }
}

static void order_echo(struct player_order *order, struct attempt *attempt)
{
    const char *echo = api_echo_of(order->exchange);
    if (echo != NULL && order->answer == ANSWER_WRONG_ID) echo = "another-request";
    size_t bytes = echo != NULL ? strlen(echo) + 1 : 0;
    order->echo_id_is_lent = bytes > 0 && bytes <= sizeof attempt->echo_id &&
                             attempt->mock->proxy == NULL;
    if (order->echo_id_is_lent)
        order->echo_id = memcpy(attempt->echo_id, echo, bytes);
    else if (echo != NULL)
        order->echo_id = mem_copy_string(echo);
}

static void attempt_end(void *owner)
{
    struct attempt *attempt = owner;
    if (!attempt->answered) {
        metrics_count(&attempt->mock->metrics, attempt->api, attempt->status, attempt->planned_ns);
    }
    stage_release(attempt->stage);
    attempt_close(attempt);
}

/* Fills what the player needs to answer. */
static void attempt_answer(struct player_order *order, struct request *request)
{
    struct attempt *attempt = order->owner;
    order_answer(attempt->mock, order, request);
    order_echo(order, attempt);
    attempt->answered = true;
    metrics_count(&attempt->mock->metrics, attempt->api, order->status, attempt->planned_ns);
    if (order->status != 200 || request->model == NULL) return;
    model_use(request->model, &request->keep_alive,
              instant_add(order->read_at, attempt->planned_ns));
}

/* Called when there is time for it, while the play waits. */
static void attempt_prepare(struct player_order *order)
{
    const struct attempt *attempt = order->owner;
    struct request request;
    request_read(&request, attempt->mock, order->exchange, attempt->api);
    attempt_answer(order, &request);
    ask_deinit(&request.ask);
}

/* Whether a fault in force asks for what only the body says. */
static bool asks_for_body(const struct show_pick *pick)
{
    const struct phase *phase =
        pick->stage == NULL ? NULL : scenario_phase_at(&pick->stage->scenario, pick->offset_ns);
    for (size_t i = 0; phase != NULL && i < phase->fault_count; i++) {
        const struct fault *fault = &phase->faults[i];
        if (fault->select.model != NULL || fault->select.market != NULL ||
            fault->effect == FAULT_COLD_START) {
            return true;
        }
    }
    return false;
}

/* Identity, plan and, when it had to be read for that, the answer. */
static void attempt_decide(struct player_order *order, struct reply_plan *plan,
                           struct attempt *attempt, bool past_head)
{
    struct http_exchange *exchange = order->exchange;
    struct mock *mock = attempt->mock;
    struct identity_source source = {
        .request_id = http_exchange_header(exchange, "X-Request-ID"),
        .attempt = http_exchange_header(exchange, "X-Attempt"),
        .room = mock->proxy == NULL ? attempt->id : NULL,
    };
    source.body = http_exchange_body(exchange, &source.body_length);
    struct identity identity = identity_make(&mock->identities, &source);
    struct show_pick pick = show_pick(&mock->show, order->read_at);
    struct plan_query query = {
        .request_key = hash_text(identity.id),
        .attempt = identity.attempt,
        .offset_ns = pick.offset_ns,
        .path = order->path,
        .past_head = past_head,
    };
    struct request request;
    bool reads = asks_for_body(&pick);
    if (reads) {
        request_read(&request, mock, exchange, attempt->api);
        query.model = request.name;
        query.market = request.market;
    }
    plan_for(&pick, &query, plan);
    attempt->planned_ns = plan->steps[0].after_ns;
    attempt->status = plan->status;
    if (pick.stage != NULL) attempt->stage = stage_hold(pick.stage);
    order->id = identity.id;
    order->id_is_lent = identity.id == attempt->id;
    order->attempt = identity.attempt;
    order->at_ns = show_offset_ns(&mock->show, order->read_at);
    if (!reads) return;
    if (mock->proxy == NULL || !proxy_is_asked(plan)) attempt_answer(order, &request);
    ask_deinit(&request.ask);
}

/* A real server answers, unless the scenario does. */
static void attempt_play(struct mock *mock, struct player_order *order)
{
    if (mock->proxy == NULL) {
        api_play(mock, order);
    } else if (proxy_is_asked(order->plan)) {
        order->prepare = NULL;
        proxy_forward(mock->proxy, order);
    } else {
        order->upstream = "not_asked";
        api_play(mock, order);
    }
}

void attempt_on_request(struct mock *mock, struct http_exchange *exchange, const char *path,
                        enum ask_api api)
{
    struct reply_plan plan;
    struct attempt_early *early = http_exchange_user(exchange);
    bool past_head = attempt_is_past_head(early);
    if (past_head) early = NULL;
    struct attempt *attempt = attempt_open(mock, api);
    struct player_order order = {
        .exchange = exchange,
        .plan = &plan,
        .read_at = clock_now(),
        .path = path,
        .owner = attempt,
        .on_end = attempt_end,
    };
    if (early != NULL) {
        order.id = early->identity.id;
        order.attempt = early->identity.attempt;
        order.at_ns = early->at_ns;
        order.plan = &early->plan;
        attempt->stage = early->stage;
        attempt->status = early->plan.status;
        attempt->planned_ns = early->plan.steps[0].after_ns;
    } else {
        attempt_decide(&order, &plan, attempt, past_head);
    }
    if (!attempt->answered) {
        order.status = order.plan->status;
        order.prepare = attempt_prepare;
    }
    if (attempt->stage != NULL) order.delays = attempt->stage->delays;
    http_exchange_set_user(exchange, NULL);
    attempt_play(mock, &order);
    mem_free(early);
}
