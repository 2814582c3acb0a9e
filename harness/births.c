#include "harness/births.h"

#include "base/mem.h"

static uint64_t intended_ns(const struct run *run, uint32_t answer)
{
    return run->answers[answer].intended_ns;
}

static size_t distinct_of(const struct births *births, const struct arrival *arrival)
{
    return births->base[arrival->workload] + arrival->key;
}

/* Nearly in order already: clients that wait for answers are intended as they come. */
static void insert(const struct run *run, uint32_t *answers, size_t count, uint32_t answer)
{
    size_t at = count;
    for (; at > 0 && intended_ns(run, answers[at - 1]) > intended_ns(run, answer); at--)
        answers[at] = answers[at - 1];
    answers[at] = answer;
}

void births_init(struct births *births, const struct run *run, births_are_fn *is_birth)
{
    const uint32_t count = (uint32_t)run->schedule->count;
    size_t distinct = 0;
    for (size_t i = 0; i < run->scenario->workload_count; i++) {
        births->base[i] = distinct;
        distinct += run->scenario->workloads[i].key_count;
    }
    bool *are = mem_alloc(count, sizeof *are);
    size_t *filled = mem_alloc(distinct, sizeof *filled);
    births->begin = mem_alloc(distinct + 1, sizeof *births->begin);
    births->answers = mem_alloc(count, sizeof *births->answers);
    for (uint32_t i = 0; i < count; i++) {
        const struct run_answer *answer = &run->answers[i];
        are[i] = (answer->answered || answer->hung_up) && is_birth(run, answer);
        if (are[i]) births->begin[distinct_of(births, &run->schedule->items[i]) + 1]++;
    }
    for (size_t i = 0; i < distinct; i++)
        births->begin[i + 1] += births->begin[i];
    for (uint32_t i = 0; i < count; i++) {
        if (!are[i]) continue;
        size_t at = distinct_of(births, &run->schedule->items[i]);
        insert(run, births->answers + births->begin[at], filled[at]++, i);
    }
    mem_free(filled);
    mem_free(are);
}

void births_deinit(struct births *births)
{
    mem_free(births->begin);
    mem_free(births->answers);
}

/* How many of them were intended before `ns`. */
static size_t count_before(const struct run *run, const uint32_t *answers, size_t count,
                           uint64_t ns)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (intended_ns(run, answers[middle]) < ns) low = middle + 1;
        else high = middle;
    }
    return low;
}

struct births_span births_between(const struct births *births, const struct run *run,
                                  uint32_t workload, uint32_t key, uint64_t from_ns,
                                  uint64_t to_ns)
{
    const size_t at = births->base[workload] + key;
    const uint32_t *answers = births->answers + births->begin[at];
    const size_t count = births->begin[at + 1] - births->begin[at];
    const size_t first = count_before(run, answers, count, from_ns);
    const size_t behind = count_before(run, answers, count, instant_add(to_ns, 1));
    return (struct births_span){ answers + first, behind > first ? behind - first : 0 };
}
