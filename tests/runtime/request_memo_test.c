#include "runtime/request_memo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static struct forecast_config config = {
    .input_len_steps = 288,
    .min_history_points = 32,
    .max_gap_minutes = 60,
    .horizon_max = 1000,
    .default_model = "chronos",
    .default_model_version = "v7",
};

enum { MEMO_BYTES = 64 * 1024 };

static struct request_memo memo;

static int begin(void **state)
{
    (void)state;
    request_memo_init(&memo, MEMO_BYTES, 7);
    return 0;
}

static int end(void **state)
{
    (void)state;
    request_memo_deinit(&memo);
    return 0;
}

static void write_body(struct buf *out, int market)
{
    buf_init(out, BUF_UNBOUNDED);
    buf_printf(out, "{\"market_id\":\"m%d\",\"as_of_ts\":\"2026-01-01T00:05:00Z\",\"freq\":\"5m\","
                    "\"liquidity_bucket\":\"high\",\"x_past\":{\"a\":[1,2]},"
                    "\"x_future\":{\"b\":[3]},\"model\":{\"model_name\":\"other\","
                    "\"model_version\":\"v2\",\"params\":{\"p\":1}},\"y\":[0.25,0.5],"
                    "\"y_ts\":[\"2026-01-01T00:00:00Z\",\"2026-01-01T00:05:00Z\"]}",
               market);
}

/* Reads the body, keeps it, and frees everything that the memo did not copy. */
static void keep(const struct buf *body)
{
    struct arena arena = { 0 };
    struct forecast_request request;
    struct err_note note = { 0 };
    enum err rc =
        forecast_request_parse(buf_text(body), body->length, &config, &arena, &request, &note);
    if (rc != ERR_OK) fail_msg("%s", note.sentence);
    request_memo_add(&memo, buf_text(body), body->length, &request);
    arena_deinit(&arena);
}

static struct memo_entry *find(const struct buf *body)
{
    return request_memo_find(&memo, &config, buf_text(body), body->length);
}

static void the_same_bytes_are_the_whole_request(void **state)
{
    (void)state;
    struct buf body;
    write_body(&body, 1);
    assert_null(find(&body));
    keep(&body);
    struct memo_entry *entry = find(&body);
    assert_non_null(entry);

    struct arena arena = { 0 };
    struct forecast_request wanted;
    struct err_note note = { 0 };
    assert_int_equal(forecast_request_parse(buf_text(&body), body.length, &config, &arena, &wanted,
                                            &note), ERR_OK);
    const struct forecast_request *seen = &entry->request;
    assert_string_equal(seen->market_id, wanted.market_id);
    assert_string_equal(seen->as_of_ts, wanted.as_of_ts);
    assert_string_equal(seen->freq, wanted.freq);
    assert_string_equal(seen->model_name, wanted.model_name);
    assert_string_equal(seen->model_version, wanted.model_version);
    assert_string_equal(seen->x_past, wanted.x_past);
    assert_string_equal(seen->x_future, wanted.x_future);
    assert_string_equal(seen->params, wanted.params);
    assert_string_equal(seen->liquidity_bucket, wanted.liquidity_bucket);
    assert_int_equal(seen->y_count, 2);
    assert_memory_equal(seen->y, wanted.y, 2 * sizeof *wanted.y);
    assert_memory_equal(seen->y_ts, wanted.y_ts, 2 * sizeof *wanted.y_ts);
    assert_memory_equal(&seen->key, &wanted.key, sizeof wanted.key);
    arena_deinit(&arena);
    memo_entry_release(entry);
    buf_deinit(&body);
}

/* One byte more or another one is another request. */
static void other_bytes_are_not_found(void **state)
{
    (void)state;
    struct buf body;
    write_body(&body, 1);
    keep(&body);
    for (size_t i = 0; i < body.length; i++) {
        body.data[i] ^= 1;
        assert_null(find(&body));
        body.data[i] ^= 1;
    }
    buf_putc(&body, ' ');
    assert_null(find(&body));
    body.length -= 2;
    assert_null(find(&body));
    buf_deinit(&body);
}

/* Defaults are part of what was read. */
static void another_configuration_empties_it(void **state)
{
    (void)state;
    struct buf body;
    write_body(&body, 1);
    assert_null(find(&body));
    keep(&body);
    config.horizon_max = 999;
    assert_null(find(&body));
    assert_int_equal(memo.bytes, 0);
    config.horizon_max = 1000;
    assert_null(find(&body));
    buf_deinit(&body);
}

static void the_least_recently_used_goes_first_and_the_bound_holds(void **state)
{
    (void)state;
    struct buf first;
    struct buf second;
    write_body(&first, 1);
    write_body(&second, 2);
    assert_null(find(&first));
    keep(&first);
    keep(&second);
    bool second_went = false;
    for (int i = 3; i < 400; i++) {
        struct buf body;
        write_body(&body, i);
        keep(&body);
        buf_deinit(&body);
        struct memo_entry *used = find(&first);
        assert_non_null(used);
        memo_entry_release(used);
        assert_true(memo.bytes <= MEMO_BYTES);
    }
    struct memo_entry *gone = find(&second);
    second_went = gone == NULL;
    memo_entry_release(gone);
    assert_true(second_went);
    buf_deinit(&first);
    buf_deinit(&second);
}

static bool met(const struct buf *body)
{
    return request_memo_met(&memo, buf_text(body), body->length);
}

static void a_body_is_known_from_the_second_time_on(void **state)
{
    (void)state;
    struct buf bodies[3];
    for (int i = 0; i < 3; i++) write_body(&bodies[i], i);
    for (int i = 0; i < 3; i++) assert_false(met(&bodies[i]));
    for (int i = 0; i < 3; i++) assert_true(met(&bodies[i]));
    assert_true(met(&bodies[0]));
    bodies[0].data[bodies[0].length - 1] ^= 1;
    assert_false(met(&bodies[0]));
    for (int i = 0; i < 3; i++) buf_deinit(&bodies[i]);
    memo.bytes_max = 0; /* nothing is ever kept: then nothing need be known */
    write_body(&bodies[0], 7);
    assert_false(met(&bodies[0]));
    assert_false(met(&bodies[0]));
    buf_deinit(&bodies[0]);
}

/* The oldest leaves its memory to the newest, unless somebody still reads it. */
static void an_entry_in_use_is_not_written_over_by_those_that_come_later(void **state)
{
    (void)state;
    struct buf first;
    write_body(&first, 1);
    assert_null(find(&first));
    keep(&first);
    struct memo_entry *used = find(&first);
    assert_non_null(used);
    for (int i = 2; i < 200; i++) {
        struct buf body;
        write_body(&body, i);
        keep(&body);
        struct memo_entry *latest = find(&body);
        char market[16];
        snprintf(market, sizeof market, "m%d", i);
        assert_string_equal(latest->request.market_id, market);
        memo_entry_release(latest);
        buf_deinit(&body);
    }
    assert_null(find(&first));
    assert_string_equal(used->request.market_id, "m1");
    assert_int_equal(used->body_length, first.length);
    assert_memory_equal(used->body, first.data, first.length);
    memo_entry_release(used);
    buf_deinit(&first);
}

static void an_entry_in_use_outlives_the_memo(void **state)
{
    (void)state;
    struct request_memo short_lived;
    struct buf body;
    write_body(&body, 1);
    request_memo_init(&short_lived, MEMO_BYTES, 7);
    struct request_memo kept = memo;
    memo = short_lived;
    assert_null(find(&body));
    keep(&body);
    struct memo_entry *entry = find(&body);
    request_memo_deinit(&memo);
    memo = kept;
    assert_string_equal(entry->request.market_id, "m1");
    memo_entry_release(entry);
    buf_deinit(&body);
}

static void nothing_is_kept_without_room(void **state)
{
    (void)state;
    struct buf body;
    write_body(&body, 1);
    memo.bytes_max = 0;
    assert_null(find(&body));
    keep(&body);
    assert_null(find(&body));
    memo.bytes_max = 1024; /* an eighth of it is less than an entry */
    keep(&body);
    assert_null(find(&body));
    assert_int_equal(memo.bytes, 0);
    buf_deinit(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_bytes_are_the_whole_request, begin, end),
        cmocka_unit_test_setup_teardown(other_bytes_are_not_found, begin, end),
        cmocka_unit_test_setup_teardown(another_configuration_empties_it, begin, end),
        cmocka_unit_test_setup_teardown(the_least_recently_used_goes_first_and_the_bound_holds,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            an_entry_in_use_is_not_written_over_by_those_that_come_later, begin, end),
        cmocka_unit_test_setup_teardown(a_body_is_known_from_the_second_time_on, begin, end),
        cmocka_unit_test_setup_teardown(an_entry_in_use_outlives_the_memo, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_kept_without_room, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
