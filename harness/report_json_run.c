#include "harness/report_json_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/report_earlier.h"
#include "harness/report_figures.h"
#include "harness/result_read.h"

void report_json_time(struct json *json, uint64_t ns)
{
    if (ns == INSTANT_NEVER)
        json_null(json);
    else
        json_u64(json, ns);
}

/* UINT32_MAX is null. */
static void put_index(struct json *json, uint32_t index)
{
    if (index == UINT32_MAX)
        json_null(json);
    else
        json_u64(json, index);
}

void report_json_wide(struct json *json, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    if (value > RESULT_NUMBER_MAX)
        json_string(json, text);
    else
        json_u64(json, value);
}

void report_json_line(struct json *json)
{
    buf_putc(json->out, '\n');
}

void report_json_ids(struct json *json, const uint32_t *ids, uint32_t count)
{
    json_open(json, '[');
    for (uint32_t i = 0; i < count; i++) {
        char id[REQUEST_ID_MAX];
        json_string(json, schedule_request_id(ids[i], id));
    }
    json_close(json, ']');
}

static void put_names(struct json *json, const char *key, const char *const *names, size_t count)
{
    json_key(json, key);
    json_open(json, '[');
    for (size_t i = 0; i < count; i++)
        json_string(json, names[i]);
    json_close(json, ']');
}

void report_json_columns(struct json *json)
{
    static const char *const requests[] = { "number",   "intended_ns", "sent_ns", "latency_ns",
                                            "answers",  "http_status", "served",  "code",
                                            "cause",    "cache_state", "age_ns",  "valid",
                                            "workload", "key",         "cycle",   "hung_up",
                                            "path",     "attempts" };
    static const char *const attempts[] = { "number",     "outcome",    "http_status",
                                            "started_ns", "backoff_ns", "latency_ns" };
    static const char *const breaker[] = { "at_ns",    "from",   "to",          "rule",
                                           "failures", "volume", "cooldown_ns", "generation" };
    static const char *const deliveries[] = { "request", "attempt", "at_ns",    "phase",
                                              "fired",   "wait_ns", "asked_ns", "late_ns" };
    static const char *const coverage[] = { "group", "name", "count", "scenarios" };
    json_key(json, "columns");
    json_open(json, '{');
    json_key(json, "about");
    json_string(
        json, "Values of a row in this order. A request's id is r and its number in six digits; "
              "latency counts from intended_ns and is null when no answer came; "
              "path is an index into the world's paths; attempts are rows. Rows of deliveries name "
              "what reached the upstream: phase is an index or null, bit i of fired is the "
              "phase's fault i. Times are offsets from the scenario's start.");
    put_names(json, "requests", requests, sizeof requests / sizeof requests[0]);
    put_names(json, "attempts", attempts, sizeof attempts / sizeof attempts[0]);
    put_names(json, "coverage", coverage, sizeof coverage / sizeof coverage[0]);
    put_names(json, "deliveries", deliveries, sizeof deliveries / sizeof deliveries[0]);
    put_names(json, "breaker", breaker, sizeof breaker / sizeof breaker[0]);
    json_close(json, '}');
}

static void put_latency(struct json *json, const struct figures *figures)
{
    const struct {
        const char *key;
        uint64_t ns;
    } rows[] = { { "p50", figures->p50_ns },         { "p95", figures->p95_ns },
                 { "p99", figures->p99_ns },         { "max", figures->max_ns },
                 { "p95_low", figures->p95_low_ns }, { "p95_high", figures->p95_high_ns } };
    json_key(json, "latency_ns");
    json_open(json, '{');
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_key(json, rows[i].key);
        report_json_time(json, rows[i].ns);
    }
    json_close(json, '}');
}

static void put_codes(struct json *json, const char *key, const uint64_t *counts)
{
    json_key(json, key);
    json_open(json, '{');
    for (unsigned i = CODE_NONE + 1; i < CODE_COUNT; i++) {
        if (counts[i] > 0) json_member_u64(json, code_name((enum code)i), counts[i]);
    }
    json_close(json, '}');
}

static void put_counts(struct json *json, const struct run *run, const struct figures *figures)
{
    json_member_u64(json, "n", figures->n);
    json_member_u64(json, "answered", figures->answered);
    put_latency(json, figures);
    json_key(json, "served");
    json_open(json, '{');
    for (unsigned i = 0; i < SERVED_COUNT; i++) {
        json_member_u64(json, served_name((enum served)i), figures->served[i]);
    }
    json_close(json, '}');
    put_codes(json, "codes", figures->codes);
    put_codes(json, "causes", figures->causes);
    json_key(json, "attempts");
    json_open(json, '{');
    json_member_u64(json, "n", run->attempt_count);
    json_key(json, "outcomes");
    json_open(json, '{');
    for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
        if (figures->outcomes[i] == 0) continue;
        json_member_u64(json, outcome_name((enum outcome)i), figures->outcomes[i]);
    }
    json_close(json, '}');
    json_close(json, '}');
}

static void put_requests(struct json *json, const struct run *run, const struct check *check)
{
    uint32_t numbers[CHECK_IDS_MAX];
    for (uint32_t i = 0; i < check->id_count; i++) {
        numbers[i] = check_request_number(run, check, i);
    }
    report_json_ids(json, numbers, check->id_count);
    if (!check->of_another_run) return;
    json_key(json, "of_another_run");
    json_bool(json, true);
}

static void put_check(struct json *json, const struct run *run, const struct check *check)
{
    report_json_line(json);
    json_open(json, '{');
    json_key(json, "name");
    json_string(json, check->name);
    json_key(json, "text");
    json_string(json, check->text);
    json_key(json, "line");
    json_i64(json, check->line);
    json_key(json, "column");
    json_i64(json, check->column);
    json_key(json, "status");
    json_string(json, check_status_name(check->status));
    json_key(json, "sentence");
    json_string(json, check->sentence);
    json_member_u64(json, "n", check->n);
    json_key(json, "requests");
    put_requests(json, run, check);
    if (check->scant) {
        json_key(json, "scant");
        json_bool(json, true);
    }
    json_close(json, '}');
}

static void put_breaker(struct json *json, const struct run *run)
{
    json_key(json, "breaker");
    json_open(json, '[');
    for (size_t i = 0; i < run->transition_count; i++) {
        const struct breaker_transition *transition = &run->transitions[i];
        report_json_line(json);
        json_open(json, '[');
        json_u64(json, transition->at);
        json_string(json, breaker_state_name(transition->from));
        json_string(json, breaker_state_name(transition->to));
        json_string(json, breaker_rule_name(transition->rule));
        json_u64(json, transition->failures);
        json_u64(json, transition->volume);
        json_u64(json, transition->cooldown_ns);
        json_u64(json, transition->generation);
        json_close(json, ']');
    }
    json_close(json, ']');
}

static void put_delivery_rows(struct json *json, const struct run *run)
{
    json_key(json, "rows");
    json_open(json, '[');
    for (size_t i = 0; i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        report_json_line(json);
        json_open(json, '[');
        put_index(json, delivery->request);
        json_u64(json, delivery->attempt);
        json_u64(json, delivery->at_ns);
        put_index(json, delivery->phase);
        json_u64(json, delivery->fired);
        json_u64(json, delivery->wait_ns);
        json_u64(json, delivery->asked_ns);
        json_u64(json, delivery->late_ns);
        json_close(json, ']');
    }
    json_close(json, ']');
}

/* Per phase: how many attempts reached the upstream in it, and on how many each fault fired. */
static void put_deliveries(struct json *json, const struct run *run)
{
    json_key(json, "deliveries");
    json_open(json, '{');
    json_member_u64(json, "n", run->delivery_count);
    json_key(json, "phases");
    json_open(json, '[');
    for (uint32_t p = 0; p < run->scenario->phase_count; p++) {
        uint64_t attempts = 0;
        uint64_t fired[SCENARIO_FAULTS_MAX] = { 0 };
        for (size_t i = 0; i < run->delivery_count; i++) {
            if (run->deliveries[i].phase != p) continue;
            attempts++;
            for (size_t f = 0; f < SCENARIO_FAULTS_MAX; f++) {
                fired[f] += run->deliveries[i].fired >> f & 1;
            }
        }
        json_open(json, '{');
        json_member_u64(json, "attempts", attempts);
        json_key(json, "fired");
        json_open(json, '[');
        for (size_t f = 0; f < run->scenario->phases[p].fault_count; f++)
            json_u64(json, fired[f]);
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
    json_key(json, "delays");
    if (run->realised_delays != NULL)
        json_raw(json, run->realised_delays, strlen(run->realised_delays));
    else
        json_null(json);
    put_delivery_rows(json, run);
    json_close(json, '}');
}

void report_json_world(struct json *json, const struct suite_world *world)
{
    const struct run *run = &world->run;
    struct figures figures;
    figures_make(&figures, run);
    json_open(json, '{');
    json_key(json, "verdict");
    json_string(json, check_status_name(world->verdict.status));
    json_key(json, "complete");
    json_bool(json, run->complete);
    json_key(json, "interrupted");
    json_bool(json, run->interrupted);
    json_member_u64(json, "played_ns", run_played_ns(run));
    json_key(json, "invalid_reason");
    if (run->invalid)
        json_string(json, run->invalid_reason);
    else
        json_null(json);
    json_key(json, "foreign");
    json_bool(json, run->foreign);
    json_key(json, "strict");
    json_bool(json, run->strict);
    json_key(json, "lagged");
    json_bool(json, run->lagged);
    put_counts(json, run, &figures);
    json_member_u64(json, "generator_lag_p99_ns", run->lag_p99_ns);
    report_json_stalls(json, run);
    json_key(json, "permits_out");
    if (run->permits_known)
        json_u64(json, run->permits_out);
    else
        json_null(json);
    json_key(json, "checks");
    json_open(json, '[');
    for (size_t i = 0; i < world->verdict.count; i++)
        put_check(json, &world->run, &world->verdict.checks[i]);
    json_close(json, ']');
    report_json_repeats(json, &world->repeats);
    report_json_earlier(json, &world->earlier);
    report_json_levels(json, run);
    put_breaker(json, run);
    put_deliveries(json, run);
    report_json_requests(json, run);
    json_close(json, '}');
}
