/* W3C traceparent and tracestate: one that is taken is written as it would be sent on, and that is
 * taken again. */

#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "runtime/trace_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct trace_context context;
    if (trace_context_parse(text, &context)) {
        char written[TRACEPARENT_LENGTH + 1];
        struct trace_context again;
        trace_context_format(&context, context.parent_id, written);
        bool taken = trace_context_parse(written, &again);
        assert(taken);
        assert(strcmp(context.trace_id, again.trace_id) == 0);
        assert(strcmp(context.parent_id, again.parent_id) == 0);
        assert(context.sampled == again.sampled);
    } else {
        assert(context.trace_id[0] == '\0');
    }
    if (tracestate_is_valid(text)) {
        for (const char *c = text; *c != '\0'; c++) assert(*c == '\t' || (*c >= ' ' && *c < 127));
    }
    mem_free(text);
    return 0;
}
