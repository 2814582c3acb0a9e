#include "harness/result_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json_read.h"
#include "base/mem.h"
#include "harness/coverage_private.h"
#include "harness/result_cursor.h"
#include "harness/result_read_parity.h"
#include "harness/result_read_redis.h"
#include "harness/result_read_run.h"

/* A day of a busy scenario has some hundred megabytes. */
#define RESULT_BYTES_MAX (UINT64_C(1) << 31)

static void read_phase(struct cursor *cursor, const cJSON *object, struct phase *phase)
{
    phase->name = cursor_text(cursor, object, "name");
    phase->from_ns = cursor_u64(cursor, object, "from_ns", RESULT_NUMBER_MAX);
    phase->to_ns = cursor_u64(cursor, object, "to_ns", RESULT_NUMBER_MAX);
    if (phase->to_ns < phase->from_ns) cursor_fail(cursor, "a phase ends before it begins");
    const cJSON *list = cursor_member(cursor, object, "faults", cJSON_Array);
    size_t count = (size_t)cJSON_GetArraySize(list);
    if (count > SCENARIO_FAULTS_MAX) {
        cursor_fail(cursor, "a phase has more faults than a scenario can have");
        return;
    }
    struct fault *faults = arena_alloc(cursor->arena, count + 1, sizeof *faults);
    const cJSON *fault = NULL;
    cJSON_ArrayForEach(fault, list)
    {
        faults[phase->fault_count++].text = cursor_value_text(cursor, fault, "faults");
    }
    phase->faults = faults;
}

static void read_phases(struct cursor *cursor, const cJSON *object, struct scenario *scenario)
{
    const cJSON *list = cursor_member(cursor, object, "phases", cJSON_Array);
    size_t count = (size_t)cJSON_GetArraySize(list);
    struct phase *phases = arena_alloc(cursor->arena, count + 1, sizeof *phases);
    const cJSON *phase = NULL;
    if (count > SCENARIO_PHASES_MAX) {
        cursor_fail(cursor, "there are more phases than a scenario can have");
        return;
    }
    cJSON_ArrayForEach(phase, list)
    {
        read_phase(cursor, phase, &phases[scenario->phase_count++]);
    }
    scenario->phases = phases;
}

static void read_settings(struct cursor *cursor, const cJSON *object, struct scenario *scenario)
{
    const cJSON *list = cursor_member(cursor, object, "settings", cJSON_Array);
    struct setting *settings =
        arena_alloc(cursor->arena, (size_t)cJSON_GetArraySize(list) + 1, sizeof *settings);
    const cJSON *setting = NULL;
    cJSON_ArrayForEach(setting, list)
    {
        settings[scenario->setting_count++].assignment =
            cursor_value_text(cursor, setting, "settings");
    }
    scenario->settings = settings;
}

/* Options that this program does not know any more are left out. */
static void read_config(struct cursor *cursor, const cJSON *object, struct runtime_config *config)
{
    const cJSON *map = cursor_member(cursor, object, "config", cJSON_Object);
    const cJSON *value = NULL;
    if (cJSON_GetArraySize(map) == 0) return;
    size_t count = 0;
    const struct option *rows = config_rows(&count);
    options_init(&config->options, rows, count, config);
    cJSON_ArrayForEach(value, map)
    {
        bool known = false;
        for (size_t i = 0; i < count; i++)
            known = known || strcmp(rows[i].key, value->string) == 0;
        if (!known || cursor->failed) continue;
        struct err_note why = { .err = ERR_OK };
        const char *text = cursor_value_text(cursor, value, "config");
        const char *assignment = arena_printf(cursor->arena, "%s=%s", value->string, text);
        if (options_set(&config->options, config, assignment, "config", &why) != ERR_OK)
            cursor_fail(cursor, "config: %s", why.sentence);
    }
    config_derive(config);
}

static void read_tier(struct cursor *cursor, const cJSON *object, struct scenario *scenario)
{
    const char *tier = cursor_text(cursor, object, "tier");
    if (!scenario_tier_parse(tier, &scenario->tier))
        cursor_fail(cursor, "\"%.40s\" is no tier", tier);
}

static void read_objectives(struct cursor *cursor, const cJSON *object,
                            struct slo_objectives *objectives)
{
    const cJSON *from = cursor_member(cursor, object, "objectives", cJSON_Object);
    objectives->availability_ppm = (uint32_t)cursor_u64(cursor, from, "availability_ppm", 999999);
    objectives->latency_ppm = (uint32_t)cursor_u64(cursor, from, "latency_ppm", 999999);
    objectives->latency_ns = cursor_u64(cursor, from, "latency_ns", RESULT_NUMBER_MAX);
    objectives->freshness_ppm = (uint32_t)cursor_u64(cursor, from, "freshness_ppm", 999999);
    const cJSON *age = cursor_member(cursor, from, "freshness_age_ns", cJSON_Invalid);
    objectives->freshness_age_ns = INSTANT_NEVER;
    if (cJSON_IsNull(age)) return;
    objectives->freshness_age_ns =
        cursor_value_u64(cursor, age, "freshness_age_ns", RESULT_NUMBER_MAX);
}

static void read_limit(struct cursor *cursor, const cJSON *object, struct scenario *scenario)
{
    struct expect *expect = arena_alloc(cursor->arena, 1, sizeof *expect);
    *expect = (struct expect){ .kind = EXPECT_LATENCY, .name = "", .text = "" };
    expect->limit_ns = cursor_u64(cursor, object, "latency_limit_ns", RESULT_NUMBER_MAX);
    scenario->expects = expect;
    scenario->expect_count = 1;
}

static void read_scenario(struct cursor *cursor, const cJSON *object, struct suite_scenario *item)
{
    struct scenario *scenario = &item->scenario;
    scenario->name = cursor_text(cursor, object, "name");
    scenario->path = cursor_text(cursor, object, "path");
    scenario->teaches = cursor_text(cursor, object, "teaches");
    scenario->environment = cursor_text(cursor, object, "environment");
    scenario->seed = item->seed =
        cursor_value_wide(cursor, cursor_member(cursor, object, "seed", cJSON_Invalid), "seed");
    scenario->duration_ns = cursor_u64(cursor, object, "duration_ns", RESULT_NUMBER_MAX);
    if (scenario->duration_ns == 0) cursor_fail(cursor, "it takes no time");
    read_tier(cursor, object, scenario);
    read_limit(cursor, object, scenario);
    read_objectives(cursor, object, &scenario->objectives);
    read_settings(cursor, object, scenario);
    read_phases(cursor, object, scenario);
    result_read_redis(cursor, object, &scenario->redis);
    read_config(cursor, object, &item->config);
    result_read_parity(cursor, object, item);
    result_read_replay(cursor, object, item);
    const cJSON *worlds = cursor_member(cursor, object, "worlds", cJSON_Object);
    for (int which = WORLD_SIM; which <= WORLD_REAL && !cursor->failed; which++) {
        const char *name = world_name((enum world)which);
        const cJSON *world = cJSON_GetObjectItemCaseSensitive(worlds, name);
        if (world == NULL) continue;
        snprintf(cursor->place, sizeof cursor->place, "scenario \"%.64s\", %s", scenario->name,
                 name);
        result_read_world(cursor, world, item, (enum world)which);
    }
}

/* Results of before it was written have none. */
static void read_capsule(struct cursor *cursor, const cJSON *times, struct suite_scenario *item)
{
    const cJSON *capsule = cJSON_GetObjectItemCaseSensitive(times, "capsule");
    if (capsule == NULL || cJSON_IsNull(capsule)) return;
    const char *file = cursor_text(cursor, capsule, "file");
    const char *world = cursor_text(cursor, capsule, "world");
    item->capsule_in_sim = strcmp(world, world_name(WORLD_SIM)) == 0;
    if (!item->capsule_in_sim && strcmp(world, world_name(WORLD_REAL)) != 0)
        cursor_fail(cursor, "\"%.40s\" is no world", world);
    item->capsule = mem_copy_string(file);
}

/* run_time: how long it took, which the scenarios' own members do not say. */
static void read_run_time(struct cursor *cursor, const cJSON *root, struct suite *suite)
{
    const cJSON *run_time = cursor_member(cursor, root, "run_time", cJSON_Object);
    snprintf(cursor->place, sizeof cursor->place, "run_time");
    suite->name = cursor_text(cursor, run_time, "folder");
    suite->started_wall_ms = cursor_u64(cursor, run_time, "started_ms", RESULT_NUMBER_MAX);
    suite->wall_ns = cursor_u64(cursor, run_time, "wall_ns", RESULT_NUMBER_MAX);
    const cJSON *list = cursor_member(cursor, run_time, "scenarios", cJSON_Array);
    const cJSON *times = list == NULL ? NULL : list->child;
    for (size_t i = 0; i < suite->count && !cursor->failed; i++) {
        struct suite_scenario *item = &suite->scenarios[i];
        if (item->sim.present)
            item->sim.run.wall_ns = cursor_u64(cursor, times, "sim_wall_ns", RESULT_NUMBER_MAX);
        if (item->real.present)
            item->real.run.wall_ns = cursor_u64(cursor, times, "real_wall_ns", RESULT_NUMBER_MAX);
        read_capsule(cursor, times, item);
        cursor_next(&times);
    }
}

static void read_coverage_row(struct cursor *cursor, const cJSON *row, struct coverage *coverage)
{
    const cJSON *cell = row->child;
    const char *group = cursor_value_text(cursor, cursor_next(&cell), "group");
    const char *name = cursor_value_text(cursor, cursor_next(&cell), "name");
    size_t index = coverage_add(coverage, group, name);
    struct coverage_item *item = &coverage->items[index];
    item->count = cursor_value_u64(cursor, cursor_next(&cell), "count", RESULT_NUMBER_MAX);
    item->scenarios =
        (uint32_t)cursor_value_u64(cursor, cursor_next(&cell), "scenarios", UINT32_MAX);
}

static void read_coverage(struct cursor *cursor, const cJSON *root, struct coverage *coverage)
{
    const cJSON *from = cursor_member(cursor, root, "coverage", cJSON_Invalid);
    snprintf(cursor->place, sizeof cursor->place, "coverage");
    if (cJSON_IsNull(from)) return;
    const cJSON *rows = cursor_member(cursor, from, "rows", cJSON_Array);
    const cJSON *row = NULL;
    cJSON_ArrayForEach(row, rows)
    {
        if (cursor->failed) return;
        read_coverage_row(cursor, row, coverage);
    }
    coverage_count(coverage);
    const cJSON *code = cursor_member(cursor, from, "code", cJSON_Invalid);
    coverage->has_code = !cursor->failed && !cJSON_IsNull(code);
    if (!coverage->has_code) return;
    coverage->line_permille = (uint32_t)cursor_u64(cursor, code, "line_permille", 1000);
    coverage->branch_permille = (uint32_t)cursor_u64(cursor, code, "branch_permille", 1000);
    coverage->lines_valid = cursor_u64(cursor, code, "lines_valid", RESULT_NUMBER_MAX);
    coverage->branches_valid = cursor_u64(cursor, code, "branches_valid", RESULT_NUMBER_MAX);
}

static void read_root(struct cursor *cursor, const cJSON *root, struct suite *suite)
{
    const cJSON *verdict = cursor_member(cursor, root, "verdict", cJSON_Object);
    suite->interrupted = cursor_bool(cursor, verdict, "interrupted");
    const cJSON *list = cursor_member(cursor, root, "scenarios", cJSON_Array);
    size_t count = (size_t)cJSON_GetArraySize(list);
    if (count == 0) cursor_fail(cursor, "it has no scenario");
    suite->scenarios = mem_alloc(count + 1, sizeof *suite->scenarios);
    const cJSON *object = NULL;
    cJSON_ArrayForEach(object, list)
    {
        if (cursor->failed) return;
        snprintf(cursor->place, sizeof cursor->place, "scenario %zu", suite->count + 1);
        read_scenario(cursor, object, &suite->scenarios[suite->count++]);
    }
    if (!cursor->failed) read_coverage(cursor, root, &suite->coverage);
    if (!cursor->failed) read_run_time(cursor, root, suite);
}

enum err result_read(const char *path, const char *text, size_t length, struct arena *arena,
                     struct suite *out, struct err_note *note)
{
    struct arena tree = { .head = NULL };
    cJSON *root = NULL;
    size_t at = 0;
    *out = (struct suite){ .name = "" };
    const char *trouble = json_read(text, length, &tree, &root, &at);
    enum err rc = ERR_OK;
    if (trouble != NULL) {
        rc = err_note_set(note, ERR_SYNTAX, path, 0, 0,
                          "not a result, or a damaged one: at byte %zu: %s", at, trouble);
    } else {
        struct cursor cursor = { .path = path, .arena = arena, .note = note, .place = "the top" };
        const char *tool = cursor_text(&cursor, root, "tool");
        uint64_t version = cursor_u64(&cursor, root, "schema_version", UINT32_MAX);
        if (!cursor.failed && strcmp(tool, "tollgate") != 0)
            cursor_fail(&cursor, "it was not written by tollgate");
        if (!cursor.failed && version != RESULT_SCHEMA_VERSION) {
            rc = err_note_set(note, ERR_INVALID, path, 0, 0,
                              "its schema version is %" PRIu64 ", this tollgate reads %d; make it "
                              "again with: tollgate run",
                              version, RESULT_SCHEMA_VERSION);
        } else if (!cursor.failed) {
            read_root(&cursor, root, out);
        }
        if (cursor.failed) rc = ERR_INVALID;
    }
    arena_deinit(&tree);
    return rc;
}

enum err result_load(const char *path, struct arena *arena, struct suite *out,
                     struct err_note *note)
{
    char *text = NULL;
    size_t length = 0;
    *out = (struct suite){ .name = "" };
    if (file_is_folder(path)) path = arena_printf(arena, "%s/result.json", path);
    enum err rc = file_read(path, RESULT_BYTES_MAX, &text, &length, note);
    if (rc == ERR_OK) rc = result_read(path, text, length, arena, out, note);
    mem_free(text);
    return rc;
}
