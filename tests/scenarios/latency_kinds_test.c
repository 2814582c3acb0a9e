/* Each kind of latency over many draws, against what it says of itself. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "scenario/chance.h"
#include "scenario/latency.h"

enum { DRAWS = 200000 };

static struct arena arena; /* of all tests: what they parse points into it */

static enum err parse_at(const char *path, const char *text, struct latency *out,
                         struct err_note *note)
{
    struct yaml_file file;
    assert_int_equal(yaml_parse(&arena, path, text, strlen(text), &file, note), ERR_OK);
    struct value_reader reader = { .file = &file, .arena = &arena, .note = note };
    return latency_parse(&reader, file.root, "latency", out);
}

static struct latency parse(const char *text)
{
    struct err_note note = { .err = ERR_OK };
    struct latency latency;
    if (parse_at("a.yaml", text, &latency, &note) != ERR_OK) fail_msg("%s", note.sentence);
    return latency;
}

static int compare(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

/* Sorted draws, in ns; owned by the caller. */
static uint64_t *draws_of(const struct latency *latency)
{
    uint64_t *values = mem_alloc(DRAWS, sizeof *values);
    for (uint64_t i = 0; i < DRAWS; i++)
        values[i] = latency_draw_ns(latency, draw(5, 6, i, 0));
    qsort(values, DRAWS, sizeof *values, compare);
    return values;
}

/* Of 200,000 draws, the quantile is within half a percent of the value or so; `share` is known. */
static void check_quantile(const uint64_t *sorted, double share, double wanted_ms, double slack)
{
    double got_ms = (double)sorted[(size_t)(share * DRAWS)] / 1e6;
    if (fabs(got_ms - wanted_ms) > wanted_ms * slack) {
        fail_msg("quantile %.4f is %.3f ms, wanted %.3f ms", share, got_ms, wanted_ms);
    }
}

static void uniform_is_flat_between_its_ends(void **state)
{
    (void)state;
    struct latency latency = parse("{ uniform: [100ms, 300ms] }");
    uint64_t *sorted = draws_of(&latency);
    assert_string_equal(latency.text, "uniform 100ms to 300ms");
    assert_true(sorted[0] >= 100000000 && sorted[DRAWS - 1] <= 300000000);
    for (int i = 1; i < 10; i++)
        check_quantile(sorted, i / 10.0, 100 + 20.0 * i, 0.01);
    mem_free(sorted);
}

static void lognormal_has_its_median_its_p99_and_its_shape(void **state)
{
    (void)state;
    struct latency latency = parse("{ lognormal: { median: 40ms, p99: 400ms } }");
    uint64_t *sorted = draws_of(&latency);
    double sigma = log(10) / 2.3263478740;
    assert_string_equal(latency.text, "lognormal median 40ms p99 400ms");
    check_quantile(sorted, 0.5, 40, 0.01);
    check_quantile(sorted, 0.99, 400, 0.03);
    check_quantile(sorted, 0.1, 40 * exp(-1.2815515655 * sigma), 0.015);
    check_quantile(sorted, 0.9, 40 * exp(1.2815515655 * sigma), 0.015);
    check_quantile(sorted, 0.75, 40 * exp(0.6744897502 * sigma), 0.015);
    check_quantile(sorted, 0.999, 40 * exp(3.0902323062 * sigma), 0.08);
    /* The table itself, without the luck of the draws: exact where it has rows. */
    assert_in_range(latency_draw_ns(&latency, UINT64_C(1) << 63), 39999999, 40000001);
    double sum = 0;
    double square = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        double z = log((double)sorted[i] / 40e6) / sigma;
        sum += z;
        square += z * z;
    }
    assert_true(fabs(sum / DRAWS) < 0.01);
    assert_true(fabs(square / DRAWS - 1) < 0.02);
    mem_free(sorted);
}

static void lognormal_without_spread_and_with_the_widest_stays_in_bounds(void **state)
{
    (void)state;
    struct latency narrow = parse("{ lognormal: { median: 7ms, p99: 7ms } }");
    struct latency wide = parse("{ lognormal: { median: 1ns, p99: 24h } }");
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(latency_draw_ns(&narrow, draw(1, 2, i, 0)), 7000000);
        assert_true(latency_draw_ns(&wide, draw(1, 2, i, 0)) <= VALUE_DURATION_MAX);
    }
    assert_true(latency_draw_ns(&wide, UINT64_MAX) > 3600 * UINT64_C(1000000000));
}

static void table_is_met_at_its_quantiles(void **state)
{
    (void)state;
    struct latency latency = parse("{ p50: 40ms, p90: 90ms, p99: 220ms, max: 400ms }");
    uint64_t *sorted = draws_of(&latency);
    assert_string_equal(latency.text, "p50 40ms p90 90ms p99 220ms max 400ms");
    check_quantile(sorted, 0.5, 40, 0.01);
    check_quantile(sorted, 0.9, 90, 0.01);
    check_quantile(sorted, 0.99, 220, 0.02);
    check_quantile(sorted, 0.7, 65, 0.01);
    mem_free(sorted);
}

/* Writes `text` beside a scenario of a folder of its own, and parses { samples: s.txt }. */
static enum err parse_samples(const char *text, const char *yaml, struct latency *out,
                              struct err_note *note)
{
    char folder[] = "/tmp/tollgate-samples-XXXXXX";
    char path[64];
    char scenario[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s.txt", folder);
    snprintf(scenario, sizeof scenario, "%s/a.yaml", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    enum err err = parse_at(scenario, yaml, out, note);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    return err;
}

static void samples_are_drawn_equally_often(void **state)
{
    (void)state;
    struct latency latency;
    struct err_note note = { .err = ERR_OK };
    enum err err = parse_samples("# recorded\n30ms\n\n10ms\r\n20ms\n10ms", "{ samples: s.txt }",
                                 &latency, &note);
    if (err != ERR_OK) fail_msg("%s", note.sentence);
    assert_string_equal(latency.text, "samples s.txt");
    assert_int_equal(latency.count, 4);
    size_t counts[4] = { 0 };
    for (uint64_t i = 0; i < DRAWS; i++) {
        counts[latency_draw_ns(&latency, draw(5, 6, i, 0)) / 10000000]++;
    }
    /* 4.5 standard deviations */
    assert_in_range(counts[1], DRAWS / 2 - 1006, DRAWS / 2 + 1006);
    assert_in_range(counts[2], DRAWS / 4 - 871, DRAWS / 4 + 871);
    assert_in_range(counts[3], DRAWS / 4 - 871, DRAWS / 4 + 871);
}

static void wrong_distributions_are_refused_with_what_is_right(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *sentence;
    } cases[] = {
        { "{ uniform: [100ms] }", "uniform needs its two ends" },
        { "{ uniform: 100ms }", "uniform needs its two ends" },
        { "{ uniform: [300ms, 100ms] }", "write the smaller end first" },
        { "{ uniform: [1ms, 2ms], p50: 1ms }", "\"uniform\" stands alone" },
        { "{ lognormal: { median: 40ms } }", "lognormal needs the key \"p99\"" },
        { "{ lognormal: { median: 40ms, p99: 30ms } }", "is less than the median" },
        { "{ lognormal: { median: 0s, p99: 30ms } }", "is never 0s" },
        { "{ lognormal: { medain: 4ms, p99: 30ms } }", "did you mean \"median\"?" },
        { "{ samples: /etc/passwd }", "is not beside the scenario" },
        { "{ samples: ../x.txt }", "is not beside the scenario" },
        { "{ samples: a/../../x.txt }", "is not beside the scenario" },
        { "{ samples: none.txt }", "there is no such file" },
        { "[ 40ms ]", "write a time (40ms), a table" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct latency latency;
        struct err_note note = { .err = ERR_OK };
        assert_int_not_equal(parse_at("a.yaml", cases[i].yaml, &latency, &note), ERR_OK);
        if (strstr(note.sentence, cases[i].sentence) == NULL) {
            fail_msg("%s: %s", cases[i].yaml, note.sentence);
        }
    }
    struct latency latency;
    struct err_note note = { .err = ERR_OK };
    assert_int_not_equal(parse_samples("1ms\n2\n", "{ samples: s.txt }", &latency, &note), ERR_OK);
    assert_int_equal(note.line, 2);
    assert_non_null(strstr(note.sentence, "\"2\" is not a length of time"));
    note = (struct err_note){ .err = ERR_OK };
    assert_int_not_equal(parse_samples("# none\n", "{ samples: s.txt }", &latency, &note), ERR_OK);
    assert_non_null(strstr(note.sentence, "holds none"));
}

static void fixed_point_agrees_with_the_real_functions(void **state)
{
    (void)state;
    double sum = 0;
    for (uint64_t i = 1; i < 2000; i++) {
        uint64_t value = draw(1, 2, i, 0) >> (i % 64);
        if (value == 0) continue;
        double wanted = log2((double)value);
        assert_true(fabs((double)chance_log2(value) / 4294967296.0 - wanted) < 1e-8);
        double exponent = (double)((int64_t)(i % 41) - 20) + (double)i / 2000;
        double power = 1e6 * exp2(exponent);
        double got =
            (double)chance_scale_exp2(1000000, (int64_t)(exponent * 4294967296.0), UINT64_MAX);
        assert_true(fabs(got - power) <= 0.5 + power * 1e-8);
        sum += (double)chance_exponential(draw(7, 7, i, 0), 1000000, UINT64_MAX);
    }
    assert_true(fabs(sum / 1999 / 1e6 - 1) < 0.1); /* 4.5 standard deviations */
    assert_int_equal(chance_scale_exp2(1000, INT64_C(90) << 32, 77), 77);
    assert_int_equal(chance_scale_exp2(0, INT64_C(90) << 32, 77), 0);
    assert_int_equal(chance_scale_exp2(1000, -(INT64_C(90) << 32), 77), 0);
    assert_int_equal(chance_exponential(UINT64_MAX, 1000, UINT64_MAX), 0);
    for (uint32_t i = 1; i < CHANCE_NORMAL_ROWS; i++) {
        assert_true(chance_normal_share_ppm(i) > chance_normal_share_ppm(i - 1));
        assert_true(chance_normal_z_micro(i) > chance_normal_z_micro(i - 1));
        double share = chance_normal_share_ppm(i) / 1e6;
        double z = chance_normal_z_micro(i) / 1e6;
        if (i + 1 < CHANCE_NORMAL_ROWS) assert_true(fabs(erfc(-z / sqrt(2)) / 2 - share) < 1e-6);
    }
}

static int free_arena(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_is_flat_between_its_ends),
        cmocka_unit_test(lognormal_has_its_median_its_p99_and_its_shape),
        cmocka_unit_test(lognormal_without_spread_and_with_the_widest_stays_in_bounds),
        cmocka_unit_test(table_is_met_at_its_quantiles),
        cmocka_unit_test(samples_are_drawn_equally_often),
        cmocka_unit_test(wrong_distributions_are_refused_with_what_is_right),
        cmocka_unit_test(fixed_point_agrees_with_the_real_functions),
    };
    return cmocka_run_group_tests(tests, NULL, free_arena);
}
