#include "harness/report_samples.h"

#include "base/fixed.h"
#include "base/mem.h"

#define MS(n) ((n)*NS_PER_MS)

const uint64_t samples_bounds_ns[SAMPLES_BOUNDS] = {
    MS(1),   MS(5),   MS(10),  MS(25),  MS(50),  MS(100), MS(150),  MS(200),
    MS(250), MS(300), MS(350), MS(400), MS(500), MS(800), MS(1500), MS(3000),
};

/* When a collector would have seen the answer. */
static uint64_t seen_ns(const struct run *run, const struct run_answer *answer)
{
    if (answer->answered) return answer->done_ns;
    return answer->intended_ns + run->config->engine.request_deadline_ns;
}

static bool is_baseline_by_nature(const struct run_answer *answer)
{
    return answer->cause == CODE_INPUT_INSUFFICIENT_HISTORY ||
           answer->cause == CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
}

static void count_answer(struct sample *sample, const struct run_answer *answer)
{
    if (answer->hung_up) return; /* nobody saw how it would have ended */
    if (!answer->answered) {
        sample->served[SERVED_NOBODY]++;
        sample->failed++;
        sample->routed++;
        return;
    }
    uint64_t latency_ns = run_latency_ns(answer);
    sample->served[answer->served]++;
    sample->succeeded += answer->http_status < 400;
    sample->failed += answer->http_status >= 500;
    bool refused = answer->http_status >= 400 && answer->http_status < 500;
    sample->routed += !refused && !is_baseline_by_nature(answer);
    sample->fresh += answer->served == SERVED_CACHE || answer->served == SERVED_UPSTREAM;
    sample->answered++;
    sample->latency_us += latency_ns / 1000;
    for (size_t i = 0; i < SAMPLES_BOUNDS; i++)
        sample->within[i] += latency_ns <= samples_bounds_ns[i];
}

static void accumulate(struct sample *sample, const struct sample *before)
{
    for (size_t i = 0; i < SERVED_COUNT; i++)
        sample->served[i] += before->served[i];
    for (size_t i = 0; i < SAMPLES_BOUNDS; i++)
        sample->within[i] += before->within[i];
    sample->answered += before->answered;
    sample->succeeded += before->succeeded;
    sample->failed += before->failed;
    sample->routed += before->routed;
    sample->fresh += before->fresh;
    sample->latency_us += before->latency_us;
}

static void fill_breaker(struct samples *samples, const struct run *run)
{
    enum breaker_state state = BREAKER_CLOSED;
    size_t next = 0;
    for (size_t i = 0; i < samples->count; i++) {
        while (next < run->transition_count && run->transitions[next].at <= i * samples->step_ns) {
            state = run->transitions[next++].to;
        }
        samples->items[i].breaker = state;
    }
}

void samples_make(struct samples *out, const struct run *run, uint64_t step_ns)
{
    /* An answer of a damaged result may lie anywhere; nothing is drawn behind this. */
    uint64_t end_ns = run->scenario->duration_ns + run->config->engine.request_deadline_ns;
    size_t last = (size_t)((end_ns + step_ns - 1) / step_ns) + 1;
    *out = (struct samples){ .step_ns = step_ns, .count = last + 1 };
    out->items = mem_alloc(out->count, sizeof *out->items);
    for (size_t i = 0; i < run->schedule->count; i++) {
        uint64_t at = (seen_ns(run, &run->answers[i]) + step_ns - 1) / step_ns;
        count_answer(&out->items[u64_min(u64_max(at, 1), last)], &run->answers[i]);
    }
    for (size_t i = 1; i < out->count; i++)
        accumulate(&out->items[i], &out->items[i - 1]);
    fill_breaker(out, run);
}

void samples_deinit(struct samples *samples)
{
    mem_free(samples->items);
}
