/* Parts of the mock that need no socket: keep_alive, the ledger's ring, stages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "mock/answers.h"
#include "mock/ask_scan.h"
#include "mock/ledger_ring.h"
#include "mock/registry.h"
#include "mock/stage.h"

static void keep_alive_is_read_as_tollama_reads_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } GOOD[] = { { "0", 0 },       { "300", 300 },   { "90s", 90 }, { "5m", 300 },
                 { "1.5h", 5400 }, { "2D", 172800 }, { "-1", -1 },  { "-1m", -60 } };
    static const char *const BAD[] = { "", "m", "5x", "5 m", "1e3", ".5", "5.", "--1", "5mm" };
    struct keep_alive keep;
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        assert_true(keep_alive_parse(GOOD[i].text, &keep));
        assert_true(keep.given && keep.seconds == GOOD[i].seconds);
    }
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_false(keep_alive_parse(BAD[i], &keep));
}

static void a_model_leaves_memory_when_its_time_is_over(void **state)
{
    (void)state;
    struct registry registry;
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(registry_init(&registry, "a,b", &note), ERR_OK);
    struct model *model = registry_find(&registry, "a");
    model_use(model, &(struct keep_alive){ .given = true, .seconds = 2 }, 10 * NS_PER_S);
    registry_expire(&registry, 12 * NS_PER_S - 1);
    assert_true(model->loaded);
    registry_expire(&registry, 12 * NS_PER_S);
    assert_false(model->loaded);
    model_use(model, &(struct keep_alive){ .given = false }, 20 * NS_PER_S);
    registry_expire(&registry, INSTANT_NEVER - 1);
    assert_true(model->loaded);
    assert_int_equal(model->loads, 2);
    model_use(model, &(struct keep_alive){ .given = true, .seconds = 0 }, 30 * NS_PER_S);
    assert_false(model->loaded);
    registry_deinit(&registry);
}

static void an_open_registry_takes_new_names_in_until_it_is_full(void **state)
{
    (void)state;
    struct registry registry;
    struct err_note note = { .err = ERR_OK };
    struct model *model = NULL;
    assert_int_equal(registry_init(&registry, NULL, &note), ERR_OK);
    for (int i = 0; i < 2 * REGISTRY_MODELS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        assert_int_equal(registry_check(&registry, name, &model), MODEL_READY);
    }
    assert_null(model);
    assert_int_equal(registry.count, REGISTRY_MODELS_MAX);
    registry_deinit(&registry);
}

static void the_ring_keeps_the_last_lines_whole(void **state)
{
    (void)state;
    struct ledger_ring ring;
    struct buf out;
    ledger_ring_init(&ring, 40);
    buf_init(&out, BUF_UNBOUNDED);
    ledger_ring_write(&out, &ring, 5);
    assert_int_equal(out.length, 0);
    for (int i = 0; i < 100; i++) {
        char line[32];
        int length = snprintf(line, sizeof line, "line %d%.*s\n", i, i % 5, "abcde");
        ledger_ring_add(&ring, line, (size_t)length);
        buf_clear(&out);
        ledger_ring_write(&out, &ring, 1);
        assert_string_equal(buf_text(&out), line);
    }
    buf_clear(&out);
    ledger_ring_write(&out, &ring, 3);
    assert_string_equal(buf_text(&out), "line 97ab\nline 98abc\nline 99abcd\n");
    buf_clear(&out);
    ledger_ring_write(&out, &ring, 1000);
    assert_string_equal(buf_text(&out), "line 97ab\nline 98abc\nline 99abcd\n");
    ledger_ring_deinit(&ring);
    buf_deinit(&out);
}

static struct stage *parse(const char *text, struct err_note *note)
{
    *note = (struct err_note){ .err = ERR_OK };
    return stage_parse(
        &(struct stage_text){ .name = "a.yaml", .bytes = text, .length = strlen(text) }, NULL,
        note);
}

static void a_file_for_the_mock_needs_its_upstream_only(void **state)
{
    (void)state;
    struct err_note note;
    struct stage *stage = parse("upstream: { latency: 7ms }", &note);
    assert_non_null(stage);
    assert_string_equal(stage->scenario.name, "mock");
    stage_release(stage);
    stage = parse("name: mine\nseed: 9\nupstream:\n  latency: 7ms\n", &note);
    assert_non_null(stage);
    assert_string_equal(stage->scenario.name, "mine");
    assert_int_equal(stage->seed, 9);
    stage_release(stage);
    /* Places in the text are not moved by what is filled in. */
    assert_null(parse("seed: 9\nupstream:\n  latency: 7ms\n  phasen: []\n", &note));
    assert_int_equal(note.line, 4);
    assert_int_equal(note.column, 3);
}

static void a_stage_lives_until_nobody_holds_it(void **state)
{
    (void)state;
    struct err_note note;
    struct show show = { .start = 0 };
    struct stage *first = parse("name: first\nupstream: { latency: 1ms }\n", &note);
    assert_non_null(first);
    show_swap(&show, first, 100);
    stage_hold(show_pick(&show, 150).stage); /* an answer under way */
    const char fault[] = "{ faults: { status: 500 }, for: 1s }";
    struct stage *by_hand = stage_fault(
        first, &(struct stage_text){ .name = "f", .bytes = fault, .length = sizeof fault - 1 },
        NULL, &note);
    assert_non_null(by_hand);
    show_set_fault(&show, by_hand, 200);
    assert_ptr_equal(show_pick(&show, 199).stage, first);
    assert_ptr_equal(show_pick(&show, 200).stage, by_hand);
    assert_int_equal(show_pick(&show, 200 + NS_PER_S - 1).offset_ns, NS_PER_S - 1);
    assert_ptr_equal(show_pick(&show, 200 + NS_PER_S).stage, first);
    assert_null(show.fault);
    show_swap(&show, NULL, 2 * NS_PER_S);
    assert_null(show_pick(&show, 2 * NS_PER_S).stage);
    assert_int_equal(first->references, 1);
    assert_string_equal(first->scenario.name, "first");
    stage_release(first);
    show_deinit(&show);
}

static void keep(struct answers *answers, const char *body, const char *text)
{
    assert_null(answers_find(answers, ASK_V1, body, strlen(body)));
    answers_add(answers, &(struct answer){ .api = ASK_V1,
                                           .model = "m",
                                           .market = "series",
                                           .body = body,
                                           .body_length = strlen(body),
                                           .text = text,
                                           .text_length = strlen(text) });
}

static void an_answer_is_kept_when_its_body_comes_a_third_time(void **state)
{
    (void)state;
    static const char BODY[] = "a body of more than four times eight bytes, so that lanes are used";
    struct answers answers;
    answers_init(&answers);
    for (int i = 0; i < 3; i++) keep(&answers, BODY, "text");
    const struct answer *answer = answers_find(&answers, ASK_V1, BODY, sizeof BODY - 1);
    assert_non_null(answer);
    assert_string_equal(answer->text, "text");
    assert_string_equal(answer->model, "m");
    assert_string_equal(answer->market, "series");
    /* Other bytes, another length or another endpoint are another request. */
    char other[sizeof BODY];
    for (size_t i = 0; i + 1 < sizeof BODY; i++) {
        memcpy(other, BODY, sizeof BODY);
        other[i] ^= 1;
        assert_null(answers_find(&answers, ASK_V1, other, sizeof BODY - 1));
    }
    assert_null(answers_find(&answers, ASK_V1, BODY, sizeof BODY - 2));
    assert_null(answers_find(&answers, ASK_OLLAMA, BODY, sizeof BODY - 1));
    answers_deinit(&answers);
}

/* They differ where the sample of their bytes has none. */
static void bodies_that_look_alike_are_told_apart(void **state)
{
    (void)state;
    enum { BODY_BYTES = 10000, DIFFERENT = 300, ALIKE = 3 };
    static char body[BODY_BYTES + 1];
    struct answers answers;
    answers_init(&answers);
    memset(body, ' ', BODY_BYTES);
    for (int i = 0; i < 10; i++) { /* none came before, though all look as if */
        body[DIFFERENT] = (char)('a' + i);
        keep(&answers, body, "none");
    }
    assert_int_equal(answers.bytes, 0);
    for (int i = 0; i < ALIKE; i++) {
        const char text[] = { (char)('a' + i), '\0' };
        body[DIFFERENT] = text[0];
        for (int k = 0; k < 2; k++) keep(&answers, body, text);
    }
    for (int i = 0; i < ALIKE; i++) {
        body[DIFFERENT] = (char)('a' + i);
        const struct answer *answer = answers_find(&answers, ASK_V1, body, BODY_BYTES);
        assert_non_null(answer);
        assert_int_equal(answer->text[0], body[DIFFERENT]);
    }
    body[DIFFERENT] = 'z';
    assert_null(answers_find(&answers, ASK_V1, body, BODY_BYTES));
    answers_deinit(&answers);
}

static void kept_answers_stay_within_their_memory(void **state)
{
    (void)state;
    enum { BODIES = 400, BODY_BYTES = 20000 };
    static char body[BODY_BYTES + 1];
    struct answers answers;
    answers_init(&answers);
    for (int i = 0; i < BODIES; i++) {
        snprintf(body, sizeof body, "%0*d", BODY_BYTES, i);
        for (int k = 0; k < 3; k++) keep(&answers, body, "text");
        assert_true(answers.bytes <= ANSWERS_BYTES_MAX);
        assert_non_null(answers_find(&answers, ASK_V1, body, BODY_BYTES));
    }
    snprintf(body, sizeof body, "%0*d", BODY_BYTES, 0);
    assert_null(answers_find(&answers, ASK_V1, body, BODY_BYTES));
    answers_deinit(&answers);
}

static void the_short_way_takes_what_is_common(void **state)
{
    (void)state;
    static const char *const TAKEN[] = {
        "{\"model\":\"m\",\"horizon\":3,\"series\":[{\"id\":\"a\",\"timestamps\":[\"x\",\"y\"],"
        "\"target\":[1,-2.5]}],\"quantiles\":[0.1,0.9],\"options\":{},\"timeout\":1.5}",
        " { \"horizon\":3 ,\"model\" : \"m\",\"series\":[ { \"target\":[ 1 ], \"id\":\"a\","
        "\"freq\":\"5m\",\"timestamps\":[ \"a timestamp\" ] } ] } ",
    };
    /* Left to the long way, which refuses most of it. */
    static const char *const LEFT[] = {
        "{\"model\":\"m\",\"horizon\":3,\"series\":[{\"id\":\"a\",\"timestamps\":[\"x\"],"
        "\"target\":[1,2]}]}",
        "{\"model\":\"m\",\"horizon\":0,\"series\":[{\"id\":\"a\",\"timestamps\":[\"x\"],"
        "\"target\":[1]}]}",
        "{\"model\":\"\",\"horizon\":3,\"series\":[{\"id\":\"a\",\"timestamps\":[\"x\"],"
        "\"target\":[1]}]}",
        "{\"model\":\"m\",\"horizon\":3,\"series\":[{\"id\":\"a\",\"timestamps\":[\"x\"],"
        "\"target\":[1,]}]}",
        "{\"model\":\"m\",\"horizon\":3,\"series\":[{\"id\":\"a\",\"timestamps\":[\"x\"],"
        "\"target\":[01]}]}",
        "{\"model\":\"m\",\"horizon\":3,\"series\":[{\"id\":\"a\",\"timestamps\":[\"x\"],"
        "\"target\":[1]}]}x",
        "{\"model\":\"m\",\"horizon\":3,\"series\":[{\"id\":\"a\",\"timestamps\":[\"x\"],"
        "\"target\":[1]}],\"quantiles\":[0.9,0.1]}",
        "{\"model\":\"m\",\"model\":\"m\",\"horizon\":3,\"series\":[{\"id\":\"a\","
        "\"timestamps\":[\"x\"],\"target\":[1]}]}",
        "{\"model\":\"m\",\"horizon\":3,\"series\":[{\"id\":\"a\\n\",\"timestamps\":[\"x\"],"
        "\"target\":[1]}]}",
        "{\"model\":\"m\",\"horizon\":3,\"series\":[{\"id\":\"a\",\"timestamps\":[\"x\"],"
        "\"target\":[1]}],\"more\":1}",
        "{\"model\":\"m\",\"horizon\":3,\"series\":[{\"id\":\"a\",\"timestamps\":[\"x\"],"
        "\"target\":[1]",
        "",
    };
    struct ask ask;
    for (size_t i = 0; i < sizeof TAKEN / sizeof TAKEN[0]; i++) {
        assert_true(ask_scan(ASK_V1, TAKEN[i], strlen(TAKEN[i]), &ask));
        assert_string_equal(ask.model, "m");
        assert_int_equal(ask.horizon, 3);
        assert_string_equal(ask.series[0].id, "a");
        assert_true(ask.series[0].recent[0] == 1);
        ask_deinit(&ask);
    }
    for (size_t i = 0; i < sizeof LEFT / sizeof LEFT[0]; i++) {
        if (ask_scan(ASK_V1, LEFT[i], strlen(LEFT[i]), &ask)) fail_msg("%s", LEFT[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keep_alive_is_read_as_tollama_reads_it),
        cmocka_unit_test(a_model_leaves_memory_when_its_time_is_over),
        cmocka_unit_test(an_open_registry_takes_new_names_in_until_it_is_full),
        cmocka_unit_test(the_ring_keeps_the_last_lines_whole),
        cmocka_unit_test(a_file_for_the_mock_needs_its_upstream_only),
        cmocka_unit_test(a_stage_lives_until_nobody_holds_it),
        cmocka_unit_test(an_answer_is_kept_when_its_body_comes_a_third_time),
        cmocka_unit_test(bodies_that_look_alike_are_told_apart),
        cmocka_unit_test(kept_answers_stay_within_their_memory),
        cmocka_unit_test(the_short_way_takes_what_is_common),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
