#include "harness/sweep_space.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fixed.h"
#include "base/mem.h"
#include "harness/sweep_constraint.h"

static const struct option *row(const char *key)
{
    const char *near = NULL;
    const struct option *found = sweep_row(key, &near);
    assert_non_null(found);
    return found;
}

static struct runtime_config base;

static struct sweep_space two_parameters(void)
{
    struct config_source source = { .path = NULL };
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(ERR_OK, config_load(&base, &source, &note));
    struct sweep_space space = { .count = 2, .base = &base };
    space.parameters[0] = (struct sweep_parameter){ .row = row("read_timeout_s"),
                                                    .scale = SWEEP_LOG,
                                                    .from = 300 * NS_PER_MS,
                                                    .to = 2400 * NS_PER_MS,
                                                    .current = 1200 * NS_PER_MS };
    space.parameters[1] = (struct sweep_parameter){
        .row = row("retry_count"), .from = 0, .to = 4, .current = 2
    };
    return space;
}

/* The note of a constraint that is refused; "" when it is taken. */
static const char *constrain(struct sweep_space *space, const char *text)
{
    static struct err_note note;
    static struct arena arena;
    note = (struct err_note){ .err = ERR_OK };
    struct yaml_file file = { .path = "s.yaml" };
    struct yaml_node node = { .kind = YAML_SCALAR, .line = 3, .column = 5, .text = text };
    struct value_reader reader = { .file = &file, .arena = &arena, .note = &note };
    enum err rc = sweep_constraint_parse(&reader, &node, &space->constraints[0]);
    space->constraint_count = rc == ERR_OK ? 1 : 0;
    arena_deinit(&arena);
    arena = (struct arena){ .head = NULL };
    return note.sentence;
}

static void a_log_range_has_its_geometric_middle_in_the_middle(void **state)
{
    (void)state;
    struct sweep_space space = two_parameters();
    const struct sweep_parameter *parameter = &space.parameters[0];
    assert_int_equal(300 * NS_PER_MS, sweep_value_at(parameter, 0));
    assert_int_equal(849 * NS_PER_MS, sweep_value_at(parameter, FIXED_ONE / 2));
    assert_int_equal(2400 * NS_PER_MS, sweep_value_at(parameter, FIXED_ONE - 1));
}

static void each_whole_number_of_a_small_range_has_an_equal_share(void **state)
{
    (void)state;
    struct sweep_space space = two_parameters();
    unsigned seen[5] = { 0 };
    for (uint64_t i = 0; i < 1000; i++) {
        seen[sweep_value_at(&space.parameters[1], i * FIXED_ONE / 1000)]++;
    }
    for (size_t i = 0; i < 5; i++) assert_in_range(seen[i], 199, 201);
}

static void each_stratum_of_a_hypercube_is_used_once(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    struct sweep_space space = two_parameters();
    struct sweep_point points[COUNT];
    assert_int_equal(COUNT, sweep_sample(&space, 7, points, COUNT));
    unsigned seen[COUNT] = { 0 };
    uint64_t span = fixed_log2(2400) - fixed_log2(300);
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t value = points[i].values[0];
        uint64_t at = fixed_log2(value) - fixed_log2(300 * NS_PER_MS);
        uint64_t stratum = at * COUNT / span;
        seen[stratum < COUNT ? stratum : COUNT - 1]++;
    }
    unsigned hit = 0;
    for (size_t i = 0; i < COUNT; i++) hit += seen[i] > 0;
    assert_true(hit >= 95); /* rounding to three digits moves a value over an edge now and then */
}

static void the_same_seed_gives_the_same_points_and_another_others(void **state)
{
    (void)state;
    struct sweep_space space = two_parameters();
    struct sweep_point a[20], b[20], c[20];
    assert_int_equal(20, sweep_sample(&space, 7, a, 20));
    assert_int_equal(20, sweep_sample(&space, 7, b, 20));
    assert_int_equal(20, sweep_sample(&space, 8, c, 20));
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
}

static void no_point_breaks_a_constraint_or_comes_twice(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    struct sweep_space space = two_parameters();
    assert_string_equal("", constrain(&space, "connect_timeout_s + 2 * read_timeout_s <= 1.8s"));
    struct sweep_point *points = mem_alloc(COUNT, sizeof *points);
    assert_int_equal(COUNT, sweep_sample(&space, 7, points, COUNT));
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(points[i].values[0] <= 775 * NS_PER_MS);
        for (size_t j = 0; j < i; j++) {
            assert_true(sweep_point_key(&space, &points[i]) !=
                        sweep_point_key(&space, &points[j]));
        }
    }
    mem_free(points);
}

static void a_space_with_few_points_gives_them_all_and_no_more(void **state)
{
    (void)state;
    struct sweep_space space = two_parameters();
    space.parameters[0] = (struct sweep_parameter){
        .row = row("single_flight"), .scale = SWEEP_LIST, .items = { 1, 0 }, .item_count = 2
    };
    struct sweep_point points[50];
    assert_int_equal(10, sweep_sample(&space, 7, points, 50));
}

static void constraints_compare_sums_of_times_whatever_their_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool holds;
    } rows[] = {
        { "connect_timeout_s + read_timeout_s <= request_deadline_s", true },
        { "connect_timeout_s + read_timeout_s <= 1.45s", true },
        { "connect_timeout_s + read_timeout_s < 1.45s", false },
        { "retry_backoff_base_ms * 2 <= 1s", false }, /* refused: see below */
        { "8 * retry_backoff_base_ms >= retry_backoff_cap_ms", true },
        { "8 * retry_backoff_base_ms > retry_backoff_cap_ms", false },
        { "breaker_half_open_probe < breaker_failures_30s - 7", false },
        { "breaker_half_open_probe < breaker_failures_30s - 6", true },
        { "retry_count > 0", true },
        { "read_timeout_s > 0", true },
        { "breaker_failure_ratio >= 0.5", true },
        { "breaker_failure_ratio > 0.5", false },
    };
    struct sweep_space space = two_parameters();
    struct sweep_point point;
    sweep_point_current(&space, &point);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *trouble = constrain(&space, rows[i].text);
        if (i == 3) {
            assert_non_null(strstr(trouble, "comparison is missing"));
            continue;
        }
        assert_string_equal("", trouble);
        assert_int_equal(rows[i].holds, sweep_point_broken(&space, &point) == NULL);
    }
}

static void a_bad_constraint_is_refused_with_what_to_write(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *note;
    } rows[] = {
        { "read_timeout <= 1s", "did you mean \"read_timeout_s\"" },
        { "read_timeout_s <= 1", "write the number with its unit" },
        { "read_timeout_s 1s", "comparison is missing" },
        { "read_timeout_s <=", "an option or a number is missing" },
        { "read_timeout_s <= 1s 2s", "is too much here" },
        { "read_timeout_s <= 1parsec", "neither a number nor a length of time" },
        { "single_flight <= 1", "has no number" },
        { "xyzzy_plugh <= 1", "tollgate options" },
    };
    struct sweep_space space = two_parameters();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_non_null(strstr(constrain(&space, rows[i].text), rows[i].note));
    }
}

static void neighbours_stay_within_bounds_and_move_whole_numbers_by_one(void **state)
{
    (void)state;
    struct sweep_space space = two_parameters();
    const struct sweep_parameter *timeout = &space.parameters[0];
    const struct sweep_parameter *retries = &space.parameters[1];
    assert_int_equal(1080 * NS_PER_MS, sweep_value_near(timeout, 1200 * NS_PER_MS, -100));
    assert_int_equal(1500 * NS_PER_MS, sweep_value_near(timeout, 1200 * NS_PER_MS, 250));
    assert_int_equal(2, sweep_value_near(retries, 2, 100));
    assert_int_equal(3, sweep_value_near(retries, 2, 250));
    assert_int_equal(0, sweep_value_near(retries, 0, -250));
    assert_int_equal(1, sweep_value_near(retries, 0, 250));
    assert_int_equal(retries->row->max, sweep_value_near(retries, retries->row->max, 250));
    struct sweep_parameter list = {
        .row = retries->row, .scale = SWEEP_LIST, .items = { 1, 3, 5 }, .item_count = 3
    };
    assert_int_equal(5, sweep_value_near(&list, 3, 250));
    assert_int_equal(1, sweep_value_near(&list, 3, -250));
    assert_int_equal(3, sweep_value_near(&list, 3, 100));
    assert_int_equal(5, sweep_value_near(&list, 5, 250));
}

static void a_scenarios_own_value_is_scaled_as_the_sweeps_is_to_the_current_one(void **state)
{
    (void)state;
    struct sweep_space space = two_parameters();
    const struct sweep_parameter *timeout = &space.parameters[0];
    assert_int_equal(50 * NS_PER_MS,
                     sweep_value_scaled(timeout, 100 * NS_PER_MS, 600 * NS_PER_MS));
    assert_int_equal(timeout->row->max, sweep_value_scaled(timeout, timeout->row->max,
                                                           2400 * NS_PER_MS));
    assert_int_equal(1, sweep_value_scaled(&space.parameters[1], 1, 1)); /* not rounded to none */
    assert_int_equal(0, sweep_value_scaled(&space.parameters[1], 1, 0));
}

static void values_are_written_as_in_a_file(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    sweep_value_assign(row("read_timeout_s"), 321 * NS_PER_MS, &text);
    assert_string_equal("read_timeout_s=0.321", buf_text(&text));
    buf_clear(&text);
    sweep_value_assign(row("single_flight"), 0, &text);
    assert_string_equal("single_flight=false", buf_text(&text));
    buf_clear(&text);
    sweep_value_assign(row("baseline"), 1, &text);
    assert_string_equal("baseline=kalman", buf_text(&text));
    buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_range_has_its_geometric_middle_in_the_middle),
        cmocka_unit_test(each_whole_number_of_a_small_range_has_an_equal_share),
        cmocka_unit_test(each_stratum_of_a_hypercube_is_used_once),
        cmocka_unit_test(the_same_seed_gives_the_same_points_and_another_others),
        cmocka_unit_test(no_point_breaks_a_constraint_or_comes_twice),
        cmocka_unit_test(a_space_with_few_points_gives_them_all_and_no_more),
        cmocka_unit_test(constraints_compare_sums_of_times_whatever_their_units),
        cmocka_unit_test(a_bad_constraint_is_refused_with_what_to_write),
        cmocka_unit_test(neighbours_stay_within_bounds_and_move_whole_numbers_by_one),
        cmocka_unit_test(a_scenarios_own_value_is_scaled_as_the_sweeps_is_to_the_current_one),
        cmocka_unit_test(values_are_written_as_in_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
