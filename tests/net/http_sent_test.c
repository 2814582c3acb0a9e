/* How much of an answer was handed to the kernel, as the server says and as the client sees it. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "server_world.h"

enum { LARGE = 32 << 20, CUT_READ = 1000 };

struct sent_world {
    struct server_world world;
    struct http_sent sent;
    bool watches;
    bool known, whole;
    unsigned done;
    unsigned status;
    size_t body_bytes;
    char *body;
};

static void on_request(void *context, struct http_exchange *exchange)
{
    struct sent_world *world = context;
    static const struct http_header headers[] = { { "X-Own", "1" }, { "Retry-After", "12" } };
    if (world->watches) http_exchange_watch_sent(exchange);
    http_reply(exchange, &(struct http_response){ .status = world->status,
                                                  .content_type = "application/json",
                                                  .headers = headers,
                                                  .header_count = 2,
                                                  .body = world->body,
                                                  .body_length = world->body_bytes,
                                                  .ownership = HTTP_BODY_COPY });
}

static void on_done(void *context, struct http_exchange *exchange, bool whole)
{
    struct sent_world *world = context;
    if (world->watches) world->known = http_exchange_sent(exchange, &world->sent);
    world->whole = whole;
    world->done++;
}

static void open_world(struct sent_world *world)
{
    *world = (struct sent_world){ .status = 200, .body_bytes = 20, .watches = true };
    struct http_server_config config = server_world_config(&world->world);
    config.on_request = on_request;
    config.on_done = on_done;
    config.context = world;
    world->body = mem_alloc(LARGE, 1);
    memset(world->body, 'x', LARGE);
    server_world_open_with(&world->world, &config);
}

static void close_world(struct sent_world *world)
{
    server_world_close(&world->world);
    mem_free(world->body);
}

static bool is_done(void *context)
{
    return ((struct sent_world *)context)->done > 0;
}

static void a_whole_answer_has_the_bytes_that_came(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        unsigned status;
        size_t body;
    } CASES[] = {
        { "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 200, 20 },
        { "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 200, 0 },
        { "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 503, 12345 },
        { "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 204, 0 },
        { "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, 20 },
        { "GET /a HTTP/1.0\r\n\r\n", 200, 20 },
        { "GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 404, 20 },
        { "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n", 200, 20 },
        { "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", 429, 20 },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct sent_world world;
        struct peer peer;
        open_world(&world);
        world.status = CASES[i].status;
        world.body_bytes = CASES[i].body;
        assert_true(peer_open(&peer, &world.world.loop, world.world.port));
        peer_send(&peer, CASES[i].request);
        assert_true(loop_run_until(&world.world.loop, is_done, &world));
        server_world_turns(&world.world, 20);
        (void)peer_answers(&peer);
        const char *blank = strstr(peer.in, "\r\n\r\n");
        assert_non_null(blank);
        size_t head = (size_t)(blank - peer.in) + 4;
        assert_true(world.whole && world.known);
        assert_int_equal(world.sent.head_bytes, head);
        assert_int_equal(world.sent.body_bytes, peer.in_length - head);
        peer_close(&peer);
        close_world(&world);
    }
}

static void read_whole(struct sent_world *world, const struct peer *peer)
{
    static char bytes[1 << 20];
    size_t got = 0;
    for (int i = 0; i < 1000000 && got < LARGE + world->sent.head_bytes; i++) {
        server_world_turns(&world->world, 1);
        ssize_t n = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n > 0) got += (size_t)n;
    }
    assert_true(loop_run_until(&world->world.loop, is_done, world));
    while (recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {}
}

/* On a connection that had no answer before, one that was asked about, or then one that was not. */
static void a_cut_answer_has_the_bytes_that_left(void **state)
{
    (void)state;
    static const char request[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
    for (int reused = 0; reused < 3; reused++) {
        struct sent_world world;
        struct peer peer;
        int room = 4096;
        open_world(&world);
        assert_true(peer_open(&peer, &world.world.loop, world.world.port));
        world.body_bytes = LARGE;
        for (int before = 0; before < reused; before++) {
            world.watches = before == 0;
            world.done = 0;
            peer_send(&peer, request);
            read_whole(&world, &peer);
        }
        world.watches = true;
        world.done = 0;
        setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        peer_send(&peer, request);
        char bytes[CUT_READ];
        size_t got = 0;
        for (int i = 0; i < 2000 && got < CUT_READ; i++) {
            server_world_turns(&world.world, 1);
            ssize_t n = recv(peer.fd, bytes, CUT_READ - got, MSG_DONTWAIT);
            if (n > 0) got += (size_t)n;
        }
        assert_int_equal(got, CUT_READ);
        assert_int_equal(world.done, 0);
        server_world_turns(&world.world, 50);
        peer_reset(&peer);
        assert_true(loop_run_until(&world.world.loop, is_done, &world));
        assert_true(world.known && !world.whole);
        assert_in_range(world.sent.head_bytes, 100, 300);
        assert_true(world.sent.head_bytes + world.sent.body_bytes >= CUT_READ);
        assert_true(world.sent.body_bytes < LARGE);
        peer_close(&peer);
        close_world(&world);
    }
}

static void behind_an_interim_answer_a_cut_is_not_known(void **state)
{
    (void)state;
    struct sent_world world;
    struct peer peer;
    open_world(&world);
    world.body_bytes = LARGE;
    assert_true(peer_open(&peer, &world.world.loop, world.world.port));
    peer_send(&peer, "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                     "Content-Length: 2\r\n\r\nhi");
    server_world_turns(&world.world, 100);
    peer_reset(&peer);
    assert_true(loop_run_until(&world.world.loop, is_done, &world));
    assert_false(world.known);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_answer_has_the_bytes_that_came),
        cmocka_unit_test(a_cut_answer_has_the_bytes_that_left),
        cmocka_unit_test(behind_an_interim_answer_a_cut_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
