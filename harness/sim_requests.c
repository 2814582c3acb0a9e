#include "harness/sim_requests.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "forecast/baseline.h"
#include "forecast/request.h"
#include "scenario/workload.h"

/* A rendered forecast has three numbers of about 20 characters per step, and names around them. It
 * only matters for the cache's bound in bytes and for cuts that are given in bytes. */
enum { ANSWER_BYTES = 160, ANSWER_BYTES_PER_STEP = 60 };

struct sim_requests {
    size_t base[SCENARIO_WORKLOADS_MAX]; /* first item of a workload */
    struct sim_request *items;           /* owned; by workload, then key */
    struct arena names;                  /* owned: of models and markets */
};

static const char *keep_text(struct sim_requests *requests, const char *text)
{
    return text == NULL ? NULL : arena_copy_text(&requests->names, text, strlen(text));
}

/* The judge's own reading of what the runtime would send. */
static bool is_forecast(const struct forecast_values *values)
{
    for (uint32_t step = 0; step < values->horizon; step++) {
        double least = 0;
        for (int i = 0; i < FORECAST_QUANTILES; i++) {
            if (!(values->q[i][step] >= least && values->q[i][step] <= 1)) return false;
            least = values->q[i][step];
        }
    }
    return true;
}

static enum err prepare(struct sim_requests *requests, struct sim_request *request,
                        const struct run *run, struct buf *body,
                        const struct arrival *arrival, struct err_note *note)
{
    struct arena arena = { .head = NULL };
    struct forecast_request parsed;
    const struct forecast_config *config = &run->config->forecast;
    buf_clear(body);
    workload_write_request(body, run->scenario, arrival->workload, arrival->key);
    struct err_note trouble = { .err = ERR_OK };
    enum err rc = forecast_request_parse(buf_text(body), body->length, config, &arena, &parsed,
                                         &trouble);
    enum bad_request bad =
        workload_shape(&run->scenario->workloads[arrival->workload], arrival->key)->bad;
    if (rc != ERR_OK && bad != BAD_NOTHING) {
        *request = (struct sim_request){ .used = true, .refused = CODE_INPUT_INVALID };
        rc = ERR_OK;
        goto out;
    }
    if (rc == ERR_OK && bad != BAD_NOTHING) {
        rc = err_note_set(note, ERR_INVALID, run->scenario->path, 0, 0,
                          "the runtime would take a request of workload %u that is meant to be bad "
                          "(%s)",
                          arrival->workload, bad_request_names[bad]);
        goto out;
    }
    if (rc != ERR_OK) {
        err_note_set(note, rc, run->scenario->path, 0, 0,
                     "the runtime would refuse a request of workload %u: %s; change the workload "
                     "or the runtime's settings",
                     arrival->workload, trouble.sentence);
        goto out;
    }
    if (run->config->engine.cache.families) forecast_request_make_family(&parsed);
    struct forecast_values values = forecast_values_create(&arena, parsed.horizon);
    uint32_t warnings = 0;
    enum baseline_kind kind = (enum baseline_kind)config->baseline;
    bool computed = baseline_forecast(kind, &parsed, &values, &warnings) == ERR_OK;
    bool tells_market = config->upstream_api != UPSTREAM_TIMESERIES;
    *request = (struct sim_request){
        .key = parsed.key,
        .family = parsed.family_key,
        .baseline_only = parsed.baseline_only,
        .used = true,
        .baseline_ok = computed,
        .baseline_valid = computed && is_forecast(&values),
        .model = keep_text(requests, parsed.model_name),
        .market = keep_text(requests, tells_market ? parsed.market_id : NULL),
        .answer_bytes = ANSWER_BYTES + parsed.horizon * ANSWER_BYTES_PER_STEP,
    };
out:
    arena_deinit(&arena);
    return rc;
}

struct sim_requests *sim_requests_create(const struct run *run, struct err_note *note)
{
    const struct scenario *scenario = run->scenario;
    struct sim_requests *requests = mem_alloc(1, sizeof *requests);
    size_t count = 0;
    assert(scenario->workload_count <= SCENARIO_WORKLOADS_MAX);
    for (size_t i = 0; i < scenario->workload_count; i++) {
        requests->base[i] = count;
        count += scenario->workloads[i].key_count;
    }
    requests->items = mem_alloc(count, sizeof *requests->items);

    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    enum err rc = ERR_OK;
    for (size_t i = 0; i < run->plan->count && rc == ERR_OK; i++) {
        const struct arrival *arrival = &run->plan->items[i];
        struct sim_request *request = &requests->items[requests->base[arrival->workload] +
                                                       arrival->key];
        if (!request->used) rc = prepare(requests, request, run, &body, arrival, note);
    }
    buf_deinit(&body);
    if (rc == ERR_OK) return requests;
    sim_requests_destroy(requests);
    return NULL;
}

void sim_requests_destroy(struct sim_requests *requests)
{
    if (requests == NULL) return;
    arena_deinit(&requests->names);
    mem_free(requests->items);
    mem_free(requests);
}

const struct sim_request *sim_requests_at(const struct sim_requests *requests,
                                          const struct arrival *arrival)
{
    const struct sim_request *request =
        &requests->items[requests->base[arrival->workload] + arrival->key];
    assert(request->used);
    return request;
}
