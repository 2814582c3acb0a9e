#include "harness/result_read_run.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "harness/result_read.h"
#include "harness/result_read_rows.h"

enum check_status result_status(struct cursor *cursor, const cJSON *item)
{
    const char *name = cJSON_IsString(item) ? item->valuestring : "";
    enum check_status status = CHECK_INVALID;
    if (!check_status_parse(name, &status)) cursor_fail(cursor, "\"%.40s\" is no verdict", name);
    return status;
}

static enum check_status read_status(struct cursor *cursor, const cJSON *object, const char *key)
{
    return result_status(cursor, cursor_member(cursor, object, key, cJSON_Invalid));
}

/* The index of the request with this id; of another run's, its number. */
static uint32_t find_request(struct cursor *cursor, const struct run *run,
                             const struct check *check, const cJSON *id)
{
    uint32_t number = cursor_request_id(cursor, id, UINT32_MAX);
    if (check->of_another_run) return number;
    for (size_t i = 0; i < run->schedule->count; i++) {
        if (run->schedule->items[i].number == number) return (uint32_t)i;
    }
    cursor_fail(cursor, "r%06" PRIu32 " is no request of this run", number);
    return 0;
}

static void read_check(struct cursor *cursor, const cJSON *object, const struct run *run,
                       struct check *check)
{
    snprintf(check->name, sizeof check->name, "%s", cursor_text(cursor, object, "name"));
    snprintf(check->text, sizeof check->text, "%s", cursor_text(cursor, object, "text"));
    snprintf(check->sentence, sizeof check->sentence, "%s",
             cursor_text(cursor, object, "sentence"));
    check->line = (int)cursor_u64(cursor, object, "line", INT32_MAX);
    check->column = (int)cursor_u64(cursor, object, "column", INT32_MAX);
    check->status = read_status(cursor, object, "status");
    check->n = cursor_u64(cursor, object, "n", RESULT_NUMBER_MAX);
    check->scant = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "scant"));
    /* Results of before it was written have none. */
    check->of_another_run =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "of_another_run"));
    const cJSON *ids = cursor_member(cursor, object, "requests", cJSON_Array);
    const cJSON *id = NULL;
    cJSON_ArrayForEach(id, ids)
    {
        if (check->id_count == CHECK_IDS_MAX) {
            cursor_fail(cursor, "a check names more than %d requests", CHECK_IDS_MAX);
            return;
        }
        check->ids[check->id_count++] = find_request(cursor, run, check, id);
    }
}

static void read_checks(struct cursor *cursor, const cJSON *object, struct suite_world *world)
{
    const cJSON *list = cursor_member(cursor, object, "checks", cJSON_Array);
    struct verdicts *verdict = &world->verdict;
    verdict->status = read_status(cursor, object, "verdict");
    verdict->checks = mem_alloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *verdict->checks);
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (cursor->failed) return;
        read_check(cursor, item, &world->run, &verdict->checks[verdict->count++]);
    }
}

/* Results of earlier versions say only that it was not complete. */
static void read_stop(struct cursor *cursor, const cJSON *object, struct run *run)
{
    const cJSON *played = cJSON_GetObjectItemCaseSensitive(object, "played_ns");
    run->interrupted = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "interrupted"));
    run->stopped_ns = run->scenario->duration_ns;
    if (played == NULL) return;
    run->stopped_ns = cursor_value_u64(cursor, played, "played_ns", RESULT_NUMBER_MAX);
}

void result_read_world(struct cursor *cursor, const cJSON *object, struct suite_scenario *item,
                       enum world which)
{
    struct suite_world *world = which == WORLD_SIM ? &item->sim : &item->real;
    struct run *run = &world->run;
    struct schedule *schedule = result_read_schedule(cursor, object);
    if (schedule == NULL) return;
    run_init(run, which, &item->scenario, schedule, &item->config, item->seed);
    run->settled = schedule; /* its owner from now on */
    world->present = true;
    const cJSON *reason = cursor_member(cursor, object, "invalid_reason", cJSON_Invalid);
    run->invalid = !cJSON_IsNull(reason);
    if (run->invalid) {
        snprintf(run->invalid_reason, sizeof run->invalid_reason, "%s",
                 cursor_value_text(cursor, reason, "invalid_reason"));
    }
    run->foreign = cursor_bool(cursor, object, "foreign");
    /* Results of before it was written have none. */
    run->strict = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "strict"));
    run->lagged = cursor_bool(cursor, object, "lagged");
    run->complete = cursor_bool(cursor, object, "complete");
    read_stop(cursor, object, run);
    run->lag_p99_ns = cursor_u64(cursor, object, "generator_lag_p99_ns", RESULT_NUMBER_MAX);
    result_read_stalls(cursor, object, run);
    const cJSON *permits = cursor_member(cursor, object, "permits_out", cJSON_Invalid);
    run->permits_known = !cJSON_IsNull(permits);
    if (run->permits_known)
        run->permits_out = (uint32_t)cursor_value_u64(cursor, permits, "permits_out", UINT32_MAX);
    read_checks(cursor, object, world);
    result_read_repeats(cursor, object, &world->repeats);
    result_read_earlier(cursor, object, &world->earlier);
    result_read_breaker(cursor, object, run);
    result_read_deliveries(cursor, object, run);
    result_read_requests(cursor, object, run);
}
