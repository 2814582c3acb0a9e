/* Negative cache: a request that the upstream refused for good is not sent again for a while. */

#include "engine_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture.config.negative_ttl_ns = 10 * SEC;
    fixture.config.negative_entries_max = 2;
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static const char *refused(struct fixture *f, uint32_t call, uint16_t status)
{
    return step(f, (struct engine_input){ .kind = ENGINE_ATTEMPT_DONE,
                                          .call = call,
                                          .outcome = OUTCOME_HTTP_4XX,
                                          .http_status = status });
}

/* A whole call that the upstream refuses. */
static void refuse_one(struct fixture *f, uint8_t key, uint16_t status)
{
    assert_text(request(f, 0, key), "start 0.0");
    assert_text(refused(f, 0, status), "baseline 0");
    baseline_done(f, 0, true);
}

static void a_request_refused_for_good_is_not_sent_again_while_that_is_new(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    refuse_one(f, 1, 422);
    f->now += 10 * SEC - 1;
    assert_text(request(f, 0, 1), "baseline 0");
    assert_text(baseline_done(f, 0, true), "answer 0 baseline BASELINE_FALLBACK INPUT_INVALID");
    assert_text(path(f, 0), "l1:miss negative:hit stale:miss baseline:ok");
    assert_int_equal(record(f, 0)->attempt_count, 0);
    f->now += 1;
    assert_text(request(f, 0, 1), "start 0.0");
}

static void other_requests_are_not_concerned(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    refuse_one(f, 1, 400);
    assert_text(request(f, 0, 2), "start 0.0");
}

static void refusals_of_place_rights_and_moment_are_not_remembered(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    const uint16_t statuses[] = { 401, 402, 403, 404, 405, 408, 409, 410, 421, 423, 425, 426, 431 };
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        refuse_one(f, 1, statuses[i]);
        assert_int_equal(stats(f).negative_entries, 0);
    }
}

static void an_answer_that_broke_off_is_no_refusal(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    step(f, (struct engine_input){ .kind = ENGINE_ATTEMPT_DONE,
                                   .call = 0,
                                   .outcome = OUTCOME_TOO_LARGE,
                                   .http_status = 400 });
    assert_int_equal(stats(f).negative_entries, 0);
}

static void a_429_is_a_matter_of_the_moment(void **state)
{
    struct fixture *f = *state;
    f->config.retry_count = 0;
    fixture_start(f);
    fail_one(f, 0, 1, OUTCOME_HTTP_429);
    assert_text(request(f, 0, 1), "start 0.0");
}

static void a_stale_answer_is_served_as_usual(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    fill(f, 0, 1);
    f->now += 70 * SEC;
    request(f, 0, 1);
    refused(f, 0, 413);
    assert_text(request(f, 0, 1), "answer 0 stale CACHE_STALE_SERVED INPUT_INVALID");
    assert_text(path(f, 0), "l1:stale negative:hit stale:hit");
}

static void no_more_are_remembered_than_configured(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    for (uint8_t key = 1; key <= 3; key++) {
        refuse_one(f, key, 400);
        assert_true(stats(f).negative_entries <= 2);
    }
    assert_text(request(f, 0, 3), "baseline 0");
    assert_text(request(f, 1, 1), "start 1.0"); /* the oldest was forgotten */
}

static void without_a_time_or_entries_nothing_is_remembered(void **state)
{
    struct fixture *f = *state;
    f->config.negative_ttl_ns = 0;
    fixture_start(f);
    refuse_one(f, 1, 400);
    refuse_one(f, 1, 400);
    engine_destroy(f->engine);
    f->config.negative_ttl_ns = 10 * SEC;
    f->config.negative_entries_max = 0;
    fixture_start(f);
    refuse_one(f, 1, 400);
    refuse_one(f, 1, 400);
}

static void its_time_can_be_changed_in_flight(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    refuse_one(f, 1, 400);
    f->now += 5 * SEC;
    f->config.negative_ttl_ns = 4 * SEC;
    engine_reconfigure(f->engine, &f->config, f->now);
    assert_text(request(f, 0, 1), "start 0.0");
}

static void it_is_asked_after_the_second_level(void **state)
{
    struct fixture *f = *state;
    f->config.l2_enabled = true;
    f->config.l2_timeout_ns = 50 * MS;
    fixture_start(f);
    request(f, 0, 1);
    step(f, (struct engine_input){ .kind = ENGINE_L2_DONE, .call = 0 });
    refused(f, 0, 400);
    baseline_done(f, 0, true);
    assert_text(request(f, 0, 1), "l2 get 0"); /* another instance may have an answer */
    step(f, (struct engine_input){ .kind = ENGINE_L2_DONE,
                                   .call = 0,
                                   .l2_hit = true,
                                   .age_ns = 70 * SEC,
                                   .body_bytes = 10 });
    assert_text(path(f, 0), "l1:miss l2:stale negative:hit stale:l2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_request_refused_for_good_is_not_sent_again_while_that_is_new),
        TEST(other_requests_are_not_concerned),
        TEST(refusals_of_place_rights_and_moment_are_not_remembered),
        TEST(an_answer_that_broke_off_is_no_refusal),
        TEST(a_429_is_a_matter_of_the_moment),
        TEST(a_stale_answer_is_served_as_usual),
        TEST(no_more_are_remembered_than_configured),
        TEST(without_a_time_or_entries_nothing_is_remembered),
        TEST(its_time_can_be_changed_in_flight),
        TEST(it_is_asked_after_the_second_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
