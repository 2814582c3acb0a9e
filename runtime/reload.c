#include "runtime/reload.h"

#include "base/clock.h"
#include "config/trace_head.h"
#include "runtime/state.h"

bool reload_read(struct log *log, const struct config_source *source,
                 const struct runtime_config *running, struct runtime_config *out)
{
    struct err_note note = { 0 };
    if (config_load(out, source, &note) == ERR_OK) {
        /* Drawn, given by --seed, or made for a worker: never what the file says now. */
        out->engine.seed = running->engine.seed;
        return true;
    }
    struct log_line line;
    if (log_begin(log, &line, LOG_LEVEL_ERROR, "reload_refused")) {
        log_text(&line, "message", note.sentence);
        log_text(&line, "path", note.path[0] == '\0' ? NULL : note.path);
        log_u64(&line, "line", (uint64_t)note.line);
        log_u64(&line, "column", (uint64_t)note.column);
        log_end(log, &line);
    }
    return false;
}

static void log_keys(struct log_line *line, const struct config_changes *changes)
{
    size_t count;
    const struct option *rows = config_rows(&count);
    json_key(&line->json, "changed");
    json_open(&line->json, '[');
    for (size_t i = 0; i < count; i++) {
        if (changes->items[i] == CONFIG_APPLIED) json_string(&line->json, rows[i].key);
    }
    json_close(&line->json, ']');
}

void reload_log(struct log *log, const struct config_changes *changes)
{
    struct log_line line;
    size_t count;
    const struct option *rows = config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (changes->items[i] != CONFIG_NEEDS_RESTART) continue;
        if (!log_begin(log, &line, LOG_LEVEL_WARN, "reload_needs_restart")) continue;
        log_text(&line, "option", rows[i].key);
        log_text(&line, "message",
                 rows[i].reload == OPTION_UP_TO_START
                     ? "larger than at start; the old value stays until a restart"
                     : "the old value stays until a restart");
        log_end(log, &line);
    }
    if (log_begin(log, &line, LOG_LEVEL_INFO, "reload")) {
        log_keys(&line, changes);
        log_end(log, &line);
    }
}

static void apply(struct service *service, const struct runtime_config *loaded)
{
    struct runtime_config *running = service->settings;
    struct config_changes changes = config_reload(running, service->setup.config, loaded);
    reload_log(service->setup.log, &changes);
    if (changes.applied == 0) return;

    instant_ns now = clock_now();
    if (now > service->now) service->now = now;
    service->setup.log->level = (enum log_level)running->server.log_level;
    engine_reconfigure(service->engine, &running->engine, service->now);
    http_client_set_keepalive(service->client, running->server.max_keepalive_connections,
                              running->server.keepalive_expiry_ns);
    struct buf *trace = trace_file_begin(service->setup.trace);
    if (trace != NULL) {
        trace_reload_write(trace, service->now, running);
        trace_file_end(service->setup.trace);
    }
    warmer_reloaded(service->warmer);
    service_turn(service); /* there may be more room for those who wait */
}

void reload_catch_up(struct service *service)
{
    struct runtime_config loaded;
    if (service->setup.workers == NULL) return;
    uint64_t reloads = workers_get_config(service->setup.workers, &loaded);
    if (reloads == service->reloads_taken) return;
    service->reloads_taken = reloads;
    loaded.engine.seed = service->config->engine.seed;
    apply(service, &loaded);
}

void service_reload(struct service *service, const struct config_source *source)
{
    if (service->setup.workers != NULL) {
        reload_catch_up(service);
        return;
    }
    struct runtime_config loaded;
    bool good = reload_read(service->setup.log, source, service->config, &loaded);
    service->metrics.reloads[good ? METRICS_RELOAD_APPLIED : METRICS_RELOAD_REFUSED]++;
    if (good) apply(service, &loaded);
}
