#include "core/warmup.h"

#include <assert.h>

#include "base/rng.h"

/* Subjects of the backoff's draws besides the profiles 0 .. 15. */
enum { SUBJECT_HEALTH = WARMUP_PROFILES_MAX };

static void add(struct warmup_actions *actions, struct warmup_action action)
{
    assert(actions->count < WARMUP_ACTIONS_MAX);
    actions->items[actions->count++] = action;
}

static void enter(struct warmup *warmup, enum warmup_state state, instant_ns deadline)
{
    warmup->state = state;
    warmup->deadline = deadline;
}

static uint64_t retry_wait_ns(const struct warmup *warmup, uint64_t subject, uint32_t failures)
{
    uint64_t stream = draw(warmup->config->seed, rng_stream("warmup"), subject, 0);
    return backoff_draw_ns(&warmup->config->retry, stream, warmup->calls,
                           failures > 0 ? failures - 1 : 0);
}

/* keepwarm_ns, give or take its jitter: processes that were started together drift apart. */
static uint64_t draw_interval_ns(const struct warmup *warmup, uint32_t id)
{
    const struct warmup_config *config = warmup->config;
    if (config->keepwarm_ns == 0) return 0;
    uint64_t half_ns = config->keepwarm_ns / 1000 * config->keepwarm_jitter_permille;
    uint64_t drawn = draw(config->seed, rng_stream("keepwarm"), id,
                          warmup->profiles[id].intervals);
    return config->keepwarm_ns - half_ns + draw_below(drawn, 2 * half_ns + 1);
}

static void plan_keepwarm(struct warmup *warmup, uint32_t id)
{
    struct warmup_profile *profile = &warmup->profiles[id];
    profile->interval_ns = draw_interval_ns(warmup, id);
    profile->intervals++;
    profile->due = profile->interval_ns == 0
                       ? INSTANT_NEVER
                       : instant_add(profile->succeeded, profile->interval_ns);
}

static void lose(struct warmup *warmup, instant_ns now)
{
    warmup->lost = true;
    warmup->lost_at = now;
}

static void lose_reach(struct warmup *warmup, instant_ns now)
{
    lose(warmup, now);
    if (!warmup->reachable) return; /* a health check is planned */
    warmup->reachable = false;
    warmup->health_failures = 0;
    warmup->health_due = instant_add(now, retry_wait_ns(warmup, SUBJECT_HEALTH, 0));
}

/* The upstream is there again: it may have been restarted, and its models unloaded. */
static void regain(struct warmup *warmup, instant_ns now)
{
    warmup->reachable = true;
    warmup->lost = false;
    for (uint32_t id = 0; id < warmup->config->profiles; id++) {
        struct warmup_profile *profile = &warmup->profiles[id];
        if (profile->proven && profile->succeeded >= warmup->lost_at) continue;
        profile->warm = false;
        profile->due = now > profile->not_before ? now : profile->not_before;
    }
}

static void succeed(struct warmup *warmup, uint32_t id, instant_ns now,
                    struct warmup_actions *actions)
{
    struct warmup_profile *profile = &warmup->profiles[id];
    profile->succeeded = now;
    profile->failures = 0;
    if (profile->warm) return;
    profile->warm = true;
    profile->proven = true;
    plan_keepwarm(warmup, id);
    if (warmup->ready) return;
    for (uint32_t i = 0; i < warmup->config->profiles; i++) {
        if (!warmup->profiles[i].proven) return;
    }
    warmup->ready = true;
    add(actions, (struct warmup_action){ .kind = WARMUP_READY });
}

static void on_health(struct warmup *warmup, enum warmup_result result, instant_ns now)
{
    enter(warmup, WARMUP_WAITING, INSTANT_NEVER);
    if (result == WARMUP_OK) {
        regain(warmup, now);
        return;
    }
    warmup->health_failures++;
    warmup->health_due =
        instant_add(now, retry_wait_ns(warmup, SUBJECT_HEALTH, warmup->health_failures));
}

static void on_forecast(struct warmup *warmup, enum warmup_result result, instant_ns now,
                        struct warmup_actions *actions)
{
    uint32_t id = warmup->target;
    struct warmup_profile *profile = &warmup->profiles[id];
    enter(warmup, WARMUP_WAITING, INSTANT_NEVER);
    if (result == WARMUP_OK) {
        profile->warm = false; /* so that the next keepwarm is planned from here */
        profile->not_before = instant_add(now, warmup->config->retry.cap_ns);
        succeed(warmup, id, now, actions);
        return;
    }
    profile->warm = false;
    profile->failures++;
    profile->not_before = instant_add(now, retry_wait_ns(warmup, id, profile->failures));
    profile->due = profile->not_before;
    if (result != WARMUP_FAILED) lose_reach(warmup, now);
}

static void on_done(struct warmup *warmup, enum warmup_result result, instant_ns now,
                    struct warmup_actions *actions)
{
    warmup->counts[result]++;
    switch (warmup->state) {
    case WARMUP_HEALTH: on_health(warmup, result, now); return;
    case WARMUP_FORECAST: on_forecast(warmup, result, now, actions); return;
    case WARMUP_OFF:
    case WARMUP_WAITING: break;
    }
    assert(false && "no call is under way");
}

static void on_traffic_ok(struct warmup *warmup, uint32_t id, instant_ns now,
                          struct warmup_actions *actions)
{
    if (id != WARMUP_NO_PROFILE) {
        assert(id < warmup->config->profiles);
        succeed(warmup, id, now, actions);
    }
    /* A straggler of the time before the breaker opened is no sign of a return. */
    bool news = warmup->lost || !warmup->reachable;
    if (news && !warmup->breaker_open) regain(warmup, now);
}

static void on_event(struct warmup *warmup, struct warmup_input input, instant_ns now,
                     struct warmup_actions *actions)
{
    switch (input.event) {
    case WARMUP_TIMER: break;
    case WARMUP_DONE: on_done(warmup, input.result, now, actions); break;
    case WARMUP_TRAFFIC_OK: on_traffic_ok(warmup, input.profile, now, actions); break;
    case WARMUP_TRAFFIC_REFUSED: lose_reach(warmup, now); break;
    case WARMUP_BREAKER_OPENED:
        warmup->breaker_open = true;
        lose(warmup, now);
        break;
    case WARMUP_BREAKER_CLOSED:
        warmup->breaker_open = false;
        if (warmup->lost) regain(warmup, now);
        break;
    case WARMUP_PAUSED:
        warmup->paused = true;
        warmup->ready = true;
        break;
    case WARMUP_RESUMED: warmup->paused = false; break;
    }
}

/* Real traffic kept the profile warm: its interval counts from there. */
static bool is_needless(struct warmup *warmup, uint32_t id, instant_ns now)
{
    struct warmup_profile *profile = &warmup->profiles[id];
    if (!profile->warm) return false;
    if (instant_add(profile->succeeded, profile->interval_ns) <= now) return false;
    plan_keepwarm(warmup, id);
    if (profile->due <= now) return false;
    warmup->counts[WARMUP_SKIPPED]++;
    return true;
}

/* Of the profiles that are due the one that was called longest ago, so that one that always fails
 * cannot keep the others waiting. */
static uint32_t choose_due(struct warmup *warmup, instant_ns now)
{
    uint32_t chosen = WARMUP_NO_PROFILE;
    for (uint32_t id = 0; id < warmup->config->profiles; id++) {
        if (warmup->profiles[id].due > now || is_needless(warmup, id, now)) continue;
        if (chosen == WARMUP_NO_PROFILE ||
            warmup->profiles[id].last_call < warmup->profiles[chosen].last_call) {
            chosen = id;
        }
    }
    return chosen;
}

static void start_due(struct warmup *warmup, instant_ns now, struct warmup_actions *actions)
{
    const struct warmup_config *config = warmup->config;
    if (!warmup->reachable) {
        if (warmup->health_due > now) return;
        add(actions, (struct warmup_action){ .kind = WARMUP_CALL_HEALTH,
                                             .number = ++warmup->calls,
                                             .timeout_ns = config->health_timeout_ns });
        enter(warmup, WARMUP_HEALTH, instant_add(now, config->health_timeout_ns));
        return;
    }
    uint32_t id = choose_due(warmup, now);
    if (id == WARMUP_NO_PROFILE) return;
    warmup->target = id;
    warmup->profiles[id].last_call = ++warmup->calls;
    add(actions, (struct warmup_action){ .kind = WARMUP_CALL_FORECAST,
                                         .profile = id,
                                         .number = warmup->calls,
                                         .timeout_ns = config->forecast_timeout_ns });
    enter(warmup, WARMUP_FORECAST, instant_add(now, config->forecast_timeout_ns));
}

void warmup_init(struct warmup *warmup, const struct warmup_config *config, instant_ns now)
{
    assert(config->profiles > 0 && config->profiles <= WARMUP_PROFILES_MAX);
    *warmup = (struct warmup){
        .config = config,
        .state = config->enabled ? WARMUP_WAITING : WARMUP_OFF,
        .ready = !config->enabled,
        .lost = true,
        .lost_at = now,
        .health_due = now,
        .deadline = INSTANT_NEVER,
    };
    for (uint32_t id = 0; id < config->profiles; id++) warmup->profiles[id].due = INSTANT_NEVER;
}

struct warmup_actions warmup_step(struct warmup *warmup, struct warmup_input input, instant_ns now)
{
    struct warmup_actions actions = { .count = 0 };
    if (warmup->state == WARMUP_OFF) return actions;
    on_event(warmup, input, now, &actions);
    if (warmup->state != WARMUP_WAITING && warmup->deadline <= now) {
        add(&actions, (struct warmup_action){ .kind = WARMUP_CANCEL });
        on_done(warmup, WARMUP_TIMEOUT, now, &actions);
    }
    if (warmup->state == WARMUP_WAITING && !warmup->paused) start_due(warmup, now, &actions);
    return actions;
}

instant_ns warmup_wakeup(const struct warmup *warmup)
{
    switch (warmup->state) {
    case WARMUP_OFF: return INSTANT_NEVER;
    case WARMUP_HEALTH:
    case WARMUP_FORECAST: return warmup->deadline;
    case WARMUP_WAITING: break;
    }
    if (warmup->paused) return INSTANT_NEVER;
    if (!warmup->reachable) return warmup->health_due;
    instant_ns next = INSTANT_NEVER;
    for (uint32_t id = 0; id < warmup->config->profiles; id++) {
        next = instant_min(next, warmup->profiles[id].due);
    }
    return next;
}

const char *warmup_result_name(enum warmup_result result)
{
    switch (result) {
    case WARMUP_OK: return "ok";
    case WARMUP_FAILED: return "failed";
    case WARMUP_UNREACHABLE: return "unreachable";
    case WARMUP_TIMEOUT: return "timeout";
    case WARMUP_SKIPPED: return "skipped";
    }
    return "";
}
