/* The client of Redis against what only looks like one: it hangs, breaks rules, or is nobody. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "redis_world.h"

enum { FAKE_CONNECTIONS_MAX = 256 };

/* Answers the greeting as it is told, then the first command with `answer`, whatever they are. */
struct fake {
    uv_loop_t *loop;
    uv_poll_t poll;
    int fd;
    uint16_t port;
    const char *greeting; /* "": none */
    const char *answer;
    size_t answer_length;
    unsigned repeats;     /* of `answer` */
    unsigned accepted;
    struct fake_connection {
        struct fake *fake;
        uv_poll_t poll;
        int fd;
        unsigned received;
    } connections[FAKE_CONNECTIONS_MAX];
};

static void on_bytes(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct fake_connection *connection = poll->data;
    const struct fake *fake = connection->fake;
    char bytes[4096];
    ssize_t got = status < 0 ? 0 : recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got <= 0) {
        uv_poll_stop(poll);
        return;
    }
    const char *text = connection->received == 0 ? fake->greeting : fake->answer;
    size_t length = connection->received == 0 ? strlen(text) : fake->answer_length;
    unsigned times = connection->received == 0 ? 1 : fake->repeats;
    connection->received++;
    for (unsigned i = 0; i < times; i++) {
        if (send(connection->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    }
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct fake *fake = poll->data;
    int fd = accept4(fake->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    assert_true(fake->accepted < FAKE_CONNECTIONS_MAX);
    struct fake_connection *connection = &fake->connections[fake->accepted++];
    *connection = (struct fake_connection){ .fake = fake, .fd = fd };
    assert_int_equal(uv_poll_init(fake->loop, &connection->poll, fd), 0);
    connection->poll.data = connection;
    assert_int_equal(uv_poll_start(&connection->poll, UV_READABLE, on_bytes), 0);
}

static int listen_on(uint16_t *port, int backlog)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void fake_start(struct fake *fake, uv_loop_t *loop)
{
    fake->loop = loop;
    assert_int_equal(uv_poll_init(loop, &fake->poll, fake->fd), 0);
    fake->poll.data = fake;
    assert_int_equal(uv_poll_start(&fake->poll, UV_READABLE, on_connection), 0);
}

static void fake_end(struct fake *fake)
{
    for (unsigned i = 0; i < fake->accepted; i++) {
        uv_close((uv_handle_t *)&fake->connections[i].poll, NULL);
        close(fake->connections[i].fd);
    }
    uv_close((uv_handle_t *)&fake->poll, NULL);
    close(fake->fd);
}

/* One command to a server that is ready and then answers with these bytes, `repeats` times. */
static struct redis_ear ask_fake(const char *answer, size_t length, unsigned repeats,
                                 struct redis_world *world)
{
    static struct fake fake;
    struct redis_ear ear = { 0 };
    fake = (struct fake){ .greeting = "+PONG\r\n", .answer = answer, .answer_length = length,
                          .repeats = repeats };
    fake.fd = listen_on(&fake.port, 16);
    struct redis_config config = redis_world_config(world, fake.port);
    config.connect_timeout_ns = 250 * NS_PER_MS;
    redis_world_open(world, &config);
    fake_start(&fake, &world->loop);
    redis_world_until_connected(world, true);
    assert_true(redis_get(world->redis, "k", redis_ear_on_answer, &ear) > 0);
    redis_world_until_heard(world, &ear, 1);
    assert_int_equal(ear.answers, 1);
    return ear;
}

static void close_any(uv_handle_t *handle, void *context)
{
    (void)context;
    if (uv_is_closing(handle) == 0) uv_close(handle, NULL);
}

/* The fake's sockets end with the loop. */
static void close_world(struct redis_world *world)
{
    redis_destroy(world->redis);
    uv_run(&world->loop, UV_RUN_NOWAIT);
    uv_walk(&world->loop, close_any, NULL);
    loop_finish(&world->loop);
}

static void answers_that_break_the_rules_end_the_connection(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "hello\r\n", "<html>", "*1\r\n$1\r\na\r\n", "*1073741824\r\n", "$-2\r\n",
        "$99999999999\r\n", ":x\r\n", "%1\r\n+a\r\n+b\r\n", ">2\r\n+a\r\n+b\r\n", "#t\r\n",
        "_\r\n", ",1.5\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct redis_world world;
        struct redis_ear ear = ask_fake(answers[i], strlen(answers[i]), 1, &world);
        if (ear.result != REDIS_RESULT_LOST) fail_msg("%s gave %d", answers[i], (int)ear.result);
        assert_false(world.connected);
        close_world(&world);
    }
}

static bool is_lost(void *context)
{
    const struct redis_world *world = context;
    return redis_stats(world->redis).failures > 0;
}

static void an_answer_that_nobody_asked_for_ends_the_connection_and_not_the_process(void **state)
{
    (void)state;
    struct redis_world world;
    struct redis_ear ear = ask_fake("$1\r\na\r\n", 7, 3, &world);
    assert_int_equal(ear.result, REDIS_RESULT_VALUE);
    assert_true(loop_run_until(&world.loop, is_lost, &world));
    close_world(&world);
}

static void an_endless_answer_is_cut_off(void **state)
{
    (void)state;
    static char endless[70000];
    memset(endless, 'x', sizeof endless);
    memcpy(endless, "$500000\r\n", 9);
    struct redis_world world;
    struct redis_ear ear = ask_fake(endless, sizeof endless, 2, &world);
    assert_int_equal(ear.result, REDIS_RESULT_LOST);
    assert_non_null(strstr(world.detail, "more than was asked for"));
    close_world(&world);
}

static void a_status_that_is_not_ok_or_a_number_is_a_refusal(void **state)
{
    (void)state;
    static const char *const answers[] = { "+QUEUED\r\n", ":1\r\n", "-ERR no\r\n", "+OK\r\n" };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct redis_world world;
        struct redis_ear ear = ask_fake(answers[i], strlen(answers[i]), 1, &world);
        assert_int_equal(ear.result, REDIS_RESULT_REFUSED);
        close_world(&world);
    }
}

/* Whatever comes: one answer to the command, and the process lives. */
static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    static const char alphabet[] = "$*+-:0123456789\r\n\r\nabOK";
    struct rng rng;
    rng_init(&rng, 7, "redis_hostile_test");
    for (int round = 0; round < 60; round++) {
        char bytes[64];
        size_t length = 1 + rng_below(&rng, sizeof bytes - 2);
        for (size_t i = 0; i < length; i++) {
            bytes[i] = alphabet[rng_below(&rng, sizeof alphabet - 1)];
        }
        memcpy(bytes + length - 1, "\r", 1); /* an end that no message has */
        struct redis_world world;
        struct redis_ear ear = ask_fake(bytes, length, 1 + (unsigned)rng_below(&rng, 3), &world);
        assert_int_equal(ear.answers, 1);
        close_world(&world);
    }
}

static void a_server_that_takes_the_connection_and_says_nothing_is_given_up(void **state)
{
    (void)state;
    static struct fake fake;
    struct redis_world world;
    fake = (struct fake){ .greeting = "" };
    fake.fd = listen_on(&fake.port, 16);
    struct redis_config config = redis_world_config(&world, fake.port);
    config.connect_timeout_ns = 50 * NS_PER_MS;
    redis_world_open(&world, &config);
    fake_start(&fake, &world.loop);
    redis_world_until_failures(&world, 2);
    assert_non_null(strstr(world.detail, "no greeting"));
    assert_int_equal(world.told, 1);
    fake_end(&fake);
    redis_world_close(&world);
}

/* Its sentence goes into logs. */
static void a_refusal_that_says_the_password_again_is_cut_short(void **state)
{
    (void)state;
    static struct fake fake;
    struct redis_world world;
    fake = (struct fake){
        .greeting = "-ERR unknown command 'AUTH', with args beginning with: 'sesame'\r\n",
    };
    fake.fd = listen_on(&fake.port, 16);
    struct redis_config config = redis_world_config(&world, fake.port);
    config.password = "sesame";
    redis_world_open(&world, &config);
    fake_start(&fake, &world.loop);
    redis_world_until_failures(&world, 1);
    assert_non_null(strstr(world.detail, "refuses the greeting: ERR"));
    assert_null(strstr(world.detail, "sesame"));
    fake_end(&fake);
    redis_world_close(&world);
}

/* A listener whose queue is full drops the SYN, as a dead host does. */
static void a_connection_that_hangs_is_given_up(void **state)
{
    (void)state;
    uint16_t port;
    int fd = listen_on(&port, 0);
    int fillers[4];
    for (int i = 0; i < 4; i++) {
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&to, sizeof to);
    }
    struct redis_world world;
    struct redis_config config = redis_world_config(&world, port);
    config.connect_timeout_ns = 50 * NS_PER_MS;
    redis_world_open(&world, &config);
    instant_ns began = clock_now();
    redis_world_until_failures(&world, 1);
    assert_true(clock_now() - began >= 40 * NS_PER_MS);
    assert_non_null(strstr(world.detail, "in time"));
    redis_world_close(&world);
    for (int i = 0; i < 4; i++) close(fillers[i]);
    close(fd);
}

static void a_refused_connection_is_seen_at_once(void **state)
{
    (void)state;
    uint16_t port;
    close(listen_on(&port, 1));
    struct redis_world world;
    struct redis_config config = redis_world_config(&world, port);
    redis_world_open(&world, &config);
    redis_world_until_failures(&world, 3);
    assert_non_null(strstr(world.detail, "refused"));
    redis_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_that_break_the_rules_end_the_connection),
        cmocka_unit_test(an_answer_that_nobody_asked_for_ends_the_connection_and_not_the_process),
        cmocka_unit_test(an_endless_answer_is_cut_off),
        cmocka_unit_test(a_status_that_is_not_ok_or_a_number_is_a_refusal),
        cmocka_unit_test(random_bytes_do_no_harm),
        cmocka_unit_test(a_server_that_takes_the_connection_and_says_nothing_is_given_up),
        cmocka_unit_test(a_refusal_that_says_the_password_again_is_cut_short),
        cmocka_unit_test(a_connection_that_hangs_is_given_up),
        cmocka_unit_test(a_refused_connection_is_seen_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
