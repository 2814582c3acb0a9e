#include "judge_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

enum { SETS_MAX = 32 };

void stage_open(struct stage *stage, const char *yaml, const char *setting)
{
    struct err_note note = { .err = ERR_OK };
    *stage = (struct stage){ .arena = { .head = NULL } };
    if (scenario_parse(&stage->arena, "judged.yaml", yaml, strlen(yaml), &stage->scenario, &note) !=
        ERR_OK) {
        fail_msg("judged.yaml:%d:%d: %s", note.line, note.column, note.sentence);
    }
    const char *sets[SETS_MAX];
    size_t count = 0;
    for (; count < stage->scenario.setting_count; count++) {
        sets[count] = stage->scenario.settings[count].assignment;
    }
    if (setting != NULL) sets[count++] = setting;
    struct config_source source = {
        .path = TOLLGATE_SOURCE_DIR "/configs/prod.yaml",
        .sets = sets,
        .set_count = count,
    };
    if (config_load(&stage->config, &source, &note) != ERR_OK) fail_msg("%s", note.sentence);
    schedule_create(&stage->scenario, stage->scenario.seed, &stage->schedule);
    run_init(&stage->run, WORLD_SIM, &stage->scenario, &stage->schedule, &stage->config,
             stage->scenario.seed);
}

void stage_simulate(struct stage *stage)
{
    struct sim_options options = { .arrival_jitter_ns = 0, .reply_jitter_ns = 0 };
    struct err_note note = { .err = ERR_OK };
    if (sim_run(&stage->run, &options, NULL, &note) != ERR_OK) fail_msg("%s", note.sentence);
}

void stage_make_up(struct stage *stage)
{
    struct run *run = &stage->run;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        struct run_answer *answer = &run->answers[i];
        if (answer->intended_ns == INSTANT_NEVER) {
            answer->intended_ns = run->schedule->items[i].at_ns;
        }
        answer->sent_ns = answer->intended_ns;
        answer->done_ns = answer->intended_ns + NS_PER_MS;
        answer->answered = answer->output_valid = true;
        answer->answers = 1;
        answer->http_status = 200;
        answer->served = SERVED_UPSTREAM;
        answer->cache_state = CACHE_MISS;
        answer->attempt_at = (uint32_t)run->attempt_count;
        answer->attempt_count = 1;
        *run_add_attempt(run) = (struct run_attempt){
            .request = i, .outcome = OUTCOME_OK, .http_status = 200, .start_known = true,
            .started_ns = answer->sent_ns, .latency_ns = NS_PER_MS,
        };
        *run_add_delivery(run) = (struct run_delivery){
            .request = i, .at_ns = answer->sent_ns, .phase = UINT32_MAX,
        };
    }
    run->complete = run->permits_known = true;
}

void stage_judge(struct stage *stage)
{
    verdict_deinit(&stage->verdicts);
    verdict_judge(&stage->run, &stage->verdicts);
}

void stage_simulate_and_judge(struct stage *stage, const char *yaml)
{
    stage_open(stage, yaml, NULL);
    stage_simulate(stage);
    stage_judge(stage);
}

void stage_close(struct stage *stage)
{
    verdict_deinit(&stage->verdicts);
    run_deinit(&stage->run);
    schedule_destroy(&stage->schedule);
    arena_deinit(&stage->arena);
}

const struct check *stage_check(const struct stage *stage, const char *name)
{
    for (size_t i = 0; i < stage->verdicts.count; i++) {
        if (strcmp(stage->verdicts.checks[i].name, name) == 0) return &stage->verdicts.checks[i];
    }
    fail_msg("no check is named %s", name);
    return NULL;
}

void stage_assert_fails(const struct stage *stage, const char *name, const char *text)
{
    const struct check *check = stage_check(stage, name);
    if (check->status != CHECK_FAIL || strstr(check->sentence, text) == NULL) {
        fail_msg("%s is %s: \"%s\"; expected to fail with \"%s\"", name,
                 check_status_name(check->status), check->sentence, text);
    }
}

void stage_assert_passes(const struct stage *stage, const char *name)
{
    const struct check *check = stage_check(stage, name);
    if (check->status != CHECK_PASS) {
        fail_msg("%s is %s: %s", name, check_status_name(check->status), check->sentence);
    }
    assert_int_equal(0, check->id_count);
}

struct run_answer *stage_answer(struct stage *stage, enum served served, uint32_t attempts)
{
    for (size_t i = 0; i < stage->schedule.count; i++) {
        struct run_answer *answer = &stage->run.answers[i];
        if (answer->served == served && answer->attempt_count >= attempts) return answer;
    }
    fail_msg("no answer is served %s", served_name(served));
    return NULL;
}

struct run_attempt *stage_attempt(struct stage *stage, const struct run_answer *answer,
                                  uint32_t number)
{
    assert_true(number < answer->attempt_count);
    return &stage->run.attempts[answer->attempt_at + number];
}
