#include "harness/answer_read.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "scenario/workload.h"

static const char *member_text(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text == NULL ? "" : text;
}

static uint64_t member_ns(const cJSON *object, const char *name, double unit_ns)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble) || item->valuedouble < 0) return 0;
    double ns = item->valuedouble * unit_ns;
    return ns > 1e18 ? UINT64_C(1000000000000000000) : (uint64_t)llround(ns);
}

/* yhat_q has 0.1, 0.5 and 0.9, `horizon` numbers each, 0 <= q10 <= q50 <= q90 <= 1 at every step.
 */
static bool answer_output_valid(const cJSON *root, uint32_t horizon)
{
    static const char *const names[] = { "0.1", "0.5", "0.9" };
    const cJSON *yhat = cJSON_GetObjectItemCaseSensitive(root, "yhat_q");
    const cJSON *at[3];
    for (int q = 0; q < 3; q++) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(yhat, names[q]);
        if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != (int)horizon) return false;
        at[q] = list->child;
    }
    for (uint32_t step = 0; step < horizon; step++) {
        double low = 0;
        for (int q = 0; q < 3; q++) {
            if (!cJSON_IsNumber(at[q])) return false;
            double value = at[q]->valuedouble;
            if (!(value >= low && value <= 1)) return false;
            low = value;
            at[q] = at[q]->next;
        }
    }
    return cJSON_GetArraySize(yhat) == 3;
}

static enum served answer_served(const cJSON *meta, unsigned status)
{
    if (status != 200) return SERVED_ERROR;
    if (strcmp(member_text(meta, "runtime"), "baseline") == 0) return SERVED_BASELINE;
    if (strcmp(member_text(meta, "runtime"), "tollama") != 0) return SERVED_ERROR;
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(meta, "cache_stale"))) return SERVED_STALE;
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(meta, "cache_hit"))) return SERVED_CACHE;
    return SERVED_UPSTREAM;
}

static void answer_read_attempts(struct run *run, uint32_t index, const cJSON *meta)
{
    struct run_answer *answer = &run->answers[index];
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(meta, "attempts");
    answer->attempt_at = (uint32_t)run->attempt_count;
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        struct run_attempt *attempt = run_add_attempt(run);
        *attempt = (struct run_attempt){
            .request = index,
            .number = answer->attempt_count++,
            .http_status = (uint16_t)member_ns(item, "http_status", 1),
            .backoff_ns = member_ns(item, "backoff_ms", 1e6),
            .latency_ns = member_ns(item, "latency_ms", 1e6),
        };
        if (!outcome_parse(member_text(item, "class"), &attempt->outcome)) {
            attempt->outcome = OUTCOME_PROTOCOL_ERROR;
        }
    }
    list = cJSON_GetObjectItemCaseSensitive(meta, "path");
    answer->path_at = (uint32_t)run->path_count;
    cJSON_ArrayForEach(item, list)
    {
        struct path_entry entry;
        if (!cJSON_IsString(item) || !path_entry_parse(item->valuestring, &entry)) {
            run_set_invalid(run, "an answer's path holds a word this harness does not know: %.60s",
                            cJSON_IsString(item) ? item->valuestring : "(not a string)");
            continue;
        }
        *run_add_path(run) = entry;
        answer->path_count++;
    }
}

void answer_read(struct run *run, uint32_t index, const char *body, size_t length)
{
    struct run_answer *answer = &run->answers[index];
    answer->answered = true;
    answer->served = SERVED_ERROR;
    answer->output_valid = answer->http_status != 200;
    cJSON *root = cJSON_ParseWithLength(body, length);
    if (root == NULL) return;
    /* A problem document has the same members at its top level. */
    const cJSON *meta =
        answer->http_status == 200 ? cJSON_GetObjectItemCaseSensitive(root, "meta") : root;
    answer->served = answer_served(meta, answer->http_status);
    code_parse(member_text(meta, "code"), &answer->code);
    code_parse(member_text(meta, "cause"), &answer->cause);
    answer->age_ns = member_ns(meta, "age_s", 1e9);
    answer->cache_state = answer->served == SERVED_CACHE   ? CACHE_FRESH
                          : answer->served == SERVED_STALE ? CACHE_STALE
                                                           : CACHE_MISS;
    if (answer->http_status == 200) {
        const struct arrival *arrival = &run->schedule->items[index];
        const struct workload *workload = &run->scenario->workloads[arrival->workload];
        answer->output_valid =
            answer_output_valid(root, workload_shape(workload, arrival->key)->horizon_steps);
    }
    answer_read_attempts(run, index, meta);
    cJSON_Delete(root);
}
