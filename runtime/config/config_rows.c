#include "config/config.h"

#include <stddef.h>

/* What SIGHUP does with a changed value: AT nothing before a restart, LIVE takes it, LIVE_DOWN
 * takes it up to the value at start. AT unless all who read the field may see it change. */
#define AT(field) offsetof(struct runtime_config, field), OPTION_RESTART
#define LIVE(field) offsetof(struct runtime_config, field), OPTION_LIVE
#define LIVE_DOWN(field) offsetof(struct runtime_config, field), OPTION_UP_TO_START
#define MS NS_PER_MS
#define S NS_PER_S
#define HOUR (3600 * NS_PER_S)
#define MIB (UINT64_C(1024) * 1024)

static const char *const upstream_apis[] = { "v1", "timeseries", NULL };
static const char *const baselines[] = { "ewma", "kalman", "rolling_quantile", NULL };
static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };

/* To add an option: one row here, one field in config.h (or in the struct of the layer that uses
 * it). The unit is part of the key; bounds of times are in nanoseconds. The order is that of
 * docs/options.md: the guide's keys first, in the guide's order. */
static const struct option rows[] = {
    { "connect_timeout_s", OPTION_SECONDS, LIVE(engine.connect_timeout_ns), MS, HOUR, "0.25", NULL,
      "Longest wait for a connection to the upstream (name, TCP, TLS)." },
    { "read_timeout_s", OPTION_SECONDS, LIVE(engine.read_timeout_ns), MS, HOUR, "1.2", NULL,
      "Longest wait for the next byte of the upstream's answer." },
    { "write_timeout_s", OPTION_SECONDS, LIVE(engine.write_timeout_ns), MS, HOUR, "0.25", NULL,
      "Longest wait for progress while the request is being sent." },
    { "pool_timeout_s", OPTION_SECONDS, LIVE(engine.pool_timeout_ns), MS, HOUR, "0.15", NULL,
      "Longest wait for a free place among max_connections." },
    { "request_deadline_s", OPTION_SECONDS, LIVE(engine.request_deadline_ns), 10 * MS, HOUR, "1.8",
      NULL, "Hard limit of one request, from its arrival, over all attempts and waits." },
    { "retry_count", OPTION_U32, LIVE(engine.retry_count), 0, ATTEMPTS_MAX - 1, "2", NULL,
      "Retries after the first attempt, for transient failures only." },
    { "retry_backoff_base_ms", OPTION_MILLIS, LIVE(engine.backoff.base_ns), 0, 60 * S, "100", NULL,
      "Ceiling of the wait before the first retry; it doubles with each further one. The wait is "
      "drawn uniformly below it." },
    { "retry_backoff_cap_ms", OPTION_MILLIS, LIVE(engine.backoff.cap_ns), 0, 60 * S, "800", NULL,
      "The ceiling never grows over this." },
    { "max_connections", OPTION_U32, LIVE_DOWN(engine.pool.connections_max), 1, 65536, "256", NULL,
      "Attempts at the upstream at once; 2 to 4 times the expected requests in flight." },
    { "max_keepalive_connections", OPTION_U32, LIVE(server.max_keepalive_connections), 0, 65536,
      "128", NULL, "Idle upstream connections that are kept; 50 % to 75 % of max_connections." },
    { "keepalive_expiry_s", OPTION_SECONDS, LIVE(server.keepalive_expiry_ns), 0, HOUR, "60", NULL,
      "An idle upstream connection is not used again after this." },
    { "cache_ttl_s", OPTION_SECONDS, LIVE(engine.cache.ttl_ns), 0, 24 * HOUR, "60", NULL,
      "How long an answer is served as fresh; 0: never." },
    { "cache_stale_if_error_s", OPTION_SECONDS, LIVE(engine.cache.stale_ns), 0, 24 * HOUR, "180",
      NULL, "How much longer it may be served when the upstream fails; 0: never." },
    { "breaker_failures_30s", OPTION_U32, LIVE(engine.breaker.failures_to_open), 1,
      BREAKER_FAILURES_MAX, "12", NULL,
      "Failed attempts within breaker_window_s that open the circuit breaker." },
    { "breaker_cooldown_s", OPTION_SECONDS, LIVE(engine.breaker.cooldown_ns), MS, HOUR, "30", NULL,
      "How long the breaker stays open before it lets probes through." },
    { "breaker_half_open_probe", OPTION_U32, LIVE(engine.breaker.half_open_probes), 1,
      BREAKER_PROBES_MAX, "5", NULL,
      "Probes at once while half open; as many successes close the breaker, one failure opens it "
      "again." },
    { "baseline_only_liquidity_bucket", OPTION_TEXT, LIVE(forecast.baseline_only_liquidity_bucket),
      0, 0, "low", NULL,
      "Requests of this liquidity_bucket get the baseline without asking the model; empty: none." },

    { "breaker_window_s", OPTION_SECONDS, LIVE(engine.breaker.window_ns), 100 * MS, HOUR, "30",
      NULL, "The rolling window of both breaker rules." },
    { "breaker_min_volume", OPTION_U32, LIVE(engine.breaker.min_volume), 1, 1000000, "20", NULL,
      "Attempts in the window before either breaker rule may open it." },
    { "breaker_failure_ratio", OPTION_PERMILLE, LIVE(engine.breaker.failure_ratio_permille), 0,
      1000, "0.5", NULL,
      "Share of failed attempts in the window that opens the breaker; 0: no such rule." },
    { "breaker_count_ratio_floor", OPTION_PERMILLE, LIVE(engine.breaker.count_ratio_floor_permille),
      0, 1000, "0", NULL,
      "breaker_failures_30s counts only when at least this share of attempts failed; 0: the count "
      "alone decides." },
    { "breaker_cooldown_jitter", OPTION_PERMILLE, LIVE(engine.breaker.cooldown_jitter_permille), 0,
      1000, "0.2", NULL,
      "Each cooldown is drawn uniformly from this share around breaker_cooldown_s." },
    { "breaker_count_429", OPTION_BOOL, LIVE(engine.breaker.count_429), 0, 0, "false", NULL,
      "Whether a 429 counts as a failure for the breaker; otherwise it is left out." },
    { "min_attempt_budget_ms", OPTION_MILLIS, LIVE(engine.min_attempt_budget_ns), 0, HOUR, "100",
      NULL, "A retry starts only when its wait leaves at least this much of the deadline." },
    { "retry_after_hold_cap_s", OPTION_SECONDS, LIVE(engine.retry_after_hold_cap_ns), 0, HOUR, "30",
      NULL, "A Retry-After that no retry can wait for keeps later requests from the upstream, at "
            "most this long; 0: never." },
    { "pool_queue_max", OPTION_U32, LIVE(engine.pool.queue_max), 0, 1000000, "1024", NULL,
      "Requests that may wait for a place among max_connections; 0: nobody waits." },
    { "max_inflight", OPTION_U32, LIVE_DOWN(engine.calls_max), 1, 65536, "4096", NULL,
      "Requests in work at once; the next one is answered 503 RUNTIME_OVERLOADED." },
    { "cache_entries_max", OPTION_U32, LIVE_DOWN(engine.cache.entries_max), 0, 1000000, "50000",
      NULL, "Answers kept in the cache; 0: no cache." },
    { "cache_bytes_max", OPTION_U64, LIVE(engine.cache.bytes_max), 0, 65536 * MIB, "134217728",
      NULL, "Bytes kept in the cache, over all answers." },
    { "stale_family_key", OPTION_BOOL, AT(engine.cache.families), 0, 0, "false", NULL,
      "Whether, when the upstream fails and nothing is kept of the very request, the latest answer "
      "to another one for the same market, freq, horizon, transform and model is served as stale, "
      "with its own as_of_ts and the warning stale_family_served; needs the cache." },
    { "l2_timeout_ms", OPTION_MILLIS, LIVE(engine.l2_timeout_ns), MS, HOUR, "50", NULL,
      "Longest wait for the second-level cache; then the request goes on without it." },
    { "single_flight", OPTION_BOOL, AT(engine.single_flight), 0, 0, "true", NULL,
      "Of equal requests at the same time one asks the upstream, the others wait for its outcome; "
      "needs the cache." },
    { "negative_cache_ttl_s", OPTION_SECONDS, LIVE(engine.negative_ttl_ns), 0, HOUR, "10", NULL,
      "How long a request that the upstream refused as wrong (400, 413, 422) is not sent again; 0: "
      "not at all." },
    { "negative_cache_entries_max", OPTION_U32, AT(engine.negative_entries_max), 0, 1000000,
      "10000", NULL, "Refused requests that are remembered; 0: none." },
    { "retry_budget_ratio", OPTION_PERMILLE, LIVE(engine.retry_budget.ratio_permille), 0, 1000, "0",
      NULL, "Retries over all requests, as a share of first attempts; 0: no such budget." },
    { "retry_budget_min_per_s", OPTION_U32, LIVE(engine.retry_budget.min_per_s), 0,
      RETRY_BUDGET_PER_S_MAX, "10", NULL,
      "Retries that retry_budget_ratio allows in each second, however few requests there are." },
    { "seed", OPTION_U64, AT(engine.seed), 0, UINT64_MAX, "0", NULL,
      "Seed of every draw (backoff, cooldown); 0: drawn at start and logged." },

    { "input_len_steps", OPTION_U32, AT(forecast.input_len_steps), FORECAST_POINTS_MIN,
      FORECAST_POINTS_MAX, "288", NULL, "How many of the last values of y the model is sent." },
    { "min_history_points", OPTION_U32, LIVE(forecast.min_history_points), FORECAST_POINTS_MIN,
      FORECAST_POINTS_MAX, "32", NULL, "Requests with fewer values of y get the baseline." },
    { "max_gap_minutes", OPTION_U32, LIVE(forecast.max_gap_minutes), 0, 525600, "60", NULL,
      "Requests with a larger gap in y get the baseline." },
    { "horizon_max", OPTION_U32, LIVE(forecast.horizon_max), 1, FORECAST_POINTS_MAX, "1000", NULL,
      "Requests with a larger horizon_steps are refused." },
    { "default_model", OPTION_TEXT, AT(forecast.default_model), 0, 0, "chronos", NULL,
      "The model of a request that names none." },
    { "default_model_version", OPTION_TEXT, AT(forecast.default_model_version), 0, 0, "", NULL,
      "The version of default_model; empty: none is sent." },
    { "upstream_api", OPTION_CHOICE, AT(forecast.upstream_api), 0, 0, "v1", upstream_apis,
      "v1: POST /v1/forecast; timeseries: the older POST /v1/timeseries/forecast." },
    { "baseline", OPTION_CHOICE, LIVE(forecast.baseline), 0, 0, "ewma", baselines,
      "The forecast without a model, when there is neither an answer nor a stale one." },

    { "body_bytes_max", OPTION_U64, AT(server.body_bytes_max), 256, 1024 * MIB, "1048576", NULL,
      "Largest request body; a larger one is answered 413." },
    { "request_memo_bytes_max", OPTION_U64, AT(server.request_memo_bytes_max), 0, 65536 * MIB,
      "16777216", NULL, "Request bodies kept together with what was read from them, so that the "
      "same bytes are not read twice; 0: each is read." },
    { "response_bytes_max", OPTION_U64, LIVE(server.response_bytes_max), 256, 1024 * MIB, "8388608",
      NULL, "Largest body taken from the upstream; a larger one is a failed attempt." },
    { "inbound_connections_max", OPTION_U32, AT(server.inbound_connections_max), 1, 65536, "4096",
      NULL, "Connections of callers at once. When all are taken, the one that has waited longest "
            "for its caller gives its place to a newcomer." },
    { "inbound_connections_per_client_max", OPTION_U32, AT(guard.connections_per_client_max), 0,
      65536, "0", NULL, "Connections of one address at once; 0: no limit." },
    { "inbound_keepalive_s", OPTION_SECONDS, AT(guard.idle_timeout_ns), 0, HOUR, "75", NULL,
      "How long a caller's connection may be idle between requests; 0: for ever." },
    { "header_timeout_s", OPTION_SECONDS, AT(guard.header_timeout_ns), 0, HOUR, "10", NULL,
      "Longest time for a request's whole head to come in; 0: no limit." },
    { "body_timeout_s", OPTION_SECONDS, AT(guard.body_timeout_ns), 0, HOUR, "10", NULL,
      "Longest wait for the next byte of a request's body; 0: no limit." },
    { "body_bytes_per_s_min", OPTION_U32, AT(guard.body_bytes_per_s_min), 0, 1000000000, "1000",
      NULL, "A body that comes in more slowly than this, after the first body_timeout_s, is given "
            "up; 0: no such rule." },
    { "send_timeout_s", OPTION_SECONDS, AT(guard.send_timeout_ns), 0, HOUR, "10", NULL,
      "Longest time for a caller to take its whole answer; 0: no limit." },
    { "uri_bytes_max", OPTION_U32, AT(guard.uri_bytes_max), 16, 8192, "4096", NULL,
      "Longest request target; a longer one is answered 414." },
    { "header_bytes_max", OPTION_U32, AT(guard.header_bytes_max), 256, 16384, "16384", NULL,
      "Largest head of a request; a larger one is answered 431." },
    { "headers_max", OPTION_U32, AT(guard.headers_max), 1, 1000, "100", NULL,
      "Most header fields of a request; more are answered 431." },
    { "rate_limit_per_s", OPTION_U32, LIVE(guard.rate.per_s), 0, 1000000, "0", NULL,
      "Requests a second of one client (its token, else its address) in each worker; more are "
      "answered 429 with Retry-After; 0: no limit." },
    { "rate_limit_burst", OPTION_U32, LIVE(guard.rate.burst), 0, 1000000, "0", NULL,
      "Requests that a client may send at once after a pause; 0: as many as rate_limit_per_s." },
    { "upstream_ca_file", OPTION_TEXT, AT(upstream.ca_file), 0, 0, "", NULL,
      "PEM file of the certificates that an https upstream is trusted by; empty: the system's." },
    { "upstream_tls_verify", OPTION_BOOL, AT(upstream.tls_verify), 0, 0, "true", NULL,
      "Whether an https upstream must show a valid certificate for its name; false: anyone may "
      "answer in its place." },
    { "drain_s", OPTION_SECONDS, LIVE(server.drain_ns), 0, HOUR, "5", NULL,
      "After SIGTERM: how long requests in work may take before they are cut off." },
    { "trace_bytes_max", OPTION_U64, AT(server.trace_bytes_max), 64 * 1024, 1024 * 1024 * MIB,
      "1073741824", NULL, "Largest file of --trace; a trace that reaches it ends there." },
    { "log_level", OPTION_CHOICE, LIVE(server.log_level), 0, 0, "info", log_levels,
      "Less important log lines are not written." },
    { "breaker_open_warning_interval_s", OPTION_SECONDS,
      LIVE(server.breaker_open_warning_interval_ns), 100 * MS, HOUR, "10", NULL,
      "While the circuit breaker keeps requests from the model server: one warning per this time, "
      "with their number." },

    { "baseline_only", OPTION_BOOL, LIVE(forecast.baseline_only), 0, 0, "false", NULL,
      "Every request gets the baseline (cause BASELINE_FALLBACK) and the model server is never "
      "asked; ready at once, without warmup." },
    { "warmup_enabled", OPTION_BOOL, AT(warmup.enabled), 0, 0, "true", NULL,
      "Whether /health/ready waits until a synthetic forecast of each of warmup_models has passed; "
      "false: ready at once, and no keepwarm." },
    { "warmup_models", OPTION_TEXT, AT(warmup.models), 0, 0, "", NULL,
      "The models to warm up and keep warm, with commas between them; empty: default_model." },
    { "warmup_health_timeout_s", OPTION_SECONDS, LIVE(warmup.health_timeout_ns), MS, HOUR, "5",
      NULL, "Longest health check of the model server before a warmup." },
    { "warmup_timeout_s", OPTION_SECONDS, LIVE(warmup.forecast_timeout_ns), MS, 24 * HOUR, "120",
      NULL, "Longest synthetic forecast: a cold model is loaded first." },
    { "warmup_retry_max_s", OPTION_SECONDS, LIVE(warmup.retry_max_ns), MS, HOUR, "10", NULL,
      "Longest wait after a failed health check or synthetic forecast; it doubles from 0.25 s and "
      "is drawn uniformly below that." },
    { "keepwarm_interval_s", OPTION_SECONDS, LIVE(warmup.keepwarm_ns), 0, 24 * HOUR, "180", NULL,
      "A model without a success for this long, give or take 20 %, is sent a synthetic forecast; "
      "120 to 300 are sensible; 0: never." },

    { "redis_url", OPTION_TEXT, AT(l2.redis_url), 0, 0, "", NULL,
      "The second-level cache: redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]; empty: none. In "
      "the environment (TSFM_REDIS_URL) other users of the machine cannot read the password." },
    { "redis_connect_timeout_ms", OPTION_MILLIS, AT(l2.connect_timeout_ns), MS, HOUR, "500", NULL,
      "Longest wait for a connection to Redis and its greeting; a connection whose commands stay "
      "unanswered for this long is given up." },
    { "redis_inflight_max", OPTION_U32, AT(l2.inflight_max), 1, 65536, "256", NULL,
      "Commands to Redis without an answer; more are left out (a miss, or an answer not kept)." },
};

_Static_assert(sizeof rows / sizeof *rows <= OPTIONS_MAX, "raise OPTIONS_MAX");
_Static_assert(sizeof ((struct forecast_config *)0)->default_model == OPTION_TEXT_MAX &&
               sizeof ((struct forecast_config *)0)->default_model_version == OPTION_TEXT_MAX &&
               sizeof ((struct forecast_config *)0)->baseline_only_liquidity_bucket ==
                   OPTION_TEXT_MAX &&
               sizeof ((struct warmup_settings *)0)->models == OPTION_TEXT_MAX &&
               sizeof ((struct l2_settings *)0)->redis_url == OPTION_TEXT_MAX &&
               sizeof ((struct upstream_settings *)0)->ca_file == OPTION_TEXT_MAX,
               "OPTION_TEXT fields have OPTION_TEXT_MAX bytes");

const struct option *config_rows(size_t *count)
{
    *count = sizeof rows / sizeof *rows;
    return rows;
}
