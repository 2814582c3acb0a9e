#include "harness/result_read_rows.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "harness/result_read.h"

static const char *cell_text(struct cursor *cursor, const cJSON *cell, const char *key)
{
    if (cJSON_IsString(cell)) return cell->valuestring;
    cursor_fail(cursor, "\"%s\" is no text", key);
    return "";
}

static enum code cell_code(struct cursor *cursor, const cJSON *cell, const char *key)
{
    enum code code = CODE_NONE;
    if (cJSON_IsNull(cell)) return CODE_NONE;
    const char *name = cell_text(cursor, cell, key);
    if (!code_parse(name, &code)) cursor_fail(cursor, "\"%.40s\" is no code", name);
    return code;
}

static enum cache_state cell_cache_state(struct cursor *cursor, const cJSON *cell)
{
    const char *name = cell_text(cursor, cell, "cache_state");
    for (int state = CACHE_MISS; state <= CACHE_STALE; state++) {
        if (strcmp(cache_state_name((enum cache_state)state), name) == 0)
            return (enum cache_state)state;
    }
    cursor_fail(cursor, "\"%.40s\" is no state of the cache", name);
    return CACHE_MISS;
}

static uint64_t cell_u64(struct cursor *cursor, const cJSON **cell, const char *key, uint64_t max)
{
    return cursor_value_u64(cursor, cursor_next(cell), key, max);
}

/* null: UINT32_MAX; else below `count`. */
static uint32_t cell_index(struct cursor *cursor, const cJSON **cell, const char *key, size_t count)
{
    const cJSON *item = cursor_next(cell);
    if (cJSON_IsNull(item)) return UINT32_MAX;
    uint64_t index = cursor_value_u64(cursor, item, key, RESULT_NUMBER_MAX);
    if (index < count) return (uint32_t)index;
    cursor_fail(cursor, "\"%s\" is %" PRIu64 ", of %zu", key, index, count);
    return UINT32_MAX;
}

static void read_attempt(struct cursor *cursor, const cJSON *row, struct run *run, uint32_t request)
{
    struct run_attempt *attempt = run_add_attempt(run);
    const cJSON *cell = row == NULL ? NULL : row->child;
    *attempt = (struct run_attempt){ .request = request };
    attempt->number = (uint32_t)cell_u64(cursor, &cell, "number", UINT16_MAX);
    const char *outcome = cell_text(cursor, cursor_next(&cell), "outcome");
    if (!outcome_parse(outcome, &attempt->outcome))
        cursor_fail(cursor, "\"%.40s\" is no outcome", outcome);
    attempt->http_status = (uint16_t)cell_u64(cursor, &cell, "http_status", UINT16_MAX);
    const cJSON *started = cursor_next(&cell);
    attempt->start_known = !cJSON_IsNull(started);
    if (attempt->start_known)
        attempt->started_ns = cursor_value_u64(cursor, started, "started_ns", RESULT_NUMBER_MAX);
    attempt->backoff_ns = cell_u64(cursor, &cell, "backoff_ns", RESULT_NUMBER_MAX);
    attempt->latency_ns = cell_u64(cursor, &cell, "latency_ns", RESULT_NUMBER_MAX);
}

struct path_span {
    uint32_t at, count;
};

struct row_reader {
    struct cursor *cursor;
    struct run *run;
    const struct path_span *paths;
    size_t path_count;
};

static void read_latency(struct cursor *cursor, const cJSON *cell, struct run_answer *answer)
{
    answer->answered = !cJSON_IsNull(cell);
    if (!answer->answered) return;
    answer->done_ns =
        answer->intended_ns + cursor_value_u64(cursor, cell, "latency_ns", RESULT_NUMBER_MAX);
}

static void read_attempts(struct row_reader *reader, const cJSON *list, uint32_t index)
{
    struct run_answer *answer = &reader->run->answers[index];
    answer->attempt_at = (uint32_t)reader->run->attempt_count;
    if (!cJSON_IsArray(list)) cursor_fail(reader->cursor, "\"attempts\" is no list");
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (reader->cursor->failed) return;
        read_attempt(reader->cursor, item, reader->run, index);
        answer->attempt_count++;
    }
}

/* The columns of report_json_columns(), in their order. */
static void read_request(struct row_reader *reader, const cJSON *row, uint32_t index)
{
    struct cursor *cursor = reader->cursor;
    struct run_answer *answer = &reader->run->answers[index];
    const cJSON *cell = row->child;
    cursor_next(&cell); /* number: the schedule has it */
    answer->intended_ns = cell_u64(cursor, &cell, "intended_ns", RESULT_NUMBER_MAX);
    answer->sent_ns = cell_u64(cursor, &cell, "sent_ns", RESULT_NUMBER_MAX);
    read_latency(cursor, cursor_next(&cell), answer);
    answer->answers = (uint32_t)cell_u64(cursor, &cell, "answers", UINT32_MAX);
    answer->http_status = (uint16_t)cell_u64(cursor, &cell, "http_status", UINT16_MAX);
    const char *served = cell_text(cursor, cursor_next(&cell), "served");
    if (!served_parse(served, &answer->served))
        cursor_fail(cursor, "\"%.40s\" is no kind of answer", served);
    answer->code = cell_code(cursor, cursor_next(&cell), "code");
    answer->cause = cell_code(cursor, cursor_next(&cell), "cause");
    answer->cache_state = cell_cache_state(cursor, cursor_next(&cell));
    answer->age_ns = cell_u64(cursor, &cell, "age_ns", RESULT_NUMBER_MAX);
    answer->output_valid = cursor_value_bool(cursor, cursor_next(&cell), "valid");
    cursor_next(&cell); /* workload and key: the schedule has them */
    cursor_next(&cell);
    answer->cycle = cell_index(cursor, &cell, "cycle", UINT32_MAX);
    answer->hung_up = cursor_value_bool(cursor, cursor_next(&cell), "hung_up");
    uint64_t path = cell_u64(cursor, &cell, "path", reader->path_count - 1);
    answer->path_at = reader->paths[path].at;
    answer->path_count = reader->paths[path].count;
    read_attempts(reader, cursor_next(&cell), index);
}

/* The spans of the different paths within run->path; one empty one when there are none. */
static struct path_span *read_paths(struct cursor *cursor, const cJSON *list, struct run *run,
                                    size_t *count)
{
    size_t size = (size_t)cJSON_GetArraySize(list);
    struct path_span *spans = mem_alloc(size + 1, sizeof *spans);
    const cJSON *words = NULL;
    size_t filled = 0;
    cJSON_ArrayForEach(words, list)
    {
        struct path_span *span = &spans[filled++];
        span->at = (uint32_t)run->path_count;
        const cJSON *word = NULL;
        cJSON_ArrayForEach(word, words)
        {
            const char *name = cell_text(cursor, word, "path");
            struct path_entry entry = { .step = 0 };
            if (!path_entry_parse(name, &entry))
                cursor_fail(cursor, "\"%.40s\" is no word of a path", name);
            *run_add_path(run) = entry;
            span->count++;
        }
    }
    *count = size == 0 ? 1 : size;
    return spans;
}

void result_read_requests(struct cursor *cursor, const cJSON *object, struct run *run)
{
    const cJSON *list = cursor_member(cursor, object, "requests", cJSON_Array);
    struct row_reader reader = { .cursor = cursor, .run = run };
    struct path_span *paths = read_paths(
        cursor, cursor_member(cursor, object, "paths", cJSON_Array), run, &reader.path_count);
    reader.paths = paths;
    const cJSON *row = NULL;
    uint32_t index = 0;
    cJSON_ArrayForEach(row, list)
    {
        if (cursor->failed || index == run->schedule->count) break;
        read_request(&reader, row, index++);
    }
    if (index != run->schedule->count) cursor_fail(cursor, "it has not the schedule's requests");
    mem_free(paths);
}

void result_read_breaker(struct cursor *cursor, const cJSON *object, struct run *run)
{
    const cJSON *list = cursor_member(cursor, object, "breaker", cJSON_Array);
    const cJSON *row = NULL;
    cJSON_ArrayForEach(row, list)
    {
        struct breaker_transition *transition = run_add_transition(run);
        *transition = (struct breaker_transition){ .at = 0 };
        const cJSON *cell = row->child;
        transition->at = cell_u64(cursor, &cell, "at_ns", RESULT_NUMBER_MAX);
        const char *from = cell_text(cursor, cursor_next(&cell), "from");
        const char *to = cell_text(cursor, cursor_next(&cell), "to");
        const char *rule = cell_text(cursor, cursor_next(&cell), "rule");
        bool known = breaker_state_parse(from, &transition->from) &&
                     breaker_state_parse(to, &transition->to) &&
                     breaker_rule_parse(rule, &transition->rule);
        if (!known) cursor_fail(cursor, "a transition of the breaker has an unknown name");
        transition->failures = (uint32_t)cell_u64(cursor, &cell, "failures", UINT32_MAX);
        transition->volume = (uint32_t)cell_u64(cursor, &cell, "volume", UINT32_MAX);
        transition->cooldown_ns = cell_u64(cursor, &cell, "cooldown_ns", RESULT_NUMBER_MAX);
        transition->generation = (uint32_t)cell_u64(cursor, &cell, "generation", UINT32_MAX);
    }
}

void result_read_deliveries(struct cursor *cursor, const cJSON *object, struct run *run)
{
    const cJSON *deliveries = cursor_member(cursor, object, "deliveries", cJSON_Object);
    const cJSON *list = cursor_member(cursor, deliveries, "rows", cJSON_Array);
    /* Results of earlier versions have none. */
    const cJSON *delays = cJSON_GetObjectItemCaseSensitive(deliveries, "delays");
    if (cJSON_IsArray(delays)) {
        char *text = cJSON_PrintUnformatted(delays);
        run->realised_delays = mem_copy_string(text);
        cJSON_free(text);
    }
    const cJSON *row = NULL;
    cJSON_ArrayForEach(row, list)
    {
        struct run_delivery *delivery = run_add_delivery(run);
        *delivery = (struct run_delivery){ .phase = UINT32_MAX };
        const cJSON *cell = row->child;
        delivery->request = cell_index(cursor, &cell, "request", run->schedule->count);
        delivery->attempt = (uint32_t)cell_u64(cursor, &cell, "attempt", UINT32_MAX);
        delivery->at_ns = cell_u64(cursor, &cell, "at_ns", RESULT_NUMBER_MAX);
        delivery->phase = cell_index(cursor, &cell, "phase", run->scenario->phase_count);
        delivery->fired = (uint32_t)cell_u64(cursor, &cell, "fired", UINT32_MAX);
        delivery->wait_ns = cell_u64(cursor, &cell, "wait_ns", RESULT_NUMBER_MAX);
        delivery->asked_ns = cell_u64(cursor, &cell, "asked_ns", RESULT_NUMBER_MAX);
        delivery->late_ns = cell_u64(cursor, &cell, "late_ns", RESULT_NUMBER_MAX);
    }
}

struct schedule *result_read_schedule(struct cursor *cursor, const cJSON *object)
{
    const cJSON *list = cursor_member(cursor, object, "requests", cJSON_Array);
    size_t count = (size_t)cJSON_GetArraySize(list);
    if (count > SCENARIO_ARRIVALS_MAX) {
        cursor_fail(cursor, "there are more requests than a scenario can have");
        return NULL;
    }
    struct schedule *schedule = mem_alloc(1, sizeof *schedule);
    schedule->items = mem_alloc(count + 1, sizeof *schedule->items);
    const cJSON *row = NULL;
    cJSON_ArrayForEach(row, list)
    {
        enum { CELLS_TO_WORKLOAD = 10 };
        struct arrival *arrival = &schedule->items[schedule->count++];
        const cJSON *cell = row->child;
        arrival->number = (uint32_t)cell_u64(cursor, &cell, "number", UINT32_MAX);
        arrival->at_ns = cell_u64(cursor, &cell, "intended_ns", RESULT_NUMBER_MAX);
        for (int i = 0; i < CELLS_TO_WORKLOAD; i++)
            cursor_next(&cell);
        arrival->workload = (uint32_t)cell_u64(cursor, &cell, "workload", UINT32_MAX);
        arrival->key = (uint32_t)cell_u64(cursor, &cell, "key", UINT32_MAX);
        arrival->cycle = cell_index(cursor, &cell, "cycle", UINT32_MAX);
    }
    schedule->open_count = schedule->count;
    return schedule;
}
