#ifndef CORE_L2_RECONNECT_H
#define CORE_L2_RECONNECT_H
/* When the second level is tried again after its server was lost or did not answer.
 *
 * Example: failures 1, 2, 3, ... in a row wait 50 to 100 ms, 100 to 200 ms, 200 to 400 ms, ...,
 * at last 2.5 to 5 s. */

#include <stdint.h>

/* The wait after `failures` (>= 1) in a row. Keyed by the process' own seed (drawn at its start, or
 * from its supervisor's for each worker), so that processes do not come back at once. */
uint64_t l2_reconnect_ns(uint64_t seed, uint32_t failures);

#endif
