#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#define PROGRAM TOLLGATE_BINARY_DIR "/bin/tollgate-runtime"
#define PATIENCE_NS (20 * NS_PER_S)

enum { ARGS_MAX = 64, POLL_MS = 5 };

static void path_of(const struct child *child, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", child->folder, name);
}

static void become_program(const struct child *child, char *argv[], unsigned descriptors)
{
    char path[128];
    path_of(child, "out", path);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    path_of(child, "err", path);
    int err = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0 || err < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(126);
    struct rlimit limit = { .rlim_cur = descriptors, .rlim_max = descriptors };
    if (descriptors > 0 && setrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(126);
    execv(PROGRAM, argv);
    _exit(127);
}

void child_start(struct child *child, const char *const args[])
{
    child_start_limited(child, args, 0);
}

void child_start_limited(struct child *child, const char *const args[], unsigned descriptors)
{
    snprintf(child->folder, sizeof child->folder, "/tmp/tollgate-child-XXXXXX");
    assert_non_null(mkdtemp(child->folder));
    char *argv[ARGS_MAX] = { (char *)(uintptr_t)PROGRAM };
    for (size_t i = 0; args[i] != NULL; i++) {
        assert_true(i + 2 < ARGS_MAX);
        argv[i + 1] = (char *)(uintptr_t)args[i];
    }
    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0) become_program(child, argv, descriptors);
}

int child_wait(struct child *child)
{
    instant_ns patience = clock_now() + PATIENCE_NS;
    int status;
    while (waitpid(child->pid, &status, WNOHANG) == 0) {
        if (clock_now() > patience) fail_msg("the program did not end");
        (void)poll(NULL, 0, POLL_MS);
    }
    child->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *contents(const struct child *child, const char *name)
{
    char path[128];
    char *text = NULL;
    size_t length;
    struct err_note note = { 0 };
    path_of(child, name, path);
    if (file_read(path, 64 << 20, &text, &length, &note) != ERR_OK) return mem_copy_string("");
    return text;
}

char *child_out(const struct child *child)
{
    return contents(child, "out");
}

char *child_err(const struct child *child)
{
    return contents(child, "err");
}

uint16_t child_port(const struct child *child)
{
    instant_ns patience = clock_now() + PATIENCE_NS;
    for (;;) {
        unsigned port = 0;
        char *out = child_out(child);
        int got = sscanf(out, "tollgate-runtime ready on http://127.0.0.1:%u", &port);
        bool whole = strchr(out, '\n') != NULL;
        mem_free(out);
        if (got == 1 && whole) return (uint16_t)port;
        if (clock_now() > patience) fail_msg("the program did not become ready");
        (void)poll(NULL, 0, POLL_MS);
    }
}

void child_clean(struct child *child)
{
    if (child->pid > 0) {
        kill(child->pid, SIGKILL);
        (void)waitpid(child->pid, NULL, 0);
    }
    const char *const names[] = { "out", "err", "trace", "config.yaml" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        path_of(child, names[i], path);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(child->folder), 0);
}
