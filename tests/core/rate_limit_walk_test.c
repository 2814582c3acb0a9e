/* A table too small for its clients, against a plain list of those it should know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/rate_limit.h"

enum { PLACES = 6, CLIENTS = 11, STEPS = 20000, BURST = 3 };

struct known {
    uint64_t client;
    instant_ns full_at; /* when its bucket is full again */
};

/* Whom the table should know, who asked last at the end. */
struct reference {
    struct known known[PLACES];
    size_t count;
};

static struct known take_out(struct reference *reference, size_t index)
{
    struct known known = reference->known[index];
    for (size_t i = index + 1; i < reference->count; i++)
        reference->known[i - 1] = reference->known[i];
    reference->count--;
    return known;
}

static struct known *ask(struct reference *reference, uint64_t client, instant_ns now)
{
    struct known known = { client, now };
    for (size_t i = 0; i < reference->count; i++) {
        if (reference->known[i].client != client) continue;
        known = take_out(reference, i);
        break;
    }
    if (reference->count == PLACES) take_out(reference, 0);
    reference->known[reference->count] = known;
    return &reference->known[reference->count++];
}

static void small_table_agrees_with_a_plain_list(void **state)
{
    (void)state;
    const struct rate_limit_config config = { .per_s = 10, .burst = BURST };
    const uint64_t interval_ns = NS_PER_S / 10;
    struct rate_limit *limit = rate_limit_create(&config, PLACES, 1);
    struct reference reference = { .count = 0 };
    struct rng rng;
    rng_init(&rng, 7, "places");
    instant_ns now = 5;
    unsigned refused = 0;
    for (int step = 0; step < STEPS; step++) {
        now += rng_below(&rng, interval_ns / 6);
        /* Some ask more often than others: places change hands, and buckets run empty. */
        uint64_t client = u64_min(rng_below(&rng, CLIENTS), rng_below(&rng, CLIENTS));
        struct known *known = ask(&reference, client, now);
        uint64_t empty_ns = known->full_at > now ? known->full_at - now : 0;
        uint64_t wait_ns =
            empty_ns > (BURST - 1) * interval_ns ? empty_ns - (BURST - 1) * interval_ns : 0;
        if (wait_ns == 0) known->full_at = now + empty_ns + interval_ns;
        refused += wait_ns > 0;
        assert_int_equal(rate_limit_admit(limit, (struct rate_key){ client, 0 }, now), wait_ns);
        assert_int_equal(rate_limit_clients(limit), reference.count);
    }
    assert_in_range(refused, STEPS / 100, STEPS / 2);
    rate_limit_destroy(limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_table_agrees_with_a_plain_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
