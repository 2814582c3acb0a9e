#include "mock/proxy.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mock/control_guard.h"
#include "mock/proxy_private.h"
#include "scenario/plan_state.h"

/* What cannot be forwarded as it is: the status and the sentence of the refusal; 0: nothing. */
static unsigned refusal_of(struct http_exchange *exchange, const struct proxy_lines *lines,
                           const char **sentence)
{
    const char *target = http_exchange_target(exchange);
    if (strcmp(http_exchange_method(exchange), "CONNECT") == 0 || target[0] != '/') {
        *sentence = "mock-tollama forwards to its --upstream only; ask for a path";
        return 400;
    }
    if (strlen(target) > PROXY_TARGET_MAX || http_exchange_body_too_large(exchange)) {
        *sentence = "the request is too large to be forwarded";
        return 413;
    }
    if (!lines->too_many) return 0;
    *sentence = "the request has too many headers to be forwarded";
    return 431;
}

/* NULL: it was refused, or there are too many; the order is over then. */
static struct forward *forward_take(struct proxy *proxy, struct player_order *order)
{
    struct http_exchange *exchange = order->exchange;
    struct proxy_lines lines;
    const char *sentence = "too many requests are open in the mock";
    proxy_lines_collect(&lines, exchange);
    unsigned status = refusal_of(exchange, &lines, &sentence);
    if (status == 0 && proxy->idle_count == 0) status = 503;
    if (status != 0) {
        if (order->on_end != NULL) order->on_end(order->owner);
        mem_free(order->id);
        mem_free(order->echo_id);
        buf_deinit(&lines.text);
        api_reply_error(exchange, status, sentence);
        return NULL;
    }
    struct forward *forward = &proxy->forwards[proxy->idle[--proxy->idle_count]];
    *forward = (struct forward){ .proxy = proxy, .exchange = exchange, .order = *order };
    forward->plan = *order->plan;
    buf_init(&forward->kept, BUF_UNBOUNDED);
    buf_init(&forward->rest, BUF_UNBOUNDED);
    http_exchange_set_user(exchange, forward);
    forward_start(forward, &lines);
    buf_deinit(&lines.text);
    return forward;
}

bool proxy_is_asked(const struct reply_plan *plan)
{
    bool own_answer = plan->answer != ANSWER_GOOD && plan->answer != ANSWER_TRUNCATED_JSON;
    bool sends = plan->steps[0].kind == PLAN_HEAD || plan->steps[0].kind == PLAN_HEAD_PART;
    return plan->status == 200 && !own_answer && sends;
}

void proxy_forward(struct proxy *proxy, const struct player_order *order)
{
    struct player_order own = *order;
    struct forward *forward = forward_take(proxy, &own);
    if (forward != NULL) forward->is_attempt = true;
}

void proxy_pass(struct proxy *proxy, struct http_exchange *exchange)
{
    static const struct plan_fate healthy = { 0, 0 };
    static const struct plan_query query = { .path = "" };
    const char *echo = api_echo_of(exchange);
    struct reply_plan plan;
    plan_compose(NULL, 0, &query, &healthy, &plan);
    struct player_order order = {
        .exchange = exchange,
        .plan = &plan,
        .read_at = clock_now(),
        .echo_id = echo != NULL ? mem_copy_string(echo) : NULL,
    };
    (void)forward_take(proxy, &order);
}

/* Without an answer, and without anybody who waits for one. */
static void forward_abandon(struct forward *forward, const char *ended, enum ledger_end end)
{
    struct mock *mock = forward->proxy->mock;
    struct http_exchange *exchange = forward->exchange;
    struct player_order order = forward->order;
    forward_cancel(forward);
    forward->ended = ended;
    forward_record(forward, NULL);
    if (forward->is_attempt) {
        ledger_add(&mock->ledger, &(struct ledger_entry){
                                      .id = order.id,
                                      .attempt = order.attempt,
                                      .at_ns = order.at_ns,
                                      .path = order.path,
                                      .plan = &forward->plan,
                                      .status = forward->plan.status,
                                      .answer = ANSWER_GOOD,
                                      .asked_ns = forward->plan.steps[0].after_ns,
                                      .first_ns = LEDGER_NONE,
                                      .last_ns = LEDGER_NONE,
                                      .upstream = ended,
                                      .upstream_ns = instant_until(clock_now(), forward->start),
                                      .end = end,
                                  });
        mem_free(order.id);
    }
    if (order.on_end != NULL) order.on_end(order.owner);
    mem_free(order.echo_id);
    http_exchange_set_user(exchange, NULL);
    forward_free(forward);
    (void)http_exchange_raw(exchange);
    http_exchange_raw_end(exchange, HTTP_RAW_FIN);
}

bool proxy_gone(struct proxy *proxy, struct http_exchange *exchange)
{
    struct forward *forward = http_exchange_user(exchange);
    if (forward < proxy->forwards || forward >= proxy->forwards + PROXY_CALLS_MAX) return false;
    assert(forward->exchange == exchange);
    forward_abandon(forward, "client_gone", LEDGER_CLIENT_GONE);
    proxy_set_alarm(proxy);
    return true;
}

/* The authority's host and port; false when one of them is none. */
static bool read_authority(struct proxy *proxy, const char *text, uint16_t port_otherwise)
{
    bool literal = text[0] == '[';
    const char *host = text + literal;
    size_t length = strcspn(host, literal ? "]/" : ":/");
    const char *rest = host + length;
    unsigned long port = port_otherwise;
    if (length == 0 || length >= sizeof proxy->host || (literal && *rest++ != ']')) return false;
    if (rest[0] == ':') {
        size_t digits = strspn(rest + 1, "0123456789");
        port = digits > 0 && digits < 6 ? strtoul(rest + 1, NULL, 10) : 0;
        rest += 1 + digits;
    }
    if ((rest[0] != '\0' && rest[0] != '/') || port == 0 || port > UINT16_MAX) return false;
    memcpy(proxy->host, host, length);
    proxy->port = (uint16_t)port;
    return true;
}

/* Each request would come back, and go out again. */
static bool is_itself(const struct proxy *proxy, const struct http_server *server)
{
    if (server == NULL) return false;
    struct address own = http_server_address(server);
    bool local = strcasecmp(proxy->host, "localhost") == 0 || control_is_loopback(proxy->host);
    bool everywhere = strcmp(own.host, "0.0.0.0") == 0 || strcmp(own.host, "::") == 0;
    bool by_name = strcasecmp(proxy->host, "localhost") == 0 && control_is_loopback(own.host);
    bool same = strcmp(proxy->host, own.host) == 0 || by_name || (local && everywhere);
    return same && proxy->port == own.port;
}

static enum err read_url(struct proxy *proxy, const char *url, struct err_note *note)
{
    size_t length = strlen(url);
    bool tls = strncmp(url, "https://", 8) == 0;
    bool known = (tls && read_authority(proxy, url + 8, 443)) ||
                 (strncmp(url, "http://", 7) == 0 && read_authority(proxy, url + 7, 80));
    if (!known || length >= PROXY_URL_MAX || strpbrk(url, "?#@ \t\r\n") != NULL) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--upstream: \"%.200s\" is not the address of a server; write "
                            "http://127.0.0.1:11435, without a query and without a password",
                            url);
    }
    if (is_itself(proxy, proxy->mock->server) || is_itself(proxy, proxy->mock->control_server)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--upstream: \"%.200s\" is this mock itself; name the port of the "
                            "real tollama, or another --listen",
                            url);
    }
    while (length > 0 && url[length - 1] == '/')
        length--;
    memcpy(proxy->url, url, length);
    return ERR_OK;
}

enum err proxy_create(struct mock *mock, const struct proxy_config *config, struct proxy **out,
                      struct err_note *note)
{
    struct proxy *proxy = mem_alloc(1, sizeof *proxy);
    *proxy = (struct proxy){ .mock = mock, .timeout_ns = config->timeout_ns };
    *out = NULL;
    enum err rc = read_url(proxy, config->url, note);
    if (rc == ERR_OK) rc = record_open(&proxy->record, config->record_path, note);
    if (rc != ERR_OK) {
        mem_free(proxy);
        return rc;
    }
    proxy->record.bodies = config->record_bodies;
    proxy->client = http_client_create(&(struct http_client_config){
        .loop = mock->config.loop,
        .connections_max = PROXY_CALLS_MAX,
        .keepalive_max = PROXY_KEEPALIVE_MAX,
        .keepalive_expiry_ns = PROXY_KEEPALIVE_EXPIRY_S * NS_PER_S,
    });
    proxy->forwards = mem_alloc(PROXY_CALLS_MAX, sizeof(struct forward));
    proxy->idle = mem_alloc(PROXY_CALLS_MAX, sizeof(uint32_t));
    proxy->idle_count = PROXY_CALLS_MAX;
    for (uint32_t i = 0; i < PROXY_CALLS_MAX; i++)
        proxy->idle[i] = PROXY_CALLS_MAX - 1 - i;
    timers_init(&proxy->timers, PROXY_CALLS_MAX);
    alarm_init(&proxy->alarm, mock->config.loop, proxy_on_due, proxy);
    *out = proxy;
    return ERR_OK;
}

static void proxy_stop(struct proxy *proxy)
{
    for (uint32_t i = 0; i < PROXY_CALLS_MAX; i++) {
        if (proxy->forwards[i].state == FORWARD_UNUSED) continue;
        assert(proxy->forwards[i].state != FORWARD_STREAMING);
        forward_abandon(&proxy->forwards[i], "stopped", LEDGER_STOPPED);
    }
}

void proxy_close(struct proxy *proxy)
{
    if (proxy == NULL) return;
    proxy_stop(proxy);
    http_client_destroy(proxy->client);
    record_close(&proxy->record);
    timers_deinit(&proxy->timers);
    mem_free(proxy->forwards);
    mem_free(proxy->idle);
    alarm_close(&proxy->alarm);
}
