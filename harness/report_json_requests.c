#include <string.h>

#include "base/mem.h"
#include "harness/report_json_run.h"

static void put_name(struct json *json, const char *name)
{
    if (name[0] == '\0')
        json_null(json);
    else
        json_string(json, name);
}

/* The different paths of a run, in the order in which they first occur: there are few. */
struct path_table {
    const struct run_answer **first; /* owned: one answer that took it */
    size_t count, capacity;
};

static size_t path_index(struct path_table *table, const struct run *run,
                         const struct run_answer *answer)
{
    const struct path_entry *words = run->path + answer->path_at;
    size_t size = answer->path_count * sizeof *words;
    for (size_t i = 0; i < table->count; i++) {
        const struct run_answer *other = table->first[i];
        if (other->path_count != answer->path_count) continue;
        if (size == 0 || memcmp(run->path + other->path_at, words, size) == 0) return i;
    }
    if (table->count == table->capacity) {
        table->capacity = table->capacity * 2 + 16;
        table->first = mem_resize(table->first, table->capacity, sizeof(struct run_answer *));
    }
    table->first[table->count] = answer;
    return table->count++;
}

static void put_paths(struct json *json, const struct path_table *table, const struct run *run)
{
    json_key(json, "paths");
    json_open(json, '[');
    for (size_t i = 0; i < table->count; i++) {
        const struct run_answer *answer = table->first[i];
        report_json_line(json);
        json_open(json, '[');
        for (uint32_t w = 0; w < answer->path_count; w++) {
            json_string(json, path_entry_name(run->path[answer->path_at + w]));
        }
        json_close(json, ']');
    }
    json_close(json, ']');
}

static void put_attempts(struct json *json, const struct run *run, const struct run_answer *answer)
{
    json_open(json, '[');
    for (uint32_t i = 0; i < answer->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[answer->attempt_at + i];
        json_open(json, '[');
        json_u64(json, attempt->number);
        json_string(json, outcome_name(attempt->outcome));
        json_u64(json, attempt->http_status);
        report_json_time(json, attempt->start_known ? attempt->started_ns : INSTANT_NEVER);
        json_u64(json, attempt->backoff_ns);
        json_u64(json, attempt->latency_ns);
        json_close(json, ']');
    }
    json_close(json, ']');
}

static void put_request(struct json *json, const struct run *run, size_t index, size_t path)
{
    const struct run_answer *answer = &run->answers[index];
    const struct arrival *arrival = &run->schedule->items[index];
    report_json_line(json);
    json_open(json, '[');
    json_u64(json, arrival->number);
    json_u64(json, answer->intended_ns);
    json_u64(json, answer->sent_ns);
    report_json_time(json, run_latency_ns(answer));
    json_u64(json, answer->answers);
    json_u64(json, answer->http_status);
    json_string(json, served_name(answer->served));
    put_name(json, code_name(answer->code));
    put_name(json, code_name(answer->cause));
    json_string(json, cache_state_name(answer->cache_state));
    json_u64(json, answer->age_ns);
    json_bool(json, answer->output_valid);
    json_u64(json, arrival->workload);
    json_u64(json, arrival->key);
    if (answer->cycle == RUN_NO_CYCLE) json_null(json);
    else json_u64(json, answer->cycle);
    json_bool(json, answer->hung_up);
    json_u64(json, path);
    put_attempts(json, run, answer);
    json_close(json, ']');
}

void report_json_requests(struct json *json, const struct run *run)
{
    struct path_table table = { .count = 0 };
    size_t n = run->schedule->count;
    size_t *paths = mem_alloc(n + 1, sizeof *paths);
    for (size_t i = 0; i < n; i++)
        paths[i] = path_index(&table, run, &run->answers[i]);
    put_paths(json, &table, run);
    json_key(json, "requests");
    json_open(json, '[');
    for (size_t i = 0; i < n; i++)
        put_request(json, run, i, paths[i]);
    json_close(json, ']');
    mem_free(paths);
    mem_free(table.first);
}
