/* The index of families, against a plain list. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/families.h"

enum { SLOTS = 5, KEYS = 9, NOBODY = KEYS };

static struct cache_key key_of(unsigned number)
{
    return (struct cache_key){ .bytes = { [11] = (uint8_t)number } };
}

static uint32_t find(const struct families *families, unsigned number)
{
    struct cache_key key = key_of(number);
    return families_find(families, &key);
}

static void without_slots_nothing_is_kept(void **state)
{
    (void)state;
    struct families families;
    struct cache_key key = key_of(1);
    families_init(&families, 0);
    families_put(&families, &key, 0);
    assert_int_equal(find(&families, 1), CACHE_NO_SLOT);
    families_remove(&families, 0);
    families_deinit(&families);
}

static void the_latest_slot_of_a_family_takes_the_place_of_the_one_before(void **state)
{
    (void)state;
    struct families families;
    struct cache_key key = key_of(1);
    families_init(&families, SLOTS);
    families_put(&families, &key, 3);
    assert_int_equal(find(&families, 1), 3);
    families_put(&families, &key, 4);
    assert_int_equal(find(&families, 1), 4);
    families_remove(&families, 3); /* no family's any more */
    assert_int_equal(find(&families, 1), 4);
    families_remove(&families, 4);
    assert_int_equal(find(&families, 1), CACHE_NO_SLOT);
    families_deinit(&families);
}

static void it_agrees_with_a_list_on_random_walks(void **state)
{
    (void)state;
    struct rng rng;
    struct families families;
    unsigned of_slot[SLOTS];
    rng_init(&rng, 5, "families");
    families_init(&families, SLOTS);
    for (unsigned slot = 0; slot < SLOTS; slot++) of_slot[slot] = NOBODY;
    for (int step = 0; step < 20000; step++) {
        uint32_t slot = (uint32_t)rng_below(&rng, SLOTS);
        unsigned number = (unsigned)rng_below(&rng, KEYS);
        if (rng_below(&rng, 3) == 0 || (of_slot[slot] != NOBODY && of_slot[slot] != number)) {
            families_remove(&families, slot);
            of_slot[slot] = NOBODY;
        } else {
            struct cache_key key = key_of(number);
            families_put(&families, &key, slot);
            for (unsigned i = 0; i < SLOTS; i++) {
                if (of_slot[i] == number) of_slot[i] = NOBODY;
            }
            of_slot[slot] = number;
        }
        for (unsigned family = 0; family < KEYS; family++) {
            uint32_t expected = CACHE_NO_SLOT;
            for (uint32_t i = 0; i < SLOTS; i++) {
                if (of_slot[i] == family) expected = i;
            }
            assert_int_equal(find(&families, family), expected);
        }
    }
    families_deinit(&families);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_slots_nothing_is_kept),
        cmocka_unit_test(the_latest_slot_of_a_family_takes_the_place_of_the_one_before),
        cmocka_unit_test(it_agrees_with_a_list_on_random_walks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
