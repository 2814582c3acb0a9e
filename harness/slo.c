#include "harness/slo.h"

#include <assert.h>
#include <inttypes.h>

#include "base/buf.h"
#include "base/units.h"
#include "harness/slo_timeline.h"

enum { PPM = 1000000 };

#define MINUTES(count) ((count) * UINT64_C(60) * NS_PER_S)
#define HOURS(count) (MINUTES(60) * (count))

const struct slo_alert_rule slo_alert_rules[SLO_ALERTS] = {
    { "page", 14400, HOURS(1), MINUTES(5) },
    { "page", 6000, HOURS(6), MINUTES(30) },
    { "ticket", 1000, HOURS(72), HOURS(6) },
};

const char *slo_kind_name(enum slo_kind kind)
{
    static const char *const names[] = { "availability", "latency", "freshness" };
    assert((unsigned)kind < SLO_COUNT);
    return names[kind];
}

/* What the service rightly refused says nothing about it, nor does a client that hung up. */
static bool is_left_out(const struct run_answer *answer)
{
    if (answer->hung_up) return true;
    return answer->answered && answer->http_status >= 400 && answer->http_status < 500;
}

static enum slo_event event_of(bool good)
{
    return good ? SLO_EVENT_GOOD : SLO_EVENT_BAD;
}

static enum slo_event judge_availability(const struct run *run, const struct run_answer *answer)
{
    (void)run;
    if (is_left_out(answer)) return SLO_EVENT_NONE;
    return event_of(answer->answered && answer->http_status < 500);
}

static enum slo_event judge_latency(const struct run *run, const struct run_answer *answer)
{
    const uint64_t limit_ns = run->scenario->objectives.latency_ns;
    if (run_outwaited(answer, limit_ns)) return SLO_EVENT_BAD;
    if (is_left_out(answer)) return SLO_EVENT_NONE;
    return event_of(run_latency_ns(answer) <= limit_ns);
}

static enum slo_event judge_freshness(const struct run *run, const struct run_answer *answer)
{
    uint64_t oldest_ns = run->scenario->objectives.freshness_age_ns;
    bool by_nature = answer->cause == CODE_INPUT_INSUFFICIENT_HISTORY ||
                     answer->cause == CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
    if (is_left_out(answer) || by_nature) return SLO_EVENT_NONE;
    if (!answer->answered) return SLO_EVENT_BAD;
    if (answer->served == SERVED_UPSTREAM) return SLO_EVENT_GOOD;
    if (answer->served == SERVED_CACHE) {
        return event_of(oldest_ns == INSTANT_NEVER || answer->age_ns <= oldest_ns);
    }
    return event_of(answer->served == SERVED_STALE && oldest_ns != INSTANT_NEVER &&
                    answer->age_ns <= oldest_ns);
}

/* Whether both windows before second `t` burn too fast; `peak` rises to the long one's burn. */
static bool burns(const struct slo_timeline *timeline, const struct slo_alert_rule *rule,
                  double allowed, uint64_t t, uint64_t *peak_permille)
{
    double over_long = slo_timeline_share(timeline, t, rule->long_ns / NS_PER_S) / allowed;
    double over_short = slo_timeline_share(timeline, t, rule->short_ns / NS_PER_S) / allowed;
    double limit = rule->burn_permille / 1000.0;
    *peak_permille = u64_max(*peak_permille, (uint64_t)(over_long * 1000));
    return over_long >= limit && over_short >= limit;
}

/* The traffic behind the scenario is healthy, so every alert ends within its short window. */
static void find_alert(const struct slo_timeline *timeline, const struct slo_alert_rule *rule,
                       double allowed, struct slo_alert *out)
{
    uint64_t last = timeline->seconds + rule->long_ns / NS_PER_S;
    *out = (struct slo_alert){ .fired = false };
    for (uint64_t t = 1; t <= timeline->seconds; t++) {
        bool burning = burns(timeline, rule, allowed, t, &out->peak_permille);
        if (!burning || out->fired) continue;
        out->fired = true;
        out->at_ns = t * NS_PER_S;
    }
    if (!out->fired) return;
    uint64_t ignored = 0;
    uint64_t t = out->at_ns / NS_PER_S;
    while (t < last && burns(timeline, rule, allowed, t, &ignored)) t++;
    out->resolved_ns = t * NS_PER_S;
}

static void measure(const struct run *run, enum slo_kind kind, struct slo_indicator *out)
{
    static slo_judge *const judges[] = { judge_availability, judge_latency, judge_freshness };
    const struct slo_objectives *objectives = &run->scenario->objectives;
    const uint32_t ppm[] = { objectives->availability_ppm, objectives->latency_ppm,
                             objectives->freshness_ppm };
    struct slo_timeline timeline;
    slo_timeline_init(&timeline, run, judges[kind]);
    double allowed = (double)(PPM - ppm[kind]) / PPM;
    double healthy_s = (double)SLO_MONTH_NS / NS_PER_S - timeline.length_s;
    *out = (struct slo_indicator){
        .kind = kind,
        .objective_ppm = ppm[kind],
        .n = timeline.n[timeline.seconds],
        .bad = timeline.bad[timeline.seconds],
        .good_ppm = PPM,
    };
    out->month_n = out->n + (uint64_t)(healthy_s * timeline.rate_per_s + 0.5);
    out->budget = (uint64_t)((double)out->month_n * allowed + 1e-6);
    out->spent_ppm = out->bad * PPM / u64_max(out->budget, 1);
    if (out->n > 0) out->good_ppm = (uint32_t)((out->n - out->bad) * PPM / out->n);
    for (size_t i = 0; i < SLO_ALERTS; i++) {
        find_alert(&timeline, &slo_alert_rules[i], allowed, &out->alerts[i]);
    }
    slo_timeline_deinit(&timeline);
}

void slo_report_make(const struct run *run, struct slo_report *out)
{
    *out = (struct slo_report){ .known = false };
    if (run->invalid || !run->complete || run->schedule->count == 0) return;
    out->known = true;
    out->objectives = run->scenario->objectives;
    out->rate_micro_per_s = (uint64_t)((double)run->schedule->count * 1e6 * NS_PER_S /
                                       (double)run->scenario->duration_ns);
    for (size_t i = 0; i < SLO_COUNT; i++) measure(run, (enum slo_kind)i, &out->indicators[i]);
}

void slo_sentence_write(const struct slo_indicator *indicator, struct buf *out)
{
    char long_text[UNITS_TEXT_MAX], short_text[UNITS_TEXT_MAX];
    bool any = false;
    for (size_t i = 0; i < SLO_ALERTS; i++) {
        const struct slo_alert *alert = &indicator->alerts[i];
        const struct slo_alert_rule *rule = &slo_alert_rules[i];
        if (!alert->fired) continue;
        buf_printf(out, "%s a %s after %" PRIu64 " s (burn %g over %s and %s), ",
                   any ? "and" : "would have sent", rule->severity, alert->at_ns / NS_PER_S,
                   rule->burn_permille / 1000.0, units_format_duration(rule->long_ns, long_text),
                   units_format_duration(rule->short_ns, short_text));
        any = true;
    }
    if (!any) buf_puts(out, "would have alerted nobody, ");
    buf_printf(out, "%.1f %% of the month's error budget", (double)indicator->spent_ppm / 1e4);
}
