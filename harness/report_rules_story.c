#include <inttypes.h>
#include <string.h>

#include "base/fixed.h"
#include "harness/report_rules.h"
#include "harness/report_rules_private.h"
#include "harness/report_text.h"

/* Counters are multiplied, so that healthy traffic of any rate has whole numbers; and begin high,
 * so that Prometheus does not take their start for their zero. */
enum { SCALE = 1000, COUNTER_START = 1000000000, HOURS_BEFORE = 6, MINUTES_AFTER = 75 };

enum series {
    SERIES_SUCCESS,
    SERIES_ERROR,
    SERIES_WITHIN,
    SERIES_ANSWERED,
    SERIES_FRESH,
    SERIES_ROUTED,
    SERIES_COUNT,
};

struct story {
    const struct run *run;
    struct samples samples;
    uint64_t step_ns;
    size_t before, after; /* steps of healthy traffic */
    uint64_t healthy;     /* scaled requests per step of it */
    size_t bound;         /* of the latency objective */
};

static void story_open(struct story *story, const struct run *run, size_t bound)
{
    const uint64_t hour_ns = 3600 * NS_PER_S;
    *story = (struct story){ .run = run, .bound = bound };
    story->step_ns = (run->scenario->duration_ns <= hour_ns ? 15 : 60) * NS_PER_S;
    story->before = (size_t)(HOURS_BEFORE * hour_ns / story->step_ns);
    story->after = (size_t)(MINUTES_AFTER * 60 * NS_PER_S / story->step_ns);
    double per_step =
        (double)run->schedule->count * (double)story->step_ns / (double)run->scenario->duration_ns;
    story->healthy = (uint64_t)(per_step * SCALE + 0.5);
    samples_make(&story->samples, run, story->step_ns);
}

/* Of the scenario alone, unscaled, at its own step. */
static uint64_t of_scenario(const struct story *story, enum series series, size_t step)
{
    const struct sample *sample = &story->samples.items[step];
    switch (series) {
    case SERIES_SUCCESS: return sample->succeeded;
    case SERIES_ERROR: return sample->failed;
    case SERIES_WITHIN: return sample->within[story->bound];
    case SERIES_ANSWERED: return sample->answered;
    case SERIES_FRESH: return sample->fresh;
    case SERIES_ROUTED: return sample->routed;
    case SERIES_COUNT: break;
    }
    return 0;
}

static uint64_t healthy_of(const struct story *story, enum series series)
{
    return series == SERIES_ERROR ? 0 : story->healthy;
}

/* The counter `step` steps after the first sample, without COUNTER_START. */
static uint64_t counter_at(const struct story *story, enum series series, size_t step)
{
    uint64_t healthy = healthy_of(story, series);
    size_t last = story->samples.count - 1;
    if (step <= story->before) return step * healthy;
    uint64_t value = story->before * healthy;
    size_t inside = step - story->before;
    value += SCALE * of_scenario(story, series, inside < last ? inside : last);
    return inside <= last ? value : value + (inside - last) * healthy;
}

static void put_series(struct buf *out, const struct story *story, enum series series)
{
    char le[24];
    static const char *const names[] = {
        [SERIES_SUCCESS] = "tsfm_request_total{status=\"success\"}",
        [SERIES_ERROR] = "tsfm_request_total{status=\"error\"}",
        [SERIES_ANSWERED] = "tsfm_request_latency_seconds_count",
        [SERIES_FRESH] = "tsfm_served_total{served=\"upstream\"}",
        [SERIES_ROUTED] = "tsfm_route_selected_total{route=\"model\"}",
    };
    buf_puts(out, "      - series: '");
    if (series == SERIES_WITHIN) {
        buf_printf(out, "tsfm_request_latency_seconds_bucket{le=\"%s\"}",
                   rules_bound_text(story->bound, le));
    } else {
        buf_puts(out, names[series]);
    }
    uint64_t healthy = healthy_of(story, series);
    buf_printf(out, "'\n        values: '%d+%" PRIu64 "x%zu", COUNTER_START, healthy,
               story->before);
    for (size_t i = 1; i < story->samples.count; i++) {
        buf_printf(out, " %" PRIu64, COUNTER_START + counter_at(story, series, story->before + i));
    }
    size_t end = story->before + story->samples.count - 1;
    buf_printf(out, " %" PRIu64 "+%" PRIu64 "x%zu'\n",
               COUNTER_START + counter_at(story, series, end + 1), healthy, story->after);
}

static uint64_t increase(const struct story *story, enum series series, size_t from, size_t to)
{
    return counter_at(story, series, to) - counter_at(story, series, from);
}

/* Burn over a window that ends at `step`, its first sample inside (`edge` 0) or not (1). */
static double burn(const struct story *story, enum slo_kind kind, size_t step, uint64_t window_ns,
                   size_t edge)
{
    static const struct {
        enum series all, good;
    } series[] = {
        [SLO_AVAILABILITY] = { SERIES_SUCCESS, SERIES_SUCCESS }, /* and the errors, below */
        [SLO_LATENCY] = { SERIES_ANSWERED, SERIES_WITHIN },
        [SLO_FRESHNESS] = { SERIES_ROUTED, SERIES_FRESH },
    };
    size_t width = (size_t)(window_ns / story->step_ns);
    size_t from = step > width ? step - width + edge : 0;
    uint64_t all = increase(story, series[kind].all, from, step);
    uint64_t good = increase(story, series[kind].good, from, step);
    if (kind == SLO_AVAILABILITY) all += increase(story, SERIES_ERROR, from, step);
    uint32_t ppm = rules_objective_ppm(kind, &story->run->scenario->objectives);
    if (all == 0) return 0;
    return ((double)all - (double)good) / (double)all / ((double)(1000000 - ppm) / 1000000);
}

enum answer { ANSWER_SILENT, ANSWER_FIRES, ANSWER_UNSURE };

static enum answer alert_at(const struct story *story, enum slo_kind kind,
                            const struct slo_alert_rule *rule, size_t step)
{
    const double threshold = (double)rule->burn_permille / 1000;
    int fires = 0;
    int silent = 0;
    for (size_t edge = 0; edge <= 1; edge++) {
        double longer = burn(story, kind, step, rule->long_ns, edge);
        double shorter = burn(story, kind, step, rule->short_ns, edge);
        double lower = longer < shorter ? longer : shorter;
        fires += lower >= threshold * 1.02;
        silent += lower <= threshold / 1.02;
    }
    if (fires == 2) return ANSWER_FIRES;
    return silent == 2 ? ANSWER_SILENT : ANSWER_UNSURE;
}

static void put_expectation(struct buf *out, const struct story *story, enum slo_kind kind,
                            const struct slo_alert_rule *rule, size_t minute)
{
    const uint64_t minute_ns = 60 * NS_PER_S;
    size_t step = (size_t)(minute * minute_ns / story->step_ns);
    enum answer answer = alert_at(story, kind, rule, step);
    if (answer == ANSWER_UNSURE) return;
    buf_printf(out, "      - eval_time: %zum\n        alertname: ", minute);
    rules_alert_name(out, kind, rule);
    if (answer == ANSWER_SILENT) {
        buf_puts(out, "\n        exp_alerts: []\n");
        return;
    }
    buf_printf(out,
               "\n        exp_alerts:\n          - exp_labels: { severity: %s, slo: %s }\n"
               "            exp_annotations:\n              summary: The error budget of %s burns "
               "%g times as fast as it may.\n",
               rule->severity, slo_kind_name(kind), slo_kind_name(kind),
               (double)rule->burn_permille / 1000);
}

/* Before it, each minute of it (of a long one, 30 of them), and until the short windows are over.
 */
static void put_expectations(struct buf *out, const struct story *story, enum slo_kind kind,
                             const struct slo_alert_rule *rule)
{
    enum { MINUTES_BEFORE = HOURS_BEFORE * 60, MINUTES_WISHED = 30, TAIL = 8 };
    size_t minutes = (size_t)(story->run->scenario->duration_ns / (60 * NS_PER_S)) + TAIL;
    size_t stride = minutes / MINUTES_WISHED + 1;
    for (size_t minute = 0; minute <= minutes; minute += stride) {
        put_expectation(out, story, kind, rule, MINUTES_BEFORE + minute);
    }
    put_expectation(out, story, kind, rule, MINUTES_BEFORE + minutes + MINUTES_AFTER - TAIL - 1);
}

static void put_story(struct buf *out, const struct suite_scenario *item, const struct run *run,
                      size_t bound)
{
    struct story story;
    story_open(&story, run, bound < SAMPLES_BOUNDS ? bound : 0);
    buf_puts(out, "  - name: \"");
    report_text_label(out, item->scenario.name);
    buf_printf(out, " (%s)\"\n    interval: %" PRIu64 "s\n    input_series:\n",
               world_name(run->world), story.step_ns / NS_PER_S);
    for (int series = SERIES_SUCCESS; series < SERIES_COUNT; series++) {
        put_series(out, &story, (enum series)series);
    }
    buf_puts(out, "    alert_rule_test:\n");
    for (int i = 0; i < SLO_ALERTS; i++) {
        const struct slo_alert_rule *rule = &slo_alert_rules[i];
        if (rule->long_ns > HOURS_BEFORE * UINT64_C(3600) * NS_PER_S) continue;
        for (int kind = 0; kind < SLO_COUNT; kind++) {
            if (!rules_has((enum slo_kind)kind, &run->scenario->objectives)) continue;
            put_expectations(out, &story, (enum slo_kind)kind, rule);
        }
    }
    samples_deinit(&story.samples);
}

void report_write_rules_test(struct buf *out, const struct suite *suite)
{
    const struct slo_objectives *objectives = rules_objectives(suite);
    buf_puts(out, "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n");
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        const struct slo_objectives *own = &item->scenario.objectives;
        bool same = own->availability_ppm == objectives->availability_ppm &&
                    own->latency_ppm == objectives->latency_ppm &&
                    own->latency_ns == objectives->latency_ns &&
                    own->freshness_ppm == objectives->freshness_ppm &&
                    own->freshness_age_ns == objectives->freshness_age_ns;
        const struct suite_world *world = item->real.present ? &item->real : &item->sim;
        if (!world->present || world->run.invalid || !same) continue;
        put_story(out, item, &world->run, rules_latency_bound(objectives));
    }
}
