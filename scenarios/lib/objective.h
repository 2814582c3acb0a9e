#ifndef SCENARIO_OBJECTIVE_H
#define SCENARIO_OBJECTIVE_H
/* The objectives that a service has promised, for the SLO report of a scenario. All optional:
 *
 *     slo:
 *       availability: 99.9%                          # of the requests are answered with a forecast
 *       latency: { within: 300ms, share: 95% }       # are answered within 300 ms
 *       freshness: { max_age: 300s, share: 95% }     # get a forecast that is no older
 *
 * What is not given has the value above; freshness without max_age asks for an answer that is fresh
 * in the cache's own sense. They say what a budget is, and never fail a run: expectations do. */

#include <stdint.h>

#include "base/err.h"
#include "base/yaml.h"

struct value_reader;

struct slo_objectives {
    uint32_t availability_ppm;   /* 0 < x < 1,000,000, as all shares here */
    uint32_t latency_ppm;
    uint64_t latency_ns;         /* > 0 */
    uint32_t freshness_ppm;
    uint64_t freshness_age_ns;   /* INSTANT_NEVER: as long as the cache calls it fresh */
};

struct slo_objectives objective_defaults(void);

/* `map` is the value of `slo`; `out` holds the defaults already. */
MUST_USE enum err objective_parse(const struct value_reader *reader, const struct yaml_node *map,
                                  struct slo_objectives *out);

#endif
