#include "harness/repeat.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/instant.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/sort.h"

enum { PPM = 1000000 };

uint64_t repeat_seed(uint64_t seed, uint32_t run)
{
    if (run == 0) return seed;
    uint64_t made = draw(seed, rng_stream("repeat"), run, 0);
    return made == 0 ? 1 : made; /* 0 tells the runtime to draw one */
}

const char *repeat_figure_name(enum repeat_figure figure)
{
    static const char *const names[] = { "p50", "p95", "p99", "fresh", "errors", "amplification" };
    assert((unsigned)figure < REPEAT_FIGURES);
    return names[figure];
}

static void measure(struct repeat_run *out, const struct run *run, enum check_status status)
{
    uint64_t n = 0;
    uint64_t fresh = 0;
    uint64_t errors = 0;
    uint64_t requests = 0;
    bool *keep = mem_alloc(run->schedule->count, sizeof *keep);
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        keep[i] = !answer->hung_up;
        requests += answer->attempt_count > 0;
        if (answer->hung_up) continue;
        n++;
        bool lost = !answer->answered || answer->served == SERVED_NOBODY;
        errors += lost || answer->served == SERVED_ERROR;
        fresh += !lost && (answer->served == SERVED_CACHE || answer->served == SERVED_UPSTREAM);
    }
    *out = (struct repeat_run){ .seed = run->seed, .status = status };
    out->figures[REPEAT_P50] = run_latency_quantile_ns(run, keep, 500000);
    out->figures[REPEAT_P95] = run_latency_quantile_ns(run, keep, 950000);
    out->figures[REPEAT_P99] = run_latency_quantile_ns(run, keep, 990000);
    out->figures[REPEAT_FRESH] = n == 0 ? 0 : fresh * PPM / n;
    out->figures[REPEAT_ERRORS] = n == 0 ? 0 : errors * PPM / n;
    out->figures[REPEAT_AMPLIFICATION] =
        requests == 0 ? 0 : (uint64_t)run->attempt_count * 1000 / requests;
    mem_free(keep);
}

static void count_check(struct repeat_check *counted, const struct check *check, uint64_t seed)
{
    counted->counts[check->status]++;
    if (counted->seed_count < REPEAT_SEEDS_SHOWN) counted->seeds[counted->seed_count++] = seed;
}

static void count_run(struct repeats *repeats, const struct run *run,
                      const struct verdicts *verdicts)
{
    repeats->statuses[verdicts->status]++;
    measure(&repeats->runs[repeats->count++], run, verdicts->status);
}

void repeats_begin(struct repeats *repeats, uint32_t count, const struct run *run,
                   const struct verdicts *folded)
{
    *repeats = (struct repeats){
        .runs = mem_alloc(count, sizeof *repeats->runs),
        .checks = mem_alloc(folded->count, sizeof *repeats->checks),
        .check_count = folded->count,
    };
    for (size_t i = 0; i < folded->count; i++) {
        count_check(&repeats->checks[i], &folded->checks[i], run->seed);
    }
    count_run(repeats, run, folded);
}

void repeats_add(struct repeats *repeats, const struct run *run, const struct verdicts *verdicts,
                 struct verdicts *folded)
{
    assert(verdicts->count == repeats->check_count); /* one scenario has one list of checks */
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct check *check = &verdicts->checks[i];
        struct repeat_check *counted = &repeats->checks[i];
        int worse = check_status_badness(check->status) -
                    check_status_badness(folded->checks[i].status);
        if (worse > 0) {
            folded->checks[i] = *check;
            check_leave_run(&folded->checks[i], run);
            counted->seed_count = 0;
        }
        if (worse >= 0) count_check(counted, check, run->seed);
        else counted->counts[check->status]++;
    }
    if (check_status_badness(verdicts->status) > check_status_badness(folded->status)) {
        folded->status = verdicts->status;
    }
    count_run(repeats, run, verdicts);
}

/* The 97.5 % point of Student's t. */
static double student(uint32_t freedom)
{
    static const double points[] = {
        0,     12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201, 2.179,  2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080,
        2.074, 2.069,  2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    };
    if (freedom < sizeof points / sizeof points[0]) return points[freedom];
    return 1.96 + 2.4 / freedom;
}

/* The mean with its confidence; `values` are sorted, and one that never came has no mean. */
static void find_mean(const uint64_t *values, uint32_t n, struct repeat_interval *out)
{
    double sum = 0;
    double squares = 0;
    out->low = out->high = INSTANT_NEVER;
    if (values[n - 1] == INSTANT_NEVER) return;
    for (uint32_t i = 0; i < n; i++) sum += (double)values[i];
    double mean = sum / n;
    for (uint32_t i = 0; i < n; i++) {
        squares += ((double)values[i] - mean) * ((double)values[i] - mean);
    }
    double half = n < 2 ? 0 : student(n - 1) * sqrt(squares / (n - 1) / n);
    out->low = (uint64_t)fmax(0, mean - half + 0.5);
    out->high = (uint64_t)(mean + half + 0.5);
}

static bool is_share(enum repeat_figure figure)
{
    return figure == REPEAT_FRESH || figure == REPEAT_ERRORS;
}

static void find_interval(const struct repeats *repeats, enum repeat_figure figure,
                          struct repeat_interval *out)
{
    uint64_t *values = mem_alloc(repeats->count, sizeof *values);
    uint32_t n = 0;
    for (uint32_t i = 0; i < repeats->count; i++) {
        if (repeats->runs[i].status == CHECK_INVALID) continue;
        values[n++] = repeats->runs[i].figures[figure];
    }
    *out = (struct repeat_interval){ INSTANT_NEVER, INSTANT_NEVER, INSTANT_NEVER, INSTANT_NEVER,
                                     INSTANT_NEVER };
    if (n > 0) {
        sort_u64(values, n);
        out->min = values[0];
        out->median = values[(n - 1) / 2];
        out->max = values[n - 1];
        find_mean(values, n, out);
        if (is_share(figure)) out->high = u64_min(out->high, PPM);
    }
    mem_free(values);
}

/* " [2 of 10 runs fail: seeds 17, 42]" behind what the first of them said. */
static void put_counts(const struct repeats *repeats, size_t at, struct check *check)
{
    const struct repeat_check *counted = &repeats->checks[at];
    uint32_t same = counted->counts[check->status];
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&text, " [%" PRIu32 " of %" PRIu32 " runs %s", same, repeats->count,
               check_status_name(check->status));
    for (uint32_t i = 0; check->status != CHECK_PASS && i < counted->seed_count; i++) {
        buf_printf(&text, "%s%" PRIu64, i == 0 ? ": seeds " : ", ", counted->seeds[i]);
    }
    if (check->status != CHECK_PASS && same > counted->seed_count) buf_puts(&text, ", ...");
    buf_putc(&text, ']');
    size_t length = strlen(check->sentence);
    if (length + text.length >= sizeof check->sentence) {
        length = sizeof check->sentence - text.length - 1;
    }
    snprintf(check->sentence + length, sizeof check->sentence - length, "%s", buf_text(&text));
    buf_deinit(&text);
}

void repeats_finish(struct repeats *repeats, struct verdicts *folded)
{
    for (size_t i = 0; i < REPEAT_FIGURES; i++) {
        find_interval(repeats, (enum repeat_figure)i, &repeats->intervals[i]);
    }
    for (size_t i = 0; i < folded->count; i++) put_counts(repeats, i, &folded->checks[i]);
}

void repeats_deinit(struct repeats *repeats)
{
    mem_free(repeats->runs);
    mem_free(repeats->checks);
    *repeats = (struct repeats){ .count = 0 };
}

static void put_ms(struct buf *out, uint64_t ns)
{
    if (ns == INSTANT_NEVER) buf_puts(out, "never");
    else buf_printf(out, "%.1f ms", (double)ns / NS_PER_MS);
}

static void put_figures(struct buf *out, const struct repeats *repeats)
{
    const struct repeat_interval *p95 = &repeats->intervals[REPEAT_P95];
    const struct repeat_interval *fresh = &repeats->intervals[REPEAT_FRESH];
    buf_puts(out, "; p95 ");
    put_ms(out, p95->min);
    buf_puts(out, " to ");
    put_ms(out, p95->max);
    if (p95->low == INSTANT_NEVER || p95->high == INSTANT_NEVER) {
        buf_puts(out, ", without a mean");
    } else {
        buf_printf(out, ", mean %.1f to %.1f", (double)p95->low / NS_PER_MS,
                   (double)p95->high / NS_PER_MS);
    }
    buf_printf(out, "; fresh %.1f %% to %.1f %%", (double)fresh->min / 1e4,
               (double)fresh->max / 1e4);
}

void repeats_sentence_write(const struct repeats *repeats, struct buf *out)
{
    const char *separator = ": ";
    buf_printf(out, "%" PRIu32 " runs", repeats->count);
    for (int status = CHECK_PASS; status < CHECK_STATUS_COUNT; status++) {
        if (repeats->statuses[status] == 0) continue;
        buf_printf(out, "%s%" PRIu32 " %s", separator, repeats->statuses[status],
                   check_status_name((enum check_status)status));
        separator = ", ";
    }
    if (repeats->statuses[CHECK_INVALID] < repeats->count) put_figures(out, repeats);
}
