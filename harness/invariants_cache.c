#include "base/mem.h"
#include "base/sort.h"
#include "harness/invariants.h"
#include "harness/sim.h"

/* A body is no larger than this in the workloads that scenarios have: a cache with room for all
 * bodies at that size is bounded by its entries alone. */
enum { BODY_BYTES_MAX = 16 * 1024, BODY_BYTES_LEAST = 256 };

/* What happens to the cache, in the order of one instant: an upstream's answer is put there; looks
 * of which a path tells, but for the glance when a lookup in the second level is over; and what
 * that level held is put there, where who waited for that request finds it. */
enum use_kind { USE_STORE, USE_ARRIVAL, USE_GLANCE, USE_FALLBACK, USE_TAKE };

/* One look into the cache, or one answer put there. */
struct use {
    uint64_t at_ns;
    enum use_kind kind;
    uint32_t request;
    uint32_t key;
    enum cache_state told; /* of a look: what the path says */
    bool joined;           /* its request waited for another one */
    uint64_t came_ns;      /* when that came, or its lookup was over */
};

struct uses {
    struct use *items; /* owned */
    size_t count;
};

/* A key in the reference cache. */
struct held {
    bool in;
    uint64_t stored_ns;
    uint64_t used; /* number of the use that touched it last */
};

struct model {
    const struct cache_config *config;
    struct held *keys; /* owned: by key */
    uint32_t key_count;
    uint32_t count;
    uint64_t clock; /* counts uses */
};

static int compare_uses(const void *a, const void *b)
{
    const struct use *left = a;
    const struct use *right = b;
    if (left->at_ns != right->at_ns) return left->at_ns < right->at_ns ? -1 : 1;
    enum use_kind first = left->kind == USE_TAKE ? USE_FALLBACK : left->kind;
    enum use_kind second = right->kind == USE_TAKE ? USE_FALLBACK : right->kind;
    if (first != second) return first < second ? -1 : 1;
    if (left->joined != right->joined) return left->joined ? 1 : -1;
    if (left->came_ns != right->came_ns) return left->came_ns < right->came_ns ? -1 : 1;
    if (left->request != right->request) return left->request < right->request ? -1 : 1;
    return (left->kind > right->kind) - (left->kind < right->kind);
}

/* The distinct requests of all workloads, numbered through. */
static uint32_t key_of(const struct run *run, uint32_t request)
{
    const struct arrival *arrival = &run->schedule->items[request];
    uint32_t key = arrival->key;
    for (uint32_t w = 0; w < arrival->workload; w++)
        key += run->scenario->workloads[w].key_count;
    return key;
}

static uint32_t count_keys(const struct run *run)
{
    uint32_t count = 0;
    for (size_t w = 0; w < run->scenario->workload_count; w++)
        count += run->scenario->workloads[w].key_count;
    return count;
}

static bool has_joined(const struct run *run, uint32_t request)
{
    const struct run_answer *answer = &run->answers[request];
    for (uint32_t w = 0; w < answer->path_count; w++) {
        if (run->path[answer->path_at + w].step == PATH_FLIGHT_JOINED) return true;
    }
    return false;
}

/* `own` holds what all uses of a request have in common. */
static void add(struct uses *uses, const struct use *own, uint64_t at_ns, enum use_kind kind,
                enum cache_state told)
{
    struct use *use = &uses->items[uses->count++];
    *use = *own;
    use->at_ns = at_ns;
    use->kind = kind;
    use->told = told;
}

struct look {
    enum use_kind kind;
    enum cache_state told;
};

enum { LOOKS_MAX = 2 };

/* What a word of a path says of the cache; how many `out` then holds. */
static uint32_t looks_of(enum path_step step, struct look out[LOOKS_MAX])
{
    static const struct look glance = { USE_GLANCE, CACHE_MISS };
    switch ((int)step) {
    case PATH_L1_FRESH: out[0] = (struct look){ USE_ARRIVAL, CACHE_FRESH }; return 1;
    case PATH_L1_STALE: out[0] = (struct look){ USE_ARRIVAL, CACHE_STALE }; return 1;
    case PATH_L1_MISS: out[0] = (struct look){ USE_ARRIVAL, CACHE_MISS }; return 1;
    case PATH_STALE_HIT: out[0] = (struct look){ USE_FALLBACK, CACHE_STALE }; return 1;
    case PATH_STALE_MISS: out[0] = (struct look){ USE_FALLBACK, CACHE_MISS }; return 1;
    case PATH_L1_FILLED:
    case PATH_FLIGHT_OK: out[0] = (struct look){ USE_FALLBACK, CACHE_FRESH }; return 1;
    case PATH_STALE_L2:
        out[0] = (struct look){ USE_FALLBACK, CACHE_MISS };
        out[1] = (struct look){ USE_TAKE, CACHE_STALE };
        return 2;
    case PATH_L2_STALE:
    case PATH_L2_MISS:
    case PATH_L2_TIMEOUT: out[0] = glance; return 1;
    case PATH_L2_FRESH:
        out[0] = glance;
        out[1] = (struct look){ USE_TAKE, CACHE_FRESH };
        return 2;
    }
    return 0;
}

static void collect_request(struct uses *uses, const struct run *run, uint32_t request)
{
    const struct run_answer *answer = &run->answers[request];
    uint64_t done_ns = answer->hung_up ? answer->done_ns : answer->done_ns - SIM_TRANSPORT_NS;
    if (answer->path_count + answer->attempt_count == 0) return;
    const struct use own = {
        .request = request,
        .key = key_of(run, request),
        .joined = has_joined(run, request),
        .came_ns = u64_max(answer->sent_ns, answer->looked_ns),
    };
    for (uint32_t w = 0; w < answer->path_count; w++) {
        struct look looks[LOOKS_MAX];
        uint32_t count = looks_of((enum path_step)run->path[answer->path_at + w].step, looks);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t at_ns = looks[i].kind == USE_ARRIVAL  ? answer->sent_ns
                             : looks[i].kind == USE_GLANCE ? answer->looked_ns
                                                           : done_ns;
            add(uses, &own, at_ns, looks[i].kind, looks[i].told);
        }
    }
    for (uint32_t a = 0; a < answer->attempt_count; a++) {
        const struct run_attempt *attempt = &run->attempts[answer->attempt_at + a];
        if (attempt->outcome != OUTCOME_OK) continue;
        add(uses, &own, attempt->started_ns + attempt->latency_ns, USE_STORE, CACHE_MISS);
    }
}

static void touch(struct model *model, struct held *held)
{
    held->used = ++model->clock;
}

static void leave(struct model *model, struct held *held)
{
    held->in = false;
    model->count--;
}

/* The entry of which the last use is the longest ago goes. */
static void make_room(struct model *model)
{
    struct held *oldest = NULL;
    if (model->count < model->config->entries_max) return;
    for (uint32_t i = 0; i < model->key_count; i++) {
        struct held *held = &model->keys[i];
        if (held->in && (oldest == NULL || held->used < oldest->used)) oldest = held;
    }
    leave(model, oldest);
}

static bool is_off(const struct cache_config *config)
{
    return config->entries_max == 0 || config->ttl_ns + config->stale_ns == 0 ||
           config->bytes_max < BODY_BYTES_LEAST;
}

static void store(struct model *model, const struct use *use, uint64_t stored_ns)
{
    struct held *held = &model->keys[use->key];
    if (is_off(model->config)) return;
    if (!held->in) {
        make_room(model);
        held->in = true;
        model->count++;
    }
    held->stored_ns = stored_ns;
    touch(model, held);
}

/* A body of the second level, as old as it is, unless there is a younger one. */
static void take(struct model *model, const struct use *use, uint64_t age_ns)
{
    const struct held *held = &model->keys[use->key];
    if (held->in && held->stored_ns >= use->at_ns - age_ns) return;
    store(model, use, use->at_ns - age_ns);
}

static enum cache_state look(struct model *model, const struct use *use)
{
    struct held *held = &model->keys[use->key];
    if (!held->in) return CACHE_MISS;
    uint64_t age_ns = use->at_ns - held->stored_ns;
    if (age_ns >= model->config->ttl_ns + model->config->stale_ns) {
        leave(model, held);
        return CACHE_MISS;
    }
    touch(model, held);
    return age_ns < model->config->ttl_ns ? CACHE_FRESH : CACHE_STALE;
}

/* Whether the answer that was served is as old as the entry. */
static bool has_age(const struct model *model, const struct run_answer *answer,
                    const struct use *use)
{
    bool cached = answer->served == SERVED_CACHE || answer->served == SERVED_STALE;
    bool at_once = use->kind == USE_FALLBACK || use->told == CACHE_FRESH;
    if (!cached || !at_once || answer->hung_up || use->told == CACHE_MISS) return true;
    return answer->age_ns == use->at_ns - model->keys[use->key].stored_ns;
}

/* Another's answer to the same was stored at that very moment, but may have come after the look. */
static bool fell_back_before(const struct model *model, const struct use *use)
{
    const struct held *held = &model->keys[use->key];
    return use->kind == USE_FALLBACK && use->told != CACHE_FRESH && held->in &&
           held->stored_ns == use->at_ns;
}

/* Whether another key is used in the same nanosecond: asked of the first use in it. */
static bool is_tied(const struct uses *uses, size_t at)
{
    const struct use *use = &uses->items[at];
    if (at > 0 && use[-1].at_ns == use->at_ns) return false;
    for (size_t i = at + 1; i < uses->count && uses->items[i].at_ns == use->at_ns; i++) {
        if (uses->items[i].key != use->key) return true;
    }
    return false;
}

static void judge(struct invariant *invariant, struct model *model, const struct uses *uses)
{
    for (size_t i = 0; i < uses->count; i++) {
        const struct use *use = &uses->items[i];
        const struct run_answer *answer = &invariant->run->answers[use->request];
        /* Which of two was used last, nobody knows: it decides who leaves. */
        if (is_tied(uses, i) && model->key_count > model->config->entries_max) return;
        if (use->kind == USE_STORE) store(model, use, use->at_ns);
        if (use->kind == USE_TAKE) take(model, use, answer->age_ns);
        if (use->kind == USE_GLANCE) (void)look(model, use);
        if (use->kind != USE_ARRIVAL && use->kind != USE_FALLBACK) continue;
        invariant->check->n++;
        enum cache_state state = look(model, use);
        bool right = state == use->told;
        /* Who waited for a flight is answered with it at any age, however short the TTL. */
        bool waited = answer->served == SERVED_UPSTREAM || answer->hung_up;
        if (use->kind == USE_FALLBACK && use->told == CACHE_FRESH && waited) {
            right = state != CACHE_MISS;
        }
        if (right && has_age(model, answer, use)) continue;
        if (fell_back_before(model, use)) continue;
        invariant_breach(invariant, use->request,
                         "at %.6f s the cache held \"%s\" for the first, which found \"%s\" at an "
                         "age of %.6f s",
                         verdict_seconds(use->at_ns), cache_state_name(state),
                         cache_state_name(use->told), verdict_seconds(answer->age_ns));
        return; /* from here on the two caches differ */
    }
}

/* Only in virtual time is the order of uses known; members of a family are also used by others. */
static bool is_observable(const struct run *run)
{
    const struct cache_config *config = &run->config->engine.cache;
    if (run->world == WORLD_REAL) return false;
    uint64_t most = u64_min(config->entries_max, count_keys(run));
    if (config->families) return false;
    return is_off(config) || most * BODY_BYTES_MAX <= config->bytes_max;
}

void invariant_cache(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    if (!is_observable(run)) return;
    size_t most = 2 * run->path_count + run->attempt_count + 1;
    uint32_t key_count = count_keys(run);
    struct uses uses = { .items = mem_resize(NULL, most, sizeof *uses.items) };
    struct model model = {
        .config = &run->config->engine.cache,
        .keys = mem_alloc(key_count, sizeof *model.keys),
        .key_count = key_count,
    };
    for (uint32_t i = 0; i < run->schedule->count; i++)
        collect_request(&uses, run, i);
    sort_items(uses.items, uses.count, sizeof *uses.items, compare_uses);
    judge(invariant, &model, &uses);
    mem_free(model.keys);
    mem_free(uses.items);
}
