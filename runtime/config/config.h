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
#include "core/rate_limit.h"
#include "core/warmup.h"
#include "forecast/request.h"

enum { CONFIG_WARNINGS_MAX = 8, CONFIG_WARNING_TEXT_MAX = 256 };

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct server_config {
    uint64_t body_bytes_max;     /* request body; 1 MiB */
    uint64_t request_memo_bytes_max; /* 0: none */
    uint64_t response_bytes_max; /* the upstream's body; 8 MiB */
    uint32_t inbound_connections_max;
    uint32_t max_keepalive_connections;
    uint64_t keepalive_expiry_ns;
    uint64_t trace_bytes_max;    /* of --trace's file */
    uint64_t drain_ns; /* SIGTERM: how long to wait for calls in flight */
    int log_level;     /* enum log_level: less important lines are not written */
    uint64_t breaker_open_warning_interval_ns;
};

struct warmup_settings {
    bool enabled;
    char models[256]; /* "chronos,timesfm"; empty: the default model; see config_next_model() */
    uint64_t health_timeout_ns;
    uint64_t forecast_timeout_ns;
    uint64_t retry_max_ns; /* longest backoff between failed calls */
    uint64_t keepwarm_ns;  /* 0: none */
};

/* Towards callers; see runtime/guard.h and net/http_patience.h. */
struct guard_settings {
    struct rate_limit_config rate;
    uint32_t uri_bytes_max;
    uint32_t header_bytes_max;
    uint32_t headers_max;
    uint32_t connections_per_client_max; /* 0: no limit */
    uint64_t header_timeout_ns;
    uint64_t body_timeout_ns;
    uint32_t body_bytes_per_s_min;
    uint64_t send_timeout_ns;
    uint64_t idle_timeout_ns;
};

struct upstream_settings {
    char ca_file[256]; /* certificates to trust; empty: the system's */
    bool tls_verify;
};

struct l2_settings {
    char redis_url[256];         /* "": no second-level cache; see redis_url.h */
    uint64_t connect_timeout_ns; /* also for an answer before the connection is given up */
    uint32_t inflight_max;       /* commands without an answer */
};

struct runtime_config {
    struct engine_config engine;
    struct forecast_config forecast;
    struct server_config server;
    struct guard_settings guard;
    struct upstream_settings upstream;
    struct warmup_settings warmup;
    struct l2_settings l2;
    struct options options; /* sources and places of the values */
    char warnings[CONFIG_WARNINGS_MAX][CONFIG_WARNING_TEXT_MAX]; /* named warnings, for example
                                                                  * "config_window_short: ..." */
    uint32_t warning_count;
};

struct config_source {
    const char *path;         /* a YAML file; NULL: defaults only */
    const struct runtime_config *read; /* what config_load_file() made of it; NULL: not read yet */
    char *const *environment; /* as environ; NULL: not consulted */
    const char *const *sets;  /* "key=value"; NULL when set_count is 0 */
    size_t set_count;
    const char *set_origin; /* named in notes; "--set" when NULL */
};

/* The defaults and a file over them (NULL: none), unchecked: the first part of config_load(), for
 * those who load one file with many settings over it. */
MUST_USE enum err config_load_file(struct runtime_config *out, const char *path,
                                   struct err_note *note);
/* Loads, then checks what one row cannot see: phases that cannot fit the deadline are an error
 * (connect + write + min_attempt_budget > deadline; base > cap; keepalive > connections); a window
 * under 4 deadlines, or retries whose backoff cannot fit, are named warnings. */
MUST_USE enum err config_load(struct runtime_config *out, const struct config_source *source,
                              struct err_note *note);

/* Takes the next name off a list of models: " a,, b" is "a", then "b". False at its end. */
bool config_next_model(const char **list, char out[256]);

/* Sets the fields that have no row of their own but follow from others; config_load() does it. */
void config_derive(struct runtime_config *config);

/* The rows, for --help, --print-config and docs/options.md. */
const struct option *config_rows(size_t *count);

/* docs/options.md */
void config_write_manual(struct buf *out);
/* --print-config: YAML, one line per option with its source and unit as a comment. */
void config_write(struct buf *out, const struct runtime_config *config);

#endif
