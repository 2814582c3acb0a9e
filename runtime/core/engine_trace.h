#ifndef CORE_ENGINE_TRACE_H
#define CORE_ENGINE_TRACE_H
/* One JSON line per engine input and per action: the same lines in real and virtual runs. Together
 * with the configuration they are enough to replay a run exactly.
 *
 *     {"t":1203004,"in":"request","call":3,"key":"9f..16 hex","cache":"ab..64 hex"}
 *     {"t":1203004,"in":"attempt_done","call":3,"attempt":0,"outcome":"http_503","status":503,
 *      "retry_after_ns":0}
 *     {"t":1203004,"do":"breaker","from":"closed","to":"open","rule":"count","failures":12,
 *      "volume":40,"cooldown_ns":15000000000,"generation":1}
 *     {"t":1203004,"do":"answer","call":3,"key":"9f..","served":"stale",
 *      "code":"CACHE_STALE_SERVED","cause":"RUNTIME_5XX","arrived":1100000,
 *      "attempts":[...],"path":[...]}
 *
 * A request that has a family key carries it as "family", like "cache".
 * `t` is nanoseconds on the driver's clock. Fields that do not apply are left out; CODE_NONE is
 * null.
 * An answer also carries cache_state, age_ns, breaker and deadline; each of its attempts is
 *     {"outcome":"http_503","status":503,"started":1100000,"backoff_ns":0,"latency_ns":53004}
 * A line ends with its newline and is written before the next step (it reads engine_record()). */

#include "base/buf.h"
#include "core/engine.h"

void engine_trace_input(struct buf *out, const struct engine_input *input, instant_ns now);
void engine_trace_action(struct buf *out, const struct engine *engine,
                         const struct engine_action *action, instant_ns now);

#endif
