#include "base/rng.h"

#include <assert.h>
#include <string.h>

/* splitmix64's finaliser (Steele, Lea and Flood 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

uint64_t hash_bytes(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < length; i++) hash = (hash ^ at[i]) * UINT64_C(0x100000001B3);
    return mix(hash);
}

uint64_t hash_text(const char *text)
{
    return hash_bytes(text, strlen(text));
}

uint64_t rng_stream(const char *name)
{
    return hash_text(name);
}

uint64_t draw(uint64_t seed, uint64_t stream, uint64_t subject, uint64_t number)
{
    const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t x = mix(seed + odd);
    x = mix((x ^ stream) + odd);
    x = mix((x ^ subject) + odd);
    return mix((x ^ number) + odd);
}

uint64_t draw_below(uint64_t uniform, uint64_t bound)
{
    assert(bound > 0);
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)(((wide)uniform * bound) >> 64);
}

bool draw_hits(uint64_t uniform, uint32_t ppm)
{
    return draw_below(uniform, 1000000) < ppm;
}

void rng_init(struct rng *rng, uint64_t seed, const char *stream)
{
    uint64_t name = rng_stream(stream);
    for (uint64_t i = 0; i < 4; i++) rng->state[i] = draw(seed, name, 0, i);
    rng->state[0] |= 1; /* never all zero */
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    return draw_below(rng_next(rng), bound);
}
