/* The load generator against a server that does what a test wants. */

#include "harness/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../net/loop_run.h"
#include "../net/raw_server.h"

static const struct request_shape shape = { .share_ppm = 1000000, .y_len = 64, .horizon_steps = 2 };

struct stage {
    uv_loop_t loop;
    struct raw_server server;
    struct scenario scenario;
    struct schedule schedule;
    struct run run;
    struct load_address address;
    struct load load;
    bool finished;
    unsigned early; /* requests that were complete before they were meant to be */
};

static struct stage stage;

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

static void on_finished(void *context)
{
    *(bool *)context = true;
}

static bool is_finished(void *context)
{
    return *(bool *)context;
}

/* The number in the request's X-Request-Id. */
static uint32_t number_of(const struct raw_connection *connection)
{
    const char *field = strstr(connection->in, "X-Request-Id: r");
    assert_non_null(field);
    return (uint32_t)strtoul(field + 15, NULL, 10);
}

static void begin(const struct workload *workload, uint64_t give_up_ns,
                  void (*on_request)(struct raw_connection *connection))
{
    char url[64];
    stage = (struct stage){ .finished = false };
    uv_loop_init(&stage.loop);
    raw_server_init(&stage.server, &stage.loop, on_request);
    stage.scenario = (struct scenario){ .workloads = workload, .workload_count = 1 };
    schedule_create(&stage.scenario, 1, &stage.schedule);
    run_init(&stage.run, WORLD_REAL, &stage.scenario, &stage.schedule, NULL, 1);
    snprintf(url, sizeof url, "http://localhost:%u/front/", stage.server.port);
    assert_int_equal(load_address_find(url, &stage.address, NULL), ERR_OK);
    stage.load = (struct load){
        .loop = &stage.loop,
        .run = &stage.run,
        .address = &stage.address,
        .start = instant_add(clock_now(), 10 * NS_PER_MS),
        .give_up_ns = give_up_ns,
        .on_finished = on_finished,
        .context = &stage.finished,
    };
}

static void play(void)
{
    load_start(&stage.load);
    assert_true(loop_run_until(&stage.loop, is_finished, &stage.finished));
    assert_true(stage.run.complete);
}

static void end(void)
{
    load_stop(&stage.load);
    raw_server_deinit(&stage.server);
    uv_run(&stage.loop, UV_RUN_DEFAULT);
    load_close(&stage.load);
    loop_finish(&stage.loop);
    run_deinit(&stage.run);
    schedule_destroy(&stage.schedule);
}

static struct workload constant(uint64_t per_second, uint64_t length_ms)
{
    return (struct workload){ .arrival = ARRIVAL_CONSTANT,
                              .rate_micro_per_s = per_second * 1000000,
                              .to_ns = length_ms * NS_PER_MS,
                              .key_count = 3,
                              .shapes = &shape,
                              .shape_count = 1 };
}

static void assert_all_answered(void)
{
    for (size_t i = 0; i < stage.run.schedule->count; i++) {
        const struct run_answer *answer = &stage.run.answers[i];
        assert_true(answer->answered);
        assert_int_equal(answer->answers, 1);
        assert_int_equal(answer->http_status, 200);
        assert_true(answer->sent_ns >= answer->intended_ns);
        assert_true(answer->done_ns >= answer->sent_ns);
    }
}

static void answer_at_once(struct raw_connection *connection)
{
    assert_non_null(
        strstr(connection->in, "POST /front/tsfm/forecast HTTP/1.1\r\nHost: localhost:"));
    assert_non_null(strstr(connection->in, "\r\n\r\n{\"market_id\":\"w0-m"));
    uint32_t number = number_of(connection);
    uint64_t offset = instant_until(clock_now(), stage.load.start);
    if (offset < stage.run.answers[number].intended_ns) stage.early++;
    raw_send(connection, ANSWER);
}

static void requests_are_sent_at_their_moments(void **state)
{
    (void)state;
    struct workload workload = constant(200, 200);
    begin(&workload, NS_PER_S, answer_at_once);
    play();
    assert_int_equal(stage.run.schedule->count, 40);
    assert_all_answered();
    assert_int_equal(stage.server.requests, 40);
    assert_int_equal(stage.early, 0);
    end();
}

static void answer_in_chunks_and_close(struct raw_connection *connection)
{
    raw_send(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
                         "\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n");
    raw_close(connection);
}

static void a_connection_that_closes_is_not_used_again(void **state)
{
    (void)state;
    struct workload workload = constant(200, 100);
    begin(&workload, NS_PER_S, answer_in_chunks_and_close);
    play();
    assert_all_answered();
    assert_int_equal(stage.server.accepted, 20);
    assert_int_equal(stage.server.requests, 20);
    end();
}

/* Closes a connection that is used for the second time, as a server does that thought it idle. */
static void answer_once_per_connection(struct raw_connection *connection)
{
    if (connection->requests == 1)
        raw_send(connection, ANSWER);
    else
        raw_close(connection);
}

static void a_request_on_a_connection_that_was_closed_while_idle_goes_out_once_more(void **state)
{
    (void)state;
    struct workload workload = constant(100, 200);
    begin(&workload, NS_PER_S, answer_once_per_connection);
    play();
    assert_all_answered();
    /* A client may see the end in time, and then there is nothing to send once more. */
    assert_in_range(stage.server.requests, 21, 20 + stage.server.accepted);
    end();
}

static void answer_nobody(struct raw_connection *connection)
{
    raw_close(connection);
}

static void a_request_that_is_cut_off_on_a_new_connection_stays_lost(void **state)
{
    (void)state;
    struct workload workload = constant(100, 100);
    begin(&workload, NS_PER_S, answer_nobody);
    play();
    assert_int_equal(stage.server.requests, 10);
    for (int i = 0; i < 10; i++) {
        assert_false(stage.run.answers[i].answered);
        assert_false(stage.run.answers[i].hung_up);
    }
    end();
}

static void stay_silent(struct raw_connection *connection)
{
    (void)connection;
}

static void an_answer_that_does_not_come_is_given_up(void **state)
{
    (void)state;
    struct workload workload = constant(100, 50);
    begin(&workload, 30 * NS_PER_MS, stay_silent);
    play();
    assert_int_equal(stage.server.requests, 5);
    for (int i = 0; i < 5; i++) {
        const struct run_answer *answer = &stage.run.answers[i];
        assert_false(answer->answered || answer->hung_up);
        assert_true(answer->done_ns >= answer->sent_ns + 30 * NS_PER_MS);
    }
    end();
}

static void a_client_hangs_up_when_its_answer_takes_too_long(void **state)
{
    (void)state;
    struct workload workload = constant(100, 100);
    workload.client = (struct client_faults){ .hang_up_ppm = 1000000, .after_ns = 20 * NS_PER_MS };
    begin(&workload, 10 * NS_PER_S, stay_silent);
    play();
    assert_int_equal(stage.server.requests, 10);
    for (int i = 0; i < 10; i++) {
        const struct run_answer *answer = &stage.run.answers[i];
        assert_true(answer->hung_up);
        assert_true(answer->done_ns >= answer->sent_ns + 20 * NS_PER_MS);
    }
    end();
    workload.client.after_ns = 10 * NS_PER_S;
    begin(&workload, NS_PER_S, answer_at_once);
    play();
    assert_all_answered(); /* it was quick enough */
    end();
}

static void a_slow_upload_ends_when_it_is_meant_to(void **state)
{
    (void)state;
    struct workload workload = constant(50, 100);
    workload.client = (struct client_faults){ .slow_ppm = 1000000, .over_ns = 90 * NS_PER_MS };
    begin(&workload, NS_PER_S, answer_at_once);
    play();
    assert_all_answered();
    assert_int_equal(stage.early, 0); /* never complete before the last piece was due */
    for (size_t i = 0; i < stage.run.schedule->count; i++) {
        assert_int_equal(stage.run.answers[i].intended_ns,
                         stage.schedule.items[i].at_ns + 90 * NS_PER_MS);
    }
    end();
}

static void clients_of_a_closed_loop_think_between_their_requests(void **state)
{
    (void)state;
    struct workload workload = constant(0, 300);
    workload.arrival = ARRIVAL_CLOSED;
    workload.size = 2;
    workload.think_ns = 20 * NS_PER_MS;
    begin(&workload, NS_PER_S, answer_at_once);
    play();
    run_settle(&stage.run);
    const struct run *run = &stage.run;
    assert_in_range(run->schedule->count, 4, 2 * 16);
    assert_int_equal(stage.server.requests, run->schedule->count);
    assert_all_answered();
    assert_true(stage.server.accepted <= 2);
    uint32_t each = (uint32_t)(run->plan->count / 2);
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        uint32_t number = run->schedule->items[i].number;
        if (number % each == 0) continue;
        const struct run_answer *before = &run->answers[run_index_of(run, number - 1)];
        assert_int_equal(run->answers[i].intended_ns, before->done_ns + 20 * NS_PER_MS);
    }
    end();
}

static void a_service_that_is_not_there_answers_nothing(void **state)
{
    (void)state;
    struct workload workload = constant(100, 50);
    begin(&workload, NS_PER_S, answer_at_once);
    close(stage.server.fd); /* the port is free, and nobody has it */
    uv_poll_stop(&stage.server.poll);
    stage.server.fd = -1;
    play();
    for (int i = 0; i < 5; i++)
        assert_false(stage.run.answers[i].answered);
    load_stop(&stage.load);
    uv_close((uv_handle_t *)&stage.server.poll, NULL);
    uv_run(&stage.loop, UV_RUN_DEFAULT);
    load_close(&stage.load);
    loop_finish(&stage.loop);
    run_deinit(&stage.run);
    schedule_destroy(&stage.schedule);
}

/* The client: a process of its own, whose open files are few. */
static int play_with_few_files(void)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    stage.load.loop = &loop;
    int highest = dup(STDIN_FILENO);
    struct rlimit limit = { (rlim_t)highest + 12, (rlim_t)highest + 12 };
    close(highest);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
    load_start(&stage.load);
    if (!loop_run_until(&loop, is_finished, &stage.finished)) return 3;
    for (size_t i = 0; i < stage.run.schedule->count; i++) {
        if (!stage.run.answers[i].answered) return 4;
    }
    return 0;
}

static bool has_ended(void *context)
{
    int *status = context;
    return waitpid(-1, status, WNOHANG) > 0;
}

/* 60 requests at once find a handful of connections, and the others wait for these. */
static void requests_wait_when_there_are_no_more_connections(void **state)
{
    (void)state;
    struct workload workload = constant(0, 10);
    workload.arrival = ARRIVAL_BURST;
    workload.size = 60;
    workload.every_ns = NS_PER_S;
    begin(&workload, 10 * NS_PER_S, answer_at_once);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(play_with_few_files());
    int status = 1;
    assert_true(loop_run_until(&stage.loop, has_ended, &status));
    assert_int_equal(status, 0);
    assert_int_equal(stage.server.requests, 60);
    assert_in_range(stage.server.accepted, 1, 12);
    raw_server_deinit(&stage.server);
    loop_finish(&stage.loop);
    run_deinit(&stage.run);
    schedule_destroy(&stage.schedule);
}

static void an_address_is_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *path;
    } good[] = {
        { "http://127.0.0.1:8080", "127.0.0.1:8080", "" },
        { "http://127.0.0.1:8080/", "127.0.0.1:8080", "" },
        { "http://127.0.0.1/a/b//", "127.0.0.1", "/a/b" },
        { "http://[::1]:80/x", "[::1]:80", "/x" },
    };
    static const char *const bad[] = {
        "127.0.0.1:80", "https://a:1", "http://",      "http://:80",
        "http://a:b",   "http://[::1", "http://a:1?x", "http://u@a:1"
    };
    struct load_address address;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(load_address_find(good[i].url, &address, NULL), ERR_OK);
        assert_string_equal(address.host, good[i].host);
        assert_string_equal(address.path, good[i].path);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err_note note = { .err = ERR_OK };
        if (load_address_find(bad[i], &address, &note) != ERR_USAGE) fail_msg("%s", bad[i]);
        assert_true(note.sentence[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_sent_at_their_moments),
        cmocka_unit_test(a_connection_that_closes_is_not_used_again),
        cmocka_unit_test(a_request_on_a_connection_that_was_closed_while_idle_goes_out_once_more),
        cmocka_unit_test(a_request_that_is_cut_off_on_a_new_connection_stays_lost),
        cmocka_unit_test(an_answer_that_does_not_come_is_given_up),
        cmocka_unit_test(a_client_hangs_up_when_its_answer_takes_too_long),
        cmocka_unit_test(a_slow_upload_ends_when_it_is_meant_to),
        cmocka_unit_test(clients_of_a_closed_loop_think_between_their_requests),
        cmocka_unit_test(a_service_that_is_not_there_answers_nothing),
        cmocka_unit_test(requests_wait_when_there_are_no_more_connections),
        cmocka_unit_test(an_address_is_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
