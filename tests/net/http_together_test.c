/* Answers that leave together: after all requests that came together have been read. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "server_world.h"

#define GET_A "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_HOLD "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"

enum { PEERS_MAX = 100, TOGETHER_MAX = 32 /* as the server has it */ };

struct party {
    struct server_world world;
    struct http_server_config config;
    void (*on_request)(void *context, struct http_exchange *exchange); /* the world's */
    struct peer peers[PEERS_MAX];
    unsigned count;
    bool watching;
    unsigned read;       /* requests */
    unsigned read_first; /* before any answer was there to be read */
    unsigned done, done_whole;
};

static bool an_answer_is_there(const struct party *party)
{
    char byte;
    for (unsigned i = 0; i < party->count; i++) {
        if (recv(party->peers[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) return true;
    }
    return false;
}

static void party_on_request(void *context, struct http_exchange *exchange)
{
    struct party *party = context;
    if (party->watching) {
        party->read++;
        party->read_first += !an_answer_is_there(party);
    }
    party->on_request(&party->world, exchange);
}

static void party_on_done(void *context, struct http_exchange *exchange, bool whole)
{
    (void)exchange;
    struct party *party = context;
    party->done++;
    party->done_whole += whole;
}

static void party_on_gone(void *context, struct http_exchange *exchange)
{
    (void)context;
    (void)exchange;
}

/* Everybody is connected, and has been answered once. */
static void party_open(struct party *party, bool together, unsigned count)
{
    *party = (struct party){ .count = count };
    party->config = server_world_config(&party->world);
    party->on_request = party->config.on_request;
    party->config.on_request = party_on_request;
    party->config.on_done = party_on_done;
    party->config.on_gone = party_on_gone;
    party->config.context = party;
    party->config.answers_together = together;
    server_world_open_with(&party->world, &party->config);
    for (unsigned i = 0; i < count; i++) {
        assert_true(peer_open(&party->peers[i], &party->world.loop, party->world.port));
        peer_send(&party->peers[i], GET_A);
    }
    for (unsigned i = 0; i < count; i++) {
        peer_wait_answers(&party->peers[i], 1);
        peer_clear(&party->peers[i]);
    }
    server_world_turns(&party->world, 20);
    assert_int_equal(party->done_whole, count);
    party->done = party->done_whole = 0;
}

static void party_close(struct party *party)
{
    for (unsigned i = 0; i < party->count; i++)
        peer_close(&party->peers[i]);
    server_world_close(&party->world);
}

static void ask_all(struct party *party)
{
    party->watching = true;
    for (unsigned i = 0; i < party->count; i++)
        peer_send(&party->peers[i], GET_A);
    for (unsigned i = 0; i < party->count; i++)
        peer_wait_answers(&party->peers[i], 1);
    assert_int_equal(party->read, party->count);
    assert_int_equal(http_server_pending(party->world.server), 0);
}

static void requests_that_come_together_are_read_before_the_first_answer(void **state)
{
    (void)state;
    static struct party party;
    party_open(&party, true, 10);
    ask_all(&party);
    assert_int_equal(party.read_first, 10);
    party_close(&party);
    party_open(&party, false, 10); /* and without that wish, one after the other */
    ask_all(&party);
    assert_int_equal(party.read_first, 1);
    party_close(&party);
}

static void no_more_than_so_many_answers_wait(void **state)
{
    (void)state;
    static struct party party;
    party_open(&party, true, PEERS_MAX);
    ask_all(&party);
    assert_true(party.read_first > 1 && party.read_first <= TOGETHER_MAX + 1);
    party_close(&party);
}

static void a_connection_s_answers_stay_in_their_order(void **state)
{
    (void)state;
    static struct party party;
    party_open(&party, true, 1);
    struct peer *peer = &party.peers[0];
    peer_send(peer, GET_A "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi" GET_HOLD
                          "GET /c HTTP/1.1\r\nHost: x\r\n\r\n");
    server_world_wait_held(&party.world, 1);
    peer_wait_answers(peer, 2);
    server_world_answer(party.world.held[0], "held");
    peer_wait_answers(peer, 4);
    const char *a = strstr(peer->in, "GET /a");
    const char *b = strstr(peer->in, "POST /b 2");
    const char *held = strstr(peer->in, "held");
    const char *c = strstr(peer->in, "GET /c");
    assert_true(a != NULL && a < b && b < held && held < c);
    party_close(&party);
}

static bool all_are_done(void *context)
{
    struct party *party = context;
    return party->done == party->count;
}

/* Whether the reset is seen before the answer leaves or after, it is told of once. */
static void clients_that_leave_at_once_are_told_of_once(void **state)
{
    (void)state;
    static struct party party;
    party_open(&party, true, 10);
    for (unsigned i = 0; i < party.count; i++) {
        peer_send(&party.peers[i], GET_A);
        if (i % 3 == 0) shutdown(party.peers[i].fd, SHUT_WR);
        if (i % 3 == 1) peer_close(&party.peers[i]);
    }
    assert_true(loop_run_until(&party.world.loop, all_are_done, &party));
    server_world_turns(&party.world, 50);
    assert_int_equal(party.done, party.count);
    assert_int_equal(http_server_pending(party.world.server), 0);
    party_close(&party);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_come_together_are_read_before_the_first_answer),
        cmocka_unit_test(no_more_than_so_many_answers_wait),
        cmocka_unit_test(a_connection_s_answers_stay_in_their_order),
        cmocka_unit_test(clients_that_leave_at_once_are_told_of_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
