#ifndef RUNTIME_TRACE_CONTEXT_H
#define RUNTIME_TRACE_CONTEXT_H
/* W3C Trace Context, level 1: the caller's trace goes on to the model server.
 *
 *     traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *                  |  trace id (32 hex)                parent (16 hex)  flags
 *                  version
 *
 * A valid traceparent is answered as it came (as version 00, with the one flag that is defined),
 * its trace id stands in every log line of the request, and each attempt carries it on with a span
 * id of its own, a keyed draw. tracestate is passed on unchanged when it is valid too. A
 * traceparent that breaks a rule is as good as none, and its tracestate with it. None is ever
 * invented: the runtime exports no spans, so a trace that begins here would lead nowhere; logs have
 * the request id.
 *
 * Foreign bytes: these functions look at any text. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TRACE_ID_LENGTH = 32,
    SPAN_ID_LENGTH = 16,
    TRACEPARENT_LENGTH = 55,
    TRACESTATE_LENGTH_MAX = 512, /* what must be passed on; a longer one is left out as a whole */
    TRACESTATE_MEMBERS_MAX = 32,
};

struct trace_context {
    char trace_id[TRACE_ID_LENGTH + 1]; /* "": no valid traceparent came */
    char parent_id[SPAN_ID_LENGTH + 1];
    bool sampled;
};

/* False (and an empty context) for NULL and for what is no traceparent. Versions after 00 are read
 * as 00, as the standard asks; ff is none. */
bool trace_context_parse(const char *traceparent, struct trace_context *out);

/* "00-<trace id>-<span id>-01"; `span_id` as in the header, for example context->parent_id. The
 * context must be one that was parsed. */
void trace_context_format(const struct trace_context *context, const char *span_id,
                          char out[TRACEPARENT_LENGTH + 1]);

/* 16 hex digits, never all zero, of a draw. */
void trace_span_id(uint64_t drawn, char out[SPAN_ID_LENGTH + 1]);

/* Whether a tracestate may be passed on: at most TRACESTATE_MEMBERS_MAX members key=value with the
 * standard's characters, no key twice; empty members are allowed. */
bool tracestate_is_valid(const char *tracestate);

#endif
