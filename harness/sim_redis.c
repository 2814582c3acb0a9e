#include "harness/sim_redis.h"

#include <assert.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/l2_reconnect.h"

/* Which draws of a command or a phase. */
enum { DRAW_GET, DRAW_PUT };

static uint64_t jitter_ns(const struct sim_redis *redis, const char *stream, uint64_t subject,
                          uint64_t most_ns)
{
    uint64_t limit_ns = u64_min(redis->options->reply_jitter_ns, most_ns);
    if (limit_ns == 0) return 0;
    return draw_below(draw(redis->options->jitter_seed, rng_stream(stream), subject, 0),
                      limit_ns + 1);
}

/* The phases' edges, each late by its own jitter, in the same order. */
static void take_story(struct sim_redis *redis, const struct redis_story *story)
{
    redis->story = *story;
    redis->story.phases = redis->phases;
    if (story->calm) redis->story.phase_count = 0;
    for (size_t i = 0; i < redis->story.phase_count; i++) {
        struct redis_phase *phase = &redis->phases[i];
        *phase = story->phases[i];
        bool lasts = phase->from_ns < phase->to_ns;
        phase->from_ns += jitter_ns(redis, "redis-edge", 2 * i, NS_PER_S);
        phase->to_ns += jitter_ns(redis, "redis-edge", 2 * i + 1, NS_PER_S);
        if (i > 0) {
            phase->from_ns = u64_max(phase->from_ns, phase[-1].from_ns);
            phase[-1].to_ns = u64_min(phase[-1].to_ns, phase->from_ns);
        }
        phase->to_ns = lasts ? u64_max(phase->to_ns, phase->from_ns) : phase->from_ns;
    }
}

static size_t count_keys(const struct scenario *scenario)
{
    size_t count = 0;
    for (size_t i = 0; i < scenario->workload_count; i++)
        count += scenario->workloads[i].key_count;
    return count;
}

/* Connected before the first request comes. */
void sim_redis_init(struct sim_redis *redis, const struct run *run, uint64_t seed,
                    const struct sim_options *options)
{
    const struct runtime_config *config = run->config;
    *redis = (struct sim_redis){ .on = run->scenario->redis.given };
    if (!redis->on) return;
    redis->config = config;
    redis->options = options;
    redis->seed = seed;
    redis->latency_stream = rng_stream("redis-latency");
    take_story(redis, &run->scenario->redis);
    redis_patience_begin(&redis->patience, config->l2.connect_timeout_ns);
    redis_patience_try(&redis->patience);
    redis_patience_connect(&redis->patience);
    redis_patience_greeted(&redis->patience);
    redis->timer = INSTANT_NEVER;
    redis->greeting = INSTANT_NEVER;
    sim_shelf_init(&redis->shelf, count_keys(run->scenario));
    redis->inflight_max = config->l2.inflight_max;
    redis->ring = mem_alloc(redis->inflight_max, sizeof *redis->ring);
    redis->command_of = mem_alloc(config->engine.calls_max, sizeof *redis->command_of);
    timers_init(&redis->missed, config->engine.calls_max);
}

void sim_redis_deinit(struct sim_redis *redis)
{
    if (!redis->on) return;
    timers_deinit(&redis->missed);
    mem_free(redis->command_of);
    mem_free(redis->ring);
    sim_shelf_deinit(&redis->shelf);
}

/* The connection. */

static void set_timer(struct sim_redis *redis, instant_ns now)
{
    uint64_t wait_ms = redis->patience.wait_ms;
    redis->timer = INSTANT_NEVER;
    if (wait_ms == REDIS_WAIT_NONE) return;
    /* Real timers are late by up to about 1 ms. */
    redis->timer = now + wait_ms * NS_PER_MS +
                   jitter_ns(redis, "redis-timer", redis->tries++, NS_PER_MS);
}

static struct sim_command *command_at(struct sim_redis *redis, uint32_t place)
{
    return &redis->ring[(redis->head + place) % redis->inflight_max];
}

/* Whether the server will still execute what lies in the kernel's buffers. */
static bool leaves_values(const struct sim_redis *redis, instant_ns now)
{
    const struct redis_phase *phase = redis_story_phase_at(&redis->story, now);
    bool hangs = phase != NULL && phase->effect == REDIS_HANG;
    return hangs && redis->options->reply_jitter_ns > 0 && redis->options->jitter_seed % 2 == 1;
}

static void lose(struct sim_redis *redis, instant_ns now)
{
    bool leaves = leaves_values(redis, now);
    for (uint32_t i = 0; i < redis->count; i++) {
        const struct sim_command *command = command_at(redis, i);
        if (command->call != SIM_NOBODY) timers_set(&redis->missed, command->call, now);
        if (command->puts && leaves) sim_shelf_put(&redis->shelf, &command->key, command->sent);
    }
    redis->oldest += redis->count;
    redis->count = 0;
    redis->greeting = INSTANT_NEVER;
    uint32_t failures = redis_patience_count_failure(&redis->patience);
    redis_patience_fail(&redis->patience, l2_reconnect_ns(redis->seed, failures));
    set_timer(redis, now);
}

/* When a server that may hang gets to what is there at `at`. */
static instant_ns awake(const struct sim_redis *redis, instant_ns at)
{
    const struct redis_phase *phase = redis_story_phase_at(&redis->story, at);
    while (phase != NULL && phase->effect == REDIS_HANG) {
        at = phase->to_ns;
        phase = redis_story_phase_at(&redis->story, at);
    }
    return at;
}

static uint64_t latency_ns(const struct sim_redis *redis, uint64_t subject, uint64_t which)
{
    uint64_t uniform = draw(redis->seed, redis->latency_stream, subject, which);
    return latency_draw_ns(&redis->story.latency, uniform) +
           jitter_ns(redis, "redis-reply", subject, UINT64_MAX);
}

/* A stopped server gets its connections accepted by the kernel; one that is down does not. */
static void try_to_connect(struct sim_redis *redis, instant_ns now)
{
    const struct redis_phase *phase = redis_story_phase_at(&redis->story, now);
    redis_patience_try(&redis->patience);
    redis_patience_connect(&redis->patience);
    set_timer(redis, now);
    redis->refused = phase != NULL && phase->effect == REDIS_DOWN;
    redis->greeting = now + SIM_CONNECT_NS;
    if (redis->refused) return;
    redis->greeting =
        awake(redis, redis->greeting + latency_ns(redis, redis->tries, DRAW_GET));
}

static void on_greeting(struct sim_redis *redis, instant_ns now)
{
    redis->greeting = INSTANT_NEVER;
    if (redis->refused) {
        lose(redis, now);
        return;
    }
    redis_patience_greeted(&redis->patience);
    set_timer(redis, now);
}

static void on_timer(struct sim_redis *redis, instant_ns now)
{
    switch (redis_patience_on_timer(&redis->patience)) {
    case REDIS_MOVE_NONE: set_timer(redis, now); return;
    case REDIS_MOVE_TRY: try_to_connect(redis, now); return;
    case REDIS_MOVE_GIVE_UP: lose(redis, now); return;
    }
}

static void on_phase(struct sim_redis *redis, instant_ns now)
{
    const struct redis_phase *phase = &redis->phases[redis->next_phase++];
    if (phase->effect == REDIS_HANG) return;
    sim_shelf_clear(&redis->shelf);
    bool connected = redis->patience.state != REDIS_STATE_WAITING && !redis->refused;
    if (phase->effect == REDIS_DOWN && connected) lose(redis, now);
}

/* Commands. */

static void send_command(struct sim_redis *redis, const struct sim_command *command,
                         uint64_t took_ns)
{
    struct sim_command *sent = command_at(redis, redis->count);
    instant_ns after = redis->count == 0 ? 0 : command_at(redis, redis->count - 1)->due + 1;
    *sent = *command;
    sent->due = u64_max(awake(redis, command->sent + took_ns), after);
    redis->count++;
    if (redis->count > 1) return;
    redis_patience_watch(&redis->patience, redis->count);
    set_timer(redis, command->sent);
}

static bool has_room(const struct sim_redis *redis)
{
    return redis_patience_admits(&redis->patience, redis->count, redis->inflight_max);
}

void sim_redis_get(struct sim_redis *redis, uint32_t call, const struct cache_key *key,
                   uint64_t request_key, instant_ns now)
{
    if (!has_room(redis)) {
        timers_set(&redis->missed, call, now);
        return;
    }
    redis->command_of[call] = redis->oldest + redis->count;
    const struct sim_command command = { .key = *key, .sent = now, .call = call };
    send_command(redis, &command, latency_ns(redis, request_key, DRAW_GET));
}

void sim_redis_cancel(struct sim_redis *redis, uint32_t call)
{
    bool missed = timers_at(&redis->missed, call) != INSTANT_NEVER;
    timers_clear(&redis->missed, call);
    if (missed) return;
    struct sim_command *command =
        command_at(redis, (uint32_t)(redis->command_of[call] - redis->oldest));
    assert(command->call == call);
    command->call = SIM_NOBODY; /* its answer is read and thrown away */
}

void sim_redis_put(struct sim_redis *redis, const struct cache_key *key, uint64_t request_key,
                   instant_ns now)
{
    const struct cache_config *cache = &redis->config->engine.cache;
    bool lasts = (cache->ttl_ns + cache->stale_ns) / NS_PER_MS > 0;
    if (!lasts || !has_room(redis)) return;
    const struct sim_command command = {
        .key = *key, .sent = now, .call = SIM_NOBODY, .puts = true,
    };
    send_command(redis, &command, latency_ns(redis, request_key, DRAW_PUT));
}

static bool on_answer(struct sim_redis *redis, instant_ns now, struct engine_input *out)
{
    const struct sim_command command = *command_at(redis, 0);
    instant_ns written = 0;
    redis->head = (redis->head + 1) % redis->inflight_max;
    redis->count--;
    redis->oldest++;
    redis_patience_watch(&redis->patience, redis->count);
    set_timer(redis, now);
    if (command.puts) sim_shelf_put(&redis->shelf, &command.key, command.sent);
    if (command.call == SIM_NOBODY) return false;
    out->call = command.call;
    out->l2_hit = sim_shelf_get(&redis->shelf, &command.key, &written) &&
                  cache_state_at(&redis->config->engine.cache, now - written) != CACHE_MISS;
    if (out->l2_hit) out->age_ns = now - written;
    return true;
}

/* What happens. */

static instant_ns next_phase(const struct sim_redis *redis)
{
    return redis->next_phase == redis->story.phase_count ? INSTANT_NEVER
                                                         : redis->phases[redis->next_phase].from_ns;
}

static instant_ns next_answer(const struct sim_redis *redis)
{
    return redis->count == 0 ? INSTANT_NEVER : redis->ring[redis->head].due;
}

/* Nobody needs a connection any more, or a phase, when no request is to come: both go on for ever,
 * and are left out by who asks for the run's end. */
instant_ns sim_redis_next(const struct sim_redis *redis)
{
    if (!redis->on) return INSTANT_NEVER;
    instant_ns link = instant_min(redis->timer, redis->greeting);
    instant_ns lookups = instant_min(next_answer(redis), timers_next(&redis->missed));
    return instant_min(instant_min(link, lookups), next_phase(redis));
}

bool sim_redis_pop(struct sim_redis *redis, instant_ns now, struct engine_input *out)
{
    *out = (struct engine_input){ .kind = ENGINE_L2_DONE };
    if (next_phase(redis) <= now) {
        on_phase(redis, now);
    } else if (timers_next(&redis->missed) <= now) {
        out->call = timers_pop(&redis->missed, now);
        return true;
    } else if (next_answer(redis) <= now) {
        return on_answer(redis, now, out);
    } else if (redis->greeting <= now) {
        on_greeting(redis, now);
    } else {
        on_timer(redis, now);
    }
    return false;
}
