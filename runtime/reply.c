#include <assert.h>
#include <stdio.h>

#include "base/text.h"
#include "forecast/baseline.h"
#include "forecast/response.h"
#include "runtime/state.h"

enum {
    META_BYTES = 1024, /* what `meta` takes as a rule */
    HEADERS_MAX = 6,
    CACHE_STATUS_MAX = 64,
    AGE_TEXT_MAX = 24,
    CLIENT_CLOSED_REQUEST = 499, /* nobody reads it */
};

struct headers {
    struct http_header items[HEADERS_MAX];
    size_t count;
};

static void add(struct headers *headers, const char *name, const char *value)
{
    if (value == NULL) return;
    assert(headers->count < HEADERS_MAX);
    headers->items[headers->count++] = (struct http_header){ .name = name, .value = value };
}

/* The caller's trace as it was understood; NULL when it sent none. */
static const char *traceparent(const struct trace_context *trace,
                               char out[TRACEPARENT_LENGTH + 1])
{
    if (trace->trace_id[0] == '\0') return NULL;
    trace_context_format(trace, trace->parent_id, out);
    return out;
}

void reply_problem(struct http_exchange *exchange, const struct response_problem *problem,
                   const struct http_header *extra)
{
    struct headers headers = { .count = 0 };
    add(&headers, "X-Request-Id", problem->request_id);
    if (extra != NULL) add(&headers, extra->name, extra->value);
    add(&headers, "Retry-After", problem->status == 503 ? "1" : NULL);
    struct trace_context trace;
    char parent[TRACEPARENT_LENGTH + 1];
    trace_headers_read(exchange, &trace);
    add(&headers, "traceparent", traceparent(&trace, parent));
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    response_write_problem(&text, problem);
    size_t length = text.length;
    http_reply(exchange, &(struct http_response){
        .status = problem->status,
        .content_type = "application/problem+json",
        .headers = headers.items,
        .header_count = headers.count,
        .body = buf_take(&text),
        .body_length = length,
        .ownership = HTTP_BODY_TAKE,
    });
}

void reply_text(struct http_exchange *exchange, unsigned status, const char *content_type,
                const struct buf *text)
{
    http_reply(exchange, &(struct http_response){
        .status = status,
        .content_type = content_type,
        .body = buf_text(text),
        .body_length = text->length,
        .ownership = HTTP_BODY_COPY,
    });
}

/* RFC 9211. The `ttl` of a stale answer is how long ago it ended, rounded away from fresh. One of
 * another request has none: it was never fresh for this one. */
static void format_cache_status(const struct job *job, const struct call_record *record,
                                char out[CACHE_STATUS_MAX])
{
    uint64_t ttl_ns = job->service->config->engine.cache.ttl_ns;
    bool hit = record->served == SERVED_CACHE || record->served == SERVED_STALE;
    if (!hit) {
        text_put(out, CACHE_STATUS_MAX, 0, "tollgate; fwd=miss");
    } else if (record->stale_family) {
        text_put(out, CACHE_STATUS_MAX, 0, "tollgate; hit; detail=stale_family");
    } else if (record->age_ns < ttl_ns) {
        uint64_t left_s = (ttl_ns - record->age_ns) / NS_PER_S;
        size_t at = text_put(out, CACHE_STATUS_MAX, 0, "tollgate; hit; ttl=");
        text_put_u64(out, CACHE_STATUS_MAX, at, left_s);
    } else {
        uint64_t over_s = (record->age_ns - ttl_ns) / NS_PER_S + 1;
        size_t at = text_put(out, CACHE_STATUS_MAX, 0, "tollgate; hit; ttl=-");
        text_put_u64(out, CACHE_STATUS_MAX, at, over_s);
    }
}

static void reply_forecast(struct job *job, const struct call_record *record,
                           const struct body *body)
{
    struct service *service = job->service;
    const struct forecast_config *forecast = &service->config->forecast;
    bool cached = record->served == SERVED_CACHE || record->served == SERVED_STALE;

    char cache_status[CACHE_STATUS_MAX];
    char age[AGE_TEXT_MAX];
    format_cache_status(job, record, cache_status);
    text_put_u64(age, sizeof age, 0, record->age_ns / NS_PER_S);
    struct headers headers = { .count = 0 };
    add(&headers, "X-Request-Id", job->request_id);
    add(&headers, "Age", cached ? age : NULL);
    add(&headers, "Cache-Status", cache_status);
    char parent[TRACEPARENT_LENGTH + 1];
    add(&headers, "traceparent", traceparent(&job->trace, parent));

    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_expect(&text, body->length + META_BYTES);
    buf_put(&text, body->text, body->length);
    response_write_meta(&text, &(struct response_meta){
        .record = record,
        .request = &job->request,
        .request_id = job->request_id,
        .baseline = baseline_name((enum baseline_kind)forecast->baseline),
        .warnings = job->request.warnings | body->warnings,
        .now = service->now,
    });
    size_t length = text.length;
    http_reply(job->exchange, &(struct http_response){
        .status = 200,
        .content_type = "application/json",
        .headers = headers.items,
        .header_count = headers.count,
        .body = buf_take(&text),
        .body_length = length,
        .ownership = HTTP_BODY_TAKE,
    });
}

static void reply_error(struct job *job, const struct call_record *record)
{
    char detail[256];
    snprintf(detail, sizeof detail,
             "no forecast could be made: the model was not available (%s), no earlier answer is "
             "kept, and the baseline of these values is not a finite number",
             code_name(record->cause));
    reply_problem(job->exchange, &(struct response_problem){
        .status = response_status(record->code),
        .code = record->code,
        .cause = record->cause,
        .detail = detail,
        .request_id = job->request_id,
        .record = record,
    }, NULL);
}

void reply_answer(struct job *job, const struct call_record *record)
{
    const struct bodies *bodies = &job->service->bodies;
    switch (record->served) {
    case SERVED_NOBODY:
        http_reply(job->exchange, &(struct http_response){
            .status = CLIENT_CLOSED_REQUEST,
            .ownership = HTTP_BODY_STATIC,
        });
        break;
    case SERVED_CACHE:
    case SERVED_STALE:
        if (record->cache_tier == CACHE_TIER_L2) { /* L1 may have had no room for it */
            assert(job->l2_body != NULL);
            reply_forecast(job, record, job->l2_body);
            break;
        }
        reply_forecast(job, record, bodies_get(bodies, record->cache_slot));
        break;
    case SERVED_UPSTREAM:
        if (job->body == NULL) { /* it waited for the attempts of another call */
            reply_forecast(job, record, bodies_get(bodies, record->cache_slot));
            break;
        }
        reply_forecast(job, record, job->body);
        break;
    case SERVED_BASELINE:
        assert(job->body != NULL);
        reply_forecast(job, record, job->body);
        break;
    case SERVED_ERROR: reply_error(job, record); break;
    }
    job->exchange = NULL;
}
