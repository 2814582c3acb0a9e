/* The breaker's window against a plain list of everything that happened, while its settings change:
 * the window, the buckets, and how many failures are remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/breaker_window.h"

enum { EVENTS_MAX = 4000, FAILURES_MAX = 12 };

/* One result: of a bucket, which moves when buckets get another length. */
struct event {
    uint64_t number;
    bool failure;
};

struct reference {
    struct event events[EVENTS_MAX];
    size_t count;
    uint64_t bucket_ns;
    instant_ns failures[EVENTS_MAX]; /* what the ring remembers, the newest last */
    size_t failures_count;
    uint32_t remembered;
};

static uint64_t bucket_ns_of(const struct breaker_config *config)
{
    return (config->window_ns + BREAKER_BUCKETS - 1) / BREAKER_BUCKETS;
}

/* The newest `size` stay. */
static void forget(struct reference *reference, uint32_t size)
{
    while (reference->failures_count > size) {
        for (size_t i = 1; i < reference->failures_count; i++)
            reference->failures[i - 1] = reference->failures[i];
        reference->failures_count--;
    }
    reference->remembered = size;
}

/* Of buckets that are a multiple of all of them apart only the latest is kept: the earlier ones are
 * out of the window, and stay out when it grows again. */
static void forget_buckets(struct reference *reference)
{
    uint64_t latest[BREAKER_BUCKETS] = { 0 };
    for (size_t i = 0; i < reference->count; i++) {
        uint64_t number = reference->events[i].number;
        if (number > latest[number % BREAKER_BUCKETS]) latest[number % BREAKER_BUCKETS] = number;
    }
    size_t kept = 0;
    for (size_t i = 0; i < reference->count; i++) {
        uint64_t number = reference->events[i].number;
        if (number < latest[number % BREAKER_BUCKETS]) continue;
        reference->events[kept++] = reference->events[i];
    }
    reference->count = kept;
}

static void result(struct reference *reference, instant_ns now, bool failure)
{
    assert_true(reference->count < EVENTS_MAX);
    reference->events[reference->count++] = (struct event){ now / reference->bucket_ns, failure };
    forget_buckets(reference);
    if (!failure) return;
    reference->failures[reference->failures_count++] = now;
    forget(reference, reference->remembered);
}

static void move_to_buckets(struct reference *reference, uint64_t bucket_ns)
{
    for (size_t i = 0; i < reference->count; i++) {
        uint64_t begin = reference->events[i].number * reference->bucket_ns;
        reference->events[i].number = begin / bucket_ns;
    }
    reference->bucket_ns = bucket_ns;
    forget_buckets(reference);
}

static struct window_sums sums_of(const struct reference *reference, instant_ns now)
{
    struct window_sums sums = { .volume = 0 };
    for (size_t i = 0; i < reference->count; i++) {
        const struct event *event = &reference->events[i];
        if (event->number + BREAKER_BUCKETS <= now / reference->bucket_ns) continue;
        sums.volume++;
        sums.failures += event->failure;
    }
    return sums;
}

static void choose(struct breaker_config *config, struct rng *rng)
{
    config->window_ns = 1 + rng_below(rng, 3000);
    config->failures_to_open = 1 + (uint32_t)rng_below(rng, FAILURES_MAX);
}

static void compare(const struct reference *reference, const struct breaker_window *window,
                    const struct breaker_config *config, instant_ns now)
{
    enum breaker_rule rule;
    struct window_sums sums;
    struct window_sums expected = sums_of(reference, now);
    size_t count = reference->failures_count;
    bool all_within =
        count >= config->failures_to_open &&
        now - reference->failures[count - config->failures_to_open] < config->window_ns;
    bool opens = breaker_window_judge(window, now, &rule, &sums);
    assert_int_equal(opens && rule == BREAKER_RULE_COUNT, all_within);
    if (all_within) {
        uint32_t unseen = expected.failures < config->failures_to_open
                              ? config->failures_to_open - expected.failures
                              : 0;
        expected.volume += unseen;
        expected.failures += unseen;
    }
    assert_int_equal(sums.volume, expected.volume);
    assert_int_equal(sums.failures, expected.failures);
}

static void walk(uint64_t seed)
{
    static struct reference reference;
    struct breaker_config config = { .min_volume = 1 };
    struct breaker_window window;
    struct rng rng;
    rng_init(&rng, seed, "window");
    choose(&config, &rng);
    reference.count = 0;
    reference.failures_count = 0;
    reference.bucket_ns = bucket_ns_of(&config);
    reference.remembered = config.failures_to_open;
    breaker_window_init(&window, &config);
    instant_ns now = rng_below(&rng, 100000);
    for (int step = 0; step < 1000; step++) {
        now += rng_below(&rng, 4) == 0 ? rng_below(&rng, 300) : rng_below(&rng, 20);
        if (rng_below(&rng, 50) == 0) {
            choose(&config, &rng);
            breaker_window_reconfigured(&window);
            forget(&reference, config.failures_to_open);
            move_to_buckets(&reference, bucket_ns_of(&config));
        }
        bool failure = rng_below(&rng, 2) == 0;
        result(&reference, now, failure);
        if (!failure) {
            breaker_window_on_success(&window, now);
            continue;
        }
        breaker_window_on_failure(&window, now);
        compare(&reference, &window, &config, now);
    }
    breaker_window_deinit(&window);
}

static void window_agrees_with_a_plain_list_while_settings_change(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++)
        walk(seed);
}

static void cleared_window_remembers_nothing(void **state)
{
    (void)state;
    const struct breaker_config config = { .failures_to_open = 1,
                                           .window_ns = 300,
                                           .min_volume = 1 };
    struct breaker_window window;
    enum breaker_rule rule;
    struct window_sums sums;
    breaker_window_init(&window, &config);
    for (instant_ns now = 1000; now < 1010; now++) {
        breaker_window_on_failure(&window, now);
        assert_true(breaker_window_judge(&window, now, &rule, &sums));
        assert_int_equal(sums.volume, 1);
        breaker_window_clear(&window);
        assert_false(breaker_window_judge(&window, now, &rule, &sums));
        assert_int_equal(sums.volume, 0);
    }
    breaker_window_deinit(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_agrees_with_a_plain_list_while_settings_change),
        cmocka_unit_test(cleared_window_remembers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
