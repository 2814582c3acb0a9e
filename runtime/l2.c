#include "runtime/l2.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "config/redis_url.h"
#include "core/l2_reconnect.h"
#include "net/redis.h"
#include "runtime/l2_envelope.h"
#include "runtime/state.h"

struct l2 {
    struct service *service;    /* borrowed */
    struct redis *redis;        /* owned */
    char place[OPTION_TEXT_MAX]; /* the URL without its secrets, for the log */
};

/* The connection. */

static uint64_t reconnect_wait_ns(void *context, uint32_t failures)
{
    const struct l2 *l2 = context;
    return l2_reconnect_ns(l2->service->config->engine.seed, failures);
}

static void on_state(void *context, bool connected, const char *detail)
{
    struct l2 *l2 = context;
    struct log *log = l2->service->setup.log;
    struct log_line line;
    enum log_level level = connected ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;
    if (!log_begin_limited(log, &line, level, connected ? "l2_connected" : "l2_disconnected")) {
        return;
    }
    log_text(&line, "redis", l2->place);
    if (!connected) log_text(&line, "detail", detail);
    log_end(log, &line);
}

struct l2 *l2_create(struct service *service)
{
    const struct l2_settings *settings = &service->config->l2;
    if (settings->redis_url[0] == '\0') return NULL;
    struct redis_url url;
    const char *wrong = redis_url_parse(settings->redis_url, &url);
    assert(wrong == NULL); /* config_load() has seen to that */
    struct l2 *l2 = mem_alloc(1, sizeof *l2);
    l2->service = service;
    redis_url_hide(settings->redis_url, l2->place);
    l2->redis = redis_create(&(struct redis_config){
        .loop = service->setup.loop,
        .host = url.host,
        .port = url.port,
        .user = url.user,
        .password = url.password,
        .database = url.database,
        .connect_timeout_ns = settings->connect_timeout_ns,
        .inflight_max = settings->inflight_max,
        .value_bytes_max = L2_VALUE_BYTES_MAX,
        .reconnect_wait_ns = reconnect_wait_ns,
        .on_state = on_state,
        .context = l2,
    });
    return l2;
}

void l2_destroy(struct l2 *l2)
{
    if (l2 == NULL) return;
    redis_destroy(l2->redis);
    mem_free(l2);
}

bool l2_is_connected(const struct l2 *l2)
{
    return l2 != NULL && redis_stats(l2->redis).connected;
}

/* Reading. */

/* Makes what Redis holds the job's l2_body when it may be served; `age_ns` of a hit. */
static enum metrics_l2 keep_value(struct job *job, const struct redis_answer *answer,
                                  uint64_t *age_ns)
{
    const struct cache_config *cache = &job->service->config->engine.cache;
    struct l2_envelope envelope;
    if (!l2_envelope_read(answer->bytes, answer->length, &job->request.key, &envelope) ||
        !l2_age_ns(envelope.stored_at_ms, clock_wall_ms(), age_ns)) {
        return METRICS_L2_GARBAGE;
    }
    enum cache_state state = cache_state_at(cache, *age_ns);
    if (state == CACHE_MISS) return METRICS_L2_MISS;
    char *text = mem_copy(envelope.body, envelope.body_length);
    body_release(job->l2_body);
    job->l2_body = body_create(text, envelope.body_length, envelope.warnings);
    return state == CACHE_FRESH ? METRICS_L2_HIT_FRESH : METRICS_L2_HIT_STALE;
}

static enum metrics_l2 judge(struct job *job, const struct redis_answer *answer, uint64_t *age_ns)
{
    switch (answer->result) {
    case REDIS_RESULT_VALUE: return keep_value(job, answer, age_ns);
    case REDIS_RESULT_ABSENT: return METRICS_L2_MISS;
    case REDIS_RESULT_TOO_LARGE: return METRICS_L2_GARBAGE;
    case REDIS_RESULT_STORED: break;
    case REDIS_RESULT_REFUSED:
    case REDIS_RESULT_LOST: break;
    }
    return METRICS_L2_ERROR;
}

static void finish(struct job *job, enum metrics_l2 result, uint64_t age_ns)
{
    struct service *service = job->service;
    bool hit = result == METRICS_L2_HIT_FRESH || result == METRICS_L2_HIT_STALE;
    service->metrics.l2[result]++;
    service_push(service, &(struct engine_input){
        .kind = ENGINE_L2_DONE,
        .call = job->id,
        .l2_hit = hit,
        .age_ns = hit ? age_ns : 0,
        .body_bytes = hit ? body_weight(job->l2_body) : 0,
    });
}

static void on_value(void *context, const struct redis_answer *answer)
{
    struct job *job = context;
    uint64_t age_ns = 0;
    job->l2_ticket = 0;
    enum metrics_l2 result = judge(job, answer, &age_ns);
    finish(job, result, age_ns);
}

void l2_get(struct job *job)
{
    char key[L2_KEY_TEXT_MAX];
    const struct l2 *l2 = job->service->l2;
    assert(l2 != NULL && job->l2_ticket == 0);
    job->l2_live = true;
    l2_key_text(&job->request.key, key);
    job->l2_ticket = redis_get(l2->redis, key, on_value, job);
    if (job->l2_ticket == 0) finish(job, METRICS_L2_ERROR, 0);
}

void l2_cancel(struct job *job)
{
    struct service *service = job->service;
    job->l2_live = false;
    if (job->l2_ticket == 0) return; /* the answer came in this very turn */
    redis_forget(service->l2->redis, job->l2_ticket);
    job->l2_ticket = 0;
    service->metrics.l2[METRICS_L2_TIMEOUT]++;
}

/* Writing. */

static void on_stored(void *context, const struct redis_answer *answer)
{
    struct l2 *l2 = context;
    bool stored = answer->result == REDIS_RESULT_STORED;
    l2->service->metrics.l2_puts[stored ? METRICS_L2_PUT_STORED : METRICS_L2_PUT_REFUSED]++;
}

void l2_put(const struct job *job)
{
    struct service *service = job->service;
    const struct cache_config *cache = &service->config->engine.cache;
    const struct body *body = job->body;
    uint64_t expiry_ms = (cache->ttl_ns + cache->stale_ns) / NS_PER_MS;
    assert(body != NULL);
    char key[L2_KEY_TEXT_MAX];
    l2_key_text(&job->request.key, key);
    struct buf value;
    buf_init(&value, L2_VALUE_BYTES_MAX);
    l2_envelope_write(&value, &(struct l2_envelope){
        .stored_at_ms = clock_wall_ms(),
        .warnings = body->warnings,
        .body = body->text,
        .body_length = body->length,
    }, &job->request.key);
    bool sent = !value.overflow && expiry_ms > 0 &&
                redis_put(service->l2->redis, key, buf_text(&value), value.length, expiry_ms,
                          on_stored, service->l2) > 0;
    if (!sent) service->metrics.l2_puts[METRICS_L2_PUT_DROPPED]++;
    buf_deinit(&value);
}
