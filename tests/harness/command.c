#include "command.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

void command_start(struct command *command, const char *const *arguments)
{
    int ends[2];
    int rc = pipe2(ends, O_CLOEXEC);
    assert(rc == 0);
    *command = (struct command){ .out = ends[0] };
    char *argv[32] = { "tollgate" };
    size_t count = 1;
    for (; arguments[count - 1] != NULL; count++) {
        assert(count + 1 < sizeof argv / sizeof argv[0]);
        argv[count] = (char *)arguments[count - 1];
    }
    command->pid = fork();
    assert(command->pid >= 0);
    if (command->pid == 0) {
        if (chdir(TOLLGATE_SOURCE_DIR) != 0) _exit(127);
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        execv(TOLLGATE_BINARY_DIR "/bin/tollgate", argv);
        _exit(127);
    }
    close(ends[1]);
}

void command_start_run(struct command *command, const char *world, const char *out,
                       const char *scenario, const char *programs)
{
    const char *arguments[] = { "run",       "--world", world,
                                "--configs", "configs", "--out",
                                out,         scenario,  programs == NULL ? NULL : "--programs",
                                programs,    NULL };
    command_start(command, arguments);
}

/* One read with a limit; 0 at the end of the text or when the limit passed. */
static size_t command_read(struct command *command, instant_ns until)
{
    struct pollfd poll_fd = { .fd = command->out, .events = POLLIN };
    int wait_ms = (int)(instant_until(until, clock_now()) / NS_PER_MS);
    if (poll(&poll_fd, 1, wait_ms) <= 0) return 0;
    size_t room = sizeof command->text - 1 - command->length;
    ssize_t got = read(command->out, command->text + command->length, room);
    if (got <= 0) return 0;
    command->length += (size_t)got;
    command->text[command->length] = '\0';
    return (size_t)got;
}

int command_wait_text(struct command *command, const char *wanted)
{
    instant_ns until = clock_now() + 30 * NS_PER_S;
    while (strstr(command->text, wanted) == NULL) {
        if (command_read(command, until) == 0) return 0;
    }
    return 1;
}

int command_finish(struct command *command)
{
    instant_ns until = clock_now() + 100 * NS_PER_S;
    while (command_read(command, until) > 0) {
    }
    if (clock_now() >= until) kill(command->pid, SIGKILL);
    close(command->out);
    int status = 0;
    pid_t ended = waitpid(command->pid, &status, 0);
    assert(ended == command->pid);
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

int command_run(struct command *command, const char *const *arguments)
{
    command_start(command, arguments);
    return command_finish(command);
}

void assert_says(const struct command *command, const char *text)
{
    if (strstr(command->text, text) != NULL) return;
    fail_msg("not said: %s\nsaid:\n%s", text, command->text);
}

void assert_does_not_say(const struct command *command, const char *text)
{
    if (strstr(command->text, text) == NULL) return;
    fail_msg("said: %s\nin:\n%s", text, command->text);
}

static int process_field(pid_t pid, char name[32], char *state)
{
    char path[64];
    char text[512];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0) return 0;
    text[got] = '\0';
    char *open_at = strchr(text, '(');
    char *close_at = strrchr(text, ')');
    if (open_at == NULL || close_at == NULL) return 0;
    snprintf(name, 32, "%.*s", (int)(close_at - open_at - 1), open_at + 1);
    *state = close_at[2];
    return 1;
}

/* Adds the children of that name which this thread of the program has started. */
static size_t thread_children(const char *path, const char *name, size_t count,
                              pid_t out[COMMAND_CHILDREN_MAX])
{
    char text[1024] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return count;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0) return count;
    char *end = text;
    for (long pid = strtol(text, &end, 10); pid > 0; pid = strtol(end, &end, 10)) {
        char child[32];
        char state;
        /* The kernel keeps 15 characters of a name. */
        if (process_field((pid_t)pid, child, &state) && strncmp(child, name, 15) == 0 &&
            count < COMMAND_CHILDREN_MAX) {
            out[count++] = (pid_t)pid;
        }
    }
    return count;
}

size_t command_children(const struct command *command, const char *name,
                        pid_t out[COMMAND_CHILDREN_MAX])
{
    char path[400];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%ld/task", (long)command->pid);
    DIR *threads = opendir(path);
    if (threads == NULL) return 0;
    for (const struct dirent *entry = readdir(threads); entry != NULL; entry = readdir(threads)) {
        snprintf(path, sizeof path, "/proc/%ld/task/%s/children", (long)command->pid,
                 entry->d_name);
        count = thread_children(path, name, count, out);
    }
    closedir(threads);
    return count;
}

int process_gone(pid_t pid, int limit_ms)
{
    instant_ns until = clock_now() + (uint64_t)limit_ms * NS_PER_MS;
    char name[32];
    char state;
    while (process_field(pid, name, &state) && state != 'Z') {
        if (clock_now() > until) return 0;
        poll(NULL, 0, 10);
    }
    return 1;
}
