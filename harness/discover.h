#ifndef HARNESS_DISCOVER_H
#define HARNESS_DISCOVER_H
/* From the command line's words to scenarios that are ready to run: files as given, folders as
 * their *.yaml in name order; each parsed, with the configuration that its `runtime` asks for. */

#include "base/arena.h"
#include "harness/suite.h"
#include "harness/troubles.h"

struct discover_options {
    const char *const *paths; /* files and folders */
    size_t path_count;
    const char *only;         /* part of a scenario's name; NULL: all */
    bool has_tier;            /* only those of `tier` */
    enum scenario_tier tier;
    const char *configs; /* folder of dev.yaml, staging.yaml, prod.yaml; NULL: look for it beside
                          * the scenario's folder, then in ./configs */
    bool has_seed;
    uint64_t seed;            /* instead of the scenario's own */
    struct troubles *troubles; /* keeps what is printed; NULL: nobody asks for it */
};

/* Fills suite->scenarios (schedules included). Every file is looked at: each trouble is printed to
 * `errors` as "path:line:column: error: ..." and the first one's code returned. */
MUST_USE enum err discover(struct suite *suite, struct arena *arena,
                           const struct discover_options *options, FILE *errors);

/* Fills item->config as the scenario's `runtime` asks for; `configs` as above. */
MUST_USE enum err discover_settings(struct suite_scenario *item, const char *configs,
                                    struct err_note *note);

/* The YAML file behind `runtime: { env: prod }`, "" when there is none. */
void discover_config_path(const struct scenario *scenario, const char *configs, char *out,
                          size_t out_bytes);

#endif
