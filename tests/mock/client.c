#include "client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define PROGRAM TOLLGATE_BINARY_DIR "/bin/mock-tollama"

const char CLIENT_FORECAST[] =
    "{\"model\":\"chronos\",\"horizon\":4,\"quantiles\":[0.1,0.5,0.9],\"series\":[{\"id\":\"series-"
    "a\","
    "\"freq\":\"5m\",\"timestamps\":[\"2026-01-01T00:00:00Z\",\"2026-01-01T00:05:00Z\","
    "\"2026-01-01T00:10:00Z\"],\"target\":[0.5,0.52,0.51]}],\"options\":{}}";

static void read_ready_line(struct mock_process *mock)
{
    char line[256] = "";
    size_t length = 0;
    const char *ready = NULL;
    while (length + 1 < sizeof line && (ready == NULL || strchr(ready, '\n') == NULL)) {
        struct pollfd readable = { .fd = mock->out, .events = POLLIN };
        assert_int_equal(poll(&readable, 1, CLIENT_PATIENCE_MS), 1);
        ssize_t n = read(mock->out, line + length, sizeof line - 1 - length);
        assert_true(n > 0);
        length += (size_t)n;
        line[length] = '\0';
        ready = strstr(line, "mock-tollama ready");
    }
    unsigned port = 0;
    assert_non_null(ready);
    assert_int_equal(sscanf(ready, "mock-tollama ready on http://127.0.0.1:%u\n", &port), 1);
    mock->port = (uint16_t)port;
    if (sscanf(line, "mock-tollama control on http://127.0.0.1:%u\n", &port) == 1) {
        mock->control_port = (uint16_t)port;
    }
}

static pid_t spawn(const char *const *arguments, int out, int err)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0) return pid;
    if (out >= 0) dup2(out, STDOUT_FILENO);
    if (err >= 0) dup2(err, STDERR_FILENO);
    execv(PROGRAM, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static void make_folder(struct mock_process *mock)
{
    *mock = (struct mock_process){ .folder = "/tmp/mock-test-XXXXXX" };
    assert_non_null(mkdtemp(mock->folder));
}

static void run_in_folder(struct mock_process *mock, const char *const *more)
{
    char ledger[128], parent[32];
    int pipes[2];
    mock_ledger_path(mock, ledger, sizeof ledger);
    /* A test that fails leaves its mock behind: it ends with the test program. */
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    const char *arguments[32] = { PROGRAM, "--listen", "127.0.0.1:0", "--ledger",
                                  ledger,  "--parent", parent };
    for (size_t i = 0; more[i] != NULL && i + 8 < 32; i++)
        arguments[i + 7] = more[i];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    mock->pid = spawn(arguments, pipes[1], -1);
    close(pipes[1]);
    mock->out = pipes[0];
    read_ready_line(mock);
}

void mock_start_with(struct mock_process *mock, const char *const *arguments)
{
    make_folder(mock);
    run_in_folder(mock, arguments);
}

void mock_start_scenario(struct mock_process *mock, const char *scenario)
{
    struct err_note note = { .err = ERR_OK };
    char path[128];
    const char *arguments[] = { "--scenario", path, NULL };
    make_folder(mock);
    snprintf(path, sizeof path, "%s/scenario.yaml", mock->folder);
    if (scenario == NULL)
        arguments[0] = NULL;
    else
        assert_int_equal(file_write(path, scenario, strlen(scenario), &note), ERR_OK);
    run_in_folder(mock, arguments);
}

void mock_start(struct mock_process *mock, const char *faults, const char *latency)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&text,
               "version: 1\nname: test\nteaches: A test.\nseed: 42\nduration: 3600s\n"
               "runtime: { env: prod }\n"
               "workload:\n  - arrival: { constant: 1/s }\n    keys: { count: 5 }\n"
               "    request: { y_len: 64, horizon_steps: 12 }\n"
               "upstream:\n  latency: %s\n  phases:\n"
               "    - { name: trouble, from: 0s, to: 3600s, faults: [ %s ] }\n"
               "expect:\n  - order: guide\n",
               latency, faults);
    mock_start_scenario(mock, faults != NULL ? buf_text(&text) : NULL);
    buf_deinit(&text);
}

int mock_end(struct mock_process *mock, int signal_number)
{
    int status = 0;
    assert_int_equal(kill(mock->pid, signal_number), 0);
    assert_int_equal(waitpid(mock->pid, &status, 0), mock->pid);
    mock->pid = 0;
    close(mock->out);
    return status;
}

void mock_remove_files(struct mock_process *mock)
{
    char path[128];
    mock_ledger_path(mock, path, sizeof path);
    unlink(path);
    snprintf(path, sizeof path, "%s/scenario.yaml", mock->folder);
    unlink(path);
    rmdir(mock->folder);
}

void mock_stop(struct mock_process *mock)
{
    int status = mock_end(mock, SIGTERM);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    mock_remove_files(mock);
}

int mock_run(const char *const *arguments, struct buf *err)
{
    int pipes[2];
    int status = 0;
    char bytes[4096];
    const char *full[16] = { PROGRAM };
    for (size_t i = 0; arguments[i] != NULL && i + 2 < 16; i++)
        full[i + 1] = arguments[i];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t pid = spawn(full, pipes[1], pipes[1]);
    close(pipes[1]);
    for (ssize_t n; (n = read(pipes[0], bytes, sizeof bytes)) > 0;)
        buf_put(err, bytes, (size_t)n);
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

void mock_ledger_path(const struct mock_process *mock, char *out, size_t out_bytes)
{
    snprintf(out, out_bytes, "%s/ledger.jsonl", mock->folder);
}

int client_connect(const struct mock_process *mock)
{
    return client_connect_port(mock->port);
}

int client_connect_port(uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void send_bytes(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        assert_true(n > 0);
        bytes += n;
        length -= (size_t)n;
    }
}

void client_send(int fd, const struct request *request)
{
    struct buf text;
    const char *method = request->method != NULL ? request->method : "POST";
    const char *body = request->body;
    if (body == NULL) body = strcmp(method, "POST") == 0 ? CLIENT_FORECAST : "";
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&text, "%s %s HTTP/1.1\r\nHost: localhost\r\n", method,
               request->path != NULL ? request->path : "/v1/forecast");
    if (request->id != NULL) buf_printf(&text, "X-Request-ID: %s\r\n", request->id);
    if (request->attempt != NULL) buf_printf(&text, "X-Attempt: %s\r\n", request->attempt);
    if (request->header != NULL) buf_printf(&text, "%s\r\n", request->header);
    buf_printf(&text, "Content-Length: %zu\r\n\r\n", strlen(body));
    buf_puts(&text, body);
    send_bytes(fd, text.data, text.length);
    buf_deinit(&text);
}

static void parse_head(struct answer *answer, struct buf *all)
{
    const char *blank = strstr(buf_text(all), "\r\n\r\n");
    if (answer->status != 0 || blank == NULL) return;
    size_t length = (size_t)(blank - all->data) + 4;
    char value[32];
    buf_put(&answer->head, all->data, length);
    assert_int_equal(sscanf(answer->head.data, "HTTP/1.1 %u ", &answer->status), 1);
    if (answer_header(answer, "Content-Length", value, sizeof value)) {
        answer->announced = strtoul(value, NULL, 10);
    }
}

void client_read(int fd, struct answer *answer, int silence_ms)
{
    struct buf all;
    char bytes[65536];
    *answer = (struct answer){ .end = END_WHOLE };
    buf_init(&all, BUF_UNBOUNDED);
    buf_init(&answer->head, BUF_UNBOUNDED);
    buf_init(&answer->body, BUF_UNBOUNDED);
    for (;;) {
        parse_head(answer, &all);
        if (answer->status != 0 && all.length >= answer->head.length + answer->announced) break;
        struct pollfd readable = { .fd = fd, .events = POLLIN };
        if (poll(&readable, 1, silence_ms) == 0) {
            answer->end = END_SILENT;
            break;
        }
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n <= 0) {
            if (n < 0) assert_int_equal(errno, ECONNRESET);
            answer->end = n < 0 ? END_RESET : END_FIN;
            break;
        }
        if (all.length == 0) answer->first_ns = clock_now();
        buf_put(&all, bytes, (size_t)n);
    }
    if (answer->status != 0) {
        buf_put(&answer->body, all.data + answer->head.length, all.length - answer->head.length);
    } else {
        assert_int_equal(all.length, 0); /* no test expects half a head */
    }
    buf_deinit(&all);
}

void answer_free(struct answer *answer)
{
    buf_deinit(&answer->head);
    buf_deinit(&answer->body);
}

bool answer_header(const struct answer *answer, const char *name, char *out, size_t out_bytes)
{
    char line[128];
    snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *at = strcasestr(buf_text(&answer->head), line);
    if (at == NULL) return false;
    at += strlen(line);
    size_t length = strcspn(at, "\r");
    assert_true(length < out_bytes);
    memcpy(out, at, length);
    out[length] = '\0';
    return true;
}

enum end client_read_end(int fd, int silence_ms)
{
    char byte;
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    if (poll(&readable, 1, silence_ms) == 0) return END_SILENT;
    ssize_t n = recv(fd, &byte, 1, 0);
    assert_true(n <= 0);
    if (n < 0) assert_int_equal(errno, ECONNRESET);
    return n < 0 ? END_RESET : END_FIN;
}

void client_call(const struct mock_process *mock, const struct request *request,
                 struct answer *answer)
{
    int fd = client_connect(mock);
    client_send(fd, request);
    client_read(fd, answer, CLIENT_PATIENCE_MS);
    close(fd);
}

void client_control(const struct mock_process *mock, const struct request *request,
                    struct answer *answer)
{
    int fd = client_connect_port(mock->control_port);
    client_send(fd, request);
    client_read(fd, answer, CLIENT_PATIENCE_MS);
    close(fd);
}

void client_set_start(const struct mock_process *mock, int64_t offset_ns)
{
    struct answer answer;
    char body[64];
    snprintf(body, sizeof body, "{\"at_ns\":%lld}", (long long)clock_now() + (long long)offset_ns);
    client_call(mock, &(struct request){ .path = "/__mock/start", .body = body }, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
}

void client_expect_alive(const struct mock_process *mock)
{
    struct answer answer;
    client_call(mock, &(struct request){ .method = "GET", .path = "/v1/health" }, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(buf_text(&answer.body), "{\"status\":\"ok\"}");
    answer_free(&answer);
}
