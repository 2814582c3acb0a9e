#include "harness/join.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/sort.h"
#include "harness/ledger.h"
#include "harness/stalls.h"

enum { JOIN_PATH_MAX = 1100 };

/* A generator that lags more than this says nothing about the service. */
#define LAG_P99_MAX_NS (5 * NS_PER_MS)

static void judge_lag(struct run *run)
{
    size_t count = run->schedule->count;
    if (count == 0) return;
    uint64_t *lags = mem_alloc(count, sizeof *lags);
    for (size_t i = 0; i < count; i++) {
        lags[i] = instant_until(run->answers[i].sent_ns, run->answers[i].intended_ns);
    }
    sort_u64(lags, count);
    run->lag_p99_ns = lags[(count * 99 + 99) / 100 - 1];
    mem_free(lags);
    if (run->complete && run->lag_p99_ns > LAG_P99_MAX_NS) {
        run->lagged = !run->invalid;
        run_set_invalid(run,
                        "the load generator lagged: p99 of (sent - intended) is %.1f ms, allowed "
                        "5 ms; the machine is too busy, lower --jobs",
                        (double)run->lag_p99_ns / 1e6);
    }
}

void join_run(struct run *run, const char *folder, instant_ns start)
{
    char path[JOIN_PATH_MAX];
    struct err_note note = { .err = ERR_OK };
    run_settle(run);
    judge_lag(run);
    stalls_judge(run);
    snprintf(path, sizeof path, "%s/ledger.jsonl", folder);
    if (ledger_read(run, path, &note) == ERR_OK) {
        if (run->foreign) return; /* it writes no trace */
        snprintf(path, sizeof path, "%s/trace.jsonl", folder);
        if (trace_read(run, path, start, &note) == ERR_OK) {
            run_close(run);
            return;
        }
    }
    run_set_invalid(run, "%s: %s", note.path, note.sentence);
}
