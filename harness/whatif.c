#include "harness/whatif.h"

#include <assert.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/timers.h"

/* A call of the engine that plays. */
struct live {
    uint32_t request;
    uint32_t number;    /* of the attempt that runs */
    instant_ns started;
    uint32_t attempt;   /* whose events it meets; RECORDING_NONE: none, it is silent */
    uint32_t event;     /* the next of them; RECORDING_NONE: there is no more */
    bool modelled;
};

struct player {
    const struct recording *recording;
    struct whatif *out;
    struct engine *engine;  /* owned */
    struct live *calls;     /* owned: by call */
    uint32_t *free_ids;     /* owned: a stack */
    uint32_t free_count;
    uint32_t *call_of;      /* owned: by request; RECORDING_NONE: not running */
    struct timers upstream; /* owned: by call: the next event of its attempt */
    struct timers lookups;  /* owned: by call */
    struct timers gone;     /* owned: by request */
    uint64_t seed;
    uint32_t calls_max;
    size_t next_request;
    size_t next_reload;
    instant_ns now;
};

/* ---- the model ---- */

/* The first attempt that did not start before `from`. */
static size_t find_started(const struct recording *recording, instant_ns from)
{
    size_t low = 0;
    size_t high = recording->attempt_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (recording->attempts[middle].started < from) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* An attempt of that second of which more is known than `least_ns`, by the draw. One that the
 * engine cancelled stands for silence until then. */
static uint32_t pick_of_second(const struct recording *recording, uint64_t second,
                               uint64_t least_ns, uint64_t uniform)
{
    size_t begin = find_started(recording, second * NS_PER_S);
    size_t end = find_started(recording, (second + 1) * NS_PER_S);
    uint32_t count = 0;
    for (size_t i = begin; i < end; i++) count += recording->attempts[i].known_ns > least_ns;
    if (count == 0) return RECORDING_NONE;
    uint64_t wanted = draw_below(uniform, count);
    for (size_t i = begin; i < end; i++) {
        if (recording->attempts[i].known_ns > least_ns && wanted-- == 0) return (uint32_t)i;
    }
    return RECORDING_NONE;
}

/* The nearest second that has one; the earlier of two. */
static uint32_t pick(const struct recording *recording, instant_ns at, uint64_t least_ns,
                     uint64_t uniform)
{
    uint64_t second = at / NS_PER_S;
    uint64_t first = recording->first / NS_PER_S;
    uint64_t last = recording->last / NS_PER_S;
    for (uint64_t distance = 0; distance <= u64_max(last, second) - first; distance++) {
        uint32_t found = RECORDING_NONE;
        if (second >= first + distance) {
            found = pick_of_second(recording, second - distance, least_ns, uniform);
        }
        if (found == RECORDING_NONE) {
            found = pick_of_second(recording, second + distance, least_ns, uniform);
        }
        if (found != RECORDING_NONE) return found;
    }
    return RECORDING_NONE;
}

/* ---- attempts ---- */

/* Its next event, or the moment from which on nothing is known. */
static void schedule_event(struct player *player, uint32_t call)
{
    const struct recording *recording = player->recording;
    struct live *live = &player->calls[call];
    if (live->attempt == RECORDING_NONE) {
        timers_clear(&player->upstream, call);
    } else if (live->event != RECORDING_NONE) {
        timers_set(&player->upstream, call,
                   live->started + recording->events[live->event].after_ns);
    } else if (!recording->attempts[live->attempt].done) {
        /* Behind what the engine does at that very moment, which is to cancel it again. */
        timers_set(&player->upstream, call,
                   live->started + recording->attempts[live->attempt].known_ns + 1);
    }
}

/* From here on the attempt is somebody else's: one that was silent as long, of the same time. */
static void ask_model(struct player *player, uint32_t call)
{
    const struct recording *recording = player->recording;
    struct live *live = &player->calls[call];
    const struct recorded_request *request = &recording->requests[live->request];
    uint64_t since_ns = player->now - live->started;
    uint64_t stream = rng_stream(since_ns == 0 ? "replay-model" : "replay-model-rest");
    uint64_t uniform = draw(player->seed, stream, request->input.request_key, live->number);
    if (!live->modelled) player->out->from_model++;
    live->modelled = true;
    player->out->model_from = instant_min(player->out->model_from, player->now);
    live->attempt = pick(recording, live->started, since_ns, uniform);
    if (live->attempt == RECORDING_NONE) return;
    live->event = recording->attempts[live->attempt].first;
    while (live->event != RECORDING_NONE && recording->events[live->event].after_ns < since_ns) {
        live->event = recording->events[live->event].next;
    }
}

static void start_attempt(struct player *player, const struct engine_action *action)
{
    struct live *live = &player->calls[action->call];
    const struct recorded_request *request = &player->recording->requests[live->request];
    live->number = action->attempt;
    live->started = player->now;
    live->attempt = request->attempts[action->attempt];
    live->modelled = false;
    if (live->attempt == RECORDING_NONE) ask_model(player, action->call);
    else live->event = player->recording->attempts[live->attempt].first;
    player->out->figures.attempts++;
    schedule_event(player, action->call);
}

static void end_attempt(struct player *player, uint32_t call)
{
    timers_clear(&player->upstream, call);
    player->out->from_recording += !player->calls[call].modelled;
}

/* ---- the engine ---- */

static void start_lookup(struct player *player, uint32_t call)
{
    const struct recorded_request *request =
        &player->recording->requests[player->calls[call].request];
    switch (request->lookup) {
    case LOOKUP_SILENT: return;
    case LOOKUP_DONE: timers_set(&player->lookups, call, player->now + request->lookup_ns); return;
    case LOOKUP_UNKNOWN: /* a miss, at once: nobody knows what it would have found */
        timers_set(&player->lookups, call, player->now);
        player->out->model_from = instant_min(player->out->model_from, player->now);
        return;
    }
}

static void on_answer(struct player *player, uint32_t call)
{
    struct live *live = &player->calls[call];
    const struct recorded_request *request = &player->recording->requests[live->request];
    if (request->answered) {
        recorded_add_answer(&player->out->figures, engine_record(player->engine, call)->served,
                            player->now - request->at);
    }
    player->call_of[live->request] = RECORDING_NONE;
    timers_clear(&player->gone, live->request);
    player->free_ids[player->free_count++] = call;
}

static void obey(struct player *player, const struct engine_action *action)
{
    switch (action->kind) {
    case ENGINE_START_ATTEMPT: start_attempt(player, action); break;
    case ENGINE_CANCEL_ATTEMPT: end_attempt(player, action->call); break;
    case ENGINE_ANSWER: on_answer(player, action->call); break;
    case ENGINE_L2_GET: start_lookup(player, action->call); break;
    case ENGINE_L2_CANCEL: timers_clear(&player->lookups, action->call); break;
    case ENGINE_BREAKER:
        recorded_add_transition(&player->out->figures, player->now, action->transition.from,
                                action->transition.to);
        break;
    case ENGINE_RUN_BASELINE: /* step() computes it */
    case ENGINE_STORE:
    case ENGINE_DROP:
    case ENGINE_L2_PUT: break;
    }
}

/* A baseline costs no time: it is reported at once. */
static void step(struct player *player, struct engine_input input)
{
    bool again;
    do {
        again = false;
        const struct engine_actions *actions = engine_step(player->engine, &input, player->now);
        for (uint32_t i = 0; i < actions->count; i++) {
            const struct engine_action *action = &actions->items[i];
            obey(player, action);
            if (action->kind != ENGINE_RUN_BASELINE) continue;
            again = true;
            const struct live *live = &player->calls[action->call];
            input = (struct engine_input){ .kind = ENGINE_BASELINE_DONE, .call = action->call };
            input.baseline_ok = !player->recording->requests[live->request].baseline_failed;
        }
    } while (again);
}

/* ---- events ---- */

static void on_upstream(struct player *player)
{
    uint32_t call = timers_pop(&player->upstream, player->now);
    struct live *live = &player->calls[call];
    if (live->event == RECORDING_NONE) {
        ask_model(player, call);
        schedule_event(player, call);
        return;
    }
    const struct recorded_event *event = &player->recording->events[live->event];
    live->event = event->next;
    if (event->kind == ENGINE_ATTEMPT_DONE) end_attempt(player, call);
    else schedule_event(player, call);
    step(player, (struct engine_input){ .kind = event->kind,
                                        .call = call,
                                        .attempt = live->number,
                                        .outcome = event->outcome,
                                        .http_status = event->http_status,
                                        .has_retry_after = event->has_retry_after,
                                        .retry_after_ns = event->retry_after_ns,
                                        .body_bytes = event->body_bytes });
}

static void on_lookup(struct player *player)
{
    uint32_t call = timers_pop(&player->lookups, player->now);
    const struct recorded_request *request =
        &player->recording->requests[player->calls[call].request];
    struct engine_input input = { .kind = ENGINE_L2_DONE };
    if (request->lookup == LOOKUP_DONE) input = request->lookup_input;
    input.call = call;
    step(player, input);
}

static void on_arrival(struct player *player)
{
    uint32_t index = (uint32_t)player->next_request++;
    const struct recorded_request *request = &player->recording->requests[index];
    if (player->free_count == 0) { /* max_inflight: refused before the engine hears of it */
        if (request->answered) recorded_add_answer(&player->out->figures, SERVED_ERROR, 0);
        return;
    }
    uint32_t call = player->free_ids[--player->free_count];
    player->calls[call] = (struct live){ .request = index };
    player->call_of[index] = call;
    if (request->gone != INSTANT_NEVER) timers_set(&player->gone, index, request->gone);
    struct engine_input input = request->input;
    input.call = call;
    step(player, input);
}

static void on_gone(struct player *player)
{
    uint32_t request = timers_pop(&player->gone, player->now);
    step(player, (struct engine_input){ .kind = ENGINE_CLIENT_GONE,
                                        .call = player->call_of[request] });
}

static void on_reload(struct player *player)
{
    const struct recorded_reload *reload = &player->recording->reloads[player->next_reload++];
    engine_reconfigure(player->engine, &reload->config->engine, player->now);
}

/* One event; false when nothing more can happen to a request and the recording is over. */
static bool turn(struct player *player)
{
    const struct recording *recording = player->recording;
    bool more = player->next_request < recording->request_count;
    instant_ns upstream = timers_next(&player->upstream);
    instant_ns lookup = timers_next(&player->lookups);
    instant_ns arrival = more ? recording->requests[player->next_request].at : INSTANT_NEVER;
    instant_ns gone = timers_next(&player->gone);
    instant_ns reload = player->next_reload < recording->reload_count
                            ? recording->reloads[player->next_reload].at
                            : INSTANT_NEVER;
    instant_ns outside = instant_min(instant_min(upstream, lookup), instant_min(arrival, gone));
    outside = instant_min(outside, reload);
    instant_ns wakeup = engine_wakeup(player->engine);
    if (wakeup < outside) {
        bool idle = player->free_count == player->calls_max && outside == INSTANT_NEVER;
        if (idle && wakeup > u64_max(recording->last, player->now)) return false;
        player->now = u64_max(player->now, wakeup);
        step(player, (struct engine_input){ .kind = ENGINE_TIMER });
        return true;
    }
    if (outside == INSTANT_NEVER) return false;
    player->now = u64_max(player->now, outside);
    if (reload == outside) on_reload(player);
    else if (upstream == outside) on_upstream(player);
    else if (lookup == outside) on_lookup(player);
    else if (arrival == outside) on_arrival(player);
    else on_gone(player);
    return true;
}

static void player_open(struct player *player)
{
    const struct engine_config *config = &player->recording->head.config.engine;
    size_t count = player->recording->request_count;
    player->engine = engine_create(config);
    player->seed = config->seed;
    player->calls_max = config->calls_max;
    player->calls = mem_alloc(config->calls_max, sizeof *player->calls);
    player->free_ids = mem_alloc(config->calls_max, sizeof *player->free_ids);
    while (player->free_count < config->calls_max) {
        player->free_ids[player->free_count] = config->calls_max - 1 - player->free_count;
        player->free_count++;
    }
    player->call_of = mem_alloc(count + 1, sizeof *player->call_of);
    timers_init(&player->upstream, config->calls_max);
    timers_init(&player->lookups, config->calls_max);
    timers_init(&player->gone, (uint32_t)count + 1);
}

void whatif_play(const struct recording *recording, struct whatif *out)
{
    *out = (struct whatif){ .model_from = INSTANT_NEVER };
    struct player player = { .recording = recording, .out = out };
    player_open(&player);
    while (turn(&player)) continue;
    timers_deinit(&player.gone);
    timers_deinit(&player.lookups);
    timers_deinit(&player.upstream);
    mem_free(player.call_of);
    mem_free(player.free_ids);
    mem_free(player.calls);
    engine_destroy(player.engine);
}

void whatif_deinit(struct whatif *whatif)
{
    recorded_release(&whatif->figures);
}
