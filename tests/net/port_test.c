#include "net/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct address any_port(void)
{
    return (struct address){ .host = "127.0.0.1" };
}

static int hold(struct address *address)
{
    struct err_note note = { 0 };
    int fd = -1;
    if (port_hold(address, &fd, &note) != ERR_OK) fail_msg("%s", note.sentence);
    return fd;
}

static int listen_shared(struct address *address)
{
    struct err_note note = { 0 };
    int fd = -1;
    if (port_bind(address, PORT_SHARED, &fd, &note) != ERR_OK) fail_msg("%s", note.sentence);
    assert_int_equal(listen(fd, 64), 0);
    return fd;
}

/* 0, or -1 when nobody listens. */
static int visit(const struct address *address)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(address->port) };
    assert_int_equal(inet_pton(AF_INET, address->host, &at.sin_addr), 1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = connect(fd, (struct sockaddr *)&at, sizeof at);
    close(fd);
    return rc;
}

static void held_port_is_known_and_takes_no_connection(void **state)
{
    (void)state;
    struct address address = any_port();
    int held = hold(&address);
    assert_int_not_equal(address.port, 0);
    assert_int_equal(visit(&address), -1);
    close(held);
}

static void every_connection_lands_on_one_that_listens(void **state)
{
    (void)state;
    struct address address = any_port();
    int held = hold(&address);
    int one = listen_shared(&address);
    int other = listen_shared(&address);
    for (int i = 0; i < 40; i++) assert_int_equal(visit(&address), 0);
    int taken = 0;
    for (int fd = accept(one, NULL, NULL); fd >= 0; fd = accept(one, NULL, NULL), taken++) {
        close(fd);
    }
    assert_in_range(taken, 1, 39);
    for (int fd = accept(other, NULL, NULL); fd >= 0; fd = accept(other, NULL, NULL), taken++) {
        close(fd);
    }
    assert_int_equal(taken, 40);
    close(one);
    close(other);
    close(held);
}

static void port_that_others_share_is_not_joined(void **state)
{
    (void)state;
    struct address address = any_port();
    struct err_note note = { 0 };
    int held = hold(&address);
    int listening = listen_shared(&address);
    int fd = -1;
    assert_int_equal(port_hold(&address, &fd, &note), ERR_NETWORK);
    assert_non_null(strstr(note.sentence, "cannot listen on 127.0.0.1 port "));
    close(listening);
    close(held);
}

static void port_of_one_alone_is_not_shared(void **state)
{
    (void)state;
    struct address address = any_port();
    struct err_note note = { 0 };
    int alone = -1;
    int fd = -1;
    assert_int_equal(port_bind(&address, PORT_ALONE, &alone, &note), ERR_OK);
    assert_int_equal(listen(alone, 4), 0);
    assert_int_equal(port_bind(&address, PORT_SHARED, &fd, &note), ERR_NETWORK);
    assert_int_equal(port_hold(&address, &fd, &note), ERR_NETWORK);
    close(alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_port_is_known_and_takes_no_connection),
        cmocka_unit_test(every_connection_lands_on_one_that_listens),
        cmocka_unit_test(port_that_others_share_is_not_joined),
        cmocka_unit_test(port_of_one_alone_is_not_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
