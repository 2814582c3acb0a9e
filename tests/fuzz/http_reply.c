/* The load generator's reader of HTTP answers: the same bytes come to the same end however they are
 * cut, and a body lies within what was received. */

#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "harness/http_reply.h"

struct outcome {
    enum http_reply_state state;
    struct http_reply reply;
    char *bytes; /* owned */
};

/* Gives the bytes in pieces of `step`, then closes. */
static struct outcome read_in_steps(const uint8_t *data, size_t size, size_t step)
{
    struct outcome outcome = { .state = REPLY_MORE, .bytes = fuzz_text(data, size) };
    size_t length = 0;
    while (outcome.state == REPLY_MORE && length < size) {
        length = size - length < step ? size : length + step;
        outcome.state = http_reply_read(&outcome.reply, outcome.bytes, length);
    }
    if (outcome.state == REPLY_MORE) outcome.state = http_reply_end(&outcome.reply, length);
    assert(outcome.state != REPLY_MORE);
    if (outcome.state == REPLY_COMPLETE) {
        const struct http_reply *reply = &outcome.reply;
        assert(reply->status >= 200 && reply->status <= 999);
        assert(reply->body_at <= length && reply->body_length <= length - reply->body_at);
        assert(reply->used <= length && reply->body_at + reply->body_length <= reply->used);
    }
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = { 1, 7, 4096 };
    if (size == 0) return 0;
    struct outcome whole = read_in_steps(data, size, size);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct outcome cut = read_in_steps(data, size, steps[i]);
        assert(cut.state == whole.state);
        if (cut.state == REPLY_COMPLETE) {
            assert(cut.reply.status == whole.reply.status);
            assert(cut.reply.close == whole.reply.close);
            assert(cut.reply.used == whole.reply.used);
            assert(cut.reply.body_length == whole.reply.body_length);
            assert(memcmp(cut.bytes + cut.reply.body_at, whole.bytes + whole.reply.body_at,
                          cut.reply.body_length) == 0);
        }
        mem_free(cut.bytes);
    }
    mem_free(whole.bytes);
    return 0;
}
