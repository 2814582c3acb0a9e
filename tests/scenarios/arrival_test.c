#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "scenario/arrival.h"

static struct schedule make(const struct workload *workloads, size_t count, uint64_t seed)
{
    struct scenario scenario = { .workloads = workloads,
                                 .workload_count = count,
                                 .duration_ns = 24 * 3600 * NS_PER_S };
    struct schedule schedule;
    schedule_create(&scenario, seed, &schedule);
    return schedule;
}

static void constant_arrivals_are_evenly_spaced_and_end_before_the_window(void **state)
{
    (void)state;
    struct workload workload = { .arrival = ARRIVAL_CONSTANT,
                                 .rate_micro_per_s = 3000000,
                                 .from_ns = 2 * NS_PER_S,
                                 .to_ns = 4 * NS_PER_S,
                                 .key_count = 1 };
    struct schedule schedule = make(&workload, 1, 1);
    static const uint64_t wanted[] = { 2000000000, 2333333333, 2666666666,
                                       3000000000, 3333333333, 3666666666 };
    assert_int_equal(schedule.count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(schedule.items[i].at_ns, wanted[i]);
    schedule_destroy(&schedule);
    assert_null(schedule.items);
}

/* 40/s over 2500 s. The count is within 4.5 standard deviations (sqrt 100,000 = 316) of 100,000;
 * the gaps have the mean 25 ms and the standard deviation 25 ms of an exponential. */
static void poisson_gaps_have_their_mean_and_variance(void **state)
{
    (void)state;
    struct workload workload = { .arrival = ARRIVAL_POISSON,
                                 .rate_micro_per_s = 40000000,
                                 .to_ns = 2500 * NS_PER_S,
                                 .key_count = 1 };
    struct schedule schedule = make(&workload, 1, 42);
    assert_in_range(schedule.count, 100000 - 1423, 100000 + 1423);
    double sum = 0;
    double squares = 0;
    uint64_t before = 0;
    for (size_t i = 0; i < schedule.count; i++) {
        double gap_ms = (double)(schedule.items[i].at_ns - before) / 1e6;
        before = schedule.items[i].at_ns;
        sum += gap_ms;
        squares += gap_ms * gap_ms;
    }
    double mean = sum / (double)schedule.count;
    double variance = squares / (double)schedule.count - mean * mean;
    assert_true(mean > 25 - 0.356 && mean < 25 + 0.356);
    /* The variance of a sample variance of exponentials is 8 s^4 / n: 4.5 of those is 4 %. */
    assert_true(variance > 625 * 0.96 && variance < 625 * 1.04);
    schedule_destroy(&schedule);
}

static void poisson_counts_of_seconds_vary_as_much_as_their_mean(void **state)
{
    (void)state;
    enum { SECONDS = 2500 };
    static uint32_t counts[SECONDS];
    struct workload workload = { .arrival = ARRIVAL_POISSON,
                                 .rate_micro_per_s = 40000000,
                                 .to_ns = SECONDS * NS_PER_S,
                                 .key_count = 1 };
    struct schedule schedule = make(&workload, 1, 7);
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < schedule.count; i++)
        counts[schedule.items[i].at_ns / NS_PER_S]++;
    double squares = 0;
    for (size_t i = 0; i < SECONDS; i++)
        squares += ((double)counts[i] - 40) * ((double)counts[i] - 40);
    double variance = squares / SECONDS;
    assert_true(variance > 40 * 0.87 && variance < 40 * 1.13); /* 4.5 * sqrt(2 / 2500) */
    schedule_destroy(&schedule);
}

static void workloads_are_merged_in_order_of_time_and_keep_their_own_luck(void **state)
{
    (void)state;
    struct workload workloads[3] = {
        { .arrival = ARRIVAL_CONSTANT,
          .rate_micro_per_s = 10000000,
          .to_ns = 10 * NS_PER_S,
          .key_count = 3 },
        { .arrival = ARRIVAL_POISSON,
          .rate_micro_per_s = 25000000,
          .from_ns = 3 * NS_PER_S,
          .to_ns = 9 * NS_PER_S,
          .key_count = 5,
          .zipf_permille = 900 },
        { .arrival = ARRIVAL_CONSTANT,
          .rate_micro_per_s = 10000000,
          .to_ns = 10 * NS_PER_S,
          .key_count = 3 },
    };
    struct schedule all = make(workloads, 3, 9);
    struct schedule two = make(workloads, 2, 9);
    uint32_t second = 0;
    for (size_t i = 1; i < all.count; i++) {
        const struct arrival *a = &all.items[i - 1];
        const struct arrival *b = &all.items[i];
        assert_true(a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->workload < b->workload));
    }
    for (size_t i = 0; i < all.count; i++) {
        if (all.items[i].workload == 2) continue;
        struct arrival same = all.items[i];
        same.number = second; /* its place among the others is another one */
        assert_memory_equal(&same, &two.items[second], sizeof same);
        if (all.items[i].workload == 1) {
            assert_in_range(all.items[i].at_ns, 3 * NS_PER_S, 9 * NS_PER_S - 1);
        }
        second++;
    }
    assert_int_equal(second, two.count);
    schedule_destroy(&all);
    schedule_destroy(&two);
}

static void same_seed_gives_the_same_schedule_and_another_another(void **state)
{
    (void)state;
    struct workload workload = { .arrival = ARRIVAL_POISSON,
                                 .rate_micro_per_s = 40000000,
                                 .to_ns = 60 * NS_PER_S,
                                 .key_count = 50,
                                 .zipf_permille = 900 };
    struct schedule first = make(&workload, 1, 42);
    struct schedule again = make(&workload, 1, 42);
    struct schedule other = make(&workload, 1, 43);
    assert_int_equal(first.count, again.count);
    assert_memory_equal(first.items, again.items, first.count * sizeof first.items[0]);
    assert_true(first.items[0].at_ns != other.items[0].at_ns);
    schedule_destroy(&first);
    schedule_destroy(&again);
    schedule_destroy(&other);
}

/* Ten keys with s = 1: H(10) = 2.92897; key k is asked in 1 / (k H) of the cases. */
static void keys_are_asked_by_zipfs_law(void **state)
{
    (void)state;
    struct workload workload = { .arrival = ARRIVAL_CONSTANT,
                                 .rate_micro_per_s = 1000000000,
                                 .to_ns = 100 * NS_PER_S,
                                 .key_count = 10,
                                 .zipf_permille = 1000 };
    static const size_t wanted[10] = {
        34142, 17071, 11381, 8535, 6828, 5690, 4877, 4268, 3794, 3414
    };
    static const size_t slack[10] = { 675, 536, 452, 398, 359, 330, 307, 288, 272, 258 };
    size_t seen[10] = { 0 };
    struct schedule schedule = make(&workload, 1, 42);
    assert_int_equal(schedule.count, 100000);
    for (size_t i = 0; i < schedule.count; i++)
        seen[schedule.items[i].key]++;
    for (size_t i = 0; i < 10; i++) {
        assert_in_range(seen[i], wanted[i] - slack[i], wanted[i] + slack[i]);
    }
    schedule_destroy(&schedule);
}

static void keys_without_zipf_are_asked_equally_often(void **state)
{
    (void)state;
    struct workload workload = { .arrival = ARRIVAL_CONSTANT,
                                 .rate_micro_per_s = 1000000000,
                                 .to_ns = 100 * NS_PER_S,
                                 .key_count = 10 };
    size_t seen[10] = { 0 };
    struct schedule schedule = make(&workload, 1, 42);
    for (size_t i = 0; i < schedule.count; i++)
        seen[schedule.items[i].key]++;
    for (size_t i = 0; i < 10; i++)
        assert_in_range(seen[i], 10000 - 427, 10000 + 427);
    schedule_destroy(&schedule);
}

static void request_ids_are_numbered_and_never_cut(void **state)
{
    (void)state;
    char id[REQUEST_ID_MAX];
    assert_string_equal(schedule_request_id(42, id), "r000042");
    assert_string_equal(schedule_request_id(4999999, id), "r4999999");
}

static void a_request_is_drawn_for_by_the_hash_of_its_id(void **state)
{
    (void)state;
    static const size_t numbers[] = { 0, 42, 999999, 1000000, 4999999 };
    char id[REQUEST_ID_MAX];
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint64_t wanted = hash_text(schedule_request_id(numbers[i], id));
        assert_true(schedule_request_key(numbers[i]) == wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_arrivals_are_evenly_spaced_and_end_before_the_window),
        cmocka_unit_test(poisson_gaps_have_their_mean_and_variance),
        cmocka_unit_test(poisson_counts_of_seconds_vary_as_much_as_their_mean),
        cmocka_unit_test(workloads_are_merged_in_order_of_time_and_keep_their_own_luck),
        cmocka_unit_test(same_seed_gives_the_same_schedule_and_another_another),
        cmocka_unit_test(keys_are_asked_by_zipfs_law),
        cmocka_unit_test(keys_without_zipf_are_asked_equally_often),
        cmocka_unit_test(request_ids_are_numbered_and_never_cut),
        cmocka_unit_test(a_request_is_drawn_for_by_the_hash_of_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
