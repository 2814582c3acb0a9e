#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/http_reply.h"

struct example {
    const char *bytes;
    enum http_reply_state read; /* when all has come */
    enum http_reply_state end;  /* when it is closed then; REPLY_MORE: not asked */
    unsigned status;
    const char *body;
    bool close;
    size_t left; /* bytes behind the answer */
};

#define OK "HTTP/1.1 200 OK\r\n"

static const struct example examples[] = {
    { OK "Content-Length: 5\r\n\r\nhello", REPLY_COMPLETE, REPLY_MORE, 200, "hello", false, 0 },
    { OK "content-length:5 \r\nX: y\r\n\r\nhelloHTTP", REPLY_COMPLETE, REPLY_MORE, 200, "hello",
      false, 4 },
    { OK "Content-Length: 5\r\nConnection: close\r\n\r\nhello", REPLY_COMPLETE, REPLY_MORE, 200,
      "hello", true, 0 },
    { OK "Content-Length: 5\r\n\r\nhell", REPLY_MORE, REPLY_BROKEN, 200, NULL, false, 0 },
    { OK "Content-Length: 5", REPLY_MORE, REPLY_BROKEN, 0, NULL, false, 0 },
    { "HTTP/1.0 503 No\r\n\r\nwhy", REPLY_MORE, REPLY_COMPLETE, 503, "why", true, 0 },
    { "HTTP/1.1 204 \r\n\r\n", REPLY_COMPLETE, REPLY_MORE, 204, "", false, 0 },
    { "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", REPLY_COMPLETE, REPLY_MORE,
      200, "x", false, 0 },
    { OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n",
      REPLY_COMPLETE, REPLY_MORE, 200, "hello world", false, 0 },
    { OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\nrest", REPLY_COMPLETE,
      REPLY_MORE, 200, "x", false, 4 },
    { OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", REPLY_MORE, REPLY_BROKEN, 200,
      NULL, false, 0 },
    { OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloxx", REPLY_BROKEN, REPLY_MORE, 200, NULL,
      false, 0 },
    { OK "Transfer-Encoding: chunked\r\n\r\n5\nhello", REPLY_BROKEN, REPLY_MORE, 200, NULL, false,
      0 },
    { OK "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n", REPLY_BROKEN, REPLY_MORE, 200, NULL,
      false, 0 },
    { OK "Transfer-Encoding: chunked\r\n\r\nx\r\n", REPLY_BROKEN, REPLY_MORE, 200, NULL, false, 0 },
    { OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", REPLY_BROKEN, REPLY_MORE, 0, NULL, false,
      0 },
    { OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", REPLY_BROKEN, REPLY_MORE, 0,
      NULL, false, 0 },
    { OK "Content-Length: -1\r\n\r\n", REPLY_BROKEN, REPLY_MORE, 0, NULL, false, 0 },
    { OK "Content-Length: 99999999999999999999\r\n\r\n", REPLY_BROKEN, REPLY_MORE, 0, NULL, false,
      0 },
    { OK "Transfer-Encoding: gzip\r\n\r\n", REPLY_BROKEN, REPLY_MORE, 0, NULL, false, 0 },
    { "HTTP/1.1 101 Switching\r\n\r\n", REPLY_BROKEN, REPLY_MORE, 0, NULL, false, 0 },
    { "HTTP/2 200 OK\r\n\r\n", REPLY_BROKEN, REPLY_MORE, 0, NULL, false, 0 },
    { "HTTP/1.1 20 OK\r\n\r\n", REPLY_BROKEN, REPLY_MORE, 0, NULL, false, 0 },
    { "HTTP/1.1 2000 OK\r\n\r\n", REPLY_BROKEN, REPLY_MORE, 0, NULL, false, 0 },
    { "garbage\r\n\r\n", REPLY_BROKEN, REPLY_MORE, 0, NULL, false, 0 },
};

static void check(const struct example *example, size_t step)
{
    char bytes[512];
    struct http_reply reply = { .scanned = 0 };
    size_t size = strlen(example->bytes);
    size_t length = 0;
    enum http_reply_state state = REPLY_MORE;
    memcpy(bytes, example->bytes, size);
    while (state == REPLY_MORE && length < size) {
        length = size - length < step ? size : length + step;
        state = http_reply_read(&reply, bytes, length);
    }
    if (state != example->read) fail_msg("by %zu: %s", step, example->bytes);
    if (state == REPLY_MORE) {
        state = http_reply_end(&reply, length);
        if (state != example->end) fail_msg("by %zu, closed: %s", step, example->bytes);
    }
    if (state != REPLY_COMPLETE) return;
    assert_int_equal(reply.status, example->status);
    assert_int_equal(reply.close, example->close);
    assert_int_equal(reply.body_length, strlen(example->body));
    assert_memory_equal(bytes + reply.body_at, example->body, reply.body_length);
    assert_int_equal(reply.used, size - example->left);
}

static void answers_are_read_whole_and_in_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        check(&examples[i], 1);
        check(&examples[i], 3);
        check(&examples[i], 512);
    }
}

static void a_head_without_end_is_broken(void **state)
{
    (void)state;
    static char bytes[HTTP_REPLY_HEAD_BYTES_MAX + 1024];
    struct http_reply reply = { .scanned = 0 };
    int head = snprintf(bytes, sizeof bytes, OK "X: ");
    memset(bytes + head, 'x', sizeof bytes - (size_t)head);
    assert_int_equal(http_reply_read(&reply, bytes, HTTP_REPLY_HEAD_BYTES_MAX), REPLY_MORE);
    assert_int_equal(http_reply_read(&reply, bytes, sizeof bytes), REPLY_BROKEN);
}

/* Found by fuzzing: its end was seen in time only when all came at once. */
static void a_trailer_that_is_too_long_is_broken_however_it_comes(void **state)
{
    (void)state;
    static char bytes[HTTP_REPLY_HEAD_BYTES_MAX + 1024];
    for (size_t step = 1024; step <= sizeof bytes; step *= 8) {
        struct http_reply reply = { .scanned = 0 };
        enum http_reply_state read = REPLY_MORE;
        int head = snprintf(bytes, sizeof bytes, OK "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ");
        memset(bytes + head, 'x', sizeof bytes - (size_t)head);
        memcpy(bytes + sizeof bytes - 4, "\r\n\r\n", 4);
        for (size_t length = step; read == REPLY_MORE && length <= sizeof bytes; length += step) {
            read = http_reply_read(&reply, bytes, length);
        }
        if (read == REPLY_MORE) read = http_reply_read(&reply, bytes, sizeof bytes);
        assert_int_equal(read, REPLY_BROKEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read_whole_and_in_pieces),
        cmocka_unit_test(a_head_without_end_is_broken),
        cmocka_unit_test(a_trailer_that_is_too_long_is_broken_however_it_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
