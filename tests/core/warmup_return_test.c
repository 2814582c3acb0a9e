/* Warmup after the upstream was away, and a random walk over everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/warmup.h"

static const struct warmup_config three = {
    .enabled = true,
    .seed = 1,
    .profiles = 3,
    .health_timeout_ns = 5 * NS_PER_S,
    .forecast_timeout_ns = 120 * NS_PER_S,
    .retry = { .base_ns = 250 * NS_PER_MS, .cap_ns = 10 * NS_PER_S },
    .keepwarm_ns = 180 * NS_PER_S,
    .keepwarm_jitter_permille = 200,
};

static struct warmup_actions give(struct warmup *warmup, enum warmup_event kind, instant_ns now)
{
    return warmup_step(warmup, (struct warmup_input){ .event = kind }, now);
}

static struct warmup_actions done(struct warmup *warmup, enum warmup_result result, instant_ns now)
{
    return warmup_step(warmup, (struct warmup_input){ .event = WARMUP_DONE, .result = result },
                       now);
}

static struct warmup_actions traffic(struct warmup *warmup, uint32_t profile, instant_ns now)
{
    return warmup_step(
        warmup, (struct warmup_input){ .event = WARMUP_TRAFFIC_OK, .profile = profile }, now);
}

static void warm_up(struct warmup *warmup)
{
    warmup_init(warmup, &three, 0);
    give(warmup, WARMUP_TIMER, 0);
    for (int i = 0; i < 4; i++) done(warmup, WARMUP_OK, 0);
    assert_true(warmup->ready);
}

/* Answers every call with `ok` until none is under way or due at `now`; the profiles asked, as
 * bits. */
static unsigned serve(struct warmup *warmup, instant_ns now)
{
    unsigned asked = 0;
    for (int i = 0; i < 10; i++) {
        if (warmup->state == WARMUP_WAITING) give(warmup, WARMUP_TIMER, now);
        if (warmup->state == WARMUP_WAITING) break;
        if (warmup->state == WARMUP_FORECAST) asked |= 1u << warmup->target;
        done(warmup, WARMUP_OK, now);
    }
    return asked;
}

static void breaker_that_closes_again_has_profiles_without_traffic_warmed(void **state)
{
    (void)state;
    struct warmup warmup;
    warm_up(&warmup);
    give(&warmup, WARMUP_BREAKER_OPENED, 20 * NS_PER_S);
    assert_true(warmup.ready);
    assert_int_equal(serve(&warmup, 25 * NS_PER_S), 0); /* a sick upstream is left alone */
    traffic(&warmup, 1, 40 * NS_PER_S);                 /* a probe */
    assert_int_equal(warmup.state, WARMUP_WAITING);
    give(&warmup, WARMUP_BREAKER_CLOSED, 41 * NS_PER_S);
    assert_true(warmup.ready);
    assert_int_equal(serve(&warmup, 41 * NS_PER_S), 1u << 0 | 1u << 2);
}

static void straggler_after_the_breaker_opened_is_no_return(void **state)
{
    (void)state;
    struct warmup warmup;
    warm_up(&warmup);
    give(&warmup, WARMUP_BREAKER_OPENED, 20 * NS_PER_S);
    traffic(&warmup, 0, 21 * NS_PER_S);
    assert_int_equal(serve(&warmup, 21 * NS_PER_S), 0);
}

static void refused_traffic_leads_to_health_checks_and_a_new_warmup_even_while_open(void **state)
{
    (void)state;
    struct warmup warmup;
    warm_up(&warmup);
    instant_ns now = 20 * NS_PER_S;
    give(&warmup, WARMUP_TRAFFIC_REFUSED, now);
    give(&warmup, WARMUP_BREAKER_OPENED, now);
    for (int i = 0; i < 5; i++) {
        now = warmup_wakeup(&warmup);
        give(&warmup, WARMUP_TIMER, now);
        assert_int_equal(warmup.state, WARMUP_HEALTH);
        done(&warmup, WARMUP_UNREACHABLE, now);
    }
    assert_true(warmup.ready);
    now = warmup_wakeup(&warmup);
    assert_int_equal(serve(&warmup, now), 7);
    assert_true(warmup.profiles[0].warm && warmup.profiles[1].warm && warmup.profiles[2].warm);

    give(&warmup, WARMUP_TRAFFIC_REFUSED, now + NS_PER_S); /* a new story: short waits again */
    now = warmup_wakeup(&warmup);
    give(&warmup, WARMUP_TIMER, now);
    done(&warmup, WARMUP_UNREACHABLE, now);
    assert_true(warmup_wakeup(&warmup) - now < three.retry.base_ns);
}

static void refusals_amid_traffic_cause_one_warmup_per_longest_wait_and_no_more(void **state)
{
    (void)state;
    struct warmup warmup;
    warm_up(&warmup);
    unsigned forecasts = 0;
    const instant_ns end = 60 * NS_PER_S;
    for (instant_ns now = 0; now < end; now += 10 * NS_PER_MS) {
        if (warmup.state == WARMUP_HEALTH) done(&warmup, WARMUP_OK, now);
        if (warmup.state == WARMUP_FORECAST) {
            forecasts++;
            done(&warmup, WARMUP_OK, now);
        }
        give(&warmup, WARMUP_TRAFFIC_REFUSED, now);
        traffic(&warmup, 0, now + NS_PER_MS);
    }
    assert_in_range(forecasts, 2 * 4, 2 * 6); /* profiles 1 and 2, each at most every 10 s */
}

static void cut_off_keepwarm_has_every_profile_warmed_when_the_upstream_is_back(void **state)
{
    (void)state;
    struct warmup warmup;
    warm_up(&warmup);
    instant_ns now = warmup_wakeup(&warmup);
    give(&warmup, WARMUP_TIMER, now);
    assert_int_equal(warmup.state, WARMUP_FORECAST);
    done(&warmup, WARMUP_UNREACHABLE, now);
    assert_true(warmup.ready);
    now += 20 * NS_PER_S; /* health, and every backoff is over */
    assert_int_equal(serve(&warmup, now), 7);
}

/* Whatever happens, in whatever order. */

struct walk {
    struct warmup_config config;
    struct warmup warmup;
    instant_ns now;
    unsigned live; /* calls under way as the actions say */
    unsigned ready_told;
    bool paused_once; /* ready without being told */
    uint64_t last_number;
    instant_ns succeeded[WARMUP_PROFILES_MAX]; /* of synthetic forecasts; 0: never */
    uint32_t target;
};

static void obey(struct walk *walk, const struct warmup_actions *actions)
{
    for (uint32_t i = 0; i < actions->count; i++) {
        const struct warmup_action *action = &actions->items[i];
        switch (action->kind) {
        case WARMUP_CANCEL:
            assert_int_equal(walk->live, 1);
            walk->live = 0;
            break;
        case WARMUP_READY: walk->ready_told++; break;
        case WARMUP_CALL_FORECAST:
            assert_true(action->profile < walk->config.profiles);
            instant_ns before = walk->succeeded[action->profile];
            uint64_t rest_ns = u64_min(walk->config.retry.cap_ns,
                                       walk->config.keepwarm_ns == 0
                                           ? UINT64_MAX
                                           : walk->config.keepwarm_ns / 10 * 8);
            assert_true(before == 0 || walk->now - before >= rest_ns);
            walk->target = action->profile;
            assert_int_equal(walk->live, 0);
            walk->live = 1;
            assert_int_equal(action->number, walk->last_number + 1);
            walk->last_number++;
            break;
        case WARMUP_CALL_HEALTH:
            assert_int_equal(walk->live, 0);
            walk->live = 1;
            assert_int_equal(action->number, walk->last_number + 1);
            walk->last_number++;
            break;
        }
    }
    assert_int_equal(walk->live, walk->warmup.state != WARMUP_WAITING);
    assert_true(walk->ready_told <= 1);
    assert_int_equal(walk->ready_told == 1 || walk->paused_once, walk->warmup.ready);
    for (uint32_t i = 0; i < walk->config.profiles; i++) {
        assert_true(walk->warmup.profiles[i].proven || !walk->warmup.profiles[i].warm);
        assert_true(walk->warmup.profiles[i].proven || walk->ready_told == 0);
    }
}

static struct warmup_input any_input(struct walk *walk, struct rng *rng)
{
    struct warmup_input input = { .event = (enum warmup_event)rng_below(rng, 8) };
    if (input.event == WARMUP_PAUSED && rng_below(rng, 500) != 0) input.event = WARMUP_TIMER;
    if (input.event == WARMUP_DONE && walk->live == 0) input.event = WARMUP_TIMER;
    if (input.event == WARMUP_DONE) input.result = (enum warmup_result)rng_below(rng, 3);
    if (input.event == WARMUP_TRAFFIC_OK) {
        uint32_t profile = (uint32_t)rng_below(rng, walk->config.profiles + 1);
        input.profile = profile == walk->config.profiles ? WARMUP_NO_PROFILE : profile;
    }
    return input;
}

static void walk_once(uint64_t seed)
{
    struct rng rng;
    rng_init(&rng, seed, "walk");
    struct walk walk = { .config = three, .now = NS_PER_S };
    walk.config.seed = seed;
    walk.config.profiles = 1 + (uint32_t)rng_below(&rng, WARMUP_PROFILES_MAX);
    if (rng_below(&rng, 3) == 0) walk.config.keepwarm_ns = 0;
    warmup_init(&walk.warmup, &walk.config, walk.now);
    for (int i = 0; i < 2000; i++) {
        instant_ns due = warmup_wakeup(&walk.warmup);
        if (due != INSTANT_NEVER && due > walk.now && rng_below(&rng, 2) == 0) {
            walk.now = due;
        } else {
            walk.now += rng_below(&rng, NS_PER_S);
        }
        struct warmup_input input = any_input(&walk, &rng);
        bool forecast = walk.warmup.state == WARMUP_FORECAST;
        if (input.event == WARMUP_DONE) {
            walk.live = 0;
            if (forecast && input.result == WARMUP_OK) walk.succeeded[walk.target] = walk.now;
        }
        if (input.event == WARMUP_PAUSED) walk.paused_once = true;
        bool resting = walk.warmup.paused && input.event != WARMUP_RESUMED;
        struct warmup_actions actions = warmup_step(&walk.warmup, input, walk.now);
        uint64_t calls = walk.last_number;
        obey(&walk, &actions);
        assert_true(!resting || walk.last_number == calls);
        assert_true(warmup_wakeup(&walk.warmup) > walk.now);
    }
    /* A well upstream makes it ready, whatever was before. */
    give(&walk.warmup, WARMUP_RESUMED, walk.now);
    for (int i = 0; i < 200 && !walk.warmup.ready; i++) {
        instant_ns due = warmup_wakeup(&walk.warmup);
        if (due > walk.now) walk.now = due;
        give(&walk.warmup, WARMUP_TIMER, walk.now);
        if (walk.warmup.state != WARMUP_WAITING) done(&walk.warmup, WARMUP_OK, walk.now);
    }
    assert_true(walk.warmup.ready);
}

static void random_walks_keep_the_rules(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) walk_once(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breaker_that_closes_again_has_profiles_without_traffic_warmed),
        cmocka_unit_test(straggler_after_the_breaker_opened_is_no_return),
        cmocka_unit_test(refused_traffic_leads_to_health_checks_and_a_new_warmup_even_while_open),
        cmocka_unit_test(refusals_amid_traffic_cause_one_warmup_per_longest_wait_and_no_more),
        cmocka_unit_test(cut_off_keepwarm_has_every_profile_warmed_when_the_upstream_is_back),
        cmocka_unit_test(random_walks_keep_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
