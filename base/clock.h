#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
/* The only place that reads a clock or asks the kernel for chance. Drivers call it once per turn of
 * their loop and hand the moment down; the pure layers must not (tests/project checks with nm). */

#include "base/instant.h"

/* Monotonic time since boot: the same clock in every process of one machine. */
instant_ns clock_now(void);

/* Milliseconds since 1970-01-01 UTC, for logs and reports only. */
uint64_t clock_wall_ms(void);

/* 64 bits from the kernel, for a seed that nobody chose. */
uint64_t clock_entropy(void);

#endif
