/* Answers that are taken while they come. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "client_world.h"

enum { BYTES = 2 << 20, WINDOW = 32 * 1024, TAKEN = 20 * 1024, CURL_PIECE = 64 * 1024 };

struct taker {
    struct world world;
    struct http_call *call;
    struct buf wire; /* what the server sends */
    size_t wire_sent;
    int server_fd;
    unsigned heads, done;
    uint64_t announced;
    char line[64];
    size_t taken; /* of the body, all as expected */
    size_t waited_most;
    bool was_full;
    bool cancel; /* at the first bytes */
    struct http_result result;
};

static char byte_at(size_t at)
{
    return (char)('a' + (at * 7 + at / 251) % 26);
}

static void check_bytes(struct taker *taker, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        assert_int_equal(bytes[i], byte_at(taker->taken + i));
    taker->taken += length;
}

static void on_request(struct raw_connection *connection)
{
    struct taker *taker = connection->server->context;
    taker->server_fd = connection->fd;
}

static void on_head(void *context, const struct http_result *head)
{
    struct taker *taker = context;
    taker->heads++;
    taker->announced = head->announced;
    assert_int_equal(head->status, 200);
    assert_non_null(strstr(head->head_lines, "X-Line: 1\r\n"));
}

static void on_body(void *context)
{
    struct taker *taker = context;
    size_t waiting = 0;
    (void)http_call_body(taker->call, &waiting);
    if (waiting > taker->waited_most) taker->waited_most = waiting;
    if (http_call_is_full(taker->call)) taker->was_full = true;
    if (!taker->cancel || waiting == 0) return;
    http_client_cancel(taker->call);
    taker->call = NULL;
    taker->done++;
}

static void on_done(void *context, const struct http_result *result)
{
    struct taker *taker = context;
    taker->done++;
    taker->call = NULL;
    taker->result = *result;
    check_bytes(taker, result->body, result->body_length);
}

/* Called in each turn of the loop: the server sends what it can, the client takes some. */
static bool turn(void *context)
{
    struct taker *taker = context;
    size_t left = taker->wire.length - taker->wire_sent;
    if (taker->server_fd >= 0 && left > 0) {
        ssize_t n = send(taker->server_fd, taker->wire.data + taker->wire_sent, left,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) taker->wire_sent += (size_t)n;
    }
    if (taker->call != NULL && taker->heads > 0) {
        size_t waiting = 0;
        const char *bytes = http_call_body(taker->call, &waiting);
        size_t length = waiting < TAKEN ? waiting : TAKEN;
        check_bytes(taker, bytes, length);
        http_call_take(taker->call, length);
    }
    return taker->done > 0;
}

/* The whole answer, framed so. */
static void write_wire(struct buf *out, bool chunked)
{
    buf_init(out, BUF_UNBOUNDED);
    buf_puts(out, "HTTP/1.1 200 OK\r\nX-Line: 1\r\n");
    if (chunked)
        buf_puts(out, "Transfer-Encoding: chunked\r\n\r\n");
    else
        buf_printf(out, "Content-Length: %d\r\n\r\n", BYTES);
    for (size_t at = 0; at < BYTES;) {
        size_t length = chunked ? 1 + at * 31 % 9000 : BYTES;
        if (length > BYTES - at) length = BYTES - at;
        if (chunked) buf_printf(out, "%zx\r\n", length);
        for (size_t i = 0; i < length; i++) buf_putc(out, byte_at(at + i));
        if (chunked) buf_puts(out, "\r\n");
        at += length;
    }
    if (chunked) buf_puts(out, "0\r\n\r\n");
}

static void open_taker(struct taker *taker, bool chunked)
{
    *taker = (struct taker){ .server_fd = -1 };
    world_open(&taker->world, on_request);
    taker->world.server.context = taker;
    write_wire(&taker->wire, chunked);
}

static void start(struct taker *taker)
{
    taker->call = http_client_start(taker->world.client,
                                    &(struct http_call_config){
                                        .url = taker->world.url,
                                        .method = "GET",
                                        .response_bytes_max = WINDOW,
                                        .keep_head = true,
                                        .on_head = on_head,
                                        .on_body = on_body,
                                        .on_done = on_done,
                                        .context = taker,
                                    });
}

static void close_taker(struct taker *taker)
{
    buf_deinit(&taker->wire);
    world_close(&taker->world);
}

static void each_byte_is_taken_in_its_order_and_few_wait(void **state)
{
    (void)state;
    for (int chunked = 0; chunked < 2; chunked++) {
        struct taker taker;
        open_taker(&taker, chunked != 0);
        start(&taker);
        assert_true(loop_run_until(&taker.world.loop, turn, &taker));
        assert_int_equal(taker.result.end, HTTP_END_COMPLETE);
        assert_int_equal(taker.taken, BYTES);
        assert_int_equal(taker.heads, 1);
        assert_true(taker.announced == (chunked ? HTTP_LENGTH_UNKNOWN : BYTES));
        assert_true(taker.was_full);
        assert_true(taker.waited_most <= WINDOW + CURL_PIECE);
        close_taker(&taker);
    }
}

static void what_came_before_a_cut_is_there(void **state)
{
    (void)state;
    struct taker taker;
    open_taker(&taker, false);
    taker.wire.length -= 1000;
    start(&taker);
    while (taker.wire_sent < taker.wire.length) {
        uv_run(&taker.world.loop, UV_RUN_NOWAIT);
        assert_false(turn(&taker));
    }
    raw_close(&taker.world.server.connections[0]);
    taker.server_fd = -1;
    assert_true(loop_run_until(&taker.world.loop, turn, &taker));
    assert_int_equal(taker.result.end, HTTP_END_PROTOCOL_ERROR);
    assert_int_equal(taker.taken, BYTES - 1000);
    close_taker(&taker);
}

static void a_call_may_be_ended_when_it_tells_of_its_body(void **state)
{
    (void)state;
    struct taker taker;
    open_taker(&taker, true);
    taker.cancel = true;
    start(&taker);
    assert_true(loop_run_until(&taker.world.loop, turn, &taker));
    assert_true(taker.taken < BYTES); /* and nobody was told of an end */
    close_taker(&taker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte_is_taken_in_its_order_and_few_wait),
        cmocka_unit_test(what_came_before_a_cut_is_there),
        cmocka_unit_test(a_call_may_be_ended_when_it_tells_of_its_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
