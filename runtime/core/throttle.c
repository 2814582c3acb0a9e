#include "core/throttle.h"

void throttle_start(struct throttle *throttle, instant_ns now)
{
    *throttle = (struct throttle){ .since = now };
}

uint64_t throttle_count(struct throttle *throttle, uint64_t interval_ns, uint64_t times,
                        instant_ns now)
{
    throttle->count += times;
    if (now < instant_add(throttle->since, interval_ns)) return 0;
    throttle->since = now;
    return throttle_take(throttle);
}

uint64_t throttle_take(struct throttle *throttle)
{
    uint64_t count = throttle->count;
    throttle->count = 0;
    return count;
}
