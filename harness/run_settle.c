#include <stdlib.h>

#include "base/mem.h"
#include "harness/run.h"

/* A request that was sent, where it stood in the plan. */
struct sent {
    uint64_t intended_ns;
    uint32_t number;
};

static int sent_compare(const void *a, const void *b)
{
    const struct sent *left = a;
    const struct sent *right = b;
    if (left->intended_ns != right->intended_ns) {
        return left->intended_ns > right->intended_ns ? 1 : -1;
    }
    return (left->number > right->number) - (left->number < right->number);
}

/* Not so when the run was broken off before it was sent, or while its answer was still to come. */
static bool is_over(const struct run_answer *answer)
{
    return answer->answered || answer->hung_up || answer->done_ns > 0;
}

/* Of a run that was played to its end, an open loop's request belongs to it even if it was never
 * sent, a slot only when it was. */
static size_t find_sent(const struct run *run, struct sent *sent)
{
    size_t count = 0;
    for (size_t i = 0; i < run->plan->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (i >= run->plan->open_count && answer->intended_ns == INSTANT_NEVER) continue;
        if (!run->complete && !is_over(answer)) continue;
        sent[count++] = (struct sent){ answer->intended_ns, (uint32_t)i };
    }
    return count;
}

static void follow(struct run *run)
{
    for (size_t i = 0; i < run->attempt_count; i++) {
        run->attempts[i].request = run->index_of[run->attempts[i].request];
    }
    for (size_t i = 0; i < run->delivery_count; i++) {
        struct run_delivery *delivery = &run->deliveries[i];
        if (delivery->request != UINT32_MAX) delivery->request = run->index_of[delivery->request];
    }
}

void run_settle(struct run *run)
{
    const struct schedule *plan = run->plan;
    bool all = plan->open_count == plan->count && run->complete;
    if (all || run->index_of != NULL) return;
    struct sent *sent = mem_alloc(plan->count, sizeof *sent);
    size_t count = find_sent(run, sent);
    qsort(sent, count, sizeof *sent, sent_compare);
    run->index_of = mem_alloc(plan->count, sizeof *run->index_of);
    for (size_t i = 0; i < plan->count; i++)
        run->index_of[i] = UINT32_MAX;
    run->settled = mem_alloc(1, sizeof *run->settled);
    *run->settled = (struct schedule){
        .items = mem_alloc(count, sizeof *run->settled->items),
        .count = count,
        .open_count = count,
    };
    struct run_answer *answers = mem_alloc(count, sizeof *answers);
    for (size_t i = 0; i < count; i++) {
        answers[i] = run->answers[sent[i].number];
        run->settled->items[i] = plan->items[sent[i].number];
        run->settled->items[i].at_ns = sent[i].intended_ns;
        run->index_of[sent[i].number] = (uint32_t)i;
    }
    mem_free(run->answers);
    mem_free(sent);
    run->answers = answers;
    run->schedule = run->settled;
    follow(run);
}

void run_close(struct run *run)
{
    uint64_t end_ns = run_played_ns(run);
    const size_t count = run->transition_count;
    /* Mostly so, and always in a sweep's many simulations: then no answer need be looked at. */
    if (count == 0 || run->transitions[count - 1].at <= end_ns) return;
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (is_over(answer)) end_ns = u64_max(end_ns, answer->done_ns);
    }
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        if (!attempt->start_known) continue;
        end_ns = u64_max(end_ns, attempt->started_ns + attempt->latency_ns);
    }
    while (run->transition_count > 0 &&
           run->transitions[run->transition_count - 1].at > end_ns) {
        run->transition_count--;
    }
}

void run_interrupt(struct run *run, int number)
{
    if (run->invalid) return;
    run->interrupted = true;
    if (run->stopped_ns == 0) {
        run_set_invalid(run, "interrupted by signal %d before it began", number);
        return;
    }
    run_set_invalid(run, "interrupted by signal %d after %.1f s of %.1f s", number,
                    (double)run_played_ns(run) / 1e9, (double)run->scenario->duration_ns / 1e9);
}

uint64_t run_played_ns(const struct run *run)
{
    uint64_t duration_ns = run->scenario->duration_ns;
    return run->complete ? duration_ns : u64_min(run->stopped_ns, duration_ns);
}

uint32_t run_index_of(const struct run *run, uint32_t number)
{
    if (number >= run->plan->count) return UINT32_MAX;
    return run->index_of == NULL ? number : run->index_of[number];
}

const char *run_request_id(const struct run *run, uint32_t index, char out[REQUEST_ID_MAX])
{
    return schedule_request_id(run->schedule->items[index].number, out);
}

uint64_t run_request_key(const struct run *run, uint32_t index)
{
    return schedule_request_key(run->schedule->items[index].number);
}
