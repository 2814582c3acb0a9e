#include "net/socket_counters.h"

#include <linux/sockios.h>
#include <linux/tcp.h> /* not netinet/tcp.h, whose struct ends before these counters */
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

bool socket_handed_over(int fd, uint64_t *out)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    int waiting = 0;
    const socklen_t needed = offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(uint64_t);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 || length < needed) return false;
    if (ioctl(fd, SIOCOUTQ, &waiting) != 0) return false;
    uint64_t acknowledged = info.tcpi_bytes_acked;
    *out = acknowledged + (uint64_t)waiting;
    return true;
}
