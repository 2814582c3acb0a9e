#include <string.h>

#include "runtime/state.h"

void trace_headers_read(struct http_exchange *exchange, struct trace_context *out)
{
    /* Two of them are none: nobody can say which of the traces it is. */
    bool one = http_exchange_header_all(exchange, "traceparent", NULL) == 1;
    trace_context_parse(one ? http_exchange_header(exchange, "traceparent") : NULL, out);
}

const char *trace_headers_state(struct http_exchange *exchange, struct arena *arena)
{
    struct buf joined;
    buf_init(&joined, TRACESTATE_LENGTH_MAX);
    (void)http_exchange_header_all(exchange, "tracestate", &joined);
    bool valid = !joined.overflow && tracestate_is_valid(buf_text(&joined));
    const char *state = valid ? arena_copy_text(arena, joined.data, joined.length) : NULL;
    buf_deinit(&joined);
    return state;
}
