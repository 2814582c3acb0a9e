/* SIGHUP: other settings, and no request that notices. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "harness/replay.h"
#include "crew.h"

#define MORE(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define APPLIED "tsfm_config_reload_total{result=\"applied\"}"
#define REFUSED "tsfm_config_reload_total{result=\"refused\"}"

enum { LOAD = 8 };

struct stage {
    struct crew crew;
    char path[64];
    int fds[LOAD]; /* requests on the way */
    unsigned sent;
    unsigned answered;
};

static void write_config(struct stage *stage, const char *text)
{
    struct err_note note = { 0 };
    if (file_write(stage->path, text, strlen(text), &note) != ERR_OK) fail_msg("%s", note.sentence);
}

static void begin(struct stage *stage, const char *workers, const char *config,
                  const char *const more[])
{
    *stage = (struct stage){ .path = "/tmp/tollgate-reload-XXXXXX" };
    close(mkstemp(stage->path));
    write_config(stage, config);
    const char *args[16] = { "--config", stage->path };
    for (size_t i = 0; more[i] != NULL; i++) args[2 + i] = more[i];
    crew_start(&stage->crew, workers, args);
}

static void end(struct stage *stage)
{
    crew_stop(&stage->crew);
    unlink(stage->path);
    crew_clean(&stage->crew);
}

static void send_one(struct stage *stage, int i)
{
    char market[32];
    snprintf(market, sizeof market, "load-%u", stage->sent++);
    stage->fds[i] = crew_post(&stage->crew, market);
}

/* Takes one answer and sends the next: LOAD requests are always on the way. */
static void turn_load(struct stage *stage)
{
    int i = (int)(stage->answered++ % LOAD);
    struct rig_answer answer = rig_receive(&stage->crew.rig, stage->fds[i]);
    if (answer.status != 200) fail_msg("%u %s", answer.status, answer.body);
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);
    send_one(stage, i);
}

static void load_until_metric(struct stage *stage, const char *sample, double value)
{
    instant_ns patience = clock_now() + 20 * NS_PER_S;
    while (crew_metric(&stage->crew, sample) < value) {
        turn_load(stage);
        if (clock_now() > patience) fail_msg("%s does not become %g", sample, value);
    }
}

static void reloads_under_load_drop_no_request(const char *workers)
{
    struct stage stage;
    begin(&stage, workers, "request_deadline_s: 60\n", MORE("--set", "log_level=info"));
    for (int i = 0; i < LOAD; i++) send_one(&stage, i);
    for (int round = 1; round <= 5; round++) {
        write_config(&stage, round % 2 == 1 ? "max_connections: 128\nmax_inflight: 512\n"
                                              "breaker_failures_30s: 9\nbreaker_window_s: 40\n"
                                              "cache_entries_max: 4\n"
                                            : "cache_bytes_max: 100000\n");
        kill(stage.crew.child.pid, SIGHUP);
        load_until_metric(&stage, APPLIED, round);
        write_config(&stage, "max_connections: 128\nbreaker_cooldown_s: -3\n");
        kill(stage.crew.child.pid, SIGHUP);
        load_until_metric(&stage, REFUSED, round);
    }
    for (int i = 0; i < 40; i++) turn_load(&stage);
    for (int i = 0; i < LOAD; i++) {
        struct rig_answer answer = rig_receive(&stage.crew.rig, stage.fds[i]);
        assert_int_equal(answer.status, 200);
        rig_answer_free(&answer);
    }
    crew_until_metric(&stage.crew, "tsfm_request_total{status=\"success\"}", stage.sent);
    assert_true(crew_metric(&stage.crew, "tsfm_worker_restarts_total") == 0);
    end(&stage);
}

static void one_process_drops_no_request(void **state)
{
    (void)state;
    reloads_under_load_drop_no_request("1");
}

static void two_workers_drop_no_request(void **state)
{
    (void)state;
    reloads_under_load_drop_no_request("2");
}

static bool is_hung(struct rig *rig)
{
    return rig->hung_count == 1;
}

static void request_on_its_way_to_the_model_is_answered_after_a_reload(void **state)
{
    (void)state;
    struct stage stage;
    begin(&stage, "1", "retry_count: 0\n", MORE(NULL));
    rig_play(&stage.crew.rig, &(struct rig_step){ .move = RIG_HANG }, 1);
    int fd = crew_post(&stage.crew, "waiting");
    rig_until(&stage.crew.rig, is_hung);
    write_config(&stage, "max_connections: 1\nmax_keepalive_connections: 1\n"
                         "cache_entries_max: 1\nbreaker_half_open_probe: 1\n");
    kill(stage.crew.child.pid, SIGHUP);
    crew_until_metric(&stage.crew, APPLIED, 1);
    rig_answer_hung(&stage.crew.rig);
    struct rig_answer answer = rig_receive(&stage.crew.rig, fd);
    assert_int_equal(answer.status, 200);
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);
    end(&stage);
}

static bool is_cached(struct stage *stage)
{
    struct rig_answer answer = crew_ask_for(&stage->crew, "same");
    assert_int_equal(answer.status, 200);
    bool cached = strcmp(rig_text(&answer, "meta.cache_state"), "fresh") == 0;
    rig_answer_free(&answer);
    return cached;
}

/* Both workers, and one that is started later. */
static void new_value_holds_in_all_workers(void **state)
{
    (void)state;
    struct stage stage;
    begin(&stage, "2", "cache_ttl_s: 3600\n", MORE(NULL));
    instant_ns patience = clock_now() + 20 * NS_PER_S;
    for (int hits = 0; hits < 20;) {
        if (is_cached(&stage)) hits++;
        if (clock_now() > patience) fail_msg("it does not cache");
    }
    write_config(&stage, "cache_ttl_s: 0\n");
    kill(stage.crew.child.pid, SIGHUP);
    for (int worker = 0; worker < 2; worker++) {
        char line[96];
        snprintf(line, sizeof line, "\"reload\",\"worker\":%d,\"changed\":[\"cache_ttl_s\"]",
                 worker);
        crew_until_logged(&stage.crew, line, 1);
    }
    pid_t victim = crew_worker(&stage.crew, 0);
    kill(victim, SIGKILL);
    crew_until_gone(victim);
    crew_until_metric(&stage.crew, "tsfm_worker_restarts_total", 1);
    crew_until_metric(&stage.crew, "tsfm_workers", 2);
    for (int i = 0; i < 30; i++) assert_false(is_cached(&stage));
    end(&stage);
}

static void bad_file_is_refused_with_its_place_and_the_old_one_stays(void **state)
{
    (void)state;
    static const char *const workers[] = { "1", "2" };
    for (size_t i = 0; i < 2; i++) {
        struct stage stage;
        begin(&stage, workers[i], "cache_ttl_s: 0\n", MORE(NULL));
        write_config(&stage, "cache_ttl_s: 3600\nretry_cuont: 1\n");
        kill(stage.crew.child.pid, SIGHUP);
        crew_until_metric(&stage.crew, REFUSED, 1);
        assert_int_equal(crew_logged(&stage.crew, "\"event\":\"reload_refused\""), 1);
        assert_int_equal(crew_logged(&stage.crew, "did you mean \\\"retry_count\\\"?"), 1);
        assert_int_equal(crew_logged(&stage.crew, "\"line\":2,\"column\":1"), 1);
        for (int asked = 0; asked < 10; asked++) assert_false(is_cached(&stage));
        assert_true(crew_metric(&stage.crew, APPLIED) == 0);
        end(&stage);
    }
}

static void what_needs_a_restart_is_named_once(void **state)
{
    (void)state;
    static const char *const workers[] = { "1", "2" };
    for (size_t i = 0; i < 2; i++) {
        struct stage stage;
        begin(&stage, workers[i], "max_connections: 64\nmax_keepalive_connections: 8\n",
              MORE(NULL));
        write_config(&stage, "max_connections: 65\nmax_keepalive_connections: 8\n"
                             "input_len_steps: 100\n");
        kill(stage.crew.child.pid, SIGHUP);
        crew_until_metric(&stage.crew, APPLIED, 1);
        assert_int_equal(crew_logged(&stage.crew, "\"reload_needs_restart\",\"option\":"), 2);
        assert_int_equal(crew_logged(&stage.crew, "\"option\":\"input_len_steps\""), 1);
        assert_int_equal(crew_logged(&stage.crew, "\"option\":\"max_connections\",\"message\":"
                                                  "\"larger than at start"), 1);
        end(&stage);
    }
}

/* Connections that six requests, one after the other, make to the model server. */
static uint64_t connections_of_six(struct crew *crew)
{
    uint64_t before = http_server_stats(crew->rig.upstream).accepted;
    for (int i = 0; i < 6; i++) crew_ask(crew);
    return http_server_stats(crew->rig.upstream).accepted - before;
}

static void connections_are_kept_as_a_reload_says(void **state)
{
    (void)state;
    struct stage stage;
    begin(&stage, "1", "max_keepalive_connections: 8\n", MORE(NULL));
    assert_int_equal(connections_of_six(&stage.crew), 1);
    write_config(&stage, "max_keepalive_connections: 0\n");
    kill(stage.crew.child.pid, SIGHUP);
    crew_until_metric(&stage.crew, APPLIED, 1);
    assert_in_range(connections_of_six(&stage.crew), 5, 6); /* the kept one may serve once more */
    write_config(&stage, "max_keepalive_connections: 8\nkeepalive_expiry_s: 0\n");
    kill(stage.crew.child.pid, SIGHUP);
    crew_until_metric(&stage.crew, APPLIED, 2);
    assert_int_equal(connections_of_six(&stage.crew), 6);
    end(&stage);
}

static void trace_says_what_holds_from_a_reload_on_and_replays(void **state)
{
    (void)state;
    struct stage stage;
    char trace[] = "/tmp/tollgate-trace-XXXXXX";
    close(mkstemp(trace));
    begin(&stage, "1", "cache_ttl_s: 60\n", MORE("--trace", trace));
    crew_ask(&stage.crew);
    write_config(&stage, "cache_ttl_s: 7\n");
    kill(stage.crew.child.pid, SIGHUP);
    crew_until_metric(&stage.crew, APPLIED, 1);
    crew_ask(&stage.crew);
    end(&stage);
    char *text = NULL;
    size_t length;
    struct err_note note = { 0 };
    assert_int_equal(file_read(trace, 1 << 20, &text, &length, &note), ERR_OK);
    const char *first = strstr(text, "\"in\":\"request\"");
    assert_non_null(first);
    const char *reload = strstr(first, "\"in\":\"reload\"");
    assert_non_null(reload);
    assert_non_null(strstr(reload, "\"cache_ttl_s\":\"7\""));
    assert_non_null(strstr(reload, "\"in\":\"request\""));
    mem_free(text);
    struct replay replay;
    assert_int_equal(replay_file(trace, &replay, &note), ERR_OK);
    if (!replay.identical) fail_msg("line %d: %s", replay.line, replay.sentence);
    assert_int_equal(replay.end, REPLAY_WHOLE);
    replay_deinit(&replay);
    unlink(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_process_drops_no_request),
        cmocka_unit_test(two_workers_drop_no_request),
        cmocka_unit_test(request_on_its_way_to_the_model_is_answered_after_a_reload),
        cmocka_unit_test(new_value_holds_in_all_workers),
        cmocka_unit_test(bad_file_is_refused_with_its_place_and_the_old_one_stays),
        cmocka_unit_test(what_needs_a_restart_is_named_once),
        cmocka_unit_test(connections_are_kept_as_a_reload_says),
        cmocka_unit_test(trace_says_what_holds_from_a_reload_on_and_replays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
