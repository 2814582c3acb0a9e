#include "mock/proxy_answer.h"

#include <string.h>

#include "base/mem.h"
#include "mock/forecast.h"
#include "mock/head.h"

enum { VALUE_MAX = 128 };

/* What the upstream's answer brings along; lives as long as its play. */
struct carried {
    char content_type[VALUE_MAX];
    char retry_after[VALUE_MAX];
    struct plan_header header; /* Retry-After */
    void (*on_end)(void *owner);
    void *owner; /* the order's */
};

static void carried_end(void *owner)
{
    struct carried *carried = owner;
    if (carried->on_end != NULL) carried->on_end(carried->owner);
    mem_free(carried);
}

static void carry(struct player_order *order, const struct http_result *result)
{
    struct carried *carried = mem_alloc(1, sizeof *carried);
    *carried = (struct carried){ .on_end = order->on_end, .owner = order->owner };
    order->owner = carried;
    order->on_end = carried_end;
    if (result == NULL) return;
    if (result->content_type != NULL && strlen(result->content_type) < VALUE_MAX) {
        memcpy(carried->content_type, result->content_type, strlen(result->content_type) + 1);
        order->content_type = carried->content_type;
    }
    if (result->retry_after != NULL && strlen(result->retry_after) < VALUE_MAX) {
        memcpy(carried->retry_after, result->retry_after, strlen(result->retry_after) + 1);
        carried->header = (struct plan_header){ "Retry-After", carried->retry_after };
        order->headers = &carried->header;
        order->header_count = 1;
    }
    if (result->request_id != NULL) {
        mem_free(order->echo_id);
        order->echo_id = mem_copy_string(result->request_id);
    }
}

void proxy_answer_fill(struct player_order *order, const struct proxy_outcome *outcome)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    carry(order, outcome->result);
    order->status = outcome->status;
    if (outcome->result != NULL) {
        size_t length = outcome->result->body_length;
        if (order->plan->answer == ANSWER_TRUNCATED_JSON && order->status == 200) {
            order->answer = ANSWER_TRUNCATED_JSON;
            length /= 2;
        }
        if (head_has_body(order->status)) buf_put(&body, outcome->result->body, length);
    } else {
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
    struct http_header headers[2];
    size_t count = 0;
    if (order->echo_id != NULL) {
        headers[count++] = (struct http_header){ "X-Request-ID", order->echo_id };
    }
    if (order->header_count > 0) {
        headers[count++] = (struct http_header){ order->headers->name, order->headers->value };
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
