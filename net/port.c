#include "net/port.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static socklen_t port_sockaddr(const struct address *address, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    if (inet_pton(AF_INET6, address->host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(address->port);
        return sizeof *v6;
    }
    *out = (struct sockaddr_storage){ .ss_family = AF_INET };
    int rc = inet_pton(AF_INET, address->host, &v4->sin_addr);
    assert(rc == 1);
    v4->sin_port = htons(address->port);
    return sizeof *v4;
}

enum err port_bind(struct address *address, enum port_share share, int *out, struct err_note *note)
{
    struct sockaddr_storage at;
    socklen_t length = port_sockaddr(address, &at);
    int on = 1;
    int shared = share == PORT_SHARED;
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) goto failed;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) goto failed;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof shared) != 0) goto failed;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) goto failed;
    if (bind(fd, (struct sockaddr *)&at, length) != 0) goto failed;
    if (getsockname(fd, (struct sockaddr *)&at, &length) != 0) goto failed;
    address->port = at.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&at)->sin6_port)
                                             : ntohs(((struct sockaddr_in *)&at)->sin_port);
    *out = fd;
    return ERR_OK;

failed:;
    int why = errno;
    if (fd >= 0) close(fd);
    return err_note_set(note, ERR_NETWORK, NULL, 0, 0,
                        "cannot listen on %s port %u: %s; choose another address, or port 0 for "
                        "any free one",
                        address->host, (unsigned)address->port, strerror(why));
}

enum err port_hold(struct address *address, int *out, struct err_note *note)
{
    if (address->port != 0) {
        int probe = -1;
        enum err rc = port_bind(address, PORT_ALONE, &probe, note);
        if (rc != ERR_OK) return rc;
        close(probe);
    }
    return port_bind(address, PORT_SHARED, out, note);
}
