#include "harness/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "judge_fixture.h"

enum { MUTATIONS = 3000, MUTATED_LINES = 400 };

/* A simulated outage: attempts, retries, a breaker that moves, stale answers, baselines. */
static struct buf trace;
static uint64_t trace_inputs;

static int simulate(void **state)
{
    (void)state;
    struct stage stage;
    struct err_note note = { .err = ERR_OK };
    struct sim_options options = { .jitter_seed = 0 };
    buf_init(&trace, BUF_UNBOUNDED);
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    stage.run.seed = UINT64_C(18446744073709551557); /* more than a double holds */
    assert_int_equal(sim_run(&stage.run, &options, &trace, &note), ERR_OK);
    stage_close(&stage);
    for (const char *at = trace.data; (at = strstr(at, "\"in\":")) != NULL; at++) trace_inputs++;
    return 0;
}

static int release(void **state)
{
    (void)state;
    buf_deinit(&trace);
    return 0;
}

static struct replay replay;

static void assert_replays(const char *text, size_t length)
{
    struct err_note note = { .err = ERR_OK };
    replay_deinit(&replay);
    if (replay_text("t", text, length, &replay, &note) == ERR_OK) return;
    fail_msg("line %d: %s", note.line, note.sentence);
}

static void assert_unreadable(const char *text, int line, const char *sentence)
{
    struct err_note note = { .err = ERR_OK };
    replay_deinit(&replay);
    assert_int_not_equal(replay_text("t", text, strlen(text), &replay, &note), ERR_OK);
    assert_string_equal(note.path, "t");
    assert_int_equal(note.line, line);
    if (strstr(note.sentence, sentence) == NULL) fail_msg("said: %s", note.sentence);
}

static int line_of(const char *text, const char *at)
{
    int line = 1;
    for (const char *c = text; c < at; c++) line += *c == '\n';
    return line;
}

static const char *nth_place(const char *mark, unsigned nth)
{
    const char *at = trace.data;
    while ((at = strstr(at, mark)) != NULL && nth-- > 0) at++;
    assert_non_null(at);
    return at;
}

/* A copy of the trace with `to` from `from` up to `behind`. */
static char *spliced(const char *from, const char *behind, const char *to)
{
    struct buf copy;
    buf_init(&copy, BUF_UNBOUNDED);
    buf_put(&copy, trace.data, (size_t)(from - trace.data));
    buf_puts(&copy, to);
    buf_puts(&copy, behind);
    return buf_take(&copy);
}

/* A copy of the trace in which the nth `from` is `to`; *line is where it stands. */
static char *changed(const char *from, const char *to, unsigned nth, int *line)
{
    const char *at = nth_place(from, nth);
    *line = line_of(trace.data, at);
    return spliced(at, at + strlen(from), to);
}

/* A copy of the trace without the line that holds the nth `mark`. */
static char *without_line(const char *mark, unsigned nth, int *line)
{
    const char *at = nth_place(mark, nth);
    while (at[-1] != '\n') at--;
    *line = line_of(trace.data, at);
    return spliced(at, strchr(at, '\n') + 1, "");
}

/* A copy of the trace with the line of the nth `mark` once more, behind its actions. */
static char *with_line_again(const char *mark, unsigned nth, int *line)
{
    const char *at = nth_place(mark, nth);
    const char *place = strstr(at + strlen(mark), "\"in\":");
    assert_non_null(place);
    while (at[-1] != '\n') at--;
    while (place[-1] != '\n') place--;
    char *again = mem_copy(at, (size_t)(strchr(at, '\n') + 2 - at));
    again[strchr(at, '\n') + 1 - at] = '\0';
    *line = line_of(trace.data, place);
    char *copy = spliced(place, place, again);
    mem_free(again);
    return copy;
}

static void a_simulations_trace_comes_out_again(void **state)
{
    (void)state;
    assert_replays(trace.data, trace.length);
    assert_true(replay.identical);
    assert_true(trace_inputs > 1500);
    assert_int_equal(replay.inputs, trace_inputs);
    assert_int_equal(replay.inputs + replay.actions + 1, line_of(trace.data,
                                                                 trace.data + trace.length) - 1);
    assert_int_equal(replay.end, REPLAY_CUT);
    assert_string_equal(replay.program, "tollgate");
    assert_non_null(strstr(trace.data, "\"to\":\"open\""));
    assert_non_null(strstr(trace.data, "\"served\":\"baseline\""));
}

static void a_changed_action_is_named_with_what_comes_instead(void **state)
{
    (void)state;
    int line;
    char *text = changed("\"rule\":\"count\"", "\"rule\":\"ratio\"", 0, &line);
    assert_replays(text, strlen(text));
    assert_false(replay.identical);
    assert_int_equal(replay.line, line);
    assert_non_null(strstr(replay.expected, "\"rule\":\"ratio\""));
    assert_non_null(strstr(replay.got, "\"rule\":\"count\""));
    assert_int_equal(replay.before_count, REPLAY_BEFORE_MAX);
    assert_true(replay.before_line[REPLAY_BEFORE_MAX - 1] < line);
    assert_non_null(strstr(replay.before[REPLAY_BEFORE_MAX - 1], "\"in\":\"attempt_done\""));
    mem_free(text);
}

static void a_changed_input_diverges_at_its_first_consequence(void **state)
{
    (void)state;
    int line;
    char *text = changed("\"outcome\":\"http_503\",\"status\":503",
                         "\"outcome\":\"http_4xx\",\"status\":404", 0, &line);
    assert_replays(text, strlen(text));
    assert_false(replay.identical);
    assert_in_range(replay.line, line + 1, line + 20);
    mem_free(text);
}

static void a_dropped_line_diverges_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *mark;
        const char *sentence;
    } rows[] = {
        { "\"do\":\"start_attempt\"", "does something that the trace does not have" },
        { "\"in\":\"request\"", "does not do this" },
        { "\"do\":\"store\"", "does something else" },
        { "\"do\":\"answer\"", "does something that the trace does not have" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int line;
        char *text = without_line(rows[i].mark, 5, &line);
        assert_replays(text, strlen(text));
        assert_false(replay.identical);
        assert_int_equal(replay.line, line);
        if (strstr(replay.sentence, rows[i].sentence) == NULL) fail_msg("%s", replay.sentence);
        mem_free(text);
    }
}

static void an_input_for_what_is_not_running_diverges(void **state)
{
    (void)state;
    static const struct {
        const char *mark;
        const char *sentence;
    } rows[] = {
        { "\"in\":\"request\"", "an id that is still taken" },
        { "\"in\":\"attempt_sent\"", NULL }, /* allowed: bytes of one phase may come again */
        { "\"in\":\"attempt_done\"", "an attempt that is not running" },
        { "\"in\":\"baseline_done\"", "a baseline that nobody asked for" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int line;
        char *text = with_line_again(rows[i].mark, 0, &line);
        assert_replays(text, strlen(text));
        assert_int_equal(replay.identical, rows[i].sentence == NULL);
        if (!replay.identical) {
            assert_int_equal(replay.line, line);
            if (strstr(replay.sentence, rows[i].sentence) == NULL) fail_msg("%s", replay.sentence);
        }
        mem_free(text);
    }
}

/* One place where the engine would go on differently with other settings. */
static void the_configuration_is_the_traces_own(void **state)
{
    (void)state;
    int line;
    char *text = changed("\"retry_count\":\"2\"", "\"retry_count\":\"1\"", 0, &line);
    assert_int_equal(line, 1);
    assert_replays(text, strlen(text));
    assert_false(replay.identical);
    mem_free(text);
    text = changed("18446744073709551557", "18446744073709551556", 0, &line);
    assert_replays(text, strlen(text));
    assert_false(replay.identical);
    mem_free(text);
}

/* A copy of the trace with a reload in the middle of it: the configuration of the first line, with
 * `to` for `from`; *line is where it stands. */
static char *reloaded(const char *from, const char *to, int *line)
{
    const char *at = nth_place("\"in\":\"request\"", 100);
    while (at[-1] != '\n') at--;
    const char *config = strstr(trace.data, ",\"l2\":");
    const char *place = strstr(config, from);
    const char *end = strchr(trace.data, '\n') + 1;
    assert_non_null(place);
    struct buf reload;
    buf_init(&reload, BUF_UNBOUNDED);
    buf_printf(&reload, "%.*s,\"in\":\"reload\"", (int)(strchr(at, ',') - at), at);
    buf_put(&reload, config, (size_t)(place - config));
    buf_puts(&reload, to);
    place += strlen(from);
    buf_put(&reload, place, (size_t)(end - place));
    *line = line_of(trace.data, at);
    char *copy = spliced(at, at, buf_text(&reload));
    buf_deinit(&reload);
    return copy;
}

static void settings_change_where_the_trace_says_so(void **state)
{
    (void)state;
    int line;
    char *text = reloaded("\"retry_count\":\"2\"", "\"retry_count\":\"2\"", &line);
    assert_replays(text, strlen(text));
    assert_true(replay.identical);
    assert_int_equal(replay.inputs, trace_inputs + 1);
    mem_free(text);
    text = reloaded("\"retry_count\":\"2\"", "\"retry_count\":\"0\"", &line);
    assert_replays(text, strlen(text));
    assert_false(replay.identical);
    assert_true(replay.line > line);
    mem_free(text);
    text = reloaded("\"max_inflight\":\"4096\"", "\"max_inflight\":\"4097\"", &line);
    assert_unreadable(text, line, "no running engine can take");
    mem_free(text);
    text = reloaded("\"stale_family_key\":\"false\"", "\"stale_family_key\":\"true\"", &line);
    assert_unreadable(text, line, "no running engine can take");
    mem_free(text);
    text = reloaded("\"retry_count\":\"2\",", "", &line);
    assert_unreadable(text, line, "retry_count");
    mem_free(text);
}

static void a_cut_last_line_is_passed_over(void **state)
{
    (void)state;
    assert_replays(trace.data, trace.length - 7);
    assert_true(replay.identical);
    assert_int_equal(replay.end, REPLAY_CUT);
    assert_replays(trace.data, (size_t)(strchr(trace.data, '\n') + 40 - trace.data));
    assert_true(replay.identical);
    assert_int_equal(replay.inputs, 0);
}

static void a_whole_trace_lacks_no_line(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    int lines = line_of(trace.data, trace.data + trace.length) - 2;
    buf_put(&text, trace.data, trace.length);
    buf_printf(&text, "{\"end\":true,\"lines\":%d}\n", lines);
    assert_replays(text.data, text.length);
    assert_true(replay.identical);
    assert_int_equal(replay.end, REPLAY_WHOLE);

    buf_clear(&text);
    buf_put(&text, trace.data, trace.length);
    buf_printf(&text, "{\"end\":true,\"lines\":%d}\n", lines + 1);
    assert_replays(text.data, text.length);
    assert_false(replay.identical);
    assert_int_equal(replay.line, lines + 2);

    buf_clear(&text);
    const char *cut = trace.data + trace.length - 1;
    while (strncmp(cut, "{\"t\":", 5) != 0 || strstr(cut, "\"do\":\"answer\"") == NULL) cut--;
    buf_put(&text, trace.data, (size_t)(cut - trace.data));
    buf_printf(&text, "{\"end\":true,\"lines\":%d}\n", lines - 1);
    assert_replays(text.data, text.length);
    assert_false(replay.identical);
    assert_null(replay.expected);
    assert_non_null(strstr(replay.got, "\"do\":\"answer\""));
    buf_deinit(&text);
}

static void a_truncated_trace_is_compared_as_far_as_it_goes(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_put(&text, trace.data, trace.length);
    buf_puts(&text, "{\"truncated\":true}\n");
    assert_replays(text.data, text.length);
    assert_true(replay.identical);
    assert_int_equal(replay.end, REPLAY_TRUNCATED);
    buf_puts(&text, "{\"t\":1,\"in\":\"timer\"}\n");
    int line = line_of(text.data, text.data + text.length) - 1;
    assert_unreadable(text.data, line, "behind the end mark");
    buf_deinit(&text);
}

static void a_line_that_is_none_is_named(void **state)
{
    (void)state;
    assert_unreadable("", 1, "no trace");
    assert_unreadable("name: outage\n", 1, "no trace");
    assert_unreadable("{\"trace\":1,\"seed\":7}\n", 1, "format 1");
    int line;
    static const struct {
        const char *from, *to, *sentence;
        unsigned nth;
    } rows[] = {
        { "\"retry_count\":\"2\",", "", "another version of the program: retry_count", 0 },
        { "\"retry_count\":", "\"retry_count2\":\"1\",\"retry_count\":", "does not know", 0 },
        { "\"retry_count\":\"2\"", "\"retry_count\":\"two\"", "configuration is refused", 0 },
        { "\"l2\":false,", "", "no \"l2\"", 0 },
        { "{\"t\":", "{\"t\"", "not one JSON object", 100 },
        { "\"in\":\"timer\"", "\"in\":\"time\"", "no kind of input", 0 },
        { "\"in\":\"timer\"", "\"on\":\"timer\"", "neither", 0 },
        { "\"in\":\"request\"", "\"in\":\"request\",\"new\":1", "does not understand", 3 },
        { "\"in\":\"request\",\"call\":", "\"in\":\"request\",\"call\":99999", "max_inflight", 3 },
        { "\"outcome\":\"http_503\"", "\"outcome\":\"http_504x\"", "cannot have", 0 },
        { "\"in\":\"request\",\"call\":", "\"in\":\"request\",\"call\":-", "cannot have", 3 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = changed(rows[i].from, rows[i].to, rows[i].nth, &line);
        assert_unreadable(text, line, rows[i].sentence);
        mem_free(text);
    }
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_put(&text, trace.data, trace.length);
    buf_puts(&text, "{\"t\":7,\"in\":\"timer\"}\n");
    line = line_of(text.data, text.data + text.length) - 1;
    assert_unreadable(text.data, line, "time goes back");
    buf_deinit(&text);
}

/* Bytes changed at random: a verdict or a note with a line, and a sanitizer must see nothing. */
static void broken_traces_end_in_a_verdict_or_a_note_with_a_line(void **state)
{
    (void)state;
    const char *end = trace.data;
    for (int i = 0; i < MUTATED_LINES; i++) end = strchr(end, '\n') + 1;
    size_t length = (size_t)(end - trace.data);
    size_t head = (size_t)(strchr(trace.data, '\n') - trace.data);
    char *text = mem_alloc(length, 1);
    struct rng rng;
    rng_init(&rng, 11, "replay-mutations");
    unsigned ends[3] = { 0 };
    for (int i = 0; i < MUTATIONS; i++) {
        static const char bytes[] = "0123456789\"{}[]:,\n\\atdofin_";
        memcpy(text, trace.data, length);
        for (uint64_t edits = 1 + rng_below(&rng, 3); edits > 0; edits--) {
            bool in_head = rng_below(&rng, 20) == 0;
            size_t at = in_head ? rng_below(&rng, head)
                                : head + rng_below(&rng, length - head);
            text[at] = bytes[rng_below(&rng, sizeof bytes)];
        }
        struct err_note note = { .err = ERR_OK };
        replay_deinit(&replay);
        bool read = replay_text("t", text, length, &replay, &note) == ERR_OK;
        ends[read ? replay.identical : 2]++;
        assert_in_range(read && replay.identical ? 1 : read ? replay.line : note.line, 1,
                        MUTATED_LINES + 10);
    }
    assert_true(ends[0] > 100 && ends[2] > 100);
    mem_free(text);
}

static int forget(void **state)
{
    (void)state;
    replay_deinit(&replay);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_simulations_trace_comes_out_again, forget),
        cmocka_unit_test_teardown(a_changed_action_is_named_with_what_comes_instead, forget),
        cmocka_unit_test_teardown(a_changed_input_diverges_at_its_first_consequence, forget),
        cmocka_unit_test_teardown(a_dropped_line_diverges_at_its_place, forget),
        cmocka_unit_test_teardown(an_input_for_what_is_not_running_diverges, forget),
        cmocka_unit_test_teardown(the_configuration_is_the_traces_own, forget),
        cmocka_unit_test_teardown(settings_change_where_the_trace_says_so, forget),
        cmocka_unit_test_teardown(a_cut_last_line_is_passed_over, forget),
        cmocka_unit_test_teardown(a_whole_trace_lacks_no_line, forget),
        cmocka_unit_test_teardown(a_truncated_trace_is_compared_as_far_as_it_goes, forget),
        cmocka_unit_test_teardown(a_line_that_is_none_is_named, forget),
        cmocka_unit_test_teardown(broken_traces_end_in_a_verdict_or_a_note_with_a_line, forget),
    };
    return cmocka_run_group_tests(tests, simulate, release);
}
