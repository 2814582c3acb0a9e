#ifndef NET_SOCKET_COUNTERS_H
#define NET_SOCKET_COUNTERS_H
/* What the kernel counts of a TCP connection. */

#include <stdbool.h>
#include <stdint.h>

/* How many bytes it has been given to send since the connection began. False: it does not say. */
bool socket_handed_over(int fd, uint64_t *out);

#endif
