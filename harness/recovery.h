#ifndef HARNESS_RECOVERY_H
#define HARNESS_RECOVERY_H
/* How long a service may need to be well again after the upstream is, from its settings alone.
 *
 * What a call leaves behind of which an attempt failed, each from that call's end at the latest:
 *     an open breaker     breaker_cooldown_s * (1 + breaker_cooldown_jitter)
 *     a hold              retry_after_hold_cap_s (whatever Retry-After asked for)
 *     a refused request   negative_cache_ttl_s
 * All run at the same time, so the longest of them is when nothing keeps a call from the upstream
 * any more: the gates are open. Failures that the breaker's window still remembers do not count by
 * themselves: only a further failure makes it look at them, and that one begins anew.
 *
 * From then on the breaker is half open or closed, and each answer is fresh, except while all of
 * the probes are under way. They are on their way when as many calls need the upstream, which each
 * key does once its entry is cache_ttl_s old; a probe ends within request_deadline_s.
 *
 *     the upstream heals   D       calls that it had spoilt end with their deadline
 *     + gates              max(cooldown * (1 + jitter), hold cap, negative TTL)
 *     + TTL + D            probes are sent, and succeed
 *     = whole              closed, as soon as half_open_probe calls have asked
 *
 * Example: production's guide settings: D = 1.8 s, cooldown 30 s +- 20 %, hold cap 30 s, negative
 * TTL 10 s, TTL 60 s: gates 36 s, whole 1.8 + 36 + 60 + 1.8 = 99.6 s. */

#include <stdint.h>

#include "harness/run.h"

/* From the end of the last call of which an attempt failed until no gate is shut for it. */
uint64_t recovery_gates_ns(const struct engine_config *config);
/* From the end of the last fault until everybody is served as if there had been none. */
uint64_t recovery_whole_ns(const struct engine_config *config);
/* Whether attempts failed, and somebody came when no gate was shut for the last of them any more:
 * then the run shows a recovery, or that there was none. */
bool recovery_is_shown(const struct run *run);

#endif
