#include "harness/canary.h"
#include "harness/report_json_run.h"
#include "harness/slo.h"

static void put_alert(struct json *json, const struct slo_alert *alert,
                      const struct slo_alert_rule *rule)
{
    json_open(json, '{');
    json_key(json, "severity");
    json_string(json, rule->severity);
    json_member_u64(json, "burn_permille", rule->burn_permille);
    json_member_u64(json, "long_ns", rule->long_ns);
    json_member_u64(json, "short_ns", rule->short_ns);
    json_key(json, "at_ns");
    report_json_time(json, alert->fired ? alert->at_ns : INSTANT_NEVER);
    json_key(json, "resolved_ns");
    report_json_time(json, alert->fired ? alert->resolved_ns : INSTANT_NEVER);
    json_member_u64(json, "peak_permille", alert->peak_permille);
    json_close(json, '}');
}

static void put_indicator(struct json *json, const struct slo_indicator *indicator)
{
    report_json_line(json);
    json_open(json, '{');
    json_key(json, "name");
    json_string(json, slo_kind_name(indicator->kind));
    json_member_u64(json, "objective_ppm", indicator->objective_ppm);
    json_member_u64(json, "n", indicator->n);
    json_member_u64(json, "bad", indicator->bad);
    json_member_u64(json, "good_ppm", indicator->good_ppm);
    json_member_u64(json, "budget", indicator->budget);
    json_member_u64(json, "spent_ppm", indicator->spent_ppm);
    json_key(json, "alerts");
    json_open(json, '[');
    for (size_t i = 0; i < SLO_ALERTS; i++) {
        put_alert(json, &indicator->alerts[i], &slo_alert_rules[i]);
    }
    json_close(json, ']');
    json_close(json, '}');
}

static void put_rollbacks(struct json *json, const struct run *run)
{
    struct rollback rollbacks[ROLLBACK_TRIGGERS];
    rollback_find(run, rollbacks);
    json_key(json, "rollback");
    json_open(json, '{');
    for (int i = 0; i < ROLLBACK_TRIGGERS; i++) {
        json_key(json, rollback_trigger_name((enum rollback_trigger)i));
        report_json_time(json, rollbacks[i].fired ? rollbacks[i].at_ns : INSTANT_NEVER);
    }
    json_close(json, '}');
}

void report_json_levels(struct json *json, const struct run *run)
{
    struct slo_report report;
    slo_report_make(run, &report);
    json_key(json, "slo");
    if (!report.known) {
        json_null(json);
        return;
    }
    json_open(json, '[');
    for (size_t i = 0; i < SLO_COUNT; i++)
        put_indicator(json, &report.indicators[i]);
    json_close(json, ']');
    put_rollbacks(json, run);
}

void report_json_repeats(struct json *json, const struct repeats *repeats)
{
    json_key(json, "repeats");
    if (repeats->count < 2) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_key(json, "runs");
    json_open(json, '[');
    for (uint32_t i = 0; i < repeats->count; i++) {
        report_json_line(json);
        json_open(json, '[');
        report_json_wide(json, repeats->runs[i].seed);
        json_string(json, check_status_name(repeats->runs[i].status));
        for (size_t f = 0; f < REPEAT_FIGURES; f++) {
            report_json_time(json, repeats->runs[i].figures[f]);
        }
        json_close(json, ']');
    }
    json_close(json, ']');
    json_key(json, "intervals");
    json_open(json, '[');
    for (size_t f = 0; f < REPEAT_FIGURES; f++) {
        const struct repeat_interval *interval = &repeats->intervals[f];
        const uint64_t values[] = { interval->min, interval->median, interval->max, interval->low,
                                    interval->high };
        report_json_line(json);
        json_open(json, '[');
        json_string(json, repeat_figure_name((enum repeat_figure)f));
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            report_json_time(json, values[i]);
        }
        json_close(json, ']');
    }
    json_close(json, ']');
    json_close(json, '}');
}
