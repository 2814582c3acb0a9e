/* What a proxy passes on of a request and of an answer's head, and what it keeps to itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "upstream.h"
#include "wire_peer.h"

static void ask(struct upstream *upstream, struct wire_peer *peer, const char *request)
{
    upstream_start(upstream, NULL, NULL);
    wire_open(peer, &upstream->mock);
    wire_send(peer, request, strlen(request));
}

static void requests_pass_with_their_target_method_and_headers(void **state)
{
    (void)state;
    static const char request[] =
        "PUT /api/a%20b/../c?x=1&y=%2F HTTP/1.1\r\nHost: mock\r\nX-Own: 7\r\nUser-Agent: raw\r\n"
        "Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nContent-Length: 2\r\n\r\nhi";
    static const char reply[] =
        "HTTP/1.1 201 Created\r\nServer: real\r\nX-Theirs: 8\r\nConnection: close\r\n"
        "Keep-Alive: 9\r\nContent-Length: 2\r\n\r\nok";
    struct upstream upstream;
    struct wire_peer peer;
    struct buf seen;
    ask(&upstream, &peer, request);
    upstream_take(&upstream, &seen);
    const char *text = buf_text(&seen);
    assert_ptr_equal(strstr(text, "PUT /api/a%20b/../c?x=1&y=%2F HTTP/1.1\r\n"), text);
    assert_non_null(strstr(text, "\r\nX-Own: 7\r\n"));
    assert_non_null(strstr(text, "\r\nUser-Agent: raw\r\n"));
    assert_non_null(strstr(text, "\r\n\r\nhi"));
    assert_null(strstr(text, "X-Hop"));
    assert_null(strstr(text, "Keep-Alive"));
    assert_null(strstr(text, "Accept"));
    assert_null(strstr(text, "form-urlencoded"));
    buf_deinit(&seen);
    upstream_send(&upstream, reply);
    size_t head = wire_read_head(&peer);
    assert_non_null(strstr(peer.bytes.data, "HTTP/1.1 201 Created\r\n"));
    assert_non_null(strstr(peer.bytes.data, "\r\nX-Theirs: 8\r\n"));
    assert_non_null(strstr(peer.bytes.data, "\r\nServer: real\r\n"));
    assert_null(strstr(peer.bytes.data, "Keep-Alive"));
    wire_read(&peer, head + 2, CLIENT_PATIENCE_MS);
    assert_string_equal(peer.bytes.data + head, "ok");
    wire_expect_quiet(&peer);
    wire_close(&peer);
    upstream_stop(&upstream);
}

static void a_head_request_gets_the_length_and_no_body(void **state)
{
    (void)state;
    static const char request[] = "HEAD /api/tags HTTP/1.1\r\nHost: mock\r\n\r\n";
    struct upstream upstream;
    struct wire_peer peer;
    ask(&upstream, &peer, request);
    upstream_take(&upstream, NULL);
    upstream_send_head(&upstream, 1234);
    size_t head = wire_read_head(&peer);
    assert_non_null(strstr(peer.bytes.data, "\r\nContent-Length: 1234\r\n"));
    wire_read(&peer, head + 1, CLIENT_SILENCE_MS);
    assert_int_equal(peer.bytes.length, head);
    wire_expect_quiet(&peer);
    wire_close(&peer);
    upstream_stop(&upstream);
}

static void nothing_but_a_path_is_forwarded(void **state)
{
    (void)state;
    static const char *const REQUESTS[] = {
        "GET @127.0.0.1:1/x HTTP/1.1\r\nHost: mock\r\n\r\n",
        "GET http://127.0.0.1:1/x HTTP/1.1\r\nHost: mock\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: mock\r\n\r\n",
    };
    struct upstream upstream;
    upstream_start(&upstream, NULL, NULL);
    for (size_t i = 0; i < sizeof REQUESTS / sizeof REQUESTS[0]; i++) {
        struct wire_peer peer;
        wire_open(&peer, &upstream.mock);
        wire_send(&peer, REQUESTS[i], strlen(REQUESTS[i]));
        wire_read_head(&peer);
        assert_non_null(strstr(peer.bytes.data, "HTTP/1.1 400 "));
        wire_close(&peer);
    }
    upstream_stop(&upstream);
}

static void a_client_of_http_1_0_gets_it_until_the_end(void **state)
{
    (void)state;
    static const char request[] = "GET /api/x HTTP/1.0\r\n\r\n";
    struct upstream upstream;
    struct wire_peer peer;
    ask(&upstream, &peer, request);
    upstream_take(&upstream, NULL);
    upstream_send_head(&upstream, 0);
    size_t head = wire_read_head(&peer);
    upstream_send(&upstream, "2\r\nok\r\n0\r\n\r\n");
    wire_read(&peer, head + 3, CLIENT_PATIENCE_MS);
    assert_string_equal(peer.bytes.data + head, "ok");
    assert_int_equal(peer.end, END_FIN);
    wire_close(&peer);
    upstream_stop(&upstream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_pass_with_their_target_method_and_headers),
        cmocka_unit_test(a_head_request_gets_the_length_and_no_body),
        cmocka_unit_test(nothing_but_a_path_is_forwarded),
        cmocka_unit_test(a_client_of_http_1_0_gets_it_until_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
