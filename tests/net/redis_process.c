#include "redis_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/mem.h"

#define PATIENCE_NS (20 * NS_PER_S)

enum { ARGS_MAX = 32, POLL_MS = 5, STARTS_MAX = 5, PATH_BYTES = 96 };

static uint16_t free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void log_path(const struct redis_process *process, char out[PATH_BYTES])
{
    snprintf(out, PATH_BYTES, "%s/log", process->folder);
}

static void become_redis(const struct redis_process *process)
{
    char log[PATH_BYTES];
    char port[8];
    log_path(process, log);
    snprintf(port, sizeof port, "%u", (unsigned)process->port);
    const char *argv[ARGS_MAX] = { "redis-server", "--port", port, "--bind", "127.0.0.1", "--save",
                                   "", "--appendonly", "no", "--daemonize", "no", "--dir",
                                   process->folder, "--logfile", log };
    size_t count = 15;
    const char *const *more = process->args;
    while (more != NULL && *more != NULL && count + 3 < ARGS_MAX) argv[count++] = *more++;
    if (process->password != NULL) {
        argv[count++] = "--requirepass";
        argv[count++] = process->password;
    }
    argv[count] = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* NULL when it does not answer (yet). Not the runtime's client: an independent witness. */
static redisContext *witness(const struct redis_process *process)
{
    redisContext *context = redisConnectWithTimeout("127.0.0.1", process->port,
                                                    (struct timeval){ .tv_sec = 5 });
    if (context == NULL) return NULL;
    redisReply *reply = NULL;
    if (context->err == 0) {
        (void)redisSetTimeout(context, (struct timeval){ .tv_sec = 5 });
        if (process->password != NULL) {
            freeReplyObject(redisCommand(context, "AUTH %s", process->password));
        }
        reply = redisCommand(context, "PING");
    }
    bool answers = reply != NULL && reply->type == REDIS_REPLY_STATUS;
    if (reply != NULL) freeReplyObject(reply);
    if (answers) return context;
    redisFree(context);
    return NULL;
}

/* False when the server ended instead: its port was taken by another in between. */
static bool spawn(struct redis_process *process)
{
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0) become_redis(process);
    instant_ns patience = clock_now() + PATIENCE_NS;
    for (;;) {
        int status = 0;
        redisContext *context = witness(process);
        bool ended = waitpid(process->pid, &status, WNOHANG) == process->pid;
        if (context != NULL) redisFree(context);
        if (ended && WIFEXITED(status) && WEXITSTATUS(status) == 127) {
            fail_msg("redis-server cannot be run; install the package redis-server");
        }
        if (ended) return false;
        if (context != NULL) return true;
        if (clock_now() > patience) fail_msg("redis-server does not answer");
        (void)poll(NULL, 0, POLL_MS);
    }
}

void redis_process_start(struct redis_process *process, const char *const args[],
                         const char *password)
{
    *process = (struct redis_process){ .args = args, .password = password };
    snprintf(process->folder, sizeof process->folder, "/tmp/tollgate-redis-XXXXXX");
    assert_non_null(mkdtemp(process->folder));
    for (int i = 0; i < STARTS_MAX; i++) {
        process->port = free_port();
        if (spawn(process)) return;
    }
    fail_msg("redis-server ended %d times at its start", (int)STARTS_MAX);
}

void redis_process_kill(struct redis_process *process)
{
    if (process->pid <= 0) return;
    assert_int_equal(kill(process->pid, SIGKILL), 0);
    assert_int_equal(waitpid(process->pid, NULL, 0), process->pid);
    process->pid = 0;
}

void redis_process_restart(struct redis_process *process)
{
    redis_process_kill(process);
    for (int i = 0; i < STARTS_MAX; i++) {
        if (spawn(process)) return;
    }
    fail_msg("redis-server did not start again on port %u", (unsigned)process->port);
}

void redis_process_pause(struct redis_process *process)
{
    int status = 0;
    assert_int_equal(kill(process->pid, SIGSTOP), 0);
    assert_int_equal(waitpid(process->pid, &status, WUNTRACED), process->pid);
    assert_true(WIFSTOPPED(status));
}

void redis_process_resume(struct redis_process *process)
{
    assert_int_equal(kill(process->pid, SIGCONT), 0);
}

void redis_process_end(struct redis_process *process)
{
    char log[PATH_BYTES];
    redis_process_kill(process);
    log_path(process, log);
    (void)unlink(log);
    assert_int_equal(rmdir(process->folder), 0);
}

static redisReply *ask(const struct redis_process *process, int count, const char *words[],
                       const size_t lengths[])
{
    redisContext *context = witness(process);
    if (context == NULL) fail_msg("redis-server does not answer");
    redisReply *reply = redisCommandArgv(context, count, words, lengths);
    if (reply == NULL) fail_msg("redis-server does not answer: %s", context->errstr);
    redisFree(context);
    return reply;
}

void redis_process_set(const struct redis_process *process, const char *key, const void *value,
                       size_t length)
{
    redisReply *reply = ask(process, 3, (const char *[]){ "SET", key, value },
                            (const size_t[]){ 3, strlen(key), length });
    if (reply->type != REDIS_REPLY_STATUS) fail_msg("SET: %s", reply->str);
    freeReplyObject(reply);
}

char *redis_process_get(const struct redis_process *process, const char *key, size_t *length)
{
    redisReply *reply = ask(process, 2, (const char *[]){ "GET", key }, NULL);
    char *value = NULL;
    *length = 0;
    if (reply->type == REDIS_REPLY_STRING) {
        *length = (size_t)reply->len;
        value = mem_copy(reply->str, *length + 1);
    }
    freeReplyObject(reply);
    return value;
}

long long redis_process_ask(const struct redis_process *process, const char *command)
{
    redisContext *context = witness(process);
    if (context == NULL) fail_msg("redis-server does not answer");
    redisReply *reply = redisCommand(context, command);
    if (reply == NULL) fail_msg("redis-server does not answer: %s", context->errstr);
    if (reply->type == REDIS_REPLY_ERROR) fail_msg("%s: %s", command, reply->str);
    long long answer = (long long)reply->len;
    if (reply->type == REDIS_REPLY_INTEGER) answer = reply->integer;
    if (reply->type == REDIS_REPLY_NIL) answer = -1;
    freeReplyObject(reply);
    redisFree(context);
    return answer;
}

char *redis_process_only_key(const struct redis_process *process)
{
    redisReply *reply = ask(process, 2, (const char *[]){ "KEYS", "*" }, NULL);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1) {
        fail_msg("%u keys instead of 1", (unsigned)reply->elements);
    }
    char *key = mem_copy_string(reply->element[0]->str);
    freeReplyObject(reply);
    return key;
}
