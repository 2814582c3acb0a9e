#include "harness/parity_intervals.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/sort.h"
#include "harness/report_text.h"

enum { PPM = 1000000 };

struct times {
    uint64_t p90_ns, p95_ns; /* 0: nothing was answered */
    struct parity_edge edge;
};

static uint64_t rank_of(const uint64_t *sorted, size_t count, size_t percent)
{
    return count == 0 ? 0 : sorted[(count * percent + 99) / 100 - 1];
}

/* Of what was answered, from when it was sent, by nearest rank. */
static struct times times_of(const struct run *run)
{
    size_t all = run->schedule->count;
    uint64_t *latencies = mem_alloc(all, sizeof *latencies);
    size_t count = 0;
    for (size_t i = 0; i < all; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!answer->answered) continue;
        uint64_t from = u64_max(answer->intended_ns, answer->sent_ns);
        latencies[count++] = instant_until(answer->done_ns, from);
    }
    sort_u64(latencies, count);
    struct times times = {
        .p90_ns = rank_of(latencies, count, 90),
        .p95_ns = rank_of(latencies, count, 95),
        .edge = { .p93_least_ns = rank_of(latencies, count, 93),
                  .p97_most_ns = rank_of(latencies, count, 97) },
    };
    mem_free(latencies);
    return times;
}

static void shares_of(const struct run *run, uint64_t out[SERVED_COUNT])
{
    size_t all = run->schedule->count;
    uint64_t counts[SERVED_COUNT] = { 0 };
    for (size_t i = 0; i < all; i++) {
        const struct run_answer *answer = &run->answers[i];
        counts[answer->answered ? answer->served : SERVED_NOBODY]++;
    }
    for (size_t kind = 0; kind < SERVED_COUNT; kind++) {
        out[kind] = all == 0 ? 0 : counts[kind] * PPM / all;
    }
}

static struct parity_interval alone(uint64_t sim)
{
    return (struct parity_interval){ .sim = sim, .low = sim, .high = sim };
}

void parity_intervals_begin(struct parity_intervals *intervals, const struct run *sim)
{
    uint64_t shares[SERVED_COUNT];
    struct times times = times_of(sim);
    *intervals = (struct parity_intervals){ .p95_ns = alone(times.p95_ns), .edge = times.edge };
    shares_of(sim, shares);
    for (size_t kind = 0; kind < SERVED_COUNT; kind++) {
        intervals->shares_ppm[kind] = alone(shares[kind]);
    }
}

static void include(struct parity_interval *interval, uint64_t value)
{
    interval->low = u64_min(interval->low, value);
    interval->high = u64_max(interval->high, value);
}

void parity_intervals_add(struct parity_intervals *intervals, const struct run *sim)
{
    uint64_t shares[SERVED_COUNT];
    shares_of(sim, shares);
    for (size_t kind = 0; kind < SERVED_COUNT; kind++) {
        include(&intervals->shares_ppm[kind], shares[kind]);
    }
    struct times times = times_of(sim);
    struct parity_edge *edge = &intervals->edge;
    include(&intervals->p95_ns, times.p95_ns);
    edge->p93_least_ns = u64_min(edge->p93_least_ns, times.edge.p93_least_ns);
    edge->p97_most_ns = u64_max(edge->p97_most_ns, times.edge.p97_most_ns);
}

static bool is_on_edge(const struct parity_edge *edge)
{
    return edge->p97_most_ns / PARITY_EDGE_TIMES >= edge->p93_least_ns;
}

static void widen(struct parity_interval *interval, uint64_t by)
{
    interval->low -= u64_min(interval->low, by);
    interval->high += by;
}

void parity_intervals_end(struct parity_intervals *intervals, const struct run *real)
{
    struct parity_interval *time = &intervals->p95_ns;
    struct times times = times_of(real);
    time->real = times.p95_ns;
    widen(time, u64_max(time->sim * PARITY_P95_PERCENT / 100, PARITY_P95_NS));
    if (is_on_edge(&intervals->edge) && times.p90_ns <= time->high) {
        include(time, intervals->edge.p93_least_ns);
        include(time, intervals->edge.p97_most_ns);
    }
    intervals->hold = parity_interval_holds(time);
    uint64_t shares[SERVED_COUNT];
    shares_of(real, shares);
    for (size_t kind = 0; kind < SERVED_COUNT; kind++) {
        struct parity_interval *share = &intervals->shares_ppm[kind];
        share->real = shares[kind];
        widen(share, PARITY_SHARE_PPM);
        share->high = u64_min(share->high, PPM);
        if (!parity_interval_holds(share)) intervals->hold = false;
    }
}

bool parity_interval_holds(const struct parity_interval *interval)
{
    return interval->low <= interval->real && interval->real <= interval->high;
}

typedef void put_figure_fn(struct buf *out, uint64_t figure);

static void put_share(struct buf *out, uint64_t share_ppm)
{
    report_text_share(out, share_ppm, PPM);
}

static void put_if_differs(struct buf *out, const char *name,
                           const struct parity_interval *interval, put_figure_fn *put)
{
    if (parity_interval_holds(interval)) return;
    buf_printf(out, "%s%s ", out->length == 0 ? "" : "; ", name);
    put(out, interval->real);
    buf_puts(out, " over sockets, ");
    put(out, interval->sim);
    buf_puts(out, " simulated (");
    put(out, interval->low);
    buf_puts(out, " to ");
    put(out, interval->high);
    buf_puts(out, " allowed)");
}

void parity_intervals_write(const struct parity_intervals *intervals, struct buf *out)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    put_if_differs(&text, "p95", &intervals->p95_ns, report_text_latency);
    for (size_t kind = 0; kind < SERVED_COUNT; kind++) {
        const char *name = kind == SERVED_NOBODY ? "unanswered" : served_name((enum served)kind);
        put_if_differs(&text, name, &intervals->shares_ppm[kind], put_share);
    }
    buf_puts(out, text.length == 0 ? "p95 and shares as simulated" : buf_text(&text));
    buf_deinit(&text);
}

struct check parity_intervals_check(const struct parity_intervals *intervals)
{
    struct check check = { .name = "parity.intervals",
                           .status = intervals->hold ? CHECK_PASS : CHECK_FAIL };
    struct buf figures;
    buf_init(&figures, BUF_UNBOUNDED);
    parity_intervals_write(intervals, &figures);
    snprintf(check.sentence, sizeof check.sentence, "%s", buf_text(&figures));
    buf_deinit(&figures);
    return check;
}
