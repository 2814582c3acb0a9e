/* Good JSON, damaged at random: whatever comes in, the result is a request or a sentence. Run it
 * under ASan to see what a wrong byte would touch. */
#include "support.h"

#include "base/mem.h"
#include "base/rng.h"
#include "forecast/answer.h"
#include "forecast/baseline.h"
#include "forecast/model_request.h"

enum { ROUNDS = 6000, EDITS_MAX = 4, TEXT_MAX = 2048 };

static const char request_text[] =
    "{\"market_id\":\"m\\u00e9\",\"as_of_ts\":\"2026-01-01T00:00:00Z\",\"freq\":\"5m\","
    "\"horizon_steps\":12,\"quantiles\":[0.1,0.5,0.9],\"y\":[0.1,2e-1,-0.3],\"y_ts\":"
    "[\"2026-01-01T00:00Z\",\"2026-01-01T00:05Z\",\"2026-01-01T00:10Z\"],\"x_past\":{\"a\":[1,2,3]}"
    ","
    "\"x_future\":{\"c\":[4]},\"max_gap_minutes\":5,\"transform\":{\"space\":\"logit\",\"eps\":1e-"
    "6},"
    "\"model\":{\"provider\":\"tollama\",\"model_name\":\"chronos\",\"model_version\":\"1\","
    "\"params\":{\"p\":1,\"q\":{\"s\":[true,null,{}]}}},\"liquidity_bucket\":\"high\"}";

static const char answer_text[] =
    "{\"model\":\"c\",\"forecasts\":[{\"id\":\"m1\",\"mean\":[1,2],\"quantiles\":{\"0.1\":[0,1],"
    "\"0.5\":[2,3.5],\"0.9\":[4,5e0]}}],\"warnings\":[\"\\ud83d\\ude00\"],\"timing\":{\"total_ms\":"
    "1}}";

/* One to EDITS_MAX edits: a byte changed, a piece cut, doubled, or replaced by something nasty. */
static size_t mutate(struct rng *rng, char *text, size_t length)
{
    static const char *const nasty[] = { "1e999",
                                         "NaN",
                                         "null",
                                         "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                                         "\"",
                                         "\\u0",
                                         "{}",
                                         "-",
                                         "\xff",
                                         "99999999999999999999",
                                         "\\ud800",
                                         ",",
                                         "\"y\":[1,2],",
                                         "0.5",
                                         "}",
                                         "\x00" };
    uint64_t edits = 1 + rng_below(rng, EDITS_MAX);
    for (uint64_t edit = 0; edit < edits && length > 0; edit++) {
        size_t at = rng_below(rng, length);
        size_t span = 1 + rng_below(rng, 8);
        if (span > length - at) span = length - at;
        const char *piece = nasty[rng_below(rng, sizeof nasty / sizeof *nasty)];
        size_t piece_length = strlen(piece);
        switch (rng_below(rng, 4)) {
        case 0: text[at] = (char)rng_below(rng, 256); break;
        case 1:
            memmove(text + at, text + at + span, length - at - span);
            length -= span;
            break;
        case 2:
            if (length + span > TEXT_MAX) break;
            memmove(text + at + span, text + at, length - at);
            length += span;
            break;
        case 3:
            if (length + piece_length > TEXT_MAX) break;
            memmove(text + at + piece_length, text + at, length - at);
            memcpy(text + at, piece, piece_length);
            length += piece_length;
            break;
        }
    }
    return length;
}

/* The mutated text in a block of exactly its length, so that ASan sees one byte too many. */
static char *mutated(struct rng *rng, const char *source, size_t *length)
{
    char text[TEXT_MAX];
    memcpy(text, source, strlen(source));
    *length = mutate(rng, text, strlen(source));
    return *length == 0 ? mem_alloc(1, 1) : mem_copy(text, *length);
}

/* An accepted request must be whole: everything after the parse relies on it. */
static void use_request(const struct forecast_request *request, struct arena *arena)
{
    assert_true(request->y_count >= FORECAST_POINTS_MIN && request->y_count <= FORECAST_POINTS_MAX);
    assert_true(request->horizon >= 1 && request->horizon <= test_config.horizon_max);
    assert_true(strlen(request->market_id) >= 1 && request->freq_minutes >= 1);
    assert_true(request->eps > 0 && request->eps < 0.5);
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    model_request_write(&body, request, &test_config, 1, NULL);
    assert_true(body.length > 0);
    buf_deinit(&body);
    struct forecast_values values = forecast_values_create(arena, request->horizon);
    uint32_t warnings = 0;
    assert_int_equal(baseline_forecast(BASELINE_EWMA, request, &values, &warnings), ERR_OK);
}

static void damaged_requests_are_a_request_or_a_sentence(void **state)
{
    (void)state;
    struct rng rng;
    int accepted = 0;
    rng_init(&rng, 3, "request_mutation");
    for (int round = 0; round < ROUNDS; round++) {
        struct arena arena = { 0 };
        struct forecast_request request;
        struct err_note note = { 0 };
        size_t length;
        char *text = mutated(&rng, request_text, &length);
        enum err rc = forecast_request_parse(text, length, &test_config, &arena, &request, &note);
        mem_free(text);
        if (rc == ERR_OK) {
            use_request(&request, &arena);
            accepted++;
        } else {
            assert_true(rc == ERR_SYNTAX || rc == ERR_INVALID);
            assert_true(strlen(note.sentence) > 10);
        }
        arena_deinit(&arena);
    }
    assert_true(accepted > 0 && accepted < ROUNDS);
}

static void damaged_answers_are_values_or_a_sentence(void **state)
{
    (void)state;
    static const struct forecast_request request = { .market_id = "m1", .horizon = 2 };
    struct rng rng;
    int accepted = 0;
    rng_init(&rng, 3, "answer_mutation");
    for (int round = 0; round < ROUNDS; round++) {
        struct arena arena = { 0 };
        struct err_note note = { 0 };
        size_t length;
        struct forecast_values values = forecast_values_create(&arena, 2);
        char *text = mutated(&rng, answer_text, &length);
        enum err rc = answer_parse(text, length, &request, &values, &note);
        mem_free(text);
        if (rc == ERR_OK) {
            transform_finish(TRANSFORM_LOGIT, &values); /* asserts that all are finite */
            accepted++;
        } else {
            assert_int_equal(rc, ERR_INVALID);
            assert_true(strlen(note.sentence) > 10);
        }
        arena_deinit(&arena);
    }
    assert_true(accepted > 0 && accepted < ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_requests_are_a_request_or_a_sentence),
        cmocka_unit_test(damaged_answers_are_values_or_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
