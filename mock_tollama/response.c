#include "mock/response.h"

#include <assert.h>
#include <string.h>

#include "base/instant.h"

static const char INTERIM[] = "HTTP/1.1 100 Continue\r\n\r\n";
static const char CHUNK_END[] = "\r\n";
static const char LAST_CHUNK[] = "0\r\n\r\n";

static void write_chunk_line(struct buf *out, enum plan_malform malform, uint64_t length)
{
    if (malform == MALFORM_CHUNK_SIZE_INVALID)
        buf_puts(out, "zz\r\n");
    else if (malform == MALFORM_CHUNK_SIZE_HUGE)
        buf_puts(out, "fffffffffffffffff\r\n");
    else
        buf_printf(out, "%llx\r\n",
                   (unsigned long long)(malform == MALFORM_CHUNK_CUT ? length * 2 : length));
}

void response_init_head(struct response *response, const struct head *head, uint64_t wall_ms)
{
    struct spool *spool = &response->spool;
    *response = (struct response){ .body_length = 0 };
    spool_init(spool);
    spool_repeat(spool, INTERIM, sizeof INTERIM - 1,
                 (uint64_t)head->plan->interim_count * (sizeof INTERIM - 1));
    response->interim_length = spool->length;
    head_write(spool, head, wall_ms);
    response->head_length = spool->length - response->interim_length;
}

void response_init(struct response *response, const struct head *head, const char *body,
                   size_t body_length, uint64_t wall_ms)
{
    const struct reply_plan *plan = head->plan;
    struct spool *spool = &response->spool;
    bool has_body = head_has_body(head->status);
    struct head framed = *head;
    framed.content_length = has_body ? body_length + plan->body_pad_bytes : 0;
    response_init_head(response, &framed, wall_ms);
    response->body_length = framed.content_length;
    bool chunked = has_body && plan->framing == FRAMING_CHUNKED;
    bool has_chunk = chunked && response->body_length > 0;
    uint64_t before = spool->length;
    if (has_chunk) write_chunk_line(&spool->text, plan->malform, response->body_length);
    spool_cut_text(spool);
    response->chunk_line_length = spool->length - before;
    if (has_body) {
        spool_borrow(spool, body, body_length);
        spool_repeat(spool, spool_fill(' '), SPOOL_FILL_BYTES, plan->body_pad_bytes);
    }
    before = spool->length;
    bool cut = plan->malform == MALFORM_CHUNK_CUT;
    if (has_chunk && !cut) spool_borrow(spool, CHUNK_END, sizeof CHUNK_END - 1);
    response->chunk_end_length = spool->length - before;
    if (chunked && !cut) spool_borrow(spool, LAST_CHUNK, sizeof LAST_CHUNK - 1);
}

void response_deinit(struct response *response)
{
    spool_deinit(&response->spool);
}

static uint64_t body_start(const struct response *response)
{
    return response->interim_length + response->head_length;
}

uint64_t response_target(const struct response *response, const struct plan_step *step)
{
    switch (step->kind) {
    case PLAN_HEAD_PART:
        return response->interim_length + plan_step_end(step, response->head_length);
    case PLAN_HEAD: return body_start(response);
    case PLAN_BODY: {
        uint64_t end = plan_step_end(step, response->body_length);
        if (end == 0) return body_start(response);
        if (end == response->body_length) end += response->chunk_end_length;
        return body_start(response) + response->chunk_line_length + end;
    }
    case PLAN_END: return response->spool.length;
    case PLAN_GARBAGE:
    case PLAN_STRAY:
    case PLAN_RESET:
    case PLAN_CLOSE:
    case PLAN_STALL: break;
    }
    assert(false && "a step that sends nothing of the answer");
    return 0;
}

uint64_t response_head_sent(const struct response *response, uint64_t sent)
{
    return u64_min(instant_until(sent, response->interim_length), response->head_length);
}

uint64_t response_body_sent(const struct response *response, uint64_t sent)
{
    uint64_t before = body_start(response) + response->chunk_line_length;
    return u64_min(instant_until(sent, before), response->body_length);
}
