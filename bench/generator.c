/* The load generator of `tollgate run` against a server that only answers: how late it sends, and
 * what a request costs it.
 *
 *     bench-generator PORT RATE SECONDS     rate in requests/s, on 127.0.0.1
 *
 * Prints: requests answered lag_p50_us lag_p99_us lag_max_us latency_p50_us latency_p99_us cpu_us
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "harness/load.h"
#include "harness/priority.h"

enum { KEYS = 100, GIVE_UP_S = 2 };

static void on_finished(void *context)
{
    (void)context; /* nothing is left on the loop then */
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Nearest rank, in microseconds. */
static double quantile_us(const uint64_t *sorted, size_t count, uint32_t permille)
{
    size_t rank = (count * permille + 999) / 1000;
    return (double)sorted[rank == 0 ? 0 : rank - 1] / 1000;
}

static double cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void report(const struct run *run, double used_us)
{
    size_t count = run->schedule->count;
    uint64_t *lags = mem_alloc(count, sizeof *lags);
    uint64_t *latencies = mem_alloc(count, sizeof *latencies);
    size_t answered = 0;
    for (size_t i = 0; i < count; i++) {
        const struct run_answer *answer = &run->answers[i];
        lags[i] = instant_until(answer->sent_ns, answer->intended_ns);
        if (answer->answered) latencies[answered++] = run_latency_ns(answer);
    }
    qsort(lags, count, sizeof *lags, compare);
    qsort(latencies, answered, sizeof *latencies, compare);
    printf("%zu %zu %.0f %.0f %.0f %.0f %.0f %.1f\n", count, answered,
           quantile_us(lags, count, 500), quantile_us(lags, count, 990),
           quantile_us(lags, count, 1000),
           answered == 0 ? 0 : quantile_us(latencies, answered, 500),
           answered == 0 ? 0 : quantile_us(latencies, answered, 990), used_us / (double)count);
    mem_free(lags);
    mem_free(latencies);
}

static uint64_t whole(const char *text, uint64_t most)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (end != text && *end == '\0' && value > 0 && value <= most) return value;
    fprintf(stderr, "bench-generator: \"%s\" is no whole number from 1 to %llu\n", text,
            (unsigned long long)most);
    exit(2);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: bench-generator PORT RATE SECONDS\n", stderr);
        return 2;
    }
    static const struct request_shape shape = { .share_ppm = 1000000,
                                                .y_len = 288,
                                                .horizon_steps = 12 };
    struct workload workload = {
        .arrival = ARRIVAL_POISSON,
        .rate_micro_per_s = whole(argv[2], 1000000) * 1000000,
        .to_ns = whole(argv[3], 60) * NS_PER_S,
        .key_count = KEYS,
        .shapes = &shape,
        .shape_count = 1,
    };
    struct scenario scenario = { .workloads = &workload,
                                 .workload_count = 1,
                                 .duration_ns = workload.to_ns };
    struct schedule schedule;
    struct run run;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)whole(argv[1], 65535));
    struct load_address address;
    struct err_note note;
    if (load_address_find(url, &address, &note) != ERR_OK) return 2;
    schedule_create(&scenario, 1, &schedule);
    run_init(&run, WORLD_REAL, &scenario, &schedule, NULL, 1);
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct load load = {
        .loop = &loop,
        .run = &run,
        .address = &address,
        .start = instant_add(clock_now(), 200 * NS_PER_MS),
        .give_up_ns = GIVE_UP_S * NS_PER_S,
        .on_finished = on_finished,
        .context = &load,
    };
    priority_raise_generator();
    double before_us = cpu_us();
    load_start(&load);
    uv_run(&loop, UV_RUN_DEFAULT);
    report(&run, cpu_us() - before_us);
    load_close(&load);
    uv_run(&loop, UV_RUN_DEFAULT);
    run_deinit(&run);
    schedule_destroy(&schedule);
    return uv_loop_close(&loop) == 0 ? 0 : 4;
}
