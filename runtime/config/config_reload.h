#ifndef CONFIG_RELOAD_H
#define CONFIG_RELOAD_H
/* What of a configuration that was read again can hold at once.
 *
 * Example, started with max_connections 256: a file that now says cache_ttl_s: 5, max_connections:
 * 512 and seed: 7 changes the first; the other two need a restart (a size over that at start, and a
 * row that is not live), and stay what they were. */

#include "config/config.h"

enum config_change { CONFIG_SAME, CONFIG_APPLIED, CONFIG_NEEDS_RESTART };

struct config_changes {
    enum config_change items[OPTIONS_MAX]; /* by row */
    uint32_t applied;
    uint32_t need_restart;
};

/* Brings into `running` what may change of `loaded`, with its sources and what follows from it;
 * everything else stays. `start`: what the process was started with, the bound of sizes. */
struct config_changes config_reload(struct runtime_config *running,
                                    const struct runtime_config *start,
                                    const struct runtime_config *loaded);

#endif
