#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/arrival.h"
#include "scenario/arrival_open.h"

static struct schedule make(const struct workload *workloads, size_t count, uint64_t seed)
{
    struct scenario scenario = { .workloads = workloads, .workload_count = count };
    struct schedule schedule;
    schedule_create(&scenario, seed, &schedule);
    for (size_t i = 0; i < schedule.count; i++)
        assert_int_equal(schedule.items[i].number, i);
    return schedule;
}

static void bursts_come_every_so_often_and_are_spread_evenly(void **state)
{
    (void)state;
    struct workload workload = { .arrival = ARRIVAL_BURST,
                                 .size = 4,
                                 .every_ns = 5 * NS_PER_S,
                                 .spread_ns = 200 * NS_PER_MS,
                                 .from_ns = NS_PER_S,
                                 .to_ns = 11 * NS_PER_S + 60 * NS_PER_MS,
                                 .key_count = 1 };
    static const uint64_t wanted_ms[] = { 1000, 1050, 1100, 1150,  6000,
                                          6050, 6100, 6150, 11000, 11050 };
    struct schedule schedule = make(&workload, 1, 1);
    assert_int_equal(schedule.count, 10);
    assert_int_equal(schedule.open_count, 10);
    assert_int_equal(open_loop_expected(&workload), 10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(schedule.items[i].at_ns, wanted_ms[i] * NS_PER_MS);
    schedule_destroy(&schedule);

    workload.spread_ns = 0;
    schedule = make(&workload, 1, 1);
    assert_int_equal(schedule.count, 12);
    assert_int_equal(open_loop_expected(&workload), 12);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(schedule.items[i].at_ns, NS_PER_S + i / 4 * 5 * NS_PER_S);
    schedule_destroy(&schedule);
}

/* From 10/s to 80/s over 100 s: 45/s in the mean, 4,500 in all; N(t) = 10 t + 0.35 t^2. */
static void a_ramp_sends_what_its_integral_says(void **state)
{
    (void)state;
    struct workload workload = { .arrival = ARRIVAL_RAMP,
                                 .rate_micro_per_s = 10000000,
                                 .rate_to_micro_per_s = 80000000,
                                 .from_ns = 7 * NS_PER_S,
                                 .to_ns = 107 * NS_PER_S,
                                 .key_count = 1 };
    struct schedule schedule = make(&workload, 1, 1);
    assert_int_equal(schedule.count, 4500);
    assert_int_equal(open_loop_expected(&workload), 4500);
    for (size_t i = 0; i < schedule.count; i++) {
        double t = (double)(schedule.items[i].at_ns - workload.from_ns) / 1e9;
        double sent = 10 * t + 0.35 * t * t;
        assert_true(sent > (double)i - 1e-6 && sent < (double)i + 1e-6);
    }
    schedule_destroy(&schedule);
}

static void a_ramp_may_fall_and_begin_or_end_with_nothing(void **state)
{
    (void)state;
    struct workload down = { .arrival = ARRIVAL_RAMP,
                             .rate_micro_per_s = 20000000,
                             .rate_to_micro_per_s = 0,
                             .to_ns = 10 * NS_PER_S,
                             .key_count = 1 };
    struct workload up = down;
    up.rate_micro_per_s = 0;
    up.rate_to_micro_per_s = 20000000;
    struct schedule falling = make(&down, 1, 1);
    struct schedule rising = make(&up, 1, 1);
    assert_int_equal(falling.count, 100);
    assert_in_range(rising.count, 100, 101);
    for (size_t i = 1; i < 100; i++) {
        assert_true(falling.items[i].at_ns > falling.items[i - 1].at_ns);
        double t = (double)rising.items[i].at_ns / 1e9;
        assert_true(t * t > (double)i - 1e-6 && t * t < (double)i + 1e-6);
    }
    /* Half of the requests of a ramp from nothing come in the last 1 - sqrt(1/2) of its time. */
    assert_in_range(rising.items[50].at_ns, 7071 * NS_PER_MS, 7072 * NS_PER_MS);
    schedule_destroy(&falling);
    schedule_destroy(&rising);
}

static void closed_loops_and_cycles_are_slots_behind_the_open_loops(void **state)
{
    (void)state;
    struct workload workloads[3] = {
        { .arrival = ARRIVAL_CLOSED,
          .size = 3,
          .think_ns = 100 * NS_PER_MS,
          .from_ns = NS_PER_S,
          .to_ns = 2 * NS_PER_S,
          .key_count = 10 },
        { .arrival = ARRIVAL_CONSTANT,
          .rate_micro_per_s = 1000000,
          .to_ns = 5 * NS_PER_S,
          .key_count = 1 },
        { .arrival = ARRIVAL_CYCLE,
          .size = 4,
          .concurrency = 2,
          .every_ns = 2 * NS_PER_S,
          .to_ns = 5 * NS_PER_S,
          .key_count = 9 },
    };
    struct schedule schedule = make(workloads, 3, 1);
    assert_int_equal(schedule.open_count, 5);
    assert_int_equal(schedule.count, 5 + 3 * 11 + 3 * 4);
    assert_int_equal(schedule.items[5 + 11].at_ns, NS_PER_S + 100 * NS_PER_MS / 3);
    for (uint32_t i = 0; i < 12; i++) {
        const struct arrival *arrival = &schedule.items[5 + 33 + i];
        assert_int_equal(arrival->workload, 2);
        assert_int_equal(arrival->cycle, i / 4);
        assert_int_equal(arrival->key, i % 4);
        assert_int_equal(arrival->at_ns, i / 4 * 2 * NS_PER_S);
    }
    assert_int_equal(schedule.items[0].cycle, ARRIVAL_NO_CYCLE);
    struct scenario scenario = { .workloads = workloads, .workload_count = 3 };
    assert_string_equal(schedule_up_to(&scenario), "up to ");
    scenario = (struct scenario){ .workloads = workloads + 1, .workload_count = 2 };
    assert_string_equal(schedule_up_to(&scenario), "");
    schedule_destroy(&schedule);
}

static struct workload mixed(const struct request_shape *shapes, uint32_t count)
{
    return (struct workload){ .arrival = ARRIVAL_CONSTANT,
                              .rate_micro_per_s = 1000000000,
                              .to_ns = 20 * NS_PER_S,
                              .key_count = 5 * count,
                              .shapes = shapes,
                              .shape_count = count };
}

static void a_mix_has_its_shares_and_leaves_markets_and_moments_alone(void **state)
{
    (void)state;
    static const struct request_shape two[] = { { .share_ppm = 700000 }, { .share_ppm = 300000 } };
    static const struct request_shape three[] = { { .share_ppm = 700000 },
                                                  { .share_ppm = 200000 },
                                                  { .share_ppm = 100000 } };
    struct workload with_two = mixed(two, 2);
    struct workload with_three = mixed(three, 3);
    struct schedule a = make(&with_two, 1, 42);
    struct schedule b = make(&with_three, 1, 42);
    uint32_t counts[3] = { 0 };
    uint32_t of_market[5][3] = { { 0 } };
    assert_int_equal(a.count, 20000);
    assert_int_equal(b.count, 20000);
    for (size_t i = 0; i < a.count; i++) {
        uint32_t shape_a = a.items[i].key / 5;
        uint32_t shape_b = b.items[i].key / 5;
        counts[shape_b]++;
        of_market[b.items[i].key % 5][shape_b]++;
        assert_int_equal(a.items[i].at_ns, b.items[i].at_ns);
        assert_int_equal(a.items[i].key % 5, b.items[i].key % 5);
        /* The new entry takes from the one before it, and from nobody else. */
        assert_true(shape_a == shape_b || (shape_a == 1 && shape_b == 2));
    }
    /* 4.5 standard deviations of a binomial count */
    assert_in_range(counts[0], 14000 - 292, 14000 + 292);
    assert_in_range(counts[1], 4000 - 255, 4000 + 255);
    assert_in_range(counts[2], 2000 - 191, 2000 + 191);
    for (int market = 0; market < 5; market++) { /* each asks in every shape, at its share */
        assert_in_range(of_market[market][0], 2800 - 250, 2800 + 250);
        assert_in_range(of_market[market][2], 400 - 90, 400 + 90);
    }
    schedule_destroy(&a);
    schedule_destroy(&b);
}

static void clients_hang_up_and_dawdle_at_their_shares(void **state)
{
    (void)state;
    struct workload workload = mixed(NULL, 0);
    workload.key_count = 5;
    struct schedule steady = make(&workload, 1, 42);
    workload.client = (struct client_faults){ .hang_up_ppm = 50000,
                                              .after_ns = 50 * NS_PER_MS,
                                              .slow_ppm = 20000,
                                              .over_ns = 200 * NS_PER_MS };
    struct scenario scenario = { .workloads = &workload, .workload_count = 1 };
    struct schedule schedule = make(&workload, 1, 42);
    uint32_t counts[3] = { 0 };
    for (size_t i = 0; i < schedule.count; i++) {
        const struct arrival *arrival = &schedule.items[i];
        counts[arrival->manner]++;
        assert_int_equal(arrival->key, steady.items[i].key);
        assert_int_equal(schedule_upload_ns(&scenario, arrival),
                         arrival->manner == CLIENT_SLOW ? 200 * NS_PER_MS : 0);
    }
    assert_in_range(counts[CLIENT_HANGS_UP], 1000 - 139, 1000 + 139);
    assert_in_range(counts[CLIENT_SLOW], 400 - 90, 400 + 90);
    schedule_destroy(&schedule);
    schedule_destroy(&steady);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bursts_come_every_so_often_and_are_spread_evenly),
        cmocka_unit_test(a_ramp_sends_what_its_integral_says),
        cmocka_unit_test(a_ramp_may_fall_and_begin_or_end_with_nothing),
        cmocka_unit_test(closed_loops_and_cycles_are_slots_behind_the_open_loops),
        cmocka_unit_test(a_mix_has_its_shares_and_leaves_markets_and_moments_alone),
        cmocka_unit_test(clients_hang_up_and_dawdle_at_their_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
