#include "base/buf.h"
#include "harness/verdict_private.h"

static void put_expected(struct buf *out, const struct expect *expect)
{
    for (uint32_t i = 0; i < expect->state_count; i++) {
        if (i > 0) buf_puts(out, " > ");
        buf_puts(out, breaker_state_name((enum breaker_state)expect->states[i]));
    }
}

/* "closed > open (12.300 s, count, 12 of 30) > half_open (42.100 s, cooldown_over)" */
static void put_seen(struct buf *out, const struct run *run)
{
    buf_puts(out, breaker_state_name(BREAKER_CLOSED));
    for (size_t i = 0; i < run->transition_count; i++) {
        const struct breaker_transition *transition = &run->transitions[i];
        buf_printf(out, " > %s (%.3f s, %s", breaker_state_name(transition->to),
                   verdict_seconds(transition->at), breaker_rule_name(transition->rule));
        if (transition->rule == BREAKER_RULE_COUNT || transition->rule == BREAKER_RULE_RATIO) {
            buf_printf(out, ", %u of %u failed", transition->failures, transition->volume);
        }
        buf_putc(out, ')');
    }
}

static bool is_as_expected(const struct run *run, const struct expect *expect)
{
    if (expect->state_count != run->transition_count + 1) return false;
    if (expect->states[0] != BREAKER_CLOSED) return false;
    for (size_t i = 0; i < run->transition_count; i++) {
        if (expect->states[i + 1] != run->transitions[i].to) return false;
    }
    return true;
}

void verdict_breaker(const struct run *run, const struct expect *expect, struct check *check)
{
    struct buf expected, seen;
    buf_init(&expected, BUF_UNBOUNDED);
    buf_init(&seen, BUF_UNBOUNDED);
    put_expected(&expected, expect);
    put_seen(&seen, run);
    check->n = run->transition_count;
    if (!run->permits_known) {
        struct buf text;
        buf_init(&text, BUF_UNBOUNDED);
        buf_printf(&text, "breaker %s", buf_text(&expected));
        verdict_unobservable(check, buf_text(&text), "the service gave no trace of its breaker");
        buf_deinit(&text);
    } else {
        if (!is_as_expected(run, expect)) check->status = CHECK_FAIL;
        check_say(check, "expected breaker %s; seen %s", buf_text(&expected), buf_text(&seen));
    }
    buf_deinit(&expected);
    buf_deinit(&seen);
}
