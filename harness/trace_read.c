#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "harness/ledger.h"
#include "harness/lookups.h"
#include "harness/observer.h"

struct key_index {
    uint64_t key;
    uint32_t index;
};

struct trace_reader {
    struct run *run;
    instant_ns start;
    struct key_index *keys; /* owned; sorted by key */
    int64_t permits;
    uint64_t lines;         /* read so far, the first and the end mark included */
    bool ended;             /* the end mark was read */
    struct lookups lookups;
};

static int key_compare(const void *a, const void *b)
{
    const struct key_index *left = a;
    const struct key_index *right = b;
    return (left->key > right->key) - (left->key < right->key);
}

static void trace_on_transition(struct trace_reader *reader, const cJSON *line, uint64_t at)
{
    struct breaker_transition *transition = run_add_transition(reader->run);
    *transition = (struct breaker_transition){
        .at = at,
        .failures = (uint32_t)observer_u64(line, "failures"),
        .volume = (uint32_t)observer_u64(line, "volume"),
        .cooldown_ns = observer_u64(line, "cooldown_ns"),
        .generation = (uint32_t)observer_u64(line, "generation"),
    };
    if (!breaker_state_parse(observer_text(line, "from"), &transition->from) ||
        !breaker_state_parse(observer_text(line, "to"), &transition->to) ||
        !breaker_rule_parse(observer_text(line, "rule"), &transition->rule)) {
        run_set_invalid(reader->run, "the runtime's trace holds a transition that cannot be read");
    }
}

/* A client that hung up was told nothing of its attempts; the trace tells. */
static void add_untold_attempts(struct run *run, uint32_t index, const cJSON *line)
{
    struct run_answer *answer = &run->answers[index];
    answer->attempt_at = (uint32_t)run->attempt_count;
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(line, "attempts"))
    {
        struct run_attempt *attempt = run_add_attempt(run);
        *attempt = (struct run_attempt){
            .request = index,
            .number = answer->attempt_count++,
            .http_status = (uint16_t)observer_u64(item, "status"),
        };
        if (!outcome_parse(observer_text(item, "outcome"), &attempt->outcome)) {
            attempt->outcome = OUTCOME_PROTOCOL_ERROR;
        }
    }
}

static void trace_on_answer(struct trace_reader *reader, const cJSON *line)
{
    struct run *run = reader->run;
    struct key_index wanted = { .key = strtoull(observer_text(line, "key"), NULL, 16) };
    const struct key_index *found =
        bsearch(&wanted, reader->keys, run->schedule->count, sizeof wanted, key_compare);
    if (found == NULL) return;
    const struct run_answer *answer = &run->answers[found->index];
    if (answer->hung_up && answer->attempt_count == 0) add_untold_attempts(run, found->index, line);
    uint32_t number = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(line, "attempts"))
    {
        if (number == answer->attempt_count) break;
        struct run_attempt *attempt = &run->attempts[answer->attempt_at + number++];
        attempt->started_ns = instant_until(observer_u64(item, "started"), reader->start);
        attempt->latency_ns = observer_u64(item, "latency_ns");
        attempt->backoff_ns = observer_u64(item, "backoff_ns");
        attempt->start_known = true;
    }
}

/* The mark says how many lines stand between it and the first one. */
static void check_end(struct trace_reader *reader, const cJSON *line)
{
    uint64_t written = observer_u64(line, "lines");
    reader->ended = true;
    if (written + 2 == reader->lines) return;
    run_set_invalid(reader->run,
                    "the runtime's trace lost lines: %llu were written, %llu are there",
                    (unsigned long long)written, (unsigned long long)(reader->lines - 2));
}

static void trace_on_line(void *context, const cJSON *line)
{
    struct trace_reader *reader = context;
    const char *action = observer_text(line, "do");
    const char *input = observer_text(line, "in");
    uint64_t at = instant_until(observer_u64(line, "t"), reader->start);
    reader->lines++;
    if (cJSON_HasObjectItem(line, "end")) check_end(reader, line);
    if (strcmp(action, "breaker") == 0) trace_on_transition(reader, line, at);
    if (strcmp(action, "answer") == 0) trace_on_answer(reader, line);
    if (strcmp(action, "l2_get") == 0) {
        lookups_asked(&reader->lookups, observer_u64(line, "call"), at);
    }
    if (strcmp(input, "l2_done") == 0) {
        lookups_answered(&reader->lookups, observer_u64(line, "call"), at);
    }
    if (strcmp(action, "start_attempt") == 0) reader->permits++;
    if (strcmp(action, "cancel_attempt") == 0 || strcmp(input, "attempt_done") == 0) {
        reader->permits--;
    }
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "truncated"))) {
        run_set_invalid(reader->run, "the runtime's trace reached its bound and is not complete");
    }
}

/* An answer's attempts that the trace does not tell of could be judged by nobody. */
static void check_started(struct run *run)
{
    for (size_t i = 0; i < run->attempt_count && !run->invalid; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        char id[REQUEST_ID_MAX];
        if (attempt->start_known) continue;
        run_set_invalid(run, "the runtime's trace does not tell of %s attempt %u, which its answer "
                             "names",
                        run_request_id(run, attempt->request, id), attempt->number);
    }
}

enum err trace_read(struct run *run, const char *path, instant_ns start, struct err_note *note)
{
    struct trace_reader reader = {
        .run = run,
        .start = start,
        .keys = mem_alloc(run->schedule->count, sizeof *reader.keys),
    };
    for (size_t i = 0; i < run->schedule->count; i++) {
        char id[REQUEST_ID_MAX];
        reader.keys[i].key = hash_text(run_request_id(run, (uint32_t)i, id));
        reader.keys[i].index = (uint32_t)i;
    }
    qsort(reader.keys, run->schedule->count, sizeof *reader.keys, key_compare);
    bool cut = false;
    lookups_init(&reader.lookups, run);
    enum err rc = observer_read(path, &reader, trace_on_line, &cut, note);
    run->lookup_p99_ns = lookups_finish(&reader.lookups);
    mem_free(reader.keys);
    if (rc == ERR_OK && !reader.ended) {
        run_set_invalid(run, "the runtime's trace has no end mark, so its end may be missing");
    }
    if (rc == ERR_OK) check_started(run);
    run->permits_known = rc == ERR_OK;
    run->permits_out = reader.permits > 0 ? (uint32_t)reader.permits : 0;
    return rc;
}
