#include "harness/parity_intervals.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/sort.h"
#include "harness/gate.h"
#include "harness/report_text.h"

enum { PPM = 1000000 };

static const double p95 = 0.95;

struct latencies {
    uint64_t *sorted; /* owned */
    size_t count;
};

/* Of what was answered, from when it was sent. */
static struct latencies latencies_of(const struct run *run)
{
    size_t all = run->schedule->count;
    struct latencies of = { .sorted = mem_alloc(all + 1, sizeof *of.sorted) };
    for (size_t i = 0; i < all; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!answer->answered) continue;
        uint64_t from = u64_max(answer->intended_ns, answer->sent_ns);
        of.sorted[of.count++] = instant_until(answer->done_ns, from);
    }
    sort_u64(of.sorted, of.count);
    return of;
}

/* Nearest rank; 0: nothing was answered. */
static uint64_t p95_of(const struct latencies *of)
{
    return of->count == 0 ? 0 : of->sorted[(of->count * 95 + 99) / 100 - 1];
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

void parity_intervals_begin(struct parity_intervals *intervals, const struct run *sim)
{
    *intervals = (struct parity_intervals){ .hold = false };
    struct latencies latencies = latencies_of(sim);
    struct gate_ranks ranks = gate_quantile_ranks(latencies.count, p95);
    bool bounded = ranks.high >= 1 && ranks.high <= latencies.count;
    intervals->p95_ns = (struct parity_interval){
        .sim = p95_of(&latencies),
        .low = ranks.low == 0 ? 0 : latencies.sorted[ranks.low - 1],
        .high = bounded ? latencies.sorted[ranks.high - 1] : INSTANT_NEVER,
    };
    mem_free(latencies.sorted);
    uint64_t shares[SERVED_COUNT];
    shares_of(sim, shares);
    for (size_t kind = 0; kind < SERVED_COUNT; kind++) {
        intervals->shares_ppm[kind] = (struct parity_interval){ .sim = shares[kind],
                                                                .low = shares[kind],
                                                                .high = shares[kind] };
    }
}

static void include(struct parity_interval *interval, uint64_t value)
{
    interval->low = u64_min(interval->low, value);
    interval->high = u64_max(interval->high, value);
}

void parity_intervals_add(struct parity_intervals *intervals, const struct run *sim, bool timed)
{
    uint64_t shares[SERVED_COUNT];
    shares_of(sim, shares);
    for (size_t kind = 0; kind < SERVED_COUNT; kind++) {
        include(&intervals->shares_ppm[kind], shares[kind]);
    }
    if (!timed) return;
    struct latencies latencies = latencies_of(sim);
    if (latencies.count > 0) include(&intervals->p95_ns, p95_of(&latencies));
    mem_free(latencies.sorted);
}

static void widen(struct parity_interval *interval, uint64_t by)
{
    interval->low -= u64_min(interval->low, by);
    if (interval->high != INSTANT_NEVER) interval->high += by;
}

void parity_intervals_end(struct parity_intervals *intervals, const struct run *real,
                          uint64_t late_ns)
{
    struct latencies latencies = latencies_of(real);
    struct parity_interval *time = &intervals->p95_ns;
    time->real = p95_of(&latencies);
    mem_free(latencies.sorted);
    widen(time, u64_max(time->sim / 100 * PARITY_P95_PERCENT, PARITY_P95_NS));
    if (time->high != INSTANT_NEVER) time->high += late_ns;
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
    if (interval->high == INSTANT_NEVER) {
        buf_puts(out, " at least");
    } else {
        buf_puts(out, " to ");
        put(out, interval->high);
        buf_puts(out, " allowed");
    }
    buf_putc(out, ')');
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
