/* Requests that are answered by their head: what becomes of the body and of the connection. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "server_world.h"

enum { LARGE_BYTES = 256 * 1024 };

static struct server_world world;
static struct peer peer;
static struct http_head_size seen;
static unsigned heads;

/* /no... is refused, and an ambiguous head unless it is for /let; everything else goes its way. */
static void on_head(void *context, struct http_exchange *exchange)
{
    (void)context;
    heads++;
    seen = http_exchange_head_size(exchange);
    size_t length;
    (void)http_exchange_body(exchange, &length);
    assert_int_equal(length, 0);
    bool ambiguous = seen.ambiguous && strcmp(http_exchange_path(exchange), "/let") != 0;
    if (!ambiguous && strncmp(http_exchange_path(exchange), "/no", 3) != 0) return;
    http_reply(exchange, &(struct http_response){ .status = 401,
                                                  .body = "no",
                                                  .body_length = 2,
                                                  .ownership = HTTP_BODY_STATIC });
}

static void open_world(void)
{
    struct http_server_config config = server_world_config(&world);
    config.on_head = on_head;
    heads = 0;
    server_world_open_with(&world, &config);
    assert_true(peer_open(&peer, &world.loop, world.port));
}

static void close_world(void)
{
    assert_int_equal(http_server_pending(world.server), 0);
    peer_close(&peer);
    server_world_close(&world);
}

static void small_body_of_a_refused_request_is_dropped_and_the_connection_lives(void **state)
{
    (void)state;
    open_world();
    peer_send(&peer, "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nsecret");
    peer_wait_answers(&peer, 1);
    assert_non_null(strstr(peer.in, "HTTP/1.1 401"));
    peer_clear(&peer);
    peer_send(&peer, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    peer_wait_answers(&peer, 1);
    assert_non_null(strstr(peer.in, "POST /a 3 0 -"));
    assert_int_equal(heads, 2);
    assert_int_equal(world.requests, 1);
    close_world();
}

static void large_body_of_a_refused_request_is_not_read(void **state)
{
    (void)state;
    open_world();
    char head[128];
    snprintf(head, sizeof head, "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
             LARGE_BYTES);
    peer_send(&peer, head); /* and no body: the answer must not wait for it */
    peer_wait_answers(&peer, 1);
    assert_non_null(strstr(peer.in, "HTTP/1.1 401"));
    peer_wait_end(&peer);
    assert_int_equal(world.requests, 0);
    close_world();
}

static void client_that_asks_before_it_sends_is_refused_and_not_told_to_go_on(void **state)
{
    (void)state;
    open_world();
    peer_send(&peer, "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n"
                     "Expect: 100-continue\r\n\r\n");
    peer_wait_answers(&peer, 1);
    assert_non_null(strstr(peer.in, "HTTP/1.1 401"));
    assert_null(strstr(peer.in, "100 Continue"));
    close_world();
}

#define NEXT "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"

/* What another server in front may take for one request is never two here: behind such a head
 * nothing more of the connection is read. */
static void nothing_is_read_behind_a_head_that_leaves_open_where_its_body_ends(void **state)
{
    (void)state;
    static const char *const rests[] = {
        "Content-Length: 2\r\nContent-Length: 40\r\n\r\nhi" NEXT,
        "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" NEXT,
        "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi" NEXT,
        "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" NEXT,
        "Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n2\r\nhi\r\n0\r\n\r\n" NEXT,
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT,
        "Content-Length : 40\r\n\r\n" NEXT,
        "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" NEXT,
        "X: a\rContent-Length: 40\r\n\r\n" NEXT,
    };
    static const char *const paths[] = { "/a", "/let" };
    char head[64];
    for (size_t i = 0; i < 2 * sizeof rests / sizeof *rests; i++) {
        open_world();
        snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: x\r\n", paths[i % 2]);
        peer_send(&peer, head);
        peer_send(&peer, rests[i / 2]);
        peer_wait_end(&peer);
        if (!seen.ambiguous || heads != 1) fail_msg("%u requests: %s", heads, rests[i / 2]);
        assert_int_equal(world.requests, i % 2);
        close_world();
    }
}

static void a_coding_that_nobody_knows_is_not_waited_for(void **state)
{
    (void)state;
    open_world();
    peer_send(&peer, "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nhi");
    peer_wait_end(&peer);
    assert_true(seen.ambiguous);
    assert_int_equal(world.requests, 0);
    close_world();
}

static void ordinary_heads_say_where_their_body_ends(void **state)
{
    (void)state;
    open_world();
    peer_send(&peer, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nX: a  b\r\n\r\nhi");
    peer_wait_answers(&peer, 1);
    assert_false(seen.ambiguous);
    peer_send(&peer, "POST /a HTTP/1.1\r\nHost: x\r\ntransfer-encoding: Chunked\r\n\r\n"
                     "2\r\nhi\r\n0\r\n\r\n");
    peer_wait_answers(&peer, 2);
    assert_false(seen.ambiguous);
    assert_non_null(strstr(peer.in, "POST /a 2 0 -"));
    close_world();
}

static void size_of_the_head_is_told(void **state)
{
    (void)state;
    static const char head[] = "GET /a?b=%20c HTTP/1.1\r\nHost: x\r\nX-One: 1\r\nX-One: 2\r\n\r\n";
    open_world();
    peer_send(&peer, head);
    peer_wait_answers(&peer, 1);
    assert_int_equal(seen.uri_bytes, strlen("/a?b=%20c"));
    assert_int_equal(seen.fields, 3);
    assert_in_range(seen.bytes, sizeof head - 1 - 4, sizeof head - 1);
    close_world();
}

/* More than a connection's memory: libmicrohttpd answers by itself. */
static void head_larger_than_all_memory_is_answered_and_closed(void **state)
{
    (void)state;
    static char line[64 * 1024];
    static const char *const starts[] = { "GET /a HTTP/1.1\r\nHost: x\r\nX: ", "GET /" };
    static const char *const wanted[] = { "HTTP/1.1 431 ", "HTTP/1.1 414 " };
    for (int i = 0; i < 2; i++) {
        open_world();
        memset(line, 'a', sizeof line - 1);
        peer_send(&peer, starts[i]);
        server_world_turns(&world, 5);
        peer_send(&peer, line);
        peer_wait_end(&peer);
        if (strncmp(peer.in, wanted[i], strlen(wanted[i])) != 0) fail_msg("%.100s", peer.in);
        assert_int_equal(world.requests, 0);
        close_world();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_body_of_a_refused_request_is_dropped_and_the_connection_lives),
        cmocka_unit_test(large_body_of_a_refused_request_is_not_read),
        cmocka_unit_test(client_that_asks_before_it_sends_is_refused_and_not_told_to_go_on),
        cmocka_unit_test(nothing_is_read_behind_a_head_that_leaves_open_where_its_body_ends),
        cmocka_unit_test(a_coding_that_nobody_knows_is_not_waited_for),
        cmocka_unit_test(ordinary_heads_say_where_their_body_ends),
        cmocka_unit_test(size_of_the_head_is_told),
        cmocka_unit_test(head_larger_than_all_memory_is_answered_and_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
