/* Calls of different kinds, one after the other: each is sent as it was asked for, whatever the
 * handle it uses has done before. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "client_world.h"
#include "net/http_client.h"

enum { CALLS = 400, BODY_MAX = 3000, LEFT_OUT_MAX = 55 };

enum answer {
    ANSWER_OK,
    ANSWER_BUSY,      /* 503, which is a whole answer */
    ANSWER_LAST,      /* whole, and the connection ends */
    ANSWER_STRAY_ID,  /* whole, but the connection may not be used again */
    ANSWER_CLOSE,     /* none */
    ANSWER_RESET,
    ANSWER_LENGTHS,   /* framed badly */
    ANSWER_CHUNK,     /* framed badly, as libcurl itself sees */
    ANSWER_COUNT,
};

struct asked {
    bool get;
    char path;
    unsigned number;
    bool header; /* X-Extra is sent */
    char body[BODY_MAX + 1];
    enum answer answer;
};

static void check_request(const char *in, const struct asked *asked)
{
    char line[64];
    snprintf(line, sizeof line, "%s /%c HTTP/1.1\r\n", asked->get ? "GET" : "POST", asked->path);
    assert_memory_equal(in, line, strlen(line));
    const char *end = strstr(in, "\r\n\r\n");
    assert_non_null(end);
    snprintf(line, sizeof line, "\r\nX-Number: %u\r\n", asked->number);
    const char *number = strstr(in, line);
    assert_true(number != NULL && number < end);
    const char *extra = strstr(in, "\r\nX-Extra: 1");
    assert_int_equal(extra != NULL && extra < end + 2, asked->header);
    const char *length = strstr(in, "\r\nContent-Length: ");
    assert_int_equal(length != NULL && length < end, !asked->get);
    assert_null(strstr(in, "Expect"));
    assert_string_equal(end + 4, asked->body);
}

static void answer_as_asked(struct raw_connection *connection)
{
    struct world *world = connection->server->context;
    const struct asked *asked = world->user;
    check_request(connection->in, asked);
    switch (asked->answer) {
    case ANSWER_OK: answer_ok(connection); break;
    case ANSWER_BUSY:
        raw_send(connection, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n"
                             "X-Request-ID: mine\r\n\r\n");
        break;
    case ANSWER_LAST:
        raw_send(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        raw_close(connection);
        break;
    case ANSWER_STRAY_ID:
        raw_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-ID: b\r\n\r\nok");
        break;
    case ANSWER_CLOSE: raw_close(connection); break;
    case ANSWER_RESET: raw_reset(connection); break;
    case ANSWER_LENGTHS:
        raw_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok");
        break;
    case ANSWER_CHUNK:
        raw_send(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "fffffffffffffffff\r\nok\r\n");
        break;
    case ANSWER_COUNT: break;
    }
}

static void assert_answered(const struct probe *probe, enum answer answer)
{
    switch (answer) {
    case ANSWER_OK:
    case ANSWER_BUSY:
    case ANSWER_LAST:
    case ANSWER_STRAY_ID:
        assert_end(probe, HTTP_END_COMPLETE);
        assert_int_equal(probe->result.status, answer == ANSWER_BUSY ? 503 : 200);
        assert_string_equal(probe->body, answer == ANSWER_BUSY ? "" : "ok");
        break;
    case ANSWER_CLOSE:
        assert_true(probe->result.end == HTTP_END_PROTOCOL_ERROR ||
                    probe->result.end == HTTP_END_READ_ERROR);
        break;
    case ANSWER_RESET: assert_end(probe, HTTP_END_READ_ERROR); break;
    case ANSWER_LENGTHS:
    case ANSWER_CHUNK: assert_end(probe, HTTP_END_PROTOCOL_ERROR); break;
    case ANSWER_COUNT: break;
    }
}

static void ask(struct rng *rng, unsigned number, bool may_break, struct asked *asked)
{
    *asked = (struct asked){
        .get = rng_below(rng, 5) == 0,
        .path = rng_below(rng, 4) == 0 ? 'b' : 'a',
        .number = number,
        .header = rng_below(rng, 3) == 0,
    };
    bool breaks = may_break && rng_below(rng, 6) == 0;
    asked->answer = (enum answer)(breaks ? rng_below(rng, ANSWER_COUNT) : rng_below(rng, 2));
    size_t length = asked->get ? 0 : rng_below(rng, BODY_MAX);
    for (size_t i = 0; i < length; i++) asked->body[i] = (char)('a' + rng_below(rng, 26));
}

static void run(struct world *world, const struct asked *asked)
{
    char url[80];
    char number[32];
    struct probe probe;
    probe_init(&probe, world);
    struct http_call_config config = probe_config(&probe);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/%c", (unsigned)world->server.port, asked->path);
    snprintf(number, sizeof number, "X-Number: %u", asked->number);
    config.url = url;
    config.method = asked->get ? "GET" : "POST";
    config.headers[2] = number;
    config.headers[3] = asked->header ? "X-Extra: 1" : NULL;
    config.body = asked->get ? NULL : asked->body;
    config.body_length = strlen(asked->body);
    probe_start_with(&probe, &config);
    memset(url, '#', sizeof url - 1); /* what was copied is not needed any more */
    memset(number, '#', sizeof number - 1);
    probe_wait(&probe);
    assert_answered(&probe, asked->answer);
}

static void calls_of_all_kinds_follow_each_other(void **state)
{
    (void)state;
    struct world world;
    struct rng rng;
    static struct asked asked;
    rng_init(&rng, 5, "kinds");
    world_open(&world, answer_as_asked);
    for (unsigned i = 0; i < CALLS; i++) {
        ask(&rng, i, world.server.accepted < LEFT_OUT_MAX, &asked);
        world.user = &asked;
        run(&world, &asked);
        if (i % 50 == 49) http_client_set_keepalive(world.client, 16, (i + 1) * NS_PER_S);
        assert_int_equal(world.server.requests, i + 1);
    }
    world.user = NULL;
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_of_all_kinds_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
