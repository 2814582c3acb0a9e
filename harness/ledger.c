#include "harness/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "harness/observer.h"
#include "scenario/plan_state.h"

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
    uint64_t lines;           /* read so far */
    bool ended;               /* the end mark was read */
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
    if (strcmp(buf_text(&rules), observer_text(line, "rules")) != 0) {
        run_set_invalid(reader->run,
                        "the mock did not play what the scenario asks for: %s attempt %u met "
                        "\"%s\" instead of \"%s\"",
                        observer_text(line, "id"), query->attempt, observer_text(line, "rules"),
                        buf_text(&rules));
    } else if (wrong != 0) {
        const struct fault *fault = &plan->phase->faults[__builtin_ctz(wrong)];
        run_set_invalid(reader->run,
                        "the mock did not play what the scenario asks for: %s attempt %u %s \"%s\"",
                        observer_text(line, "id"), query->attempt,
                        (wrong & plan->fired) != 0 ? "met by mistake" : "did not meet",
                        fault->text);
    }
    buf_deinit(&rules);
}

/* The mark says how many lines stand before it. True: this line is one. */
static bool read_end(struct ledger_reader *reader, const cJSON *line)
{
    if (reader->ended) {
        run_set_invalid(reader->run, "the mock's ledger goes on behind its end mark");
    }
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "end"))) return false;
    uint64_t written = observer_u64(line, "lines");
    reader->ended = true;
    if (written == reader->lines) return true;
    run_set_invalid(reader->run, "the mock's ledger lost lines: %llu were written, %llu are there",
                    (unsigned long long)written, (unsigned long long)reader->lines);
    return true;
}

static void ledger_on_line(void *context, const cJSON *line)
{
    struct ledger_reader *reader = context;
    struct run *run = reader->run;
    if (read_end(reader, line)) return;
    reader->lines++;
    const char *id = observer_text(line, "id");
    uint64_t seq = observer_u64(line, "seq");
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
        .attempt = (uint32_t)observer_u64(line, "attempt"),
        .at_ns = observer_u64(line, "at_ns"),
        .phase = UINT32_MAX,
        .asked_ns = observer_u64(line, "asked_ns"),
        .late_ns = observer_u64(line, "late_ns"),
    };
    struct plan_query query = { .request_key = hash_text(id),
                                .attempt = delivery->attempt,
                                .offset_ns = delivery->at_ns,
                                .path = observer_text(line, "path") };
    struct reply_plan plan;
    struct plan_fate fate = { .fired = (uint32_t)observer_u64(line, "fired"),
                              .wait_ns = observer_u64(line, "wait_ns") };
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
    enum err rc = observer_read(path, &reader, ledger_on_line, &cut, note);
    if (cut) run_set_invalid(run, "the last line of the mock's ledger is cut off");
    if (rc == ERR_OK && !reader.ended) {
        run_set_invalid(run, "the mock's ledger has no end mark, so its end may be missing");
    }
    plan_state_destroy(reader.plans);
    return rc;
}
