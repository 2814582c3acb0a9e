#include "l2_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"

#define PATIENCE_NS (20 * NS_PER_S)

enum { SETS_MAX = 24, FIXED = 3 };

void scene_start_at(struct rig *rig, uint16_t port, const char *login, const char *const sets[])
{
    char url[96];
    snprintf(url, sizeof url, "redis_url=redis://%s127.0.0.1:%u", login, (unsigned)port);
    const char *all[SETS_MAX] = { url, "l2_timeout_ms=10000", "redis_connect_timeout_ms=15000" };
    size_t count = FIXED;
    for (size_t i = 0; sets[i] != NULL; i++) {
        assert_true(count + 1 < SETS_MAX);
        all[count++] = sets[i];
    }
    rig_start(rig, all);
}

void scene_start(struct scene *scene, const char *const sets[])
{
    redis_process_start(&scene->redis, NULL, NULL);
    scene_start_at(&scene->rig, scene->redis.port, "", sets);
    scene_until(&scene->rig, "tsfm_l2_connected", 1);
}

void scene_stop(struct scene *scene)
{
    rig_stop(&scene->rig);
    redis_process_end(&scene->redis);
}

void scene_restart_runtime(struct scene *scene, const char *const sets[])
{
    rig_stop(&scene->rig);
    scene_start_at(&scene->rig, scene->redis.port, "", sets);
    scene_until(&scene->rig, "tsfm_l2_connected", 1);
}

static void until(struct rig *rig, const char *sample, double least, double most)
{
    instant_ns patience = clock_now() + PATIENCE_NS;
    for (;;) {
        double value = rig_metric(rig, sample);
        if (value >= least && value <= most) return;
        if (clock_now() > patience) fail_msg("%s is %g", sample, value);
        rig_turn(rig, -1);
    }
}

void scene_until(struct rig *rig, const char *sample, double least)
{
    until(rig, sample, least, 1e18);
}

void scene_until_zero(struct rig *rig, const char *sample)
{
    until(rig, sample, 0, 0);
}

void scene_expect(struct rig *rig, const char *market, const char *tier, const char *path)
{
    struct rig_answer answer = rig_ask_for(rig, market, SCENE_POINTS);
    assert_int_equal(answer.status, 200);
    assert_string_equal(rig_path(&answer), path);
    rig_assert_meta(&answer, "cache_tier", tier);
    assert_float_equal(rig_value(&answer, "0.1"), 0.4, 1e-9);
    rig_answer_free(&answer);
}

char *scene_fill(struct scene *scene, const char *market)
{
    double stored = rig_metric(&scene->rig, "tsfm_l2_put_total{result=\"stored\"}");
    struct rig_answer answer = rig_ask_for(&scene->rig, market, SCENE_POINTS);
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);
    scene_until(&scene->rig, "tsfm_l2_put_total{result=\"stored\"}", stored + 1);
    return redis_process_only_key(&scene->redis);
}

static void key_of(const char *text, struct cache_key *out)
{
    assert_int_equal(strlen(text), L2_KEY_TEXT_MAX - 1);
    for (size_t i = 0; i < sizeof out->bytes; i++) {
        unsigned byte;
        assert_int_equal(sscanf(text + 8 + 2 * i, "%2x", &byte), 1);
        out->bytes[i] = (uint8_t)byte;
    }
}

void scene_age(struct scene *scene, const char *key, int64_t older_ms)
{
    size_t length;
    char *value = redis_process_get(&scene->redis, key, &length);
    struct l2_envelope envelope;
    struct cache_key cache_key;
    key_of(key, &cache_key);
    assert_true(l2_envelope_read(value, length, &cache_key, &envelope));
    envelope.stored_at_ms -= (uint64_t)older_ms;
    struct buf older;
    buf_init(&older, BUF_UNBOUNDED);
    l2_envelope_write(&older, &envelope, &cache_key);
    redis_process_set(&scene->redis, key, older.data, older.length);
    buf_deinit(&older);
    mem_free(value);
}
