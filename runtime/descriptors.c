#include "runtime/descriptors.h"

#include <sys/resource.h>

/* Standard streams, the loop, timers, log, trace, resolver; connections that are being closed. */
enum { DESCRIPTORS_OWN = 160 };

uint64_t descriptors_needed(const struct runtime_config *config)
{
    return (uint64_t)config->server.inbound_connections_max + config->engine.pool.connections_max +
           DESCRIPTORS_OWN;
}

uint64_t descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return UINT64_MAX;
    struct rlimit raised = { .rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max };
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}
