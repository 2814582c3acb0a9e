#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/json.h"
#include "harness/report.h"
#include "harness/report_figures.h"
#include "harness/report_json_run.h"
#include "harness/report_timeline.h"
#include "harness/result_read.h"

static void put_phases(struct json *json, const struct scenario *scenario)
{
    json_key(json, "phases");
    json_open(json, '[');
    for (size_t i = 0; i < scenario->phase_count; i++) {
        const struct phase *phase = &scenario->phases[i];
        json_open(json, '{');
        json_member_string(json, "name", phase->name);
        json_member_u64(json, "from_ns", phase->from_ns);
        json_member_u64(json, "to_ns", phase->to_ns);
        json_key(json, "faults");
        json_open(json, '[');
        for (size_t f = 0; f < phase->fault_count; f++)
            json_string(json, phase->faults[f].text);
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
}

/* Null: the scenario has no second level. */
static void put_redis(struct json *json, const struct redis_story *redis)
{
    json_key(json, "redis");
    if (!redis->given) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_key(json, "phases");
    json_open(json, '[');
    for (size_t i = 0; i < redis->phase_count; i++) {
        const struct redis_phase *phase = &redis->phases[i];
        json_open(json, '{');
        json_member_string(json, "name", phase->name);
        json_member_u64(json, "from_ns", phase->from_ns);
        json_member_u64(json, "to_ns", phase->to_ns);
        json_member_string(json, "do", redis_effect_name(phase->effect));
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

/* What the runtime ran with: the file's own settings, and every option's value. */
static void put_settings(struct json *json, const struct suite_scenario *item)
{
    json_key(json, "settings");
    json_open(json, '[');
    for (size_t i = 0; i < item->scenario.setting_count; i++) {
        json_string(json, item->scenario.settings[i].assignment);
    }
    json_close(json, ']');
    json_key(json, "config");
    json_open(json, '{');
    const struct options *options = &item->config.options;
    struct buf value;
    buf_init(&value, BUF_UNBOUNDED);
    for (size_t i = 0; i < options->count; i++) {
        buf_clear(&value);
        options_format_value(options, &item->config, i, &value);
        json_member_string(json, options->rows[i].key, buf_text(&value));
    }
    buf_deinit(&value);
    json_close(json, '}');
}

static void put_objectives(struct json *json, const struct slo_objectives *objectives)
{
    json_key(json, "objectives");
    json_open(json, '{');
    json_member_u64(json, "availability_ppm", objectives->availability_ppm);
    json_member_u64(json, "latency_ppm", objectives->latency_ppm);
    json_member_u64(json, "latency_ns", objectives->latency_ns);
    json_member_u64(json, "freshness_ppm", objectives->freshness_ppm);
    json_key(json, "freshness_age_ns");
    report_json_time(json, objectives->freshness_age_ns);
    json_close(json, '}');
}

static void put_interval(struct json *json, const char *name,
                         const struct parity_interval *interval)
{
    json_key(json, name);
    json_open(json, '{');
    json_member_u64(json, "sim", interval->sim);
    json_member_u64(json, "real", interval->real);
    json_member_u64(json, "low", interval->low);
    json_member_u64(json, "high", interval->high);
    json_close(json, '}');
}

static void put_intervals(struct json *json, const struct parity_intervals *intervals)
{
    json_key(json, "intervals");
    json_open(json, '{');
    json_key(json, "hold");
    json_bool(json, intervals->hold);
    put_interval(json, "p95_ns", &intervals->p95_ns);
    json_key(json, "shares_ppm");
    json_open(json, '{');
    for (size_t kind = 0; kind < SERVED_COUNT; kind++) {
        put_interval(json, served_name((enum served)kind), &intervals->shares_ppm[kind]);
    }
    json_close(json, '}');
    json_close(json, '}');
}

static void put_parity(struct json *json, const struct suite_scenario *item)
{
    json_key(json, "parity");
    if (!item->has_parity) {
        json_null(json);
        return;
    }
    const struct parity *parity = &item->parity;
    json_open(json, '{');
    json_key(json, "holds");
    json_bool(json, parity->holds);
    json_key(json, "served_holds");
    json_bool(json, parity->served_holds);
    json_member_u64(json, "margin_ns", parity->margin_ns);
    json_member_u64(json, "requests", parity->requests);
    json_member_u64(json, "decided", parity->decided);
    json_member_u64(json, "agree", parity->agree);
    json_member_u64(json, "marginal", parity->marginal);
    json_member_u64(json, "marginal_agree", parity->marginal_agree);
    json_key(json, "differ");
    report_json_ids(json, parity->ids, parity->id_count);
    json_key(json, "chaotic");
    json_bool(json, parity->chaotic);
    if (parity->chaotic) {
        json_member_u64(json, "stall_ns", parity->stall_ns);
        put_interval(json, "transitions", &parity->transitions);
    }
    put_intervals(json, &parity->intervals);
    json_close(json, '}');
}

static void put_replay(struct json *json, const struct suite_scenario *item)
{
    json_key(json, "replay");
    if (!item->has_replay) {
        json_null(json);
        return;
    }
    const struct replay *replay = &item->replay;
    json_open(json, '{');
    json_key(json, "identical");
    json_bool(json, replay->identical);
    json_member_u64(json, "inputs", replay->inputs);
    json_member_u64(json, "actions", replay->actions);
    json_member_u64(json, "end", (uint64_t)replay->end);
    json_key(json, "line");
    if (replay->identical) json_null(json);
    else json_i64(json, replay->line);
    json_member_string(json, "sentence", replay->identical ? NULL : replay->sentence);
    json_close(json, '}');
}

static void put_scenario(struct json *json, const struct suite_scenario *item)
{
    buf_putc(json->out, '\n');
    json_open(json, '{');
    json_member_string(json, "name", item->scenario.name);
    json_member_string(json, "path", item->scenario.path);
    json_member_string(json, "teaches", item->scenario.teaches);
    json_key(json, "seed");
    report_json_wide(json, item->seed);
    json_member_u64(json, "duration_ns", item->scenario.duration_ns);
    json_member_string(json, "tier", scenario_tier_name(item->scenario.tier));
    json_member_string(json, "environment", item->scenario.environment);
    json_member_u64(json, "latency_limit_ns", report_timeline_limit_ns(&item->scenario));
    put_objectives(json, &item->scenario.objectives);
    put_settings(json, item);
    put_phases(json, &item->scenario);
    put_redis(json, &item->scenario.redis);
    put_replay(json, item);
    put_parity(json, item);
    json_key(json, "worlds");
    json_open(json, '{');
    if (item->sim.present) {
        json_key(json, world_name(WORLD_SIM));
        report_json_world(json, &item->sim);
    }
    if (item->real.present) {
        json_key(json, world_name(WORLD_REAL));
        report_json_world(json, &item->real);
    }
    json_close(json, '}');
    json_close(json, '}');
}

static void put_started_at(struct json *json, uint64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL) utc = (struct tm){ .tm_mday = 1, .tm_year = 70 };
    char text[64];
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", utc.tm_year + 1900,
             utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
             (unsigned)(wall_ms % 1000));
    json_member_string(json, "started_at", text);
    json_member_u64(json, "started_ms", wall_ms);
}

/* Its file's name is the run's folder's, which is another each time: it belongs to run_time. */
static void put_capsule(struct json *json, const struct suite_scenario *item)
{
    json_key(json, "capsule");
    if (item->capsule == NULL) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_member_string(json, "file", item->capsule);
    json_member_string(json, "world", world_name(item->capsule_in_sim ? WORLD_SIM : WORLD_REAL));
    json_close(json, '}');
}

static void put_run_time(struct json *json, const struct suite *suite)
{
    buf_putc(json->out, '\n');
    json_key(json, "run_time");
    json_open(json, '{');
    put_started_at(json, suite->started_wall_ms);
    json_member_u64(json, "wall_ns", suite->wall_ns);
    json_key(json, "sim_speed");
    uint64_t speed = figures_sim_speed(suite);
    if (speed == 0)
        json_null(json);
    else
        json_u64(json, speed);
    json_member_string(json, "folder", suite->name);
    json_key(json, "scenarios");
    json_open(json, '[');
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        json_open(json, '{');
        json_member_string(json, "name", item->scenario.name);
        if (item->sim.present) json_member_u64(json, "sim_wall_ns", item->sim.run.wall_ns);
        if (item->real.present) json_member_u64(json, "real_wall_ns", item->real.run.wall_ns);
        put_capsule(json, item);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

static void put_verdict(struct json *json, const struct suite *suite)
{
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    suite_verdict_sentence(suite, &sentence);
    json_key(json, "verdict");
    json_open(json, '{');
    json_member_string(json, "sentence", buf_text(&sentence));
    json_member_u64(json, "exit_code", (uint64_t)suite_exit_code(suite));
    json_key(json, "interrupted");
    json_bool(json, suite->interrupted);
    json_close(json, '}');
    buf_deinit(&sentence);
}

void report_write_json(struct buf *out, const struct suite *suite)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_member_u64(&json, "schema_version", RESULT_SCHEMA_VERSION);
    json_member_string(&json, "tool", "tollgate");
    put_verdict(&json, suite);
    report_json_columns(&json);
    json_key(&json, "scenarios");
    json_open(&json, '[');
    for (size_t i = 0; i < suite->count; i++)
        put_scenario(&json, &suite->scenarios[i]);
    json_close(&json, ']');
    report_json_coverage(&json, &suite->coverage);
    put_run_time(&json, suite);
    json_close(&json, '}');
    buf_putc(out, '\n');
}
