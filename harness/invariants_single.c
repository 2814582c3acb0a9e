#include "base/mem.h"
#include "base/sort.h"
#include "harness/invariants.h"
#include "harness/invariants_gate.h"

/* From when a request comes, or its lookup is over, until its attempts are over. */
struct call_span {
    uint32_t key;
    uint32_t request;
    uint64_t from_ns;
    uint64_t to_ns; /* of its attempts; a backoff may come after them */
    bool joined; /* waited for another */
    bool asked;  /* by attempts of its own, from when it came */
};

static int by_key_and_time(const void *a, const void *b)
{
    const struct call_span *left = a;
    const struct call_span *right = b;
    if (left->key != right->key) return left->key < right->key ? -1 : 1;
    if (left->from_ns != right->from_ns) return left->from_ns < right->from_ns ? -1 : 1;
    return (left->request > right->request) - (left->request < right->request);
}

static struct call_span span_of(const struct run *run, uint32_t request)
{
    const struct run_answer *answer = &run->answers[request];
    struct call_span span = {
        .key = run->schedule->items[request].key,
        .request = request,
        .from_ns = answer->sent_ns,
        .to_ns = answer->done_ns,
        .asked = answer->attempt_count > 0,
    };
    for (uint32_t w = 0; w < answer->path_count; w++) {
        enum path_step step = (enum path_step)run->path[answer->path_at + w].step;
        span.joined = span.joined || step == PATH_FLIGHT_JOINED;
        /* Whom it joins, or not, is seen again when the second level has said its word. */
        if (path_is_lookup(step)) span.from_ns = answer->looked_ns;
    }
    if (!span.asked) return span;
    const struct run_attempt *last =
        &run->attempts[answer->attempt_at + answer->attempt_count - 1];
    span.to_ns = last->started_ns + last->latency_ns;
    return span;
}

/* Among requests of one key, in the order in which they came. */
static void check(struct invariant *invariant, const struct call_span *spans, size_t count, bool on)
{
    uint64_t taken_ns = 0; /* until when somebody certainly asks who did not wait himself */
    uint64_t there_ns = 0; /* until when anybody may be waited for */
    for (size_t i = 0; i < count; i++) {
        const struct call_span *span = &spans[i];
        bool same = i > 0 && spans[i - 1].key == span->key;
        if (!same) taken_ns = there_ns = 0;
        bool twin = i + 1 < count && spans[i + 1].key == span->key &&
                    spans[i + 1].from_ns == span->from_ns; /* may have come first */
        if (span->joined && !on) {
            invariant_breach(invariant, span->request, "the first waited for another, though "
                                                       "nobody is to");
        } else if (span->joined && there_ns < span->from_ns && !twin) {
            invariant_breach(invariant, span->request,
                             "the first waited at %.6f s, where nobody asked for the same",
                             verdict_seconds(span->from_ns));
        } else if (on && span->asked && !span->joined && span->from_ns < taken_ns) {
            invariant_breach(invariant, span->request,
                             "the first asked at %.6f s for what another was asking for",
                             verdict_seconds(span->from_ns));
        }
        there_ns = u64_max(there_ns, invariant->run->answers[span->request].done_ns);
        if (span->asked && !span->joined) taken_ns = u64_max(taken_ns, span->to_ns);
    }
}

/* By key, and of one key in the order of the schedule, which is nearly that of time. Owned. */
static struct call_span *spans_by_key(const struct run *run, size_t *count)
{
    uint32_t key_count = run->scenario->workloads[0].key_count;
    size_t *next = mem_alloc((size_t)key_count + 1, sizeof *next); /* place of a key's next one */
    struct call_span *spans = mem_resize(NULL, run->schedule->count + 1, sizeof *spans);
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        next[run->schedule->items[i].key + 1] += run->answers[i].path_count > 0;
    }
    for (uint32_t key = 0; key < key_count; key++) next[key + 1] += next[key];
    *count = next[key_count];
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        if (run->answers[i].path_count == 0) continue;
        spans[next[run->schedule->items[i].key]++] = span_of(run, i);
    }
    mem_free(next);
    return spans;
}

/* Only in virtual time is it known who came first, and in one workload what is the same. */
void invariant_single_flight(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    const struct engine_config *config = &run->config->engine;
    if (run->world == WORLD_REAL || run->scenario->workload_count != 1) return;
    bool off = config->cache.entries_max == 0 || config->cache.ttl_ns + config->cache.stale_ns == 0;
    size_t count;
    struct call_span *spans = spans_by_key(run, &count);
    sort_items(spans, count, sizeof *spans, by_key_and_time);
    invariant->check->n = count;
    check(invariant, spans, count, config->single_flight && !off);
    mem_free(spans);
}
