#include "runtime/metrics_parts.h"

static void write_transitions(struct buf *out, const struct metrics *metrics)
{
    metrics_text_head(out, "tsfm_breaker_transitions_total", "counter",
                      "Moves of the circuit breaker.");
    for (unsigned from = 0; from < METRICS_BREAKER_STATES; from++) {
        for (unsigned to = 0; to < METRICS_BREAKER_STATES; to++) {
            if (from == to) continue;
            buf_printf(out, "tsfm_breaker_transitions_total{from=\"%s\",to=\"%s\"} ",
                       breaker_state_name((enum breaker_state)from),
                       breaker_state_name((enum breaker_state)to));
            buf_put_u64(out, metrics->transitions[from][to]);
            buf_putc(out, '\n');
        }
    }
    metrics_text_head(out, "tsfm_breaker_rule_total", "counter",
                      "The same moves by the rule that fired.");
    for (unsigned i = 0; i < METRICS_BREAKER_RULES; i++) {
        metrics_text_labelled(out, "tsfm_breaker_rule_total", "rule",
                              breaker_rule_name((enum breaker_rule)i), metrics->rules[i]);
    }
}

void metrics_write_breaker(struct buf *out, const struct metrics *metrics,
                           const struct metrics_gauges *gauges)
{
    metrics_write_breaker_states(out, gauges);
    write_transitions(out, metrics);
    metrics_text_single(out, "tsfm_breaker_open_total", "counter",
                        "Answers given while the circuit breaker was open.",
                        metrics->breaker_open);
    metrics_text_single(out, "tsfm_breaker_skipped_total", "counter",
                        "Times that the breaker kept a request from the model server.",
                        metrics->steps[PATH_BREAKER_OPEN] +
                            metrics->steps[PATH_BREAKER_PROBES_OUT]);
    metrics_text_single(out, "tsfm_breaker_late_results_total", "counter",
                        "Attempt results that came after the breaker had moved on.",
                        gauges->engine.late_results);
}
