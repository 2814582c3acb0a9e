/* What is taken at create is given back, whatever was done in between. */
#include "engine_fixture.h"

#include <malloc.h>

#include "core/breaker_window.h"
#include "core/families.h"
#include "core/flights.h"
#include "core/pool.h"
#include "core/rate_limit.h"

/* Rounds until the heap has its places, and rounds in which it must not grow. */
enum { ROUNDS_FIRST = 20, ROUNDS = 50 };

static void assert_nothing_is_left(void (*round)(void))
{
    for (int i = 0; i < ROUNDS_FIRST; i++)
        round();
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < ROUNDS; i++)
        round();
    assert_int_equal(mallinfo2().uordblks, before);
}

static void one_engine(void)
{
    struct fixture f;
    fixture_init(&f);
    f.config.single_flight = true;
    f.config.cache.families = true;
    f.config.negative_ttl_ns = SEC;
    f.config.negative_entries_max = 5;
    fixture_start(&f);
    fill(&f, 0, 1);
    fixture_deinit(&f);
}

static void engine_gives_everything_back(void **state)
{
    (void)state;
    assert_nothing_is_left(one_engine);
}

static void one_rate_limit(void)
{
    const struct rate_limit_config config = { .per_s = 1, .burst = 1 };
    struct rate_limit *limit = rate_limit_create(&config, 10, 1);
    rate_limit_admit(limit, (struct rate_key){ 0, 1 }, 1);
    rate_limit_destroy(limit);
    rate_limit_destroy(NULL);
}

static void rate_limit_gives_everything_back(void **state)
{
    (void)state;
    assert_nothing_is_left(one_rate_limit);
}

/* What was emptied holds nothing that could be used, or freed, again. */
static void emptied_parts_point_nowhere(void **state)
{
    (void)state;
    const struct pool_config pool_config = { .connections_max = 1, .queue_max = 2 };
    const struct breaker_config breaker_config = { .failures_to_open = 2, .window_ns = 30 };
    struct pool pool;
    struct flights flights;
    struct families families;
    struct breaker_window window;
    pool_init(&pool, &pool_config, 2);
    flights_init(&flights, 2);
    families_init(&families, 2);
    breaker_window_init(&window, &breaker_config);
    pool_deinit(&pool);
    flights_deinit(&flights);
    families_deinit(&families);
    breaker_window_deinit(&window);
    assert_null(pool.next);
    assert_null(pool.queued);
    assert_int_equal(pool.head, POOL_NOBODY);
    assert_int_equal(pool.tail, POOL_NOBODY);
    assert_null(flights.items);
    assert_null(flights.buckets);
    assert_null(families.links);
    assert_null(families.buckets);
    assert_null(window.failures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engine_gives_everything_back),
        cmocka_unit_test(rate_limit_gives_everything_back),
        cmocka_unit_test(emptied_parts_point_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
