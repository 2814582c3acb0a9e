#include "base/clock.h"

#include <assert.h>
#include <sys/random.h>
#include <time.h>

static uint64_t clock_read(clockid_t id)
{
    struct timespec ts;
    int rc = clock_gettime(id, &ts);
    assert(rc == 0);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

instant_ns clock_now(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ms(void)
{
    return clock_read(CLOCK_REALTIME) / NS_PER_MS;
}

uint64_t clock_entropy(void)
{
    uint64_t value = 0;
    ssize_t got = getrandom(&value, sizeof value, 0);
    assert(got == (ssize_t)sizeof value);
    return value;
}
