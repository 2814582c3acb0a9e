#include "harness/slo_timeline.h"

#include <math.h>

#include "base/mem.h"

uint64_t slo_seen_ns(const struct run *run, const struct run_answer *answer)
{
    if (answer->answered || answer->hung_up) return answer->done_ns;
    return instant_add(answer->intended_ns, run->config->engine.request_deadline_ns);
}

void slo_timeline_init(struct slo_timeline *timeline, const struct run *run, slo_judge *judge)
{
    double length_s = (double)run->scenario->duration_ns / (double)NS_PER_S;
    uint64_t counted = 0;
    *timeline = (struct slo_timeline){ .length_s = length_s };
    for (size_t i = 0; i < run->schedule->count; i++) {
        size_t second = (size_t)(slo_seen_ns(run, &run->answers[i]) / NS_PER_S);
        if (second + 1 > timeline->seconds) timeline->seconds = second + 1;
    }
    timeline->n = mem_alloc(timeline->seconds + 1, sizeof *timeline->n);
    timeline->bad = mem_alloc(timeline->seconds + 1, sizeof *timeline->bad);
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        enum slo_event event = judge(run, answer);
        if (event == SLO_EVENT_NONE) continue;
        size_t second = (size_t)(slo_seen_ns(run, answer) / NS_PER_S);
        timeline->n[second + 1]++;
        timeline->bad[second + 1] += event == SLO_EVENT_BAD;
        counted++;
    }
    for (size_t t = 1; t <= timeline->seconds; t++) {
        timeline->n[t] += timeline->n[t - 1];
        timeline->bad[t] += timeline->bad[t - 1];
    }
    timeline->rate_per_s = (double)counted / length_s;
}

void slo_timeline_deinit(struct slo_timeline *timeline)
{
    mem_free(timeline->n);
    mem_free(timeline->bad);
    *timeline = (struct slo_timeline){ .seconds = 0 };
}

double slo_timeline_share(const struct slo_timeline *timeline, uint64_t t, uint64_t window_s)
{
    size_t to = (size_t)u64_min(t, timeline->seconds);
    size_t from = (size_t)u64_min(t > window_s ? t - window_s : 0, timeline->seconds);
    double begin = (double)t - (double)window_s;
    double inside = fmin((double)t, timeline->length_s) - fmax(begin, 0);
    double healthy_s = (double)window_s - fmax(inside, 0);
    double n = (double)(timeline->n[to] - timeline->n[from]) + healthy_s * timeline->rate_per_s;
    return n <= 0 ? 0 : (double)(timeline->bad[to] - timeline->bad[from]) / n;
}
