#include "runtime/start_checks.h"

#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/mem.h"
#include "runtime/descriptors.h"

enum { CA_FILE_BYTES_MAX = 64 << 20 };

/* uvicorn, under which tollama runs, closes connections that were idle for so long. */
#define UPSTREAM_IDLE_NS (5 * NS_PER_S)

enum err start_check(const struct runtime_config *config, struct err_note *note)
{
    const char *path = config->upstream.ca_file;
    char *text = NULL;
    size_t length;
    if (path[0] == '\0') return ERR_OK;
    enum err rc = file_read(path, CA_FILE_BYTES_MAX, &text, &length, note);
    if (rc != ERR_OK) return rc;
    bool holds = strstr(text, "-----BEGIN CERTIFICATE-----") != NULL ||
                 strstr(text, "-----BEGIN TRUSTED CERTIFICATE-----") != NULL;
    mem_free(text);
    if (holds) return ERR_OK;
    return err_note_set(note, ERR_INVALID, path, 0, 0,
                        "upstream_ca_file holds no PEM certificate (-----BEGIN CERTIFICATE-----)");
}

static bool host_is_local(const char *host, size_t length)
{
    if (length > 0 && host[0] == '[') return length >= 5 && strncmp(host, "[::1]", 5) == 0;
    bool dotted = strspn(host, "0123456789.") >= length; /* 127.example.org is a name */
    return (length >= 4 && strncmp(host, "127.", 4) == 0 && dotted) ||
           (length == 3 && strncmp(host, "::1", 3) == 0) ||
           (length == 9 && strncasecmp(host, "localhost", 9) == 0);
}

static bool key_goes_in_clear(const struct start_facts *facts)
{
    static const char scheme[] = "http://";
    if (facts->secrets->upstream_key[0] == '\0') return false;
    if (strncmp(facts->upstream, scheme, sizeof scheme - 1) != 0) return false;
    const char *host = facts->upstream + sizeof scheme - 1;
    size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    return !host_is_local(host, length);
}

static void warn(struct log *log, const char *event, const char *message)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_LEVEL_WARN, event)) return;
    log_text(&line, "message", message);
    log_end(log, &line);
}

static void warn_descriptors(struct log *log, const struct start_facts *facts)
{
    uint64_t needed = descriptors_needed(facts->config);
    struct log_line line;
    if (facts->descriptors >= needed) return;
    if (!log_begin(log, &line, LOG_LEVEL_WARN, "descriptors_short")) return;
    log_text(&line, "message",
             "inbound_connections_max and max_connections need more file descriptors than this "
             "process may have; raise its limit (ulimit -n, LimitNOFILE=) or lower them");
    log_u64(&line, "limit", facts->descriptors);
    log_u64(&line, "needed", needed);
    log_end(log, &line);
}

void start_warn(struct log *log, const struct start_facts *facts)
{
    const char *host = facts->listen.host;
    if (facts->secrets->api_token[0] == '\0' && !host_is_local(host, strlen(host))) {
        warn(log, "open_to_everyone",
             "TSFM_FORECAST_API_TOKEN is not set and the address can be reached from other "
             "machines: everyone may ask for forecasts");
    }
    bool tls = strncmp(facts->upstream, "https://", 8) == 0;
    if (tls && !facts->config->upstream.tls_verify) {
        warn(log, "upstream_not_verified",
             "upstream_tls_verify is false: anyone on the way to the upstream may answer in its "
             "place and read what it is sent");
    }
    if (key_goes_in_clear(facts)) {
        warn(log, "upstream_key_in_clear",
             "TSFM_UPSTREAM_API_KEY is sent over http: whoever is on the way can read it; use "
             "https");
    }
    if (facts->config->server.keepalive_expiry_ns > UPSTREAM_IDLE_NS) {
        warn(log, "keepalive_outlives_upstream",
             "keepalive_expiry_s is more than the 5 s after which tollama closes idle connections: "
             "pooled ones will often be found closed, which costs a new connection each time "
             "(tsfm_stale_sockets_total)");
    }
    warn_descriptors(log, facts);
}
