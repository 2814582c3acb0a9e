#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <string.h>

#include "base/mem.h"
#include "harness/report.h"
#include "harness/report_dots.h"
#include "report_fixture.h"

/* A busy run: so many requests, all from the upstream, of latencies from 1 ms to 250 ms. */
static void make_busy(struct suite *suite, size_t count)
{
    struct suite_scenario *item = &suite->scenarios[1];
    struct run *run = &item->sim.run;
    run->answers = mem_resize(run->answers, count, sizeof *run->answers);
    item->schedule.items = mem_resize(item->schedule.items, count, sizeof *item->schedule.items);
    for (size_t i = 0; i < count; i++) {
        uint64_t at_ns = item->scenario.duration_ns / count * i;
        run->answers[i] = (struct run_answer){ .intended_ns = at_ns,
                                               .done_ns = at_ns + (i * 37 % 250 + 1) * NS_PER_MS,
                                               .answered = true,
                                               .answers = 1,
                                               .served = SERVED_UPSTREAM,
                                               .output_valid = true,
                                               .http_status = 200 };
        item->schedule.items[i] = (struct arrival){ .at_ns = at_ns, .number = (uint32_t)i };
    }
    item->schedule.count = count;
}

static void of_a_busy_run_dots_are_left_out_but_none_that_a_failed_check_names(void **state)
{
    (void)state;
    enum { BUSY = 200000 };
    struct suite suite;
    suite_fixture_open(&suite);
    make_busy(&suite, BUSY);
    struct check *check = &suite.scenarios[1].sim.verdict.checks[2];
    check->id_count = CHECK_IDS_MAX;
    for (uint32_t i = 0; i < CHECK_IDS_MAX; i++)
        check->ids[i] = 100000 + 250 * i; /* one spot */
    struct picture picture;
    struct dots dots;
    picture_lay_out(&picture, &suite.scenarios[1], 3000);
    dots_make(&dots, &picture, &suite.scenarios[1].sim);
    assert_int_equal(dots.of, BUSY);
    assert_in_range(dots.count, 1000, 3000 + CHECK_IDS_MAX);
    uint32_t named = 0;
    for (size_t i = 0; i < dots.count; i++) {
        for (uint32_t n = 0; n < CHECK_IDS_MAX; n++)
            named += dots.items[i].index == check->ids[n];
    }
    assert_int_equal(named, CHECK_IDS_MAX);
    dots_deinit(&dots);
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    report_write_html(&out, &suite);
    assert_true(out.length < 1 << 20);
    buf_deinit(&out);
    suite_fixture_close(&suite);
}

/* What a hover tells is in the order of the dots. */
static void data_of_the_dots_tells_number_latency_and_story(void **state)
{
    (void)state;
    struct suite suite;
    struct picture picture;
    struct buf out;
    suite_fixture_open(&suite);
    picture_lay_out(&picture, &suite.scenarios[1], 1000);
    buf_init(&out, BUF_UNBOUNDED);
    dots_write_data(&out, &picture);
    assert_null(strchr(buf_text(&out), '<'));
    cJSON *root = cJSON_Parse(buf_text(&out));
    const cJSON *world = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "worlds"), 0);
    const cJSON *stale = cJSON_GetObjectItem(cJSON_GetObjectItem(world, "lanes"), "stale");
    assert_int_equal(cJSON_GetArraySize(stale), 30);
    /* The first is request 40 with 41 ms, the second comes one after it. */
    const cJSON *first = cJSON_GetArrayItem(stale, 0);
    assert_int_equal(cJSON_GetArrayItem(first, 0)->valueint, 40);
    assert_int_equal(cJSON_GetArrayItem(first, 1)->valueint, 41000);
    assert_int_equal(cJSON_GetArrayItem(cJSON_GetArrayItem(stale, 1), 0)->valueint, 1);
    const cJSON *kind = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "kinds"),
                                           cJSON_GetArrayItem(first, 2)->valueint);
    assert_string_equal(cJSON_GetArrayItem(kind, 0)->valuestring, "stale");
    assert_string_equal(cJSON_GetArrayItem(kind, 2)->valuestring, "RUNTIME_5XX");
    assert_string_equal(cJSON_GetArrayItem(kind, 4)->valuestring, "l1:miss");
    const cJSON *nobody = cJSON_GetObjectItem(cJSON_GetObjectItem(world, "lanes"), "nobody");
    assert_int_equal(cJSON_GetArrayItem(cJSON_GetArrayItem(nobody, 0), 1)->valueint, -1);
    cJSON_Delete(root);
    buf_deinit(&out);
    suite_fixture_close(&suite);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_busy_run_dots_are_left_out_but_none_that_a_failed_check_names),
        cmocka_unit_test(data_of_the_dots_tells_number_latency_and_story),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
