#ifndef NET_HTTP_LISTENER_H
#define NET_HTTP_LISTENER_H
/* How a server meets new connections, changed while it runs. For a server that is to misbehave; an
 * ordinary one stays HTTP_LISTEN_OPEN.
 *
 *   OPEN      accepted and served
 *   REFUSE    nobody listens: the kernel answers each SYN with RST. The port stays ours: a socket
 *             that never listens keeps it.
 *   DROP_SYN  SYNs are not answered, as from a host behind a firewall. Emulated without privileges:
 *             the queue of the listening socket is reduced to one and filled with a connection of
 *             our own, and Linux drops the SYN of each further one (net.ipv4.tcp_abort_on_overflow
 *             answers only handshakes that have begun, so it changes nothing here). A client that
 *             is patient tries again (after 1, 3, 7 s) and gets in when the server is open again.
 *   TAKE      accepted, and the descriptor is given to `on_take`, who closes it
 *
 * A connection that the kernel has completed before a change is served as before it. */

#include "net/http_server.h"

enum http_listen {
    HTTP_LISTEN_OPEN,
    HTTP_LISTEN_REFUSE,
    HTTP_LISTEN_DROP_SYN,
    HTTP_LISTEN_TAKE,
};

/* Inside one of its own callbacks: then nothing here may be called. */
bool http_server_is_running(const struct http_server *server);

/* For a server whose configuration has `on_take`, and not after http_server_drain(). ERR_NETWORK
 * when the kernel refuses. */
MUST_USE enum err http_server_listen(struct http_server *server, enum http_listen how,
                                     struct err_note *note);

/* Closes (FIN) every connection on which no request is under way; with `last`, each other one is
 * closed after its answer, until http_server_hang_up() is called without. */
void http_server_hang_up(struct http_server *server, bool last);

#endif
