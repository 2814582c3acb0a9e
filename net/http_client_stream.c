/* An answer that is taken while it comes. libcurl is told to pause when there is no room: it reads
 * no more from the socket then, whose window closes, so that a fast peer waits for a slow taker. */
#include <assert.h>
#include <string.h>

#include "net/http_client_private.h"

static size_t waiting_bytes(const struct http_call *call)
{
    return call->body.length - call->stream.taken;
}

size_t http_call_stream_put(struct http_call *call, const char *bytes, size_t length)
{
    struct http_stream *stream = &call->stream;
    stream->tell = true;
    http_call_make_ready(call);
    /* What does not fit beside something is kept by libcurl and comes again. */
    if (waiting_bytes(call) > 0 && waiting_bytes(call) + length > stream->window) {
        stream->full = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    buf_put(&call->body, bytes, length);
    return length;
}

bool http_call_stream_tell(struct http_call *call)
{
    struct http_client *client = call->client;
    struct http_stream *stream = &call->stream;
    if (call->config.on_head == NULL || call->tell_done || !call->head.complete) return true;
    if (!stream->told) {
        struct http_result head;
        http_call_result(call, &head);
        stream->told = true;
        call->config.on_head(call->config.context, &head);
        if (client->current != call) return false;
    }
    if (!stream->tell) return true;
    stream->tell = false;
    if (call->config.on_body == NULL) return true;
    call->config.on_body(call->config.context);
    return client->current == call;
}

const char *http_call_body(const struct http_call *call, size_t *length)
{
    assert(call->config.on_head != NULL);
    *length = waiting_bytes(call);
    return buf_text(&call->body) + call->stream.taken;
}

static void stream_go_on(struct http_call *call)
{
    struct http_stream *stream = &call->stream;
    if (!stream->full || waiting_bytes(call) > stream->window / 2) return;
    stream->full = false;
    /* Gives back what was kept, at once; the rest of a failed transfer is told as any end is. */
    (void)curl_easy_pause(call->easy, CURLPAUSE_CONT);
    http_client_timer_tell(call->client);
}

/* What waits is moved to the front when that is the smaller part, so a byte is moved once. */
static void stream_compact(struct http_call *call)
{
    struct buf *body = &call->body;
    size_t waiting = waiting_bytes(call);
    if (waiting > call->stream.taken) return;
    memmove(body->data, body->data + call->stream.taken, waiting);
    body->length = waiting;
    body->data[waiting] = '\0';
    call->stream.taken = 0;
}

void http_call_take(struct http_call *call, size_t length)
{
    assert(length <= waiting_bytes(call));
    if (length == 0) return;
    call->stream.taken += length;
    stream_compact(call);
    stream_go_on(call);
}

void http_call_set_window(struct http_call *call, size_t bytes)
{
    assert(bytes > 0);
    call->stream.window = bytes;
    stream_go_on(call);
}

bool http_call_is_full(const struct http_call *call)
{
    return call->stream.full;
}
