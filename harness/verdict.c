#include "harness/verdict.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "harness/verdict_private.h"

enum { CHECKS_FIRST_CAPACITY = 32, IDS_SHOWN = 3 };

const char *check_status_name(enum check_status status)
{
    switch (status) {
    case CHECK_PASS: return "pass";
    case CHECK_FAIL: return "fail";
    case CHECK_INCONCLUSIVE: return "inconclusive";
    case CHECK_INVALID: return "invalid";
    case CHECK_UNOBSERVABLE: return "not observable";
    }
    assert(false && "no such status");
    return "";
}

int check_status_badness(enum check_status status)
{
    switch (status) {
    case CHECK_PASS: return 0;
    case CHECK_UNOBSERVABLE: return 1;
    case CHECK_INCONCLUSIVE: return 2;
    case CHECK_FAIL: return 3;
    case CHECK_INVALID: return 4;
    }
    assert(false && "no such status");
    return 0;
}

bool check_status_parse(const char *name, enum check_status *out)
{
    for (int status = CHECK_PASS; status <= CHECK_UNOBSERVABLE; status++) {
        if (strcmp(check_status_name((enum check_status)status), name) != 0) continue;
        *out = (enum check_status)status;
        return true;
    }
    return false;
}

const char *check_verdict_word(const struct check *check)
{
    bool warns = check->status == CHECK_PASS && check->scant;
    return warns ? "warning" : check_status_name(check->status);
}

bool check_is_quiet(const struct check *check)
{
    return check->status == CHECK_PASS && !check->scant;
}

struct check *verdict_add(struct verdicts *out, const char *name)
{
    /* Room is made by doubling: a power of two that is full has to grow. */
    if (out->count == 0 || (out->count >= CHECKS_FIRST_CAPACITY &&
                            (out->count & (out->count - 1)) == 0)) {
        size_t capacity = out->count == 0 ? CHECKS_FIRST_CAPACITY : out->count * 2;
        out->checks = mem_resize(out->checks, capacity, sizeof *out->checks);
    }
    struct check *check = &out->checks[out->count++];
    *check = (struct check){ .status = CHECK_PASS };
    snprintf(check->name, sizeof check->name, "%s", name);
    return check;
}

void check_say(struct check *check, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check->sentence, sizeof check->sentence, format, arguments);
    va_end(arguments);
}

void check_fail(struct check *check, const char *format, ...)
{
    check->status = CHECK_FAIL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check->sentence, sizeof check->sentence, format, arguments);
    va_end(arguments);
}

void check_note(struct check *check, uint32_t request)
{
    if (request == UINT32_MAX || check->id_count == CHECK_IDS_MAX) return;
    if (check->id_count > 0 && check->ids[check->id_count - 1] == request) return;
    check->ids[check->id_count++] = request;
}

uint32_t check_request_number(const struct run *run, const struct check *check, uint32_t at)
{
    assert(at < check->id_count);
    if (check->of_another_run) return check->ids[at];
    return run->schedule->items[check->ids[at]].number;
}

void check_leave_run(struct check *check, const struct run *run)
{
    for (uint32_t i = 0; i < check->id_count; i++) {
        check->ids[i] = check_request_number(run, check, i);
    }
    check->of_another_run = true;
}

const char *check_ids_text(const struct run *run, const struct check *check, uint64_t total,
                           char out[VERDICT_IDS_TEXT_MAX])
{
    out[0] = '\0';
    size_t length = 0;
    for (uint32_t i = 0; i < check->id_count && i < IDS_SHOWN; i++) {
        char id[REQUEST_ID_MAX];
        int written = snprintf(out + length, VERDICT_IDS_TEXT_MAX - length, "%s%.20s",
                               i == 0 ? " (" : ", ", run_request_id(run, check->ids[i], id));
        length += (size_t)written;
    }
    if (length > 0) {
        snprintf(out + length, VERDICT_IDS_TEXT_MAX - length, total > IDS_SHOWN ? ", ...)" : ")");
    }
    return out;
}

const char *verdict_window_text(const struct expect *expect, const struct scenario *scenario,
                                char out[VERDICT_WINDOW_MAX])
{
    static const char *const words[] = {
        [WINDOW_ALL] = "",
        [WINDOW_IN] = " in ",
        [WINDOW_OUTSIDE] = " outside ",
        [WINDOW_AFTER] = " after ",
    };
    size_t length = 0;
    out[0] = '\0';
    if (expect->workload != EXPECT_ALL_WORKLOADS) {
        const char *name = scenario->workloads[expect->workload].name;
        length = (size_t)(name != NULL ? snprintf(out, VERDICT_WINDOW_MAX, " of %.60s", name)
                                       : snprintf(out, VERDICT_WINDOW_MAX, " of workload %u",
                                                  expect->workload + 1));
    }
    const char *phase =
        expect->window == WINDOW_ALL ? "" : scenario_window_at(scenario, expect->phase).name;
    snprintf(out + length, VERDICT_WINDOW_MAX - length, "%s%.60s", words[expect->window], phase);
    return out;
}

bool verdict_selects(const struct run *run, const struct expect *expect, size_t index)
{
    bool other = expect->workload != EXPECT_ALL_WORKLOADS &&
                 run->schedule->items[index].workload != expect->workload;
    return !other && expect_covers(expect, run->scenario, run->answers[index].intended_ns);
}

bool verdict_asks(const struct run *run, const struct expect *expect, size_t index)
{
    return !run->answers[index].hung_up && verdict_selects(run, expect, index);
}

bool verdict_times(const struct run *run, const struct expect *expect, size_t index,
                   uint64_t limit_ns)
{
    const struct run_answer *answer = &run->answers[index];
    bool known = !answer->hung_up || run_outwaited(answer, limit_ns);
    return known && verdict_selects(run, expect, index);
}

void verdict_unobservable(struct check *check, const char *expected, const char *why)
{
    check->status = CHECK_UNOBSERVABLE;
    check->n = 0;
    check->id_count = 0;
    check_say(check, "expected %s; not observable: %s", expected, why);
}

static uint64_t stalled_ns(const struct run_stall *stall)
{
    return stall->known ? stall->worst_ns : 0;
}

uint64_t verdict_slack_ns(const struct run *run)
{
    switch (run->world) {
    case WORLD_SIM: return NS_PER_MS;
    case WORLD_REAL:
        return 150 * NS_PER_MS + stalled_ns(&run->generator_stall) +
               stalled_ns(&run->service_stall);
    }
    assert(false && "no such world");
    return 0;
}

double verdict_ms(uint64_t ns)
{
    return (double)ns / (double)NS_PER_MS;
}

double verdict_seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static void judge_expect(const struct run *run, const struct expect *expect, struct check *check)
{
    switch (expect->kind) {
    case EXPECT_LATENCY: verdict_latency(run, expect, check); return;
    case EXPECT_SERVED: verdict_served(run, expect, check); return;
    case EXPECT_BREAKER: verdict_breaker(run, expect, check); return;
    case EXPECT_CODES: verdict_codes(run, expect, check); return;
    case EXPECT_ORDER: verdict_order(run, expect, check); return;
    case EXPECT_AMPLIFICATION: verdict_amplification(run, expect, check); return;
    case EXPECT_RECOVERS: verdict_recovers(run, expect, check); return;
    case EXPECT_ATTEMPTS: verdict_attempts(run, expect, check); return;
    case EXPECT_BACKOFF: verdict_backoff(run, expect, check); return;
    case EXPECT_FRESHNESS: verdict_freshness(run, expect, check); return;
    case EXPECT_AVAILABILITY: verdict_availability(run, expect, check); return;
    case EXPECT_CYCLE: verdict_cycle(run, expect, check); return;
    case EXPECT_CANARY: verdict_canary(run, expect, check); return;
    case EXPECT_ROLLBACK: verdict_rollback(run, expect, check); return;
    }
    assert(false && "no such expectation");
}

static void invalidate(const struct run *run, struct verdicts *out)
{
    for (size_t i = 0; i < out->count; i++) {
        struct check *check = &out->checks[i];
        check->status = CHECK_INVALID;
        check->n = 0;
        check->id_count = 0;
        check_say(check, "the run says nothing about the service: %s",
                  run->invalid ? run->invalid_reason : "it was not played to its end");
    }
}

bool verdict_excuses(const struct run *run, const struct check *check)
{
    return check->line == 0 || (run->foreign && !run->strict);
}

/* The worst of all. What a stranger does not show is excused, unless --strict asks for it, but not
 * all of what was asked for: then nothing was judged. */
static enum check_status overall(const struct run *run, const struct verdicts *verdicts)
{
    enum check_status worst = CHECK_PASS;
    size_t judged = 0;
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct check *check = &verdicts->checks[i];
        enum check_status status = check->status;
        judged += i < run->scenario->expect_count && status != CHECK_UNOBSERVABLE;
        if (status == CHECK_UNOBSERVABLE) {
            status = verdict_excuses(run, check) ? CHECK_PASS : CHECK_INCONCLUSIVE;
        }
        if (check_status_badness(status) > check_status_badness(worst)) worst = status;
    }
    bool blind = judged == 0 && run->scenario->expect_count > 0 && worst == CHECK_PASS;
    return blind ? CHECK_INCONCLUSIVE : worst;
}

static void judge_service(const struct run *run, struct verdicts *out)
{
    *out = (struct verdicts){ .status = CHECK_PASS };
    for (size_t i = 0; i < run->scenario->expect_count; i++) {
        const struct expect *expect = &run->scenario->expects[i];
        struct check *check = verdict_add(out, expect->name);
        snprintf(check->text, sizeof check->text, "%s", expect->text);
        check->line = expect->line;
        check->column = expect->column;
        judge_expect(run, expect, check);
    }
    invariants_judge(run, out);
}

/* Broken off by whoever started it: what is over time cannot be told from a part of that. */
static void leave_open(const struct run *run, struct verdicts *out)
{
    for (size_t i = 0; i < out->count; i++) {
        struct check *check = &out->checks[i];
        check->status = CHECK_UNOBSERVABLE;
        check->n = 0;
        check->id_count = 0;
        check_say(check, "not observed: %s", run->invalid_reason);
    }
}

static void conclude(const struct run *run, struct verdicts *out)
{
    if (run->interrupted) leave_open(run, out);
    else if (run->invalid || !run->complete) invalidate(run, out);
    out->status = run->interrupted ? CHECK_INVALID : overall(run, out);
}

void verdict_judge(const struct run *run, struct verdicts *out)
{
    judge_service(run, out);
    verdict_faults(run, out);
    conclude(run, out);
}

void verdict_judge_service(const struct run *run, struct verdicts *out)
{
    judge_service(run, out);
    conclude(run, out);
}

void verdict_deinit(struct verdicts *verdict)
{
    if (verdict == NULL) return;
    mem_free(verdict->checks);
    *verdict = (struct verdicts){ .checks = NULL };
}
