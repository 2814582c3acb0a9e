#include "harness/unmodelled.h"

#include <string.h>

/* Four times the estimate of the longest answer, a thousand steps (sim_requests.c). */
enum { SIZE_NEAR = 256 * 1024 };

/* An answer of twelve steps has some 1,030 bytes, by the estimate 880. A cache with less room for
 * each of its entries is soon bounded by bytes. */
enum { ENTRY_ROOM = 2048 };

static const struct unmodelled rows[] = {
    { "body_bytes_max", UNMODELLED_LIMIT },
    { "response_bytes_max", UNMODELLED_SIZE },
    { "cache_bytes_max", UNMODELLED_ESTIMATE },
    { "inbound_connections_max", UNMODELLED_LIMIT },
    { "inbound_connections_per_client_max", UNMODELLED_LIMIT },
    { "inbound_keepalive_s", UNMODELLED_LIMIT },
    { "header_timeout_s", UNMODELLED_LIMIT },
    { "body_timeout_s", UNMODELLED_LIMIT },
    { "body_bytes_per_s_min", UNMODELLED_LIMIT },
    { "send_timeout_s", UNMODELLED_LIMIT },
    { "uri_bytes_max", UNMODELLED_LIMIT },
    { "header_bytes_max", UNMODELLED_LIMIT },
    { "headers_max", UNMODELLED_LIMIT },
    { "rate_limit_per_s", UNMODELLED_LIMIT },
    { "rate_limit_burst", UNMODELLED_LIMIT },
    { "max_keepalive_connections", UNMODELLED_AROUND },
    { "keepalive_expiry_s", UNMODELLED_AROUND },
    { "request_memo_bytes_max", UNMODELLED_AROUND },
    { "drain_s", UNMODELLED_AROUND },
    { "trace_bytes_max", UNMODELLED_AROUND },
    { "log_level", UNMODELLED_AROUND },
    { "breaker_open_warning_interval_s", UNMODELLED_AROUND },
    { "upstream_ca_file", UNMODELLED_AROUND },
    { "upstream_tls_verify", UNMODELLED_AROUND },
    { "warmup_enabled", UNMODELLED_AROUND },
    { "warmup_models", UNMODELLED_AROUND },
    { "warmup_health_timeout_s", UNMODELLED_AROUND },
    { "warmup_timeout_s", UNMODELLED_AROUND },
    { "warmup_retry_max_s", UNMODELLED_AROUND },
    { "keepwarm_interval_s", UNMODELLED_AROUND },
};

const struct unmodelled *unmodelled_rows(size_t *count)
{
    *count = sizeof rows / sizeof rows[0];
    return rows;
}

static const struct unmodelled *find_row(const char *key)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].key, key) == 0) return &rows[i];
    }
    return NULL;
}

const struct unmodelled *unmodelled_find(const char *key)
{
    const struct unmodelled *row = find_row(key);
    return row != NULL && row->kind == UNMODELLED_ESTIMATE ? NULL : row;
}

/* Whether bytes may drive entries out of the cache before their number does. */
static bool is_bounded_by_bytes(const struct cache_config *cache)
{
    bool holds_any = !cache_is_off(cache) && cache->bytes_max > 0;
    return holds_any && cache->bytes_max < (uint64_t)cache->entries_max * ENTRY_ROOM;
}

static bool is_told(const struct unmodelled *row, const struct runtime_config *config,
                    const char *value, const char *initial)
{
    switch (row->kind) {
    case UNMODELLED_LIMIT: return strcmp(value, initial) != 0;
    case UNMODELLED_SIZE: return config->server.response_bytes_max < SIZE_NEAR;
    case UNMODELLED_ESTIMATE: return is_bounded_by_bytes(&config->engine.cache);
    case UNMODELLED_AROUND: return false;
    }
    return false;
}

bool unmodelled_write(const struct runtime_config *config, struct buf *out)
{
    const struct options *options = &config->options;
    bool any = false;
    struct buf value;
    buf_init(&value, BUF_UNBOUNDED);
    for (size_t i = 0; i < options->count; i++) {
        const struct unmodelled *row = find_row(options->rows[i].key);
        if (row == NULL) continue;
        buf_clear(&value);
        options_format_value(options, config, i, &value);
        if (!is_told(row, config, buf_text(&value), options->rows[i].initial)) continue;
        buf_printf(out, "%s%s (%s)", any ? ", " : "the simulator does not model ", row->key,
                   buf_text(&value));
        any = true;
    }
    buf_deinit(&value);
    if (any) buf_puts(out, ", which this scenario is played with; play it over sockets");
    return any;
}

bool unmodelled_is_set(const struct runtime_config *config)
{
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    bool any = unmodelled_write(config, &sentence);
    buf_deinit(&sentence);
    return any;
}
