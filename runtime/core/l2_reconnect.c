#include "core/l2_reconnect.h"

#include "base/instant.h"
#include "core/backoff.h"

static const struct backoff_config reconnect = {
    .base_ns = 100 * NS_PER_MS,
    .cap_ns = 5 * NS_PER_S,
};

uint64_t l2_reconnect_ns(uint64_t seed, uint32_t failures)
{
    return backoff_reconnect_ns(&reconnect, seed, 0, failures);
}
