#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/flights.h"

enum { CALLS = 16 };

static struct flights flights;

static struct cache_key key(uint8_t number)
{
    return (struct cache_key){ .bytes = { number } };
}

static uint32_t start(uint8_t number)
{
    struct cache_key wanted = key(number);
    assert_int_equal(flights_find(&flights, &wanted), FLIGHT_NONE);
    uint32_t flight = flights_start(&flights, &wanted);
    assert_int_equal(flights_find(&flights, &wanted), flight);
    return flight;
}

static void land(uint32_t flight, enum flight_end end)
{
    flights_land(&flights, flight,
                 (struct flight_result){ .end = end, .cause = CODE_RUNTIME_5XX, .at = 7 });
}

static int setup(void **state)
{
    (void)state;
    flights_init(&flights, CALLS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flights_deinit(&flights);
    return 0;
}

static void those_who_wait_come_out_in_order_with_the_result(void **state)
{
    (void)state;
    uint32_t first = start(1);
    uint32_t second = start(2);
    flights_join(&flights, first, 7);
    flights_join(&flights, second, 5);
    flights_join(&flights, first, 6);
    struct flight_result result;
    assert_int_equal(flights_pop(&flights, &result), FLIGHT_NONE);
    land(first, FLIGHT_FAILED);
    assert_int_equal(start(1), 2); /* the key is free at once, its waiters are still there */
    land(second, FLIGHT_OK);
    assert_true(flights_has_landed(&flights));
    assert_int_equal(flights_pop(&flights, &result), 7);
    assert_int_equal(result.end, FLIGHT_FAILED);
    assert_int_equal(result.cause, CODE_RUNTIME_5XX);
    assert_int_equal(result.at, 7);
    assert_int_equal(flights_pop(&flights, &result), 6);
    assert_int_equal(flights_pop(&flights, &result), 5);
    assert_int_equal(result.end, FLIGHT_OK);
    assert_false(flights_has_landed(&flights));
    assert_int_equal(flights.waiting, 0);
}

static void a_flight_nobody_joined_lands_without_a_trace(void **state)
{
    (void)state;
    land(start(1), FLIGHT_OK);
    assert_false(flights_has_landed(&flights));
    assert_int_equal(start(1), 0); /* its place is used again */
}

static void the_first_who_waits_is_promoted(void **state)
{
    (void)state;
    uint32_t flight = start(1);
    flights_join(&flights, flight, 3);
    flights_join(&flights, flight, 4);
    assert_int_equal(flights_promote(&flights, flight), 3);
    struct cache_key wanted = key(1);
    assert_int_equal(flights_find(&flights, &wanted), flight); /* still in the air */
    assert_int_equal(flights_promote(&flights, flight), 4);
    assert_int_equal(flights_promote(&flights, flight), FLIGHT_NONE);
    assert_int_equal(flights_find(&flights, &wanted), FLIGHT_NONE);
}

/* Against a plain model: who waits for what. */
static void any_order_of_operations_keeps_the_lists(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 1, "flights");
    enum { KEYS = 12, IDLE = 100, LANDED = 50 };
    int waits[CALLS]; /* the key; LANDED + flight once that has landed */
    uint32_t of[CALLS];
    uint32_t in_air[KEYS];
    uint32_t landed = 0;
    for (int i = 0; i < CALLS; i++) waits[i] = IDLE;
    for (int i = 0; i < KEYS; i++) in_air[i] = FLIGHT_NONE;
    for (int i = 0; i < 200000; i++) {
        uint32_t call = (uint32_t)rng_below(&rng, CALLS - KEYS); /* the others lead */
        uint8_t number = (uint8_t)rng_below(&rng, KEYS);
        uint32_t *flight = &in_air[number];
        switch (rng_below(&rng, 4)) {
        case 0:
            if (*flight == FLIGHT_NONE) *flight = start(number);
            if (waits[call] != IDLE) break;
            flights_join(&flights, *flight, call);
            waits[call] = number;
            of[call] = *flight;
            break;
        case 1:
            if (waits[call] == IDLE) break;
            landed -= waits[call] >= LANDED;
            flights_leave(&flights, of[call], call);
            waits[call] = IDLE;
            break;
        case 2:
            if (*flight == FLIGHT_NONE) break;
            land(*flight, FLIGHT_OK);
            for (int k = 0; k < CALLS; k++) {
                if (waits[k] != number) continue;
                waits[k] = LANDED + number;
                landed++;
            }
            *flight = FLIGHT_NONE;
            break;
        default: {
            struct flight_result result;
            uint32_t popped = flights_pop(&flights, &result);
            assert_int_equal(popped == FLIGHT_NONE, landed == 0);
            if (popped == FLIGHT_NONE) break;
            assert_true(waits[popped] >= LANDED && waits[popped] != IDLE);
            waits[popped] = IDLE;
            landed--;
        }
        }
        assert_int_equal(flights_has_landed(&flights), landed > 0);
        assert_true(flights.used <= CALLS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(those_who_wait_come_out_in_order_with_the_result),
        TEST(a_flight_nobody_joined_lands_without_a_trace),
        TEST(the_first_who_waits_is_promoted),
        TEST(any_order_of_operations_keeps_the_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
