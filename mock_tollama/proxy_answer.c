#include "mock/proxy_answer.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "mock/forecast.h"
#include "mock/head.h"
#include "mock/proxy_private.h"

enum { CARRIED_HEADERS_MAX = 48 };

/* What the upstream's answer brings along; lives as long as its play. */
struct carried {
    char *lines;        /* owned; the next two point into it */
    char *content_type;
    struct plan_header headers[CARRIED_HEADERS_MAX];
    size_t header_count;
    void (*on_end)(void *owner);
    void *owner; /* the order's */
};

static void carried_end(void *owner)
{
    struct carried *carried = owner;
    if (carried->on_end != NULL) carried->on_end(carried->owner);
    mem_free(carried->lines);
    mem_free(carried);
}

/* One line without its end: "Name: value". */
static void carry_line(struct carried *carried, char *line)
{
    char *colon = strchr(line, ':');
    if (colon == NULL || proxy_header_is_ours(line, (size_t)(colon - line))) return;
    char *value = colon + 1 + strspn(colon + 1, " \t");
    *colon = '\0';
    if (strcasecmp(line, "X-Request-ID") == 0) return; /* the order's own */
    if (strcasecmp(line, "Content-Type") == 0) {
        carried->content_type = value;
    } else if (carried->header_count < CARRIED_HEADERS_MAX) {
        carried->headers[carried->header_count++] = (struct plan_header){ line, value };
    }
}

static void carry_lines(struct carried *carried, const char *lines)
{
    carried->lines = mem_copy_string(lines);
    char *end;
    for (char *at = carried->lines; (end = strstr(at, "\n")) != NULL; at = end + 1) {
        *end = '\0';
        for (char *last = end; last > at && strchr(" \t\r", last[-1]) != NULL; last--)
            last[-1] = '\0';
        carry_line(carried, at);
    }
}

void proxy_answer_head(struct player_order *order, const struct proxy_outcome *outcome, bool last)
{
    const struct http_result *result = outcome->result;
    struct carried *carried = mem_alloc(1, sizeof *carried);
    *carried = (struct carried){ .on_end = order->on_end, .owner = order->owner };
    order->owner = carried;
    order->on_end = carried_end;
    order->status = outcome->status;
    if (result == NULL) return;
    if (last) {
        carried->headers[carried->header_count++] = (struct plan_header){ "Connection", "close" };
    }
    if (result->head_lines != NULL) carry_lines(carried, result->head_lines);
    order->content_type = carried->content_type;
    order->headers = carried->headers;
    order->header_count = carried->header_count;
    if (result->request_id != NULL) {
        mem_free(order->echo_id);
        order->echo_id = mem_copy_string(result->request_id);
    }
}

void proxy_answer_fill(struct player_order *order, const struct proxy_outcome *outcome)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    proxy_answer_head(order, outcome, false);
    if (outcome->result != NULL) {
        size_t length = outcome->result->body_length;
        if (order->plan->answer == ANSWER_TRUNCATED_JSON && order->status == 200) {
            order->answer = ANSWER_TRUNCATED_JSON;
            length /= 2;
        }
        if (head_has_body(order->status)) buf_put(&body, outcome->result->body, length);
    } else {
        const char *echo = order->echo_id == NULL ? api_echo_of(order->exchange) : NULL;
        if (echo != NULL) order->echo_id = mem_copy_string(echo);
        bool late = strcmp(outcome->ended, "timeout") == 0;
        order->status = late ? 504 : 502;
        order->content_type = "application/json";
        forecast_write_error_hint(&body, order->status, outcome->detail,
                                  "this comes from mock-tollama: its --upstream failed");
    }
    order->body_length = body.length;
    order->body = buf_take(&body);
}

void proxy_answer_reply(struct http_exchange *exchange, const struct player_order *order)
{
    struct http_header headers[CARRIED_HEADERS_MAX + 1];
    size_t count = 0;
    if (order->echo_id != NULL) {
        headers[count++] = (struct http_header){ "X-Request-ID", order->echo_id };
    }
    for (size_t i = 0; i < order->header_count; i++) {
        headers[count++] = (struct http_header){ order->headers[i].name, order->headers[i].value };
    }
    http_reply(exchange, &(struct http_response){
                             .status = order->status,
                             .content_type = order->content_type,
                             .headers = headers,
                             .header_count = count,
                             .body = order->body,
                             .body_length = order->body_length,
                             .ownership = HTTP_BODY_COPY,
                         });
    order->on_end(order->owner);
    mem_free(order->echo_id);
    mem_free(order->body);
}
