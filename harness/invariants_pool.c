#include "base/mem.h"
#include "base/sort.h"
#include "harness/invariants.h"
#include "harness/invariants_gate.h"
#include "harness/sim.h"

/* Moments in order, and the place where one was last looked for: the next is mostly near. */
struct moments {
    uint64_t *items; /* owned */
    size_t near;
};

/* Spans of time, as their begins and ends: how many hold a moment is two searches. */
struct spans {
    struct moments begins, ends;
    size_t count;
};

static void spans_init(struct spans *spans, size_t capacity)
{
    *spans = (struct spans){
        .begins.items = mem_resize(NULL, capacity + 1, sizeof(uint64_t)),
        .ends.items = mem_resize(NULL, capacity + 1, sizeof(uint64_t)),
    };
}

static void spans_deinit(struct spans *spans)
{
    mem_free(spans->begins.items);
    mem_free(spans->ends.items);
}

static void spans_add(struct spans *spans, uint64_t begin_ns, uint64_t end_ns)
{
    spans->begins.items[spans->count] = begin_ns;
    spans->ends.items[spans->count++] = end_ns;
}

static void spans_sort(struct spans *spans)
{
    sort_u64(spans->begins.items, spans->count);
    sort_u64(spans->ends.items, spans->count);
}

static bool is_until(uint64_t moment, uint64_t at, bool with)
{
    return moment < at || (with && moment == at);
}

/* How many of `count` lie before `at`, or at it. */
static size_t count_until(struct moments *moments, size_t count, uint64_t at, bool with)
{
    enum { STEPS_MAX = 16 };
    const uint64_t *items = moments->items;
    size_t found = moments->near;
    size_t steps = STEPS_MAX;
    for (; steps > 0 && found < count && is_until(items[found], at, with); steps--) found++;
    for (; steps > 0 && found > 0 && !is_until(items[found - 1], at, with); steps--) found--;
    if (steps == 0) {
        size_t high = count;
        found = 0;
        while (found < high) {
            size_t middle = found + (high - found) / 2;
            if (is_until(items[middle], at, with)) found = middle + 1;
            else high = middle;
        }
    }
    moments->near = found;
    return found;
}

/* Spans that hold `at` for certain: those that begin or end then may come before or after it. */
static size_t spans_inside(struct spans *spans, uint64_t at)
{
    size_t begun = count_until(&spans->begins, spans->count, at, false);
    size_t ended = count_until(&spans->ends, spans->count, at, true);
    return begun > ended ? begun - ended : 0;
}

/* Spans that go on after `at`: all of these overlap. */
static size_t spans_after(struct spans *spans, uint64_t at)
{
    return count_until(&spans->begins, spans->count, at, true) -
           count_until(&spans->ends, spans->count, at, true);
}

/* Spans that may hold `at`. */
static size_t spans_touching(struct spans *spans, uint64_t at)
{
    return count_until(&spans->begins, spans->count, at, true) -
           count_until(&spans->ends, spans->count, at, false);
}

struct referee {
    struct invariant *invariant;
    const struct pool_config *pool;
    struct spans running; /* attempts: each has a place */
    struct spans waiting; /* calls in the queue */
    bool blind;           /* of some of them it is not known since when */
};

/* Begins and ends of attempts are the runtime's own: both stand in its trace as the moment at which
 * its engine took or gave back the place, read once per turn of one clock. However late that turn
 * was, a place given back in it is taken after it, so no observer's delay lies in between and the
 * slack for those is not needed. Over sockets, moments within a millisecond count as one. */
static uint64_t end_of(const struct run *run, const struct run_attempt *attempt)
{
    uint64_t same_ns = run->world == WORLD_REAL ? NS_PER_MS : 0;
    return attempt->started_ns + instant_until(attempt->latency_ns, same_ns);
}

/* When the wait of this gate was over. */
static uint64_t wait_end_ns(const struct run *run, const struct gate *gate)
{
    const struct run_answer *answer = &run->answers[gate->request];
    if (gate->attempt != NULL) return gate->attempt->started_ns;
    return answer->hung_up ? answer->done_ns : answer->done_ns - SIM_TRANSPORT_NS;
}

static void collect(struct referee *referee, const struct run *run)
{
    spans_init(&referee->running, run->attempt_count);
    spans_init(&referee->waiting, run->path_count);
    for (size_t i = 0; i < run->attempt_count; i++) {
        spans_add(&referee->running, run->attempts[i].started_ns, end_of(run, &run->attempts[i]));
    }
    bool any = gate_has_word(run, PATH_POOL_WAIT);
    for (uint32_t i = 0; any && i < run->schedule->count; i++) {
        struct gate gate = gate_first(i);
        while (gate_next(run, &gate)) {
            if (!gate.waited) continue;
            if (!gate.asked_known) {
                referee->blind = true;
                continue;
            }
            spans_add(&referee->waiting, gate.asked_ns, wait_end_ns(run, &gate));
        }
    }
    spans_sort(&referee->running);
    spans_sort(&referee->waiting);
}

/* Its own attempt begins when it asks, and its own wait too: neither counts in `inside`. */
static void check_queue(struct referee *referee, const struct gate *gate)
{
    struct invariant *invariant = referee->invariant;
    size_t places = referee->pool->connections_max;
    uint64_t at_ns = gate->asked_ns;
    bool was_full = spans_touching(&referee->running, at_ns) >= places;
    bool is_full = spans_inside(&referee->running, at_ns) >= places;
    size_t queued = spans_inside(&referee->waiting, at_ns);
    size_t queued_at_most = spans_touching(&referee->waiting, at_ns);
    if (gate->waited && !was_full && queued_at_most <= 1) {
        invariant_breach(invariant, gate->request,
                         "the first waited for a place at %.6f s, but not all %zu were taken",
                         verdict_seconds(at_ns), places);
    } else if (gate->waited && queued >= referee->pool->queue_max) {
        invariant_breach(invariant, gate->request,
                         "the first joined a queue of %zu at %.6f s, at most %u may wait", queued,
                         verdict_seconds(at_ns), referee->pool->queue_max);
    } else if (gate->end == PATH_POOL_FULL && queued_at_most < referee->pool->queue_max) {
        invariant_breach(invariant, gate->request,
                         "the first found the queue full at %.6f s, where %zu of %u waited",
                         verdict_seconds(at_ns), queued_at_most, referee->pool->queue_max);
    } else if (gate->end == PATH_POOL_FULL && !was_full && queued_at_most == 0) {
        invariant_breach(invariant, gate->request,
                         "the first was refused at %.6f s, but not all %zu places were taken",
                         verdict_seconds(at_ns), places);
    } else if (!gate->waited && gate->attempt != NULL && (is_full || queued > 0)) {
        invariant_breach(invariant, gate->request,
                         "the first began at %.6f s, before %zu who waited for one of %zu places",
                         verdict_seconds(at_ns), queued, places);
    }
}

/* A first attempt waits to the deadline, a retry only while its least budget is left; neither
 * longer than pool_timeout_s. */
static void check_patience(struct invariant *invariant, const struct gate *gate)
{
    const struct run *run = invariant->run;
    const struct engine_config *config = &run->config->engine;
    uint64_t deadline_ns = run->answers[gate->request].sent_ns + config->request_deadline_ns;
    uint64_t keep_ns = gate->number == 0 ? 0 : config->min_attempt_budget_ns;
    uint64_t left_ns = instant_until(deadline_ns, gate->asked_ns);
    uint64_t patience_ns = u64_min(instant_until(left_ns, keep_ns), config->pool_timeout_ns);
    uint64_t waited_ns = wait_end_ns(run, gate) - gate->asked_ns;
    bool gave_up = gate->end == PATH_POOL_TIMEOUT;
    if (waited_ns <= patience_ns && (!gave_up || waited_ns == patience_ns)) return;
    invariant_breach(invariant, gate->request,
                     "the first waited %.6f ms for a place and %s; its patience is %.6f ms",
                     verdict_ms(waited_ns), gave_up ? "gave up" : "got one or left",
                     verdict_ms(patience_ns));
}

/* A place that is given back goes to who waits at that very moment. */
static void check_grant(struct referee *referee, const struct gate *gate)
{
    if (!gate->waited || gate->attempt == NULL) return;
    uint64_t at_ns = gate->attempt->started_ns;
    struct moments *ends = &referee->running.ends;
    size_t count = referee->running.count;
    if (count_until(ends, count, at_ns, false) < count_until(ends, count, at_ns, true)) return;
    invariant_breach(referee->invariant, gate->request,
                     "the first got its place at %.9f s, when nobody had given one back",
                     verdict_seconds(at_ns));
}

/* Exact order of what happens is known in virtual time only. */
static void check_gates(struct referee *referee, const struct run *run)
{
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        struct gate gate = gate_first(i);
        while (gate_next(run, &gate)) {
            if (!gate.asked_known) continue;
            referee->invariant->check->n++;
            check_queue(referee, &gate);
            check_grant(referee, &gate);
            if (gate.waited) check_patience(referee->invariant, &gate);
        }
    }
}

static void check_places(struct referee *referee, const struct run_attempt *attempt)
{
    size_t running = spans_after(&referee->running, attempt->started_ns);
    referee->invariant->check->n++;
    if (running <= referee->pool->connections_max) return;
    invariant_breach(referee->invariant, attempt->request,
                     "an attempt of the first began at %.6f s, and %zu ran at once; %u may",
                     verdict_seconds(attempt->started_ns), running,
                     referee->pool->connections_max);
}

void invariant_pool(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    for (size_t i = 0; i < run->attempt_count; i++) {
        if (!run->attempts[i].start_known) return;
    }
    struct referee referee = { .invariant = invariant, .pool = &run->config->engine.pool };
    collect(&referee, run);
    for (size_t i = 0; i < run->attempt_count; i++) check_places(&referee, &run->attempts[i]);
    if (run->world == WORLD_SIM && !referee.blind) check_gates(&referee, run);
    spans_deinit(&referee.running);
    spans_deinit(&referee.waiting);
}
