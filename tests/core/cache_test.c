#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/cache.h"

static const struct cache_config example = {
    .ttl_ns = 60 * NS_PER_S,
    .stale_ns = 120 * NS_PER_S,
    .entries_max = 4,
    .bytes_max = 1000,
};

static struct cache_key key_of(uint8_t number)
{
    return (struct cache_key){ .bytes = { [5] = number } };
}

static uint32_t store(struct cache *cache, uint8_t number, uint64_t bytes, instant_ns now)
{
    struct cache_key key = key_of(number);
    return cache_store(cache, &key, bytes, now);
}

static struct cache_hit find(struct cache *cache, uint8_t number, instant_ns now)
{
    struct cache_key key = key_of(number);
    return cache_find(cache, &key, now);
}

static void an_entry_is_fresh_then_stale_then_gone(void **state)
{
    (void)state;
    struct cache *cache = cache_create(&example);
    uint32_t slot = store(cache, 1, 10, 10 * NS_PER_S);
    assert_int_not_equal(slot, CACHE_NO_SLOT);

    struct cache_hit hit = find(cache, 1, 10 * NS_PER_S);
    assert_int_equal(hit.state, CACHE_FRESH);
    assert_int_equal(hit.age_ns, 0);
    hit = find(cache, 1, 70 * NS_PER_S - 1);
    assert_int_equal(hit.state, CACHE_FRESH);
    assert_int_equal(hit.slot, slot);
    assert_int_equal(hit.age_ns, 60 * NS_PER_S - 1);
    hit = find(cache, 1, 70 * NS_PER_S);
    assert_int_equal(hit.state, CACHE_STALE);
    hit = find(cache, 1, 190 * NS_PER_S - 1);
    assert_int_equal(hit.state, CACHE_STALE);
    assert_int_equal(hit.age_ns, 180 * NS_PER_S - 1);
    hit = find(cache, 1, 190 * NS_PER_S);
    assert_int_equal(hit.state, CACHE_MISS);
    assert_int_equal(hit.slot, CACHE_NO_SLOT);
    assert_int_equal(hit.age_ns, 0);
    cache_destroy(cache);
}

static void an_entry_that_is_gone_gives_its_slot_back(void **state)
{
    (void)state;
    struct cache *cache = cache_create(&example);
    uint32_t slot = store(cache, 1, 10, 0);
    assert_false(cache_has_dropped(cache));
    find(cache, 1, 180 * NS_PER_S);
    assert_true(cache_has_dropped(cache));
    assert_int_equal(cache_entries(cache), 0);
    assert_int_equal(cache_bytes(cache), 0);
    assert_int_equal(cache_pop_dropped(cache), slot);
    assert_int_equal(cache_pop_dropped(cache), CACHE_NO_SLOT);
    assert_int_equal(store(cache, 2, 10, 180 * NS_PER_S), slot);
    cache_destroy(cache);
}

static void storing_again_renews_the_same_slot(void **state)
{
    (void)state;
    struct cache *cache = cache_create(&example);
    uint32_t slot = store(cache, 1, 10, 0);
    store(cache, 2, 10, 0);
    assert_int_equal(store(cache, 1, 30, 50 * NS_PER_S), slot);
    assert_int_equal(cache_entries(cache), 2);
    assert_int_equal(cache_bytes(cache), 40);
    assert_int_equal(find(cache, 1, 100 * NS_PER_S).state, CACHE_FRESH);
    assert_int_equal(find(cache, 2, 100 * NS_PER_S).state, CACHE_STALE);
    assert_false(cache_has_dropped(cache));
    cache_destroy(cache);
}

static void the_least_recently_used_entry_leaves_first(void **state)
{
    (void)state;
    struct cache *cache = cache_create(&example);
    for (uint8_t i = 1; i <= 4; i++)
        store(cache, i, 10, i);
    uint32_t slot_of_2 = find(cache, 2, 5).slot;
    find(cache, 1, 6);
    find(cache, 3, 7);
    find(cache, 4, 8);
    assert_int_equal(store(cache, 5, 10, 9), slot_of_2);
    assert_int_equal(find(cache, 2, 10).state, CACHE_MISS);
    assert_int_equal(find(cache, 1, 10).state, CACHE_FRESH);
    assert_int_equal(cache_entries(cache), 4);
    assert_false(cache_has_dropped(cache)); /* the body is replaced in place */
    cache_destroy(cache);
}

static void a_large_answer_makes_room_from_the_oldest_on(void **state)
{
    (void)state;
    struct cache *cache = cache_create(&example);
    uint32_t slot_of_1 = store(cache, 1, 400, 1);
    uint32_t slot_of_2 = store(cache, 2, 400, 2);
    store(cache, 3, 100, 3);
    uint32_t slot_of_4 = store(cache, 4, 900, 4);
    assert_int_equal(find(cache, 1, 5).state, CACHE_MISS);
    assert_int_equal(find(cache, 2, 5).state, CACHE_MISS);
    assert_int_equal(find(cache, 3, 5).state, CACHE_FRESH);
    assert_int_equal(find(cache, 4, 5).slot, slot_of_4);
    assert_int_equal(cache_bytes(cache), 1000);
    assert_int_equal(cache_pop_dropped(cache), slot_of_2);
    assert_int_equal(cache_pop_dropped(cache), slot_of_1);
    assert_int_equal(cache_pop_dropped(cache), CACHE_NO_SLOT);
    cache_destroy(cache);
}

static void a_slot_that_waits_to_be_freed_is_used_first(void **state)
{
    (void)state;
    struct cache *cache = cache_create(&example);
    uint32_t slot_of_1 = store(cache, 1, 600, 1);
    store(cache, 2, 600, 2);
    assert_true(cache_has_dropped(cache));
    assert_int_equal(store(cache, 3, 10, 3), slot_of_1);
    assert_false(cache_has_dropped(cache));
    cache_destroy(cache);
}

static void growing_an_entry_never_drops_itself(void **state)
{
    (void)state;
    struct cache *cache = cache_create(&example);
    uint32_t slot = store(cache, 1, 500, 1);
    store(cache, 2, 500, 2);
    assert_int_equal(store(cache, 1, 1000, 3), slot);
    assert_int_equal(cache_entries(cache), 1);
    assert_int_equal(find(cache, 1, 4).state, CACHE_FRESH);
    cache_destroy(cache);
}

static void an_answer_over_the_bound_changes_nothing(void **state)
{
    (void)state;
    struct cache *cache = cache_create(&example);
    uint32_t slot = store(cache, 1, 10, 1);
    assert_int_equal(store(cache, 1, 1001, 2), CACHE_NO_SLOT);
    assert_int_equal(store(cache, 2, UINT64_MAX, 2), CACHE_NO_SLOT);
    assert_int_equal(find(cache, 1, 3).slot, slot);
    assert_int_equal(cache_bytes(cache), 10);
    cache_destroy(cache);
}

static void without_entries_or_times_there_is_no_cache(void **state)
{
    (void)state;
    struct cache_config config = example;
    config.entries_max = 0;
    struct cache *cache = cache_create(&config);
    assert_int_equal(store(cache, 1, 1, 0), CACHE_NO_SLOT);
    assert_int_equal(find(cache, 1, 0).state, CACHE_MISS);
    assert_int_equal(cache_pop_dropped(cache), CACHE_NO_SLOT);
    cache_destroy(cache);

    config = (struct cache_config){ .entries_max = 4, .bytes_max = 1000 };
    cache = cache_create(&config);
    assert_int_equal(store(cache, 1, 1, 0), CACHE_NO_SLOT);
    cache_destroy(cache);
    cache_destroy(NULL);
}

static void with_a_ttl_of_zero_everything_is_stale(void **state)
{
    (void)state;
    struct cache_config config = example;
    config.ttl_ns = 0;
    struct cache *cache = cache_create(&config);
    store(cache, 1, 1, 5);
    assert_int_equal(find(cache, 1, 5).state, CACHE_STALE);
    cache_destroy(cache);
}

static void times_without_end_do_not_overflow(void **state)
{
    (void)state;
    struct cache_config config = example;
    config.ttl_ns = UINT64_MAX;
    config.stale_ns = UINT64_MAX;
    struct cache *cache = cache_create(&config);
    store(cache, 1, 1, 5);
    assert_int_equal(find(cache, 1, UINT64_MAX - 1).state, CACHE_FRESH);
    cache_destroy(cache);
}

static void a_smaller_bound_that_is_met_exactly_drops_nothing(void **state)
{
    (void)state;
    struct cache_config config = example;
    struct cache *cache = cache_create(&config);
    store(cache, 1, 30, 1);
    store(cache, 2, 50, 2);
    config.bytes_max = 80;
    cache_reconfigured(cache);
    assert_int_equal(cache_entries(cache), 2);
    config.bytes_max = 79;
    cache_reconfigured(cache);
    assert_int_equal(cache_entries(cache), 1);
    assert_int_equal(cache_bytes(cache), 50);
    cache_destroy(cache);
}

/* The clock began when the machine did: what was made before lies before its zero. */
static void an_answer_made_before_the_clock_began_is_older_than_any_since(void **state)
{
    (void)state;
    struct cache_config config = example;
    config.families = true;
    config.ttl_ns = 1000;
    struct cache *cache = cache_create(&config);
    struct cache_key family = key_of(9);
    uint32_t young = store(cache, 1, 10, 10);
    cache_join_family(cache, young, &family);
    uint32_t old = store(cache, 2, 10, (instant_ns)0 - 5);
    cache_join_family(cache, old, &family);
    struct cache_hit hit = cache_find_family(cache, &family, 20);
    assert_int_equal(hit.slot, young);
    assert_int_equal(hit.age_ns, 10);
    cache_destroy(cache);
}

static void the_states_have_the_names_of_the_guide(void **state)
{
    (void)state;
    assert_string_equal(cache_state_name(CACHE_FRESH), "fresh");
    assert_string_equal(cache_state_name(CACHE_STALE), "stale_if_error");
    assert_string_equal(cache_state_name(CACHE_MISS), "miss");
}

/* The simplest model: a list of entries, newest use last. */
enum { MODEL_KEYS = 24 };

struct model_entry {
    uint8_t key;
    instant_ns stored;
    uint64_t bytes;
    uint32_t slot;
};

struct model {
    struct model_entry entries[MODEL_KEYS];
    int count;
};

static void model_remove(struct model *model, int at)
{
    for (int i = at + 1; i < model->count; i++)
        model->entries[i - 1] = model->entries[i];
    model->count--;
}

static int model_index(const struct model *model, uint8_t key)
{
    for (int i = 0; i < model->count; i++) {
        if (model->entries[i].key == key) return i;
    }
    return -1;
}

static uint64_t model_bytes(const struct model *model)
{
    uint64_t bytes = 0;
    for (int i = 0; i < model->count; i++)
        bytes += model->entries[i].bytes;
    return bytes;
}

static void model_store(struct model *model, const struct cache_config *config,
                        struct model_entry entry)
{
    int at = model_index(model, entry.key);
    if (at >= 0) model_remove(model, at);
    if (model->count == (int)config->entries_max) model_remove(model, 0);
    model->entries[model->count++] = entry;
    while (model_bytes(model) > config->bytes_max)
        model_remove(model, 0);
    for (int i = 0; i + 1 < model->count; i++) {
        assert_int_not_equal(model->entries[i].slot, entry.slot);
    }
}

static void model_find(struct model *model, struct cache *cache, uint8_t key, instant_ns now)
{
    struct cache_hit hit = find(cache, key, now);
    int at = model_index(model, key);
    if (at >= 0 && now - model->entries[at].stored >= 100) {
        model_remove(model, at);
        at = -1;
    }
    if (at < 0) {
        assert_int_equal(hit.state, CACHE_MISS);
        return;
    }
    struct model_entry entry = model->entries[at];
    assert_int_equal(hit.slot, entry.slot);
    assert_int_equal(hit.age_ns, now - entry.stored);
    assert_int_equal(hit.state, hit.age_ns < 40 ? CACHE_FRESH : CACHE_STALE);
    model_remove(model, at);
    model->entries[model->count++] = entry;
}

static void it_agrees_with_a_list_on_random_walks(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 20; seed++) {
        const struct cache_config config = {
            .ttl_ns = 40, .stale_ns = 60, .entries_max = 1 + seed % 7, .bytes_max = 50 + seed
        };
        struct cache *cache = cache_create(&config);
        struct model model = { .count = 0 };
        struct rng rng;
        rng_init(&rng, seed, "cache");
        instant_ns now = 0;
        for (int step = 0; step < 3000; step++) {
            now += rng_below(&rng, 8);
            uint8_t key = (uint8_t)rng_below(&rng, MODEL_KEYS);
            switch (rng_below(&rng, 4)) {
            case 0:
            case 1: model_find(&model, cache, key, now); break;
            case 2: {
                struct model_entry entry = { .key = key, .stored = now };
                entry.bytes = rng_below(&rng, 80);
                entry.slot = store(cache, key, entry.bytes, now);
                bool fits = entry.bytes <= config.bytes_max;
                assert_int_equal(entry.slot == CACHE_NO_SLOT, !fits);
                if (fits) model_store(&model, &config, entry);
                break;
            }
            default: {
                uint32_t slot = cache_pop_dropped(cache);
                for (int i = 0; i < model.count; i++) {
                    assert_int_not_equal(model.entries[i].slot, slot);
                }
            }
            }
            assert_int_equal(cache_entries(cache), model.count);
            assert_int_equal(cache_bytes(cache), model_bytes(&model));
        }
        cache_destroy(cache);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_fresh_then_stale_then_gone),
        cmocka_unit_test(an_entry_that_is_gone_gives_its_slot_back),
        cmocka_unit_test(storing_again_renews_the_same_slot),
        cmocka_unit_test(the_least_recently_used_entry_leaves_first),
        cmocka_unit_test(a_large_answer_makes_room_from_the_oldest_on),
        cmocka_unit_test(a_slot_that_waits_to_be_freed_is_used_first),
        cmocka_unit_test(growing_an_entry_never_drops_itself),
        cmocka_unit_test(an_answer_over_the_bound_changes_nothing),
        cmocka_unit_test(without_entries_or_times_there_is_no_cache),
        cmocka_unit_test(with_a_ttl_of_zero_everything_is_stale),
        cmocka_unit_test(times_without_end_do_not_overflow),
        cmocka_unit_test(a_smaller_bound_that_is_met_exactly_drops_nothing),
        cmocka_unit_test(an_answer_made_before_the_clock_began_is_older_than_any_since),
        cmocka_unit_test(the_states_have_the_names_of_the_guide),
        cmocka_unit_test(it_agrees_with_a_list_on_random_walks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
