#include "harness/ledger.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "harness/lookups.h"
#include "scenario/plan_state.h"

#define OBSERVER_BYTES_MAX ((size_t)1 << 31)

/* Calls `on_line` with each line of the file that is a JSON object. `*cut`: its last line has no
 * end. */
static enum err lines_read(const char *path, void *context,
                           void (*on_line)(void *context, const cJSON *line), bool *cut,
                           struct err_note *note)
{
    char *text = NULL;
    size_t length = 0;
    enum err rc = file_read(path, OBSERVER_BYTES_MAX, &text, &length, note);
    if (rc != ERR_OK) return rc;
    const char *at = text;
    const char *end = text + length;
    *cut = length > 0 && end[-1] != '\n';
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL) break;
        cJSON *line = cJSON_ParseWithLength(at, (size_t)(newline - at));
        if (cJSON_IsObject(line)) on_line(context, line);
        cJSON_Delete(line);
        at = newline + 1;
    }
    mem_free(text);
    return ERR_OK;
}

static const char *line_text(const cJSON *line, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, name));
    return text == NULL ? "" : text;
}

/* Numbers up to 2^53 ns (104 days of uptime) are exact in a double. */
static uint64_t line_u64(const cJSON *line, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(line, name);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < 1.8e19)) return 0;
    return (uint64_t)item->valuedouble;
}

/* "r000042" -> the index of request 42; UINT32_MAX when the id is not of the schedule. */
static uint32_t request_index(const struct run *run, const char *id)
{
    if (id[0] != 'r') return UINT32_MAX;
    char *end = NULL;
    unsigned long number = strtoul(id + 1, &end, 10);
    char own[REQUEST_ID_MAX];
    if (*end != '\0' || number >= run->plan->count) return UINT32_MAX;
    if (strcmp(schedule_request_id(number, own), id) != 0) return UINT32_MAX;
    return run_index_of(run, (uint32_t)number);
}

struct ledger_reader {
    struct run *run;
    struct plan_state *plans; /* owned: for what keyed conditions alone decide */
    uint64_t next_seq;        /* that the next line must have */
};

/* Whether the rules of a line are those that its fate stands for, and the fate is the one that the
 * draws of this attempt decide: what counts is the mock's to say. */
static void check_fate(const struct ledger_reader *reader, const cJSON *line,
                       const struct plan_query *query, const struct reply_plan *plan)
{
    struct plan_keyed keyed = plan_keyed(reader->plans, query);
    bool full = (plan->fired & PLAN_FIRED_FULL) != 0;
    uint32_t wrong = full ? 0 : (plan->fired ^ keyed.fired) & keyed.known;
    struct buf rules;
    buf_init(&rules, BUF_UNBOUNDED);
    plan_rules_write(&rules, plan);
    if (strcmp(buf_text(&rules), line_text(line, "rules")) != 0) {
        run_set_invalid(reader->run,
                        "the mock did not play what the scenario asks for: %s attempt %u met "
                        "\"%s\" instead of \"%s\"",
                        line_text(line, "id"), query->attempt, line_text(line, "rules"),
                        buf_text(&rules));
    } else if (wrong != 0) {
        const struct fault *fault = &plan->phase->faults[__builtin_ctz(wrong)];
        run_set_invalid(reader->run,
                        "the mock did not play what the scenario asks for: %s attempt %u %s \"%s\"",
                        line_text(line, "id"), query->attempt,
                        (wrong & plan->fired) != 0 ? "met by mistake" : "did not meet",
                        fault->text);
    }
    buf_deinit(&rules);
}

static void ledger_on_line(void *context, const cJSON *line)
{
    struct ledger_reader *reader = context;
    struct run *run = reader->run;
    const char *id = line_text(line, "id");
    uint64_t seq = line_u64(line, "seq");
    if (seq != reader->next_seq) {
        run_set_invalid(run, "the mock's ledger lost lines: %llu comes where %llu should",
                        (unsigned long long)seq, (unsigned long long)reader->next_seq);
    }
    reader->next_seq = seq + 1;
    /* Not of the schedule: the runtime's own, such as a warm-up before the start. */
    if (request_index(run, id) == UINT32_MAX) return;
    struct run_delivery *delivery = run_add_delivery(run);
    *delivery = (struct run_delivery){
        .request = request_index(run, id),
        .attempt = (uint32_t)line_u64(line, "attempt"),
        .at_ns = line_u64(line, "at_ns"),
        .phase = UINT32_MAX,
        .asked_ns = line_u64(line, "asked_ns"),
        .late_ns = line_u64(line, "late_ns"),
    };
    struct plan_query query = { .request_key = hash_text(id),
                                .attempt = delivery->attempt,
                                .offset_ns = delivery->at_ns,
                                .path = line_text(line, "path") };
    struct reply_plan plan;
    struct plan_fate fate = { (uint32_t)line_u64(line, "fired"), line_u64(line, "wait_ns") };
    plan_compose(run->scenario, run->seed, &query, &fate, &plan);
    delivery->fired = plan.fired;
    delivery->wait_ns = plan.wait_ns;
    if (plan.phase != NULL) delivery->phase = (uint32_t)(plan.phase - run->scenario->phases);
    check_fate(reader, line, &query, &plan);
}

enum err ledger_read(struct run *run, const char *path, struct err_note *note)
{
    struct ledger_reader reader = {
        .run = run,
        .plans = plan_state_create(run->scenario, run->seed),
    };
    bool cut = false;
    enum err rc = lines_read(path, &reader, ledger_on_line, &cut, note);
    if (cut) run_set_invalid(run, "the last line of the mock's ledger is cut off");
    plan_state_destroy(reader.plans);
    return rc;
}

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
        .failures = (uint32_t)line_u64(line, "failures"),
        .volume = (uint32_t)line_u64(line, "volume"),
        .cooldown_ns = line_u64(line, "cooldown_ns"),
        .generation = (uint32_t)line_u64(line, "generation"),
    };
    if (!breaker_state_parse(line_text(line, "from"), &transition->from) ||
        !breaker_state_parse(line_text(line, "to"), &transition->to) ||
        !breaker_rule_parse(line_text(line, "rule"), &transition->rule)) {
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
            .http_status = (uint16_t)line_u64(item, "status"),
        };
        if (!outcome_parse(line_text(item, "outcome"), &attempt->outcome)) {
            attempt->outcome = OUTCOME_PROTOCOL_ERROR;
        }
    }
}

static void trace_on_answer(struct trace_reader *reader, const cJSON *line)
{
    struct run *run = reader->run;
    struct key_index wanted = { .key = strtoull(line_text(line, "key"), NULL, 16) };
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
        attempt->started_ns = instant_until(line_u64(item, "started"), reader->start);
        attempt->latency_ns = line_u64(item, "latency_ns");
        attempt->backoff_ns = line_u64(item, "backoff_ns");
        attempt->start_known = true;
    }
}

/* The mark says how many lines stand between it and the first one. */
static void check_end(struct trace_reader *reader, const cJSON *line)
{
    uint64_t written = line_u64(line, "lines");
    reader->ended = true;
    if (written + 2 == reader->lines) return;
    run_set_invalid(reader->run,
                    "the runtime's trace lost lines: %llu were written, %llu are there",
                    (unsigned long long)written, (unsigned long long)(reader->lines - 2));
}

static void trace_on_line(void *context, const cJSON *line)
{
    struct trace_reader *reader = context;
    const char *action = line_text(line, "do");
    const char *input = line_text(line, "in");
    uint64_t at = instant_until(line_u64(line, "t"), reader->start);
    reader->lines++;
    if (cJSON_HasObjectItem(line, "end")) check_end(reader, line);
    if (strcmp(action, "breaker") == 0) trace_on_transition(reader, line, at);
    if (strcmp(action, "answer") == 0) trace_on_answer(reader, line);
    if (strcmp(action, "l2_get") == 0) lookups_asked(&reader->lookups, line_u64(line, "call"), at);
    if (strcmp(input, "l2_done") == 0) {
        lookups_answered(&reader->lookups, line_u64(line, "call"), at);
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
    enum err rc = lines_read(path, &reader, trace_on_line, &cut, note);
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
