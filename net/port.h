#ifndef NET_PORT_H
#define NET_PORT_H
/* Sockets bound to the address that is served; who wants connections calls listen(). */

#include "base/err.h"
#include "net/address.h"

enum port_share {
    PORT_ALONE,
    PORT_SHARED, /* SO_REUSEPORT: the kernel spreads connections over all processes that listen */
};

/* A non-blocking TCP socket; fills in the real port. ERR_NETWORK with a sentence. The caller closes
 * the socket. */
MUST_USE enum err port_bind(struct address *address, enum port_share share, int *out,
                            struct err_note *note);
/* Keeps a port for processes that share it: a socket that never listens, so that no connection
 * lands on it. Refused when somebody listens on the port already, also when he would share it. */
MUST_USE enum err port_hold(struct address *address, int *out, struct err_note *note);

#endif
