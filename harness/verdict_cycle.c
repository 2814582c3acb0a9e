#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/units.h"
#include "harness/verdict_private.h"

enum { PPM = 1000000 };

/* One cycle of one workload: from when its first request was due until its last answer. */
struct cycle {
    uint32_t workload;
    uint32_t number;
    uint64_t due_ns;
    uint64_t done_ns; /* INSTANT_NEVER: an answer is missing */
    uint32_t last;    /* the request whose answer came last */
};

static uint64_t length_ns(const struct cycle *cycle)
{
    return cycle->done_ns == INSTANT_NEVER ? INSTANT_NEVER
                                           : instant_until(cycle->done_ns, cycle->due_ns);
}

static int compare_place(const void *a, const void *b)
{
    const struct cycle *left = a;
    const struct cycle *right = b;
    if (left->workload != right->workload) return left->workload > right->workload ? 1 : -1;
    return (left->number > right->number) - (left->number < right->number);
}

static int compare_length(const void *a, const void *b)
{
    uint64_t left = length_ns(a);
    uint64_t right = length_ns(b);
    return (left > right) - (left < right);
}

/* When the cycle of a request was due, which is before its first request when the one before took
 * too long: that wait counts. */
static uint64_t due_ns(const struct run *run, size_t index)
{
    const struct workload *workload =
        &run->scenario->workloads[run->schedule->items[index].workload];
    const struct run_answer *answer = &run->answers[index];
    if (workload->arrival != ARRIVAL_CYCLE) return answer->intended_ns;
    return u64_min(answer->intended_ns, workload->from_ns + answer->cycle * workload->every_ns);
}

/* A cycle belongs where it is due, with all of its requests. */
static bool belongs(const struct run *run, const struct expect *expect, size_t index)
{
    const struct run_answer *answer = &run->answers[index];
    uint32_t workload = run->schedule->items[index].workload;
    if (answer->cycle == RUN_NO_CYCLE || answer->hung_up) return false;
    if (expect->workload != EXPECT_ALL_WORKLOADS && expect->workload != workload) return false;
    return expect_covers(expect, run->scenario, due_ns(run, index));
}

/* Every request as a cycle of its own, sorted, then those of one cycle joined. */
static size_t collect(const struct run *run, const struct expect *expect, struct cycle *cycles)
{
    size_t count = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!belongs(run, expect, i)) continue;
        cycles[count++] = (struct cycle){
            .workload = run->schedule->items[i].workload,
            .number = answer->cycle,
            .due_ns = due_ns(run, i),
            .done_ns = answer->answered ? answer->done_ns : INSTANT_NEVER,
            .last = (uint32_t)i,
        };
    }
    qsort(cycles, count, sizeof *cycles, compare_place);
    size_t joined = 0;
    for (size_t i = 0; i < count; i++) {
        if (joined == 0 || compare_place(&cycles[joined - 1], &cycles[i]) != 0) {
            cycles[joined++] = cycles[i];
            continue;
        }
        struct cycle *cycle = &cycles[joined - 1];
        cycle->due_ns = u64_min(cycle->due_ns, cycles[i].due_ns);
        if (cycles[i].done_ns <= cycle->done_ns) continue;
        cycle->done_ns = cycles[i].done_ns;
        cycle->last = cycles[i].last;
    }
    return joined;
}

static const char *length_text(uint64_t ns, char out[UNITS_TEXT_MAX])
{
    if (ns == INSTANT_NEVER) snprintf(out, UNITS_TEXT_MAX, "never (an answer is missing)");
    else snprintf(out, UNITS_TEXT_MAX, "%.3f s", verdict_seconds(ns));
    return out;
}

/* `cycles` is sorted by length. The requests noted are those that slow cycles waited for. */
static uint64_t count_slow(const struct expect *expect, const struct cycle *cycles,
                           struct check *check)
{
    uint64_t slow = 0;
    for (size_t i = (size_t)check->n; i > 0; i--) {
        if (length_ns(&cycles[i - 1]) <= expect->limit_ns) break;
        check_note(check, cycles[i - 1].last);
        slow++;
    }
    return slow;
}

static void judge(const struct expect *expect, struct check *check, uint64_t slow,
                  const char *text)
{
    if (expect->quantile_ppm != EXPECT_QUANTILE_MAX) {
        verdict_gate(check, slow, (double)(PPM - expect->quantile_ppm) / PPM, text);
        return;
    }
    if (slow > 0) check->status = CHECK_FAIL;
    check_say(check, "%s", text);
}

void verdict_cycle(const struct run *run, const struct expect *expect, struct check *check)
{
    bool is_max = expect->quantile_ppm == EXPECT_QUANTILE_MAX;
    struct cycle *cycles = mem_alloc(run->schedule->count, sizeof *cycles);
    check->n = collect(run, expect, cycles);
    qsort(cycles, (size_t)check->n, sizeof *cycles, compare_length);
    char limit[UNITS_TEXT_MAX], window[VERDICT_WINDOW_MAX], ids[VERDICT_IDS_TEXT_MAX];
    char share[UNITS_TEXT_MAX] = "max", length[UNITS_TEXT_MAX];
    struct buf text;
    if (!is_max) snprintf(share, sizeof share, "p%g", expect->quantile_ppm / 1e4);
    buf_init(&text, CHECK_SENTENCE_MAX / 2 + 64);
    buf_printf(&text, "expected cycle %s <= %s%s; ", share,
               units_format_duration(expect->limit_ns, limit),
               verdict_window_text(expect, run->scenario, window));
    if (check->n == 0) {
        check->status = CHECK_INCONCLUSIVE;
        check_say(check, "%sno cycle began then", buf_text(&text));
    } else {
        uint64_t slow = count_slow(expect, cycles, check);
        if (!is_max) {
            verdict_gate_ids(check, slow, (double)(PPM - expect->quantile_ppm) / PPM);
        }
        uint64_t rank = (check->n * expect->quantile_ppm + PPM - 1) / PPM;
        buf_printf(&text, "%s was %s, %llu of %llu cycles were slower%s", share,
                   length_text(length_ns(&cycles[rank == 0 ? 0 : rank - 1]), length),
                   (unsigned long long)slow, (unsigned long long)check->n,
                   check_ids_text(run, check, slow, ids));
        judge(expect, check, slow, buf_text(&text));
    }
    buf_deinit(&text);
    mem_free(cycles);
}
