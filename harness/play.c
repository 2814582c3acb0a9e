#include "harness/play.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "harness/join.h"
#include "harness/play_private.h"

enum { PLAY_RESPONSE_BYTES_MAX = 64 * 1024 };

#define PLAY_START_LIMIT_NS (15 * NS_PER_S)
/* Another service may load a framework first. */
#define PLAY_TARGET_LIMIT_NS (60 * NS_PER_S)
#define PLAY_STOP_LIMIT_NS (3 * NS_PER_S)
/* Between the mock's clock being set and the first request. */
#define PLAY_LEAD_NS (100 * NS_PER_MS)
/* How long behind its deadline an answer is waited for. */
#define PLAY_GIVE_UP_NS (2 * NS_PER_S)

void play_enter(struct play *play, enum play_state state)
{
    bool loads = state == PLAY_WAITING_READY && play->run->foreign;
    uint64_t limit_ns = state == PLAY_STOPPING ? PLAY_STOP_LIMIT_NS
                        : loads                ? PLAY_TARGET_LIMIT_NS
                                               : PLAY_START_LIMIT_NS;
    play->state = state;
    play->state_deadline = instant_add(clock_now(), limit_ns);
}

static void play_stop(struct play *play)
{
    if (play->state == PLAY_STOPPING || play->state == PLAY_DONE) return;
    play_watch_end(play);
    if (play->state == PLAY_PLAYING) {
        play->run->stopped_ns = instant_until(clock_now(), play->start);
    }
    play_enter(play, PLAY_STOPPING);
    load_stop(&play->load);
    if (play->call != NULL) http_client_cancel(play->call);
    play->call = NULL;
    child_stop(&play->runtime, SIGTERM);
    redis_stage_stop(&play->redis);
    /* The mock goes last: the runtime may still be draining towards it. */
    if (!child_running(&play->runtime)) child_stop(&play->mock, SIGTERM);
}

/* Begun, which a replay that waits for its turn is not, and not asked to end yet. */
static bool play_is_on(const struct play *play)
{
    return play->run != NULL && play->state != PLAY_STOPPING && play->state != PLAY_DONE;
}

void play_abort(struct play *play, const char *reason)
{
    if (!play_is_on(play)) return;
    run_set_invalid(play->run, "%s", reason);
    play_stop(play);
}

void play_interrupt(struct play *play, int number)
{
    if (!play_is_on(play)) return;
    play_stop(play);
    run_interrupt(play->run, number);
}

static void play_on_timer_closed(uv_handle_t *handle)
{
    struct play *play = handle->data;
    play->timer_open = false;
    play->config.on_done(play->config.context);
}

static void play_finish(struct play *play)
{
    play->state = PLAY_DONE;
    play->run->wall_ns = clock_now() - play->began;
    play->run->redis_late_ns = play->redis.late_ns;
    load_close(&play->load);
    http_client_destroy(play->client);
    uv_close((uv_handle_t *)&play->timer, play_on_timer_closed);
}

void play_join(const struct play *play)
{
    if (play->start != 0) join_run(play->run, play->config.folder, play->start);
}

static void play_on_child_exit(void *context)
{
    struct play *play = context;
    struct child *children[] = { &play->runtime, &play->mock };
    for (size_t i = 0; i < 2; i++) {
        const struct child *child = children[i];
        bool early = child->exited && !child->stopping;
        if (!early && !child_failed(child)) continue;
        char sentence[160];
        child_describe_exit(child, sentence, sizeof sentence);
        run_set_invalid(play->run, "%s %s; its log is %.200s/%s.log", sentence,
                        !early                         ? "when it was stopped"
                        : play->state == PLAY_PLAYING ? "in mid-run"
                                                       : "before the run began",
                        play->config.folder, child->name);
        play_stop(play);
    }
    if (play->state == PLAY_STOPPING && !child_running(&play->runtime)) {
        child_stop(&play->mock, SIGTERM);
    }
}

static void play_on_loaded(void *context)
{
    play_stop(context);
}

static void play_begin_load(struct play *play)
{
    struct err_note note = { .err = ERR_OK };
    if (load_address_find(play->service_url, &play->address, &note) != ERR_OK) {
        play_abort(play, note.sentence);
        return;
    }
    play_enter(play, PLAY_PLAYING);
    play->load.loop = play->loop;
    play->load.address = &play->address;
    play->load.start = play->start;
    play->load.give_up_ns = play->run->config->engine.request_deadline_ns + PLAY_GIVE_UP_NS;
    play->load.pulse = play->config.pulse;
    play->load.on_finished = play_on_loaded;
    play->load.context = play;
    play_watch_begin(play);
    load_start(&play->load);
    redis_stage_play(&play->redis, play->start);
}

static void play_on_clock_set(void *context, const struct http_result *result)
{
    struct play *play = context;
    play->call = NULL;
    if (play->state != PLAY_SETTING_CLOCK) return;
    if (result->end != HTTP_END_COMPLETE || result->status != 200) {
        play_abort(play, "the mock did not take the scenario's start");
        return;
    }
    play_begin_load(play);
}

static void play_call(struct play *play, const char *base, const char *path, const char *body,
                      void (*on_done)(void *context, const struct http_result *result))
{
    char url[LOAD_HOST_MAX + LOAD_PATH_MAX + 32];
    snprintf(url, sizeof url, "%s%s", base, path);
    struct http_call_config config = {
        .url = url,
        .method = body == NULL ? "GET" : "POST",
        .headers = { "Content-Type: application/json" },
        .body = body,
        .body_length = body == NULL ? 0 : strlen(body),
        .response_bytes_max = PLAY_RESPONSE_BYTES_MAX,
        .on_done = on_done,
        .context = play,
    };
    play->call = http_client_start(play->client, &config);
}

static void play_on_health(void *context, const struct http_result *result)
{
    struct play *play = context;
    play->call = NULL;
    if (play->state != PLAY_WAITING_READY) return;
    /* Another service may have no such page: then it is ready when it answers. */
    bool ready = result->status == 200 || (play->run->foreign && result->status == 404);
    if (result->end != HTTP_END_COMPLETE) {
        snprintf(play->health, sizeof play->health, "%s", result->detail);
        return; /* the timer asks again */
    }
    if (!ready) {
        snprintf(play->health, sizeof play->health, "status %ld", (long)result->status);
        return;
    }
    play_enter(play, PLAY_SETTING_CLOCK);
    play->start = instant_add(clock_now(), PLAY_LEAD_NS);
    snprintf(play->control_body, sizeof play->control_body, "{\"at_ns\":%llu}",
             (unsigned long long)play->start);
    play_call(play, play->mock.url, "/__mock/start", play->control_body, play_on_clock_set);
}

static void play_on_mock_ready(void *context)
{
    struct play *play = context;
    if (play->state != PLAY_STARTING_MOCK) return;
    play_enter(play, PLAY_STARTING_RUNTIME);
    if (play->config.target != NULL) play_start_target(play);
    else play_start_runtime(play);
}

static void play_on_runtime_ready(void *context)
{
    struct play *play = context;
    snprintf(play->service_url, sizeof play->service_url, "%s", play->runtime.url);
    if (play->state == PLAY_STARTING_RUNTIME) play_enter(play, PLAY_WAITING_READY);
}

static void play_on_redis_ready(void *context)
{
    struct play *play = context;
    if (play->state != PLAY_STARTING_REDIS) return;
    play_enter(play, PLAY_STARTING_MOCK);
    play_start_mock(play);
}

static void play_on_redis_trouble(void *context, const char *sentence)
{
    play_abort(context, sentence);
}

static void play_start_redis(struct play *play)
{
    struct err_note note = { .err = ERR_OK };
    const struct redis_stage_config config = {
        .loop = play->loop,
        .story = &play->run->scenario->redis,
        .folder = play->config.folder,
        .aside = play->config.aside,
        .on_ready = play_on_redis_ready,
        .on_trouble = play_on_redis_trouble,
        .context = play,
    };
    play_enter(play, PLAY_STARTING_REDIS);
    if (redis_stage_start(&play->redis, &config, &note) != ERR_OK) {
        play_abort(play, note.sentence);
    }
}

static void abort_unready(struct play *play)
{
    char reason[512];
    snprintf(reason, sizeof reason, "%.200s/health/ready did not say 200 in time%s%s",
             play->service_url, play->health[0] == '\0' ? "" : "; the last time: ", play->health);
    play_abort(play, reason);
}

static void play_on_state_overdue(struct play *play)
{
    if (play->state == PLAY_STOPPING) {
        /* The mock is asked when the runtime is gone, and must have time to write its ledger. */
        bool first = child_running(&play->runtime);
        child_stop(first ? &play->runtime : &play->mock, SIGKILL);
        play->state_deadline =
            first ? instant_add(clock_now(), PLAY_STOP_LIMIT_NS) : INSTANT_NEVER;
        return;
    }
    static const char *const reasons[] = {
        [PLAY_STARTING_REDIS] = "redis-server was not ready within 15 s; see redis.log",
        [PLAY_STARTING_MOCK] = "the mock was not ready within 15 s; see mock.log",
        [PLAY_STARTING_RUNTIME] = "the runtime was not ready within 15 s; see runtime.log",
        [PLAY_SETTING_CLOCK] = "the mock did not take the scenario's start within 15 s",
    };
    if (play->state == PLAY_WAITING_READY) abort_unready(play);
    else play_abort(play, reasons[play->state]);
}

static void play_on_tick(uv_timer_t *timer)
{
    struct play *play = timer->data;
    if (play->state == PLAY_DONE) return;
    play_watch_tick(play);
    if (play->state != PLAY_PLAYING && clock_now() > play->state_deadline) {
        play_on_state_overdue(play);
    }
    if (play->state == PLAY_WAITING_READY && play->call == NULL && play->prepared) {
        play_call(play, play->service_url, "/health/ready", NULL, play_on_health);
    }
    bool gone = child_closed(&play->mock) && child_closed(&play->runtime) &&
                redis_stage_closed(&play->redis);
    if (play->state == PLAY_STOPPING && gone && play->prepared) play_finish(play);
}

static void play_prepare(void *context)
{
    struct play *play = context;
    load_prepare(&play->load);
}

static void play_on_prepared(void *context)
{
    struct play *play = context;
    play->prepared = true;
}

static void play_begin_preparing(struct play *play)
{
    play->load.run = play->run;
    play->preparing = (struct aside_task){
        .work = play_prepare,
        .after = play_on_prepared,
        .context = play,
    };
    if (play->config.aside != NULL) {
        aside_add(play->config.aside, &play->preparing);
        return;
    }
    play_prepare(play);
    play_on_prepared(play);
}

void play_start(struct play *play, uv_loop_t *loop, const struct play_config *config,
                struct run *run)
{
    *play = (struct play){ .loop = loop, .config = *config, .run = run, .began = clock_now() };
    play->mock = (struct child){ .name = "mock",
                                 .aside = config->aside,
                                 .on_ready = play_on_mock_ready,
                                 .on_exit = play_on_child_exit,
                                 .context = play };
    run->foreign = config->target != NULL;
    run->strict = run->foreign && config->target->strict;
    play->runtime = (struct child){ .name = run->foreign ? "target" : "runtime",
                                    .foreign = run->foreign,
                                    .aside = config->aside,
                                    .on_ready = play_on_runtime_ready,
                                    .on_exit = play_on_child_exit,
                                    .context = play };
    struct http_client_config client = {
        .loop = loop,
        .connections_max = 4,
        .keepalive_max = 0,
        .keepalive_expiry_ns = NS_PER_S,
    };
    play->client = http_client_create(&client);
    int rc = uv_timer_init(loop, &play->timer);
    assert(rc == 0);
    play->timer.data = play;
    play->timer_open = true;
    uv_timer_start(&play->timer, play_on_tick, PLAY_TICK_MS, PLAY_TICK_MS);
    play_begin_preparing(play);
    if (run->scenario->redis.given && !run->foreign) {
        play_start_redis(play);
        return;
    }
    play_enter(play, PLAY_STARTING_MOCK);
    play_start_mock(play);
}

bool play_is_starting(const struct play *play)
{
    return play->run != NULL && play->state < PLAY_PLAYING;
}

uint64_t play_elapsed_ns(const struct play *play)
{
    if (play->state == PLAY_DONE || play->state == PLAY_STOPPING) {
        return play->run->scenario->duration_ns;
    }
    return play->state == PLAY_PLAYING ? instant_until(clock_now(), play->start) : 0;
}
