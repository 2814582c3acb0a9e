#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

enum { WORDS_MAX = 12, TRIES_MAX = 4 };

/* One answer as the automaton sees it: its path, its attempts, what was served. */
struct story {
    const char *path; /* words, separated by blanks */
    enum outcome outcomes[TRIES_MAX];
    uint32_t attempts;
    enum served served;
    enum code cause;
    const char *rule; /* that it breaks; NULL: none */
    const char *set;  /* "key=value"; NULL: none */
};

/* Puts the story in place of answer 0, which nothing precedes. */
static void tell(struct stage *stage, const struct story *story)
{
    struct run *run = &stage->run;
    struct run_answer *answer = &run->answers[0];
    answer->answered = true;
    answer->done_ns = NS_PER_MS;
    answer->served = story->served;
    answer->cause = story->cause;
    answer->attempt_at = (uint32_t)run->attempt_count;
    answer->attempt_count = story->attempts;
    for (uint32_t i = 0; i < story->attempts; i++) {
        *run_add_attempt(run) = (struct run_attempt){ .number = i, .outcome = story->outcomes[i] };
    }
    answer->path_at = (uint32_t)run->path_count;
    answer->path_count = 0;
    char words[256];
    assert_true(strlen(story->path) < sizeof words);
    memcpy(words, story->path, strlen(story->path) + 1);
    char *rest = words;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        if (*word == '\0') continue;
        struct path_entry entry;
        if (!path_entry_parse(word, &entry)) fail_msg("no such word: %s", word);
        *run_add_path(run) = entry;
        answer->path_count++;
    }
}

static void check_story(const struct story *story)
{
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), story->set);
    stage.run.complete = true;
    tell(&stage, story);
    stage_judge(&stage);
    const struct check *order = stage_check(&stage, "order");
    assert_int_equal(1, order->n);
    if (story->rule == NULL) {
        if (order->status != CHECK_PASS) fail_msg("\"%s\": %s", story->path, order->sentence);
    } else {
        stage_assert_fails(&stage, "order", story->rule);
        assert_int_equal(0, order->ids[0]);
    }
    stage_close(&stage);
}

static void order_takes_the_chains_of_the_guide(void **state)
{
    (void)state;
    static const struct story stories[] = {
        { .path = "input:baseline_only baseline:ok", .served = SERVED_BASELINE },
        { .path = "input:baseline_only baseline:failed", .served = SERVED_ERROR },
        { .path = "l1:fresh", .served = SERVED_CACHE },
        { .path = "l1:miss breaker:closed attempt:ok",
          .outcomes = { OUTCOME_OK },
          .attempts = 1,
          .served = SERVED_UPSTREAM },
        { .path = "l1:stale breaker:closed attempt:RUNTIME_5XX breaker:closed "
                  "attempt:RUNTIME_NETWORK breaker:probe attempt:ok",
          .outcomes = { OUTCOME_HTTP_503, OUTCOME_READ_ERROR, OUTCOME_OK },
          .attempts = 3,
          .served = SERVED_UPSTREAM },
        { .path = "l1:stale breaker:open stale:hit", .served = SERVED_STALE },
        { .path = "l1:miss hold stale:miss baseline:ok", .served = SERVED_BASELINE },
        { .path = "l1:miss breaker:half_open stale:miss baseline:failed", .served = SERVED_ERROR },
        { .path = "l1:miss pool:full l1:filled", .served = SERVED_CACHE },
        { .path = "l1:miss pool:wait pool:timeout stale:miss baseline:ok",
          .served = SERVED_BASELINE },
        { .path = "l1:stale pool:wait breaker:open stale:hit", .served = SERVED_STALE },
        { .path = "l1:stale pool:wait breaker:closed attempt:INPUT_INVALID stale:hit",
          .outcomes = { OUTCOME_HTTP_4XX },
          .attempts = 1,
          .served = SERVED_STALE },
        { .path = "l1:miss breaker:closed attempt:RUNTIME_TIMEOUT stale:miss baseline:ok",
          .outcomes = { OUTCOME_DEADLINE },
          .attempts = 1,
          .served = SERVED_BASELINE },
        { .path = "l1:miss breaker:closed attempt:RUNTIME_5XX breaker:open stale:miss baseline:ok",
          .outcomes = { OUTCOME_HTTP_502 },
          .attempts = 1,
          .served = SERVED_BASELINE },
        { .path = "l1:stale l2:fresh", .served = SERVED_CACHE },
        { .path = "l1:miss l2:timeout breaker:closed attempt:ok",
          .outcomes = { OUTCOME_OK },
          .attempts = 1,
          .served = SERVED_UPSTREAM },
        { .path = "l1:miss l2:stale breaker:open stale:l2", .served = SERVED_STALE },
        { .path = "l1:miss l2:miss l1:filled", .served = SERVED_CACHE },
        { .path = "l1:miss breaker:open stale:family",
          .served = SERVED_STALE,
          .set = "stale_family_key=true" },
        { .path = "l1:miss l2:timeout stale:miss baseline:ok",
          .cause = CODE_RUNTIME_TIMEOUT,
          .served = SERVED_BASELINE },
        { .path = "l1:miss flight:joined flight:ok", .served = SERVED_UPSTREAM },
        { .path = "l1:stale l2:miss flight:joined flight:failed stale:hit",
          .served = SERVED_STALE },
        { .path = "l1:miss flight:joined breaker:closed attempt:ok",
          .outcomes = { OUTCOME_OK },
          .attempts = 1,
          .served = SERVED_UPSTREAM },
        { .path = "l1:stale flight:joined stale:hit",
          .cause = CODE_RUNTIME_TIMEOUT,
          .served = SERVED_STALE },
        { .path = "l1:stale negative:hit stale:hit", .served = SERVED_STALE },
        { .path = "l1:miss breaker:closed attempt:RUNTIME_5XX retry:budget stale:miss baseline:ok",
          .outcomes = { OUTCOME_HTTP_503 },
          .attempts = 1,
          .served = SERVED_BASELINE },
    };
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) check_story(&stories[i]);
}

static void order_names_the_rule_that_is_broken(void **state)
{
    (void)state;
    static const struct story stories[] = {
        { .path = "l1:stale breaker:open baseline:ok",
          .served = SERVED_BASELINE,
          .rule = "the baseline comes only after stale:miss" },
        { .path = "l1:miss breaker:closed attempt:INPUT_INVALID breaker:closed attempt:ok",
          .outcomes = { OUTCOME_HTTP_4XX, OUTCOME_OK },
          .attempts = 2,
          .served = SERVED_UPSTREAM,
          .rule = "no attempt after an outcome that may not be retried" },
        { .path = "l1:miss breaker:closed attempt:RUNTIME_5XX breaker:closed attempt:ok",
          .outcomes = { OUTCOME_HTTP_5XX, OUTCOME_OK }, /* a 500 */
          .attempts = 2,
          .served = SERVED_UPSTREAM,
          .rule = "no attempt after an outcome that may not be retried" },
        { .path = "l1:miss breaker:open breaker:closed attempt:ok",
          .outcomes = { OUTCOME_OK },
          .attempts = 1,
          .served = SERVED_UPSTREAM,
          .rule = "no attempt after a refusal" },
        { .path = "l1:miss attempt:ok",
          .outcomes = { OUTCOME_OK },
          .attempts = 1,
          .served = SERVED_UPSTREAM,
          .rule = "no attempt without a permit" },
        { .path = "breaker:closed attempt:ok",
          .outcomes = { OUTCOME_OK },
          .attempts = 1,
          .served = SERVED_UPSTREAM,
          .rule = "the cache is asked before the upstream" },
        { .path = "l1:stale stale:hit",
          .served = SERVED_STALE,
          .rule = "the upstream is tried or refused before a stale entry is served" },
        { .path = "l1:miss stale:miss baseline:ok",
          .served = SERVED_BASELINE,
          .rule = "the upstream is tried or refused before a stale entry is served" },
        { .path = "l1:miss l1:fresh",
          .served = SERVED_CACHE,
          .rule = "the cache is looked up first, and once" },
        { .path = "l1:fresh baseline:ok",
          .served = SERVED_BASELINE,
          .rule = "nothing follows the answer" },
        { .path = "input:baseline_only breaker:closed attempt:ok",
          .outcomes = { OUTCOME_OK },
          .attempts = 1,
          .served = SERVED_UPSTREAM,
          .rule = "no attempt when the baseline is due" },
        { .path = "l1:miss breaker:open stale:miss",
          .served = SERVED_BASELINE,
          .rule = "a path ends with what was served" },
        { .path = "l1:miss breaker:open stale:miss baseline:ok",
          .served = SERVED_STALE,
          .rule = "the answer is what the path's last word says" },
        { .path = "l1:miss breaker:closed attempt:ok",
          .outcomes = { OUTCOME_HTTP_503, OUTCOME_OK },
          .attempts = 2,
          .served = SERVED_UPSTREAM,
          .rule = "a path ends with what was served" },
        { .path = "l1:miss breaker:closed attempt:ok",
          .outcomes = { OUTCOME_OK, OUTCOME_OK },
          .attempts = 2,
          .served = SERVED_UPSTREAM,
          .rule = "the path names every attempt" },
        { .path = "l1:miss breaker:closed attempt:ok",
          .served = SERVED_UPSTREAM,
          .rule = "the path names more attempts than were made" },
        { .path = "l1:miss breaker:open l2:fresh",
          .served = SERVED_CACHE,
          .rule = "L2 is asked once, right after L1" },
        { .path = "l1:miss l2:miss l2:fresh",
          .served = SERVED_CACHE,
          .rule = "L2 is asked once, right after L1" },
        { .path = "l1:miss l2:miss breaker:open stale:l2",
          .served = SERVED_STALE,
          .rule = "stale:l2 comes after l2:stale only" },
        { .path = "l1:miss breaker:open stale:family",
          .served = SERVED_STALE,
          .rule = "stale:family comes with stale_family_key only" },
        { .path = "l1:miss stale:family",
          .served = SERVED_STALE,
          .set = "stale_family_key=true",
          .rule = "the upstream is tried or refused before a stale entry is served" },
        { .path = "l1:stale l2:miss stale:hit",
          .served = SERVED_STALE,
          .cause = CODE_RUNTIME_5XX,
          .rule = "the upstream is tried or refused before a stale entry is served" },
        { .path = "l1:stale flight:joined stale:hit",
          .served = SERVED_STALE,
          .cause = CODE_RUNTIME_5XX,
          .rule = "the upstream is tried or refused before a stale entry is served" },
        { .path = "l1:miss l1:filled",
          .served = SERVED_CACHE,
          .rule = "the upstream is tried or refused before a stale entry is served" },
        { .path = "l1:miss flight:ok",
          .served = SERVED_UPSTREAM,
          .rule = "a flight ends for those who joined it" },
        { .path = "l1:miss breaker:closed attempt:RUNTIME_5XX flight:joined flight:ok",
          .outcomes = { OUTCOME_HTTP_503 },
          .attempts = 1,
          .served = SERVED_UPSTREAM,
          .rule = "attempts of another call count before own ones" },
        { .path = "l1:miss negative:hit breaker:closed attempt:ok",
          .outcomes = { OUTCOME_OK },
          .attempts = 1,
          .served = SERVED_UPSTREAM,
          .rule = "no attempt after a refusal" },
        { .path = "l1:miss retry:budget stale:miss baseline:ok",
          .served = SERVED_BASELINE,
          .rule = "the budget is one of retries" },
        { .path = "", .served = SERVED_UPSTREAM, .rule = "an answer says by which path it came" },
    };
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) check_story(&stories[i]);
}

/* The runtime looked, says it found nothing, and serves the baseline; but the entry is 3 s old and
 * lives for 6. */
static void order_sees_a_stale_entry_that_was_passed_over(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), "stale_family_key=true");
    stage_simulate(&stage);
    stage_judge(&stage);
    stage_assert_passes(&stage, "order");
    struct run_answer *answer = stage_answer(&stage, SERVED_STALE, 0);
    uint32_t last = answer->path_at + answer->path_count - 1;
    assert_int_equal(PATH_STALE_HIT, stage.run.path[last].step);
    /* Move the path to the end of the list, where there is room for one more word. */
    uint32_t at = (uint32_t)stage.run.path_count;
    for (uint32_t i = 0; i < answer->path_count - 1; i++) {
        struct path_entry entry = stage.run.path[answer->path_at + i];
        *run_add_path(&stage.run) = entry;
    }
    *run_add_path(&stage.run) = (struct path_entry){ .step = PATH_STALE_MISS };
    *run_add_path(&stage.run) = (struct path_entry){ .step = PATH_BASELINE_OK };
    answer->path_at = at;
    answer->path_count++;
    answer->served = SERVED_BASELINE;
    stage_judge(&stage);
    stage_assert_fails(&stage, "order", "a stale entry that is still alive is served");

    /* Nor is another's served in its place. */
    uint32_t fallback = answer->path_at + --answer->path_count - 1;
    stage.run.path[fallback].step = PATH_STALE_FAMILY;
    answer->served = SERVED_STALE;
    stage_judge(&stage);
    stage_assert_fails(&stage, "order", "a request's own stale entry is served before its family");
    stage.run.path[fallback].step = PATH_STALE_MISS;
    answer->path_count++;
    answer->served = SERVED_BASELINE;

    uint64_t done_ns = answer->done_ns;
    answer->done_ns += 10 * NS_PER_S; /* by then it may have been too old */
    stage_judge(&stage);
    stage_assert_passes(&stage, "order");

    answer->done_ns = done_ns;
    for (size_t i = 0; &stage.run.answers[i] < answer; i++) { /* filled later: no proof */
        struct run_answer *earlier = &stage.run.answers[i];
        if (earlier->served == SERVED_UPSTREAM) earlier->done_ns = done_ns + 1;
    }
    stage_judge(&stage);
    stage_assert_passes(&stage, "order");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_takes_the_chains_of_the_guide),
        cmocka_unit_test(order_names_the_rule_that_is_broken),
        cmocka_unit_test(order_sees_a_stale_entry_that_was_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
