#include "harness/result_read_redis.h"

#include <string.h>

#include "harness/result_read.h"

static void read_redis_phase(struct cursor *cursor, const cJSON *object, struct redis_phase *phase)
{
    const char *effect = cursor_text(cursor, object, "do");
    phase->name = cursor_text(cursor, object, "name");
    phase->from_ns = cursor_u64(cursor, object, "from_ns", RESULT_NUMBER_MAX);
    phase->to_ns = cursor_u64(cursor, object, "to_ns", RESULT_NUMBER_MAX);
    if (phase->to_ns < phase->from_ns) cursor_fail(cursor, "a phase ends before it begins");
    for (phase->effect = REDIS_DOWN; phase->effect <= REDIS_FLUSH; phase->effect++) {
        if (strcmp(redis_effect_name(phase->effect), effect) == 0) return;
    }
    phase->effect = REDIS_DOWN;
    cursor_fail(cursor, "\"%.40s\" is nothing that Redis may do", effect);
}

void result_read_redis(struct cursor *cursor, const cJSON *object, struct redis_story *out)
{
    const cJSON *redis = cJSON_GetObjectItemCaseSensitive(object, "redis");
    const cJSON *phase = NULL;
    if (redis == NULL || cJSON_IsNull(redis)) return;
    const cJSON *list = cursor_member(cursor, redis, "phases", cJSON_Array);
    size_t count = (size_t)cJSON_GetArraySize(list);
    struct redis_phase *phases = arena_alloc(cursor->arena, count + 1, sizeof *phases);
    if (count > REDIS_PHASES_MAX) {
        cursor_fail(cursor, "there are more phases of redis than a scenario can have");
        return;
    }
    cJSON_ArrayForEach(phase, list)
    {
        read_redis_phase(cursor, phase, &phases[out->phase_count++]);
    }
    out->given = true;
    out->phases = phases;
}
