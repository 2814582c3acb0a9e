#include "harness/verdict_breaker.h"

#include "base/buf.h"
#include "harness/verdict_private.h"

/* Nothing is outside: the parser allows no such window here. */
static uint64_t window_begins_ns(const struct run *run, const struct expect *expect)
{
    if (expect->window == WINDOW_ALL) return 0;
    const struct scenario_window phase = scenario_window_at(run->scenario, expect->phase);
    return expect->window == WINDOW_IN ? phase.from_ns : phase.to_ns;
}

struct breaker_span breaker_span_of(const struct run *run, const struct expect *expect)
{
    struct breaker_span span = { .begins = BREAKER_CLOSED };
    const uint64_t begins_ns = window_begins_ns(run, expect);
    for (size_t i = 0; i < run->transition_count; i++) {
        const struct breaker_transition *transition = &run->transitions[i];
        if (transition->at < begins_ns) {
            span.begins = transition->to;
            span.first = i + 1;
        } else if (expect_covers(expect, run->scenario, transition->at)) {
            span.count++;
        }
    }
    return span;
}

static void put_expected(struct buf *out, const struct expect *expect)
{
    for (uint32_t i = 0; i < expect->state_count; i++) {
        if (i > 0) buf_puts(out, " > ");
        buf_puts(out, breaker_state_name((enum breaker_state)expect->states[i]));
    }
}

/* "closed > open (12.300 s, count, 12 of 30) > half_open (42.100 s, cooldown_over)" */
static void put_seen(struct buf *out, const struct run *run, const struct breaker_span *span)
{
    buf_puts(out, breaker_state_name(span->begins));
    for (size_t i = 0; i < span->count; i++) {
        const struct breaker_transition *transition = &run->transitions[span->first + i];
        buf_printf(out, " > %s (%.3f s, %s", breaker_state_name(transition->to),
                   verdict_seconds(transition->at), breaker_rule_name(transition->rule));
        if (transition->rule == BREAKER_RULE_COUNT || transition->rule == BREAKER_RULE_RATIO) {
            buf_printf(out, ", %u of %u failed", transition->failures, transition->volume);
        }
        buf_putc(out, ')');
    }
}

static bool is_as_expected(const struct run *run, const struct expect *expect,
                           const struct breaker_span *span)
{
    if (expect->state_count != span->count + 1) return false;
    if (expect->states[0] != span->begins) return false;
    for (size_t i = 0; i < span->count; i++) {
        if (expect->states[i + 1] != run->transitions[span->first + i].to) return false;
    }
    return true;
}

void verdict_breaker(const struct run *run, const struct expect *expect, struct check *check)
{
    const struct breaker_span span = breaker_span_of(run, expect);
    struct buf expected, seen;
    buf_init(&expected, BUF_UNBOUNDED);
    buf_init(&seen, BUF_UNBOUNDED);
    char window[VERDICT_WINDOW_MAX];
    put_expected(&expected, expect);
    buf_puts(&expected, verdict_window_text(expect, run->scenario, window));
    put_seen(&seen, run, &span);
    check->n = span.count;
    if (!run->permits_known) {
        struct buf text;
        buf_init(&text, BUF_UNBOUNDED);
        buf_printf(&text, "breaker %s", buf_text(&expected));
        verdict_unobservable(check, buf_text(&text), "the service gave no trace of its breaker");
        buf_deinit(&text);
    } else {
        if (!is_as_expected(run, expect, &span)) check->status = CHECK_FAIL;
        check_say(check, "expected breaker %s; seen %s", buf_text(&expected), buf_text(&seen));
    }
    buf_deinit(&expected);
    buf_deinit(&seen);
}
