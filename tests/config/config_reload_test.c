/* What a configuration that is read again changes, and what it leaves alone. */
#include "config/config_reload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SETS(...) ((const char *const[]){ __VA_ARGS__, NULL })

struct stage {
    struct runtime_config start;
    struct runtime_config running;
    struct runtime_config loaded;
    struct config_changes changes;
};

static void load(struct runtime_config *out, const char *const sets[])
{
    struct err_note note = { 0 };
    struct config_source source = { .sets = sets };
    while (sets[source.set_count] != NULL) source.set_count++;
    if (config_load(out, &source, &note) != ERR_OK) fail_msg("%s", note.sentence);
}

static void begin(struct stage *stage, const char *const sets[])
{
    load(&stage->start, sets);
    stage->running = stage->start;
}

static void reload(struct stage *stage, const char *const sets[])
{
    load(&stage->loaded, sets);
    stage->changes = config_reload(&stage->running, &stage->start, &stage->loaded);
}

static enum config_change change_of(const struct stage *stage, const char *key)
{
    size_t count;
    const struct option *rows = config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].key, key) == 0) return stage->changes.items[i];
    }
    fail_msg("no row %s", key);
    return CONFIG_SAME;
}

static void live_values_of_every_kind_change(void **state)
{
    (void)state;
    static struct stage stage;
    begin(&stage, SETS("retry_count=1"));
    reload(&stage, SETS("retry_count=1", "cache_ttl_s=5", "retry_backoff_base_ms=7",
                        "breaker_failure_ratio=0.25", "breaker_count_429=true", "baseline=kalman",
                        "baseline_only_liquidity_bucket=thin", "cache_bytes_max=999"));
    assert_int_equal(stage.changes.applied, 7);
    assert_int_equal(stage.changes.need_restart, 0);
    assert_int_equal(stage.running.engine.cache.ttl_ns, 5 * NS_PER_S);
    assert_int_equal(stage.running.engine.backoff.base_ns, 7 * NS_PER_MS);
    assert_int_equal(stage.running.engine.breaker.failure_ratio_permille, 250);
    assert_true(stage.running.engine.breaker.count_429);
    assert_int_equal(stage.running.forecast.baseline, stage.loaded.forecast.baseline);
    assert_string_equal(stage.running.forecast.baseline_only_liquidity_bucket, "thin");
    assert_int_equal(stage.running.engine.cache.bytes_max, 999);
    assert_int_equal(change_of(&stage, "cache_ttl_s"), CONFIG_APPLIED);
    assert_int_equal(change_of(&stage, "retry_count"), CONFIG_SAME);
    reload(&stage, SETS("retry_count=1"));
    assert_int_equal(stage.changes.applied, 7);
    assert_memory_equal(&stage.running.engine, &stage.start.engine, sizeof stage.start.engine);
}

static void what_needs_a_restart_stays_and_is_named(void **state)
{
    (void)state;
    static struct stage stage;
    begin(&stage, SETS("seed=1"));
    reload(&stage, SETS("seed=2", "default_model=other", "input_len_steps=100"));
    assert_int_equal(stage.changes.applied, 0);
    assert_int_equal(stage.changes.need_restart, 3);
    assert_int_equal(change_of(&stage, "seed"), CONFIG_NEEDS_RESTART);
    assert_int_equal(change_of(&stage, "default_model"), CONFIG_NEEDS_RESTART);
    assert_int_equal(stage.running.engine.seed, 1);
    assert_string_equal(stage.running.forecast.default_model, "chronos");
    assert_int_equal(stage.running.forecast.input_len_steps, 288);
}

static void sizes_go_down_and_up_again_to_what_they_were_at_start(void **state)
{
    (void)state;
    static struct stage stage;
    begin(&stage, SETS("max_connections=64", "max_keepalive_connections=8"));
    reload(&stage, SETS("max_connections=16", "max_keepalive_connections=8"));
    assert_int_equal(stage.running.engine.pool.connections_max, 16);
    reload(&stage, SETS("max_connections=64", "max_keepalive_connections=8"));
    assert_int_equal(stage.running.engine.pool.connections_max, 64);
    reload(&stage, SETS("max_connections=65", "max_keepalive_connections=8"));
    assert_int_equal(change_of(&stage, "max_connections"), CONFIG_NEEDS_RESTART);
    assert_int_equal(stage.running.engine.pool.connections_max, 64);
}

static void what_follows_from_a_value_follows(void **state)
{
    (void)state;
    static struct stage stage;
    begin(&stage, SETS("request_deadline_s=2"));
    reload(&stage, SETS("request_deadline_s=5"));
    assert_int_equal(stage.running.engine.breaker.probe_deadline_ns,
                     stage.loaded.engine.breaker.probe_deadline_ns);
    assert_true(stage.running.engine.breaker.probe_deadline_ns > 5 * NS_PER_S);
}

static void only_whole_numbers_are_sizes(void **state)
{
    (void)state;
    size_t count;
    const struct option *rows = config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].reload == OPTION_UP_TO_START) assert_int_equal(rows[i].kind, OPTION_U32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_values_of_every_kind_change),
        cmocka_unit_test(what_needs_a_restart_stays_and_is_named),
        cmocka_unit_test(sizes_go_down_and_up_again_to_what_they_were_at_start),
        cmocka_unit_test(what_follows_from_a_value_follows),
        cmocka_unit_test(only_whole_numbers_are_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
