/* More callers than the upstream can take: the surplus gets stale answers and baselines at once,
 * while the few attempts that are under way still hang. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "rig.h"

enum { POINTS = 40, CALLERS = 60, PLACES = 2 };

static void market_of(int caller, char out[16])
{
    snprintf(out, 16, "m%d", caller);
}

static void post_all(struct rig *rig, int sockets[CALLERS])
{
    for (int i = 0; i < CALLERS; i++) {
        char market[16];
        market_of(i, market);
        char *body = rig_body(market, POINTS);
        sockets[i] = rig_post(rig_port(rig), NULL, body, strlen(body));
        mem_free(body);
        /* In this order: the first ones get the places. */
        for (int turn = 0; turn < 4; turn++) rig_turn(rig, -1);
    }
}

/* The attempts never end by themselves (the limits of the rig are long): whoever is answered before
 * they are let go was not kept waiting for them. */
static void overload(const char *stale_s, const char *runtime, const char *code)
{
    struct rig rig;
    int sockets[CALLERS];
    rig_start(&rig, SETS("retry_count=0", "max_connections=2", "max_keepalive_connections=2",
                         "pool_queue_max=3", "pool_timeout_s=0.2", "cache_ttl_s=0.001", stale_s));
    PLAY(&rig, { .move = RIG_FORECAST });
    for (int i = 0; i < CALLERS; i++) {
        char market[16];
        market_of(i, market);
        struct rig_answer answer = rig_ask_for(&rig, market, POINTS);
        rig_assert_meta(&answer, "runtime", "tollama");
        rig_answer_free(&answer);
    }
    PLAY(&rig, { .move = RIG_HANG });
    post_all(&rig, sockets);
    for (int i = PLACES; i < CALLERS; i++) {
        struct rig_answer answer = rig_receive(&rig, sockets[i]);
        assert_int_equal(answer.status, 200);
        rig_assert_meta(&answer, "runtime", runtime);
        rig_assert_meta(&answer, "code", code);
        rig_assert_meta(&answer, "cause", "RUNTIME_OVERLOADED");
        rig_answer_free(&answer);
    }
    assert_int_equal(rig.hung_count, PLACES);
    assert_true(rig_metric(&rig, "tsfm_pool_in_use") > PLACES - 0.5);
    rig_answer_hung(&rig);
    for (int i = 0; i < PLACES; i++) {
        struct rig_answer answer = rig_receive(&rig, sockets[i]);
        rig_assert_meta(&answer, "runtime", "tollama");
        assert_false(rig_flag(&answer, "fallback_used"));
        rig_answer_free(&answer);
    }
    rig_stop(&rig);
}

static void surplus_gets_stale_answers_at_once(void **state)
{
    (void)state;
    overload("cache_stale_if_error_s=3600", "tollama", "CACHE_STALE_SERVED");
}

static void surplus_gets_baselines_when_nothing_is_kept(void **state)
{
    (void)state;
    overload("cache_stale_if_error_s=0", "baseline", "BASELINE_FALLBACK");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surplus_gets_stale_answers_at_once),
        cmocka_unit_test(surplus_gets_baselines_when_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
