#include "breaker_fixture.h"

const struct breaker_config example = {
    .failures_to_open = 3,
    .window_ns = 30 * NS_PER_S,
    .min_volume = 1,
    .cooldown_ns = 15 * NS_PER_S,
    .half_open_probes = 2,
    .probe_deadline_ns = 2 * NS_PER_S,
};

struct breaker_transition last;

bool advance(struct breaker *breaker, instant_ns now)
{
    return breaker_advance(breaker, now, &last);
}

struct breaker_permit admit(struct breaker *breaker, instant_ns now)
{
    struct breaker_permit permit;
    assert_true(breaker_would_admit(breaker));
    assert_true(breaker_admit(breaker, now, &permit));
    return permit;
}

bool attempt(struct breaker *breaker, enum outcome outcome, instant_ns now)
{
    return breaker_record(breaker, admit(breaker, now), outcome, now, &last);
}

void open_at(struct breaker *breaker, instant_ns now)
{
    for (uint32_t i = 0; i < example.failures_to_open; i++) {
        attempt(breaker, OUTCOME_HTTP_503, now);
    }
    assert_int_equal(breaker_state(breaker), BREAKER_OPEN);
}

void half_open_at(struct breaker *breaker, instant_ns now)
{
    open_at(breaker, now - example.cooldown_ns);
    assert_true(advance(breaker, now));
    assert_int_equal(breaker_state(breaker), BREAKER_HALF_OPEN);
}
