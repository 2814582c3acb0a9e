#include "harness/report_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "harness/report_rules_private.h"
#include "harness/report_text.h"

const struct slo_objectives *rules_objectives(const struct suite *suite)
{
    return &suite->scenarios[0].scenario.objectives;
}

size_t rules_latency_bound(const struct slo_objectives *objectives)
{
    size_t bound = 0;
    while (bound < SAMPLES_BOUNDS && samples_bounds_ns[bound] != objectives->latency_ns)
        bound++;
    return bound;
}

const char *rules_bound_text(size_t bound, char out[24])
{
    snprintf(out, 24, "%g", (double)(samples_bounds_ns[bound] / NS_PER_MS) / 1000);
    return out;
}

bool rules_has(enum slo_kind kind, const struct slo_objectives *objectives)
{
    switch (kind) {
    case SLO_AVAILABILITY: return true;
    case SLO_LATENCY: return rules_latency_bound(objectives) < SAMPLES_BOUNDS;
    case SLO_FRESHNESS: return objectives->freshness_age_ns == INSTANT_NEVER;
    case SLO_COUNT: break;
    }
    return false;
}

uint32_t rules_objective_ppm(enum slo_kind kind, const struct slo_objectives *objectives)
{
    const uint32_t ppm[] = { objectives->availability_ppm, objectives->latency_ppm,
                             objectives->freshness_ppm };
    return ppm[kind];
}

/* The share of bad events in a window: `[1h]`. */
static void put_ratio(struct buf *out, enum slo_kind kind, size_t bound, const char *window)
{
    char le[24];
    switch (kind) {
    case SLO_AVAILABILITY:
        buf_printf(out,
                   "sum(increase(tsfm_request_total{status=\"error\"}[%s])) / "
                   "sum(increase(tsfm_request_total{status=~\"success|error\"}[%s]))",
                   window, window);
        break;
    case SLO_LATENCY:
        buf_printf(out,
                   "1 - sum(increase(tsfm_request_latency_seconds_bucket{le=\"%s\"}[%s])) / "
                   "sum(increase(tsfm_request_latency_seconds_count[%s]))",
                   rules_bound_text(bound, le), window, window);
        break;
    case SLO_FRESHNESS:
        buf_printf(out,
                   "1 - sum(increase(tsfm_served_total{served=~\"cache|upstream\"}[%s])) / "
                   "sum(increase(tsfm_route_selected_total{route=\"model\"}[%s]))",
                   window, window);
        break;
    case SLO_COUNT: break;
    }
}

static void put_threshold(struct buf *out, const struct slo_alert_rule *rule,
                          uint32_t objective_ppm)
{
    buf_printf(out, " >= %g * %g", (double)rule->burn_permille / 1000,
               (double)(1000000 - objective_ppm) / 1000000);
}

void rules_alert_name(struct buf *out, enum slo_kind kind, const struct slo_alert_rule *rule)
{
    char window[UNITS_TEXT_MAX];
    static const char *const names[] = { "Availability", "Latency", "Freshness" };
    buf_printf(out, "Tsfm%sBurn%s", names[kind], rules_window(rule->long_ns, window));
}

const char *rules_window(uint64_t ns, char out[UNITS_TEXT_MAX])
{
    const uint64_t day_ns = 24 * 3600 * NS_PER_S;
    if (ns % day_ns == 0) {
        snprintf(out, UNITS_TEXT_MAX, "%" PRIu64 "d", ns / day_ns);
        return out;
    }
    return units_format_duration(ns, out);
}

static void put_alert(struct buf *out, enum slo_kind kind, const struct slo_alert_rule *rule,
                      const struct slo_objectives *objectives)
{
    uint32_t objective_ppm = rules_objective_ppm(kind, objectives);
    size_t bound = rules_latency_bound(objectives);
    char window[UNITS_TEXT_MAX];
    buf_puts(out, "      - alert: ");
    rules_alert_name(out, kind, rule);
    buf_puts(out, "\n        expr: >-\n          (");
    put_ratio(out, kind, bound, rules_window(rule->long_ns, window));
    put_threshold(out, rule, objective_ppm);
    buf_puts(out, ")\n          and (");
    put_ratio(out, kind, bound, rules_window(rule->short_ns, window));
    put_threshold(out, rule, objective_ppm);
    buf_printf(out, ")\n        labels:\n          severity: %s\n          slo: %s\n",
               rule->severity, slo_kind_name(kind));
    buf_printf(out,
               "        annotations:\n          summary: The error budget of %s burns %g times as "
               "fast as it may.\n",
               slo_kind_name(kind), (double)rule->burn_permille / 1000);
}

void report_write_rules(struct buf *out, const struct suite *suite)
{
    const struct slo_objectives *objectives = rules_objectives(suite);
    char availability[UNITS_TEXT_MAX];
    char latency[UNITS_TEXT_MAX];
    char within[UNITS_TEXT_MAX];
    char freshness[UNITS_TEXT_MAX];
    buf_printf(out,
               "# Objectives: %s of the requests are answered, %s within %s, %s with a fresh "
               "forecast.\ngroups:\n  - name: tollgate-slo\n    rules:\n",
               units_format_share(objectives->availability_ppm, availability),
               units_format_share(objectives->latency_ppm, latency),
               units_format_duration(objectives->latency_ns, within),
               units_format_share(objectives->freshness_ppm, freshness));
    for (int kind = 0; kind < SLO_COUNT; kind++) {
        if (!rules_has((enum slo_kind)kind, objectives)) {
            buf_printf(out, "      # No alert for %s: the runtime's metrics do not tell of it.\n",
                       slo_kind_name((enum slo_kind)kind));
            continue;
        }
        for (int i = 0; i < SLO_ALERTS; i++) {
            put_alert(out, (enum slo_kind)kind, &slo_alert_rules[i], objectives);
        }
    }
}
