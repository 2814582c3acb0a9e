#include "core/backoff.h"

#include <assert.h>

#include "base/instant.h"
#include "base/rng.h"

uint64_t backoff_ceiling_ns(const struct backoff_config *config, unsigned retry)
{
    if (config->base_ns == 0) return 0;
    /* base * 2^retry > cap, asked in a way that cannot overflow. */
    if (retry >= 64 || config->base_ns > config->cap_ns >> retry) return config->cap_ns;
    return config->base_ns << retry;
}

uint64_t backoff_draw_ns(const struct backoff_config *config, uint64_t seed, uint64_t request_key,
                         unsigned retry)
{
    uint64_t ceiling_ns = backoff_ceiling_ns(config, retry);
    if (ceiling_ns == 0) return 0;
    return draw_below(draw(seed, rng_stream("backoff"), request_key, retry), ceiling_ns);
}

uint64_t backoff_reconnect_ns(const struct backoff_config *config, uint64_t seed, uint64_t subject,
                              uint32_t failures)
{
    assert(failures > 0);
    uint64_t ceiling_ns = backoff_ceiling_ns(config, failures - 1);
    uint64_t least_ns = ceiling_ns / 2;
    if (least_ns == ceiling_ns) return ceiling_ns;
    uint64_t drawn = draw(seed, rng_stream("reconnect"), subject, failures);
    return least_ns + draw_below(drawn, ceiling_ns - least_ns);
}
