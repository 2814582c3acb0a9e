#include "runtime/warmer.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "runtime/warmer_private.h"

#define RETRY_BASE_NS (250 * NS_PER_MS)

enum { KEEPWARM_JITTER_PERMILLE = 200 };

static void log_ready(struct warmer *warmer)
{
    struct log_line line;
    if (!log_begin(warmer->service->setup.log, &line, LOG_LEVEL_INFO, "warm")) return;
    log_u64(&line, "models", warmer->config.profiles);
    log_u64(&line, "calls", warmer->policy.calls);
    log_ms(&line, "after_ms", warmer->now - warmer->started);
    log_end(warmer->service->setup.log, &line);
}

static void obey(struct warmer *warmer, const struct warmup_action *action)
{
    switch (action->kind) {
    case WARMUP_CANCEL:
        warmer_call_cancel(warmer);
        warmer_call_log(warmer, "timeout", 0, "no answer in time");
        return;
    case WARMUP_READY: log_ready(warmer); return;
    case WARMUP_CALL_HEALTH:
    case WARMUP_CALL_FORECAST: warmer_call_start(warmer, action); return;
    }
}

static void tell_metrics(struct warmer *warmer)
{
    for (unsigned i = 0; i < WARMUP_RESULT_COUNT; i++) {
        warmer->service->metrics.warmup[i] += warmer->policy.counts[i] - warmer->told[i];
        warmer->told[i] = warmer->policy.counts[i];
    }
}

static void step(struct warmer *warmer, struct warmup_input input, instant_ns now)
{
    if (warmer->stopped) return;
    if (now > warmer->now) warmer->now = now;
    struct warmup_actions actions = warmup_step(&warmer->policy, input, warmer->now);
    for (uint32_t i = 0; i < actions.count; i++) obey(warmer, &actions.items[i]);
    tell_metrics(warmer);
    alarm_set(&warmer->alarm, warmer->pending != PENDING_NOTHING
                                  ? warmer->now
                                  : warmup_wakeup(&warmer->policy));
}

void warmer_report(struct warmer *warmer, enum warmer_pending pending, enum warmup_result result)
{
    warmer->pending = pending;
    warmer->result = result;
    alarm_set(&warmer->alarm, warmer->now);
}

static void on_due(void *context)
{
    struct warmer *warmer = context;
    struct warmup_input input = { .event = WARMUP_TIMER };
    switch (warmer->pending) {
    case PENDING_NOTHING: break;
    case PENDING_RESULT:
        input = (struct warmup_input){ .event = WARMUP_DONE, .result = warmer->result };
        break;
    case PENDING_VERSION: warmer_call_version(warmer); break;
    }
    warmer->pending = PENDING_NOTHING;
    step(warmer, input, clock_now());
}

/* What may change while running. `config.profiles` and `config.enabled` stay. */
static void take_settings(struct warmer *warmer)
{
    const struct warmup_settings *settings = &warmer->service->config->warmup;
    struct warmup_config *config = &warmer->config;
    config->health_timeout_ns = settings->health_timeout_ns;
    config->forecast_timeout_ns = settings->forecast_timeout_ns;
    config->retry.base_ns = u64_min(RETRY_BASE_NS, settings->retry_max_ns);
    config->retry.cap_ns = settings->retry_max_ns;
    config->keepwarm_ns = settings->keepwarm_ns;
}

static void pause_or_resume(struct warmer *warmer)
{
    bool pause = warmer->service->config->forecast.baseline_only;
    if (pause == warmer->policy.paused) return;
    step(warmer, (struct warmup_input){ .event = pause ? WARMUP_PAUSED : WARMUP_RESUMED },
         clock_now());
}

void warmer_reloaded(struct warmer *warmer)
{
    take_settings(warmer);
    pause_or_resume(warmer);
}

/* News of real traffic. */

void warmer_on_attempt(struct warmer *warmer, const char *model, enum outcome outcome)
{
    struct warmup_input input = { .event = WARMUP_TRAFFIC_REFUSED, .profile = WARMUP_NO_PROFILE };
    if (outcome == OUTCOME_OK) {
        input.event = WARMUP_TRAFFIC_OK;
        for (uint32_t i = 0; i < warmer->config.profiles; i++) {
            if (strcmp(warmer->profiles[i].name, model) == 0) input.profile = i;
        }
    } else if (outcome != OUTCOME_CONNECT_ERROR) {
        return;
    }
    step(warmer, input, warmer->service->now);
}

void warmer_on_breaker(struct warmer *warmer, enum breaker_state to)
{
    if (to == BREAKER_HALF_OPEN) return;
    step(warmer,
         (struct warmup_input){ .event = to == BREAKER_OPEN ? WARMUP_BREAKER_OPENED
                                                            : WARMUP_BREAKER_CLOSED },
         warmer->service->now);
}

/* Life. */

/* Each model once. */
static void take_names(struct warmer *warmer, const struct runtime_config *config)
{
    const char *list = config->warmup.models;
    char name[OPTION_TEXT_MAX];
    while (warmer->config.profiles < WARMUP_PROFILES_MAX && config_next_model(&list, name)) {
        uint32_t at = 0;
        while (at < warmer->config.profiles && strcmp(warmer->profiles[at].name, name) != 0) at++;
        if (at < warmer->config.profiles) continue;
        snprintf(warmer->profiles[at].name, OPTION_TEXT_MAX, "%s", name);
        warmer->config.profiles++;
    }
    if (warmer->config.profiles > 0) return;
    snprintf(warmer->profiles[0].name, OPTION_TEXT_MAX, "%s", config->forecast.default_model);
    warmer->config.profiles = 1;
}

static char *url_of(const struct service *service, const char *path)
{
    struct buf url;
    buf_init(&url, BUF_UNBOUNDED);
    buf_puts(&url, service->setup.upstream);
    buf_puts(&url, path);
    return buf_take(&url);
}

struct warmer *warmer_create(struct service *service)
{
    const struct runtime_config *config = service->config;
    struct warmer *warmer = mem_alloc(1, sizeof *warmer);
    warmer->service = service;
    warmer->health_url = url_of(service, "/v1/health");
    warmer->version_url = url_of(service, "/api/version");
    warmer->started = clock_now();
    warmer->now = warmer->started;
    warmer->config = (struct warmup_config){
        .enabled = config->warmup.enabled,
        .seed = config->engine.seed,
        .keepwarm_jitter_permille = KEEPWARM_JITTER_PERMILLE,
    };
    take_settings(warmer);
    take_names(warmer, config);
    buf_init(&warmer->sent, BUF_UNBOUNDED);
    warmup_init(&warmer->policy, &warmer->config, warmer->now);
    alarm_init(&warmer->alarm, service->setup.loop, on_due, warmer);
    alarm_set(&warmer->alarm, warmup_wakeup(&warmer->policy));
    pause_or_resume(warmer);
    return warmer;
}

void warmer_stop(struct warmer *warmer)
{
    if (warmer->stopped) return;
    warmer->stopped = true;
    warmer_call_cancel(warmer);
    alarm_set(&warmer->alarm, INSTANT_NEVER);
}

void warmer_close(struct warmer *warmer)
{
    warmer_stop(warmer);
    alarm_close(&warmer->alarm);
}

void warmer_free(struct warmer *warmer)
{
    arena_deinit(&warmer->arena);
    buf_deinit(&warmer->sent);
    mem_free(warmer->health_url);
    mem_free(warmer->version_url);
    mem_free(warmer);
}
