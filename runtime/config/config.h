#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H
/* The runtime's configuration: the guide's keys, verbatim, and ours. One row per option
 * (config_rows.c) parses, checks, defaults, prints and documents it. Used by the runtime and, for
 * the same engine in virtual time, by the harness.
 *
 * A file is one flat map: `connect_timeout_s: 0.25`. Defaults are the guide's production values.
 * After loading it is const: state points into it. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/options.h"
#include "core/engine.h"
#include "forecast/request.h"

enum { CONFIG_WARNINGS_MAX = 8, CONFIG_WARNING_TEXT_MAX = 256 };

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct server_config {
    uint64_t body_bytes_max;     /* request body; 1 MiB */
    uint64_t response_bytes_max; /* the upstream's body; 8 MiB */
    uint32_t inbound_connections_max;
    uint32_t max_keepalive_connections;
    uint64_t keepalive_expiry_ns;
    uint64_t drain_ns; /* SIGTERM: how long to wait for calls in flight */
    int log_level;     /* enum log_level: less important lines are not written */
    uint64_t breaker_open_warning_interval_ns;
};

struct runtime_config {
    struct engine_config engine;
    struct forecast_config forecast;
    struct server_config server;
    struct options options; /* sources and places of the values */
    char warnings[CONFIG_WARNINGS_MAX][CONFIG_WARNING_TEXT_MAX]; /* named warnings, for example
                                                                  * "config_window_short: ..." */
    uint32_t warning_count;
};

struct config_source {
    const char *path;         /* a YAML file; NULL: defaults only */
    char *const *environment; /* as environ; NULL: not consulted */
    const char *const *sets;  /* "key=value"; NULL when set_count is 0 */
    size_t set_count;
    const char *set_origin; /* named in notes; "--set" when NULL */
};

/* Loads, then checks what one row cannot see: phases that cannot fit the deadline are an error
 * (connect + write + min_attempt_budget > deadline; base > cap; keepalive > connections); a window
 * under 4 deadlines, or retries whose backoff cannot fit, are named warnings. */
MUST_USE enum err config_load(struct runtime_config *out, const struct config_source *source,
                              struct err_note *note);

/* The rows, for --help, --print-config and docs/options.md. */
const struct option *config_rows(size_t *count);

/* docs/options.md */
void config_write_manual(struct buf *out);
/* --print-config: YAML, one line per option with its source and unit as a comment. */
void config_write(struct buf *out, const struct runtime_config *config);

#endif
