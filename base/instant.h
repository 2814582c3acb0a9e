#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H
/* Time. An `instant_ns` is a moment (nanoseconds since an origin that the driver chooses: boot for
 * sockets, the scenario's start for the simulator); a `uint64_t x_ns` is a length of time.
 * Nanoseconds inside; milliseconds and seconds only in YAML and on screen. */

#include <stdint.h>

typedef uint64_t instant_ns;

#define INSTANT_NEVER UINT64_MAX
#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/* `at` + `length_ns`, INSTANT_NEVER when that would not fit. */
static inline instant_ns instant_add(instant_ns at, uint64_t length_ns)
{
    return length_ns > INSTANT_NEVER - at ? INSTANT_NEVER : at + length_ns;
}

/* How long from `now` until `at`; 0 when `at` is over. */
static inline uint64_t instant_until(instant_ns at, instant_ns now)
{
    return at > now ? at - now : 0;
}

static inline instant_ns instant_min(instant_ns a, instant_ns b)
{
    return a < b ? a : b;
}

static inline uint64_t u64_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t u64_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#endif
