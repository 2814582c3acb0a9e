#include "harness/child_launch.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "harness/priority.h"

/* This program's environment without the runtime's own variables: the run is judged by the files
 * and settings that the report names, and nothing else may change what the runtime does. */
static char **child_environment(void)
{
    static const char prefix[] = "TSFM_";
    size_t count = 0;
    while (environ[count] != NULL) count++;
    char **kept = mem_alloc(count + 1, sizeof *kept);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], prefix, sizeof prefix - 1) != 0) kept[at++] = environ[i];
    }
    return kept;
}

static char **copy_arguments(char *const *arguments)
{
    size_t count = 0;
    while (arguments[count] != NULL) count++;
    char **copy = mem_alloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++) copy[i] = mem_copy_string(arguments[i]);
    return copy;
}

/* Signals as a program finds them that a shell has started. */
static void set_attributes(const struct child_launch *launch, posix_spawnattr_t *attributes)
{
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    if (launch->session) flags |= POSIX_SPAWN_SETSID;
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setflags(attributes, (short)flags);
}

/* In another thread. Not fork(): that would copy the page tables of a large process, and
 * make each of its pages cost a fault afterwards. */
static void launch_work(void *context)
{
    struct child_launch *launch = context;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    set_attributes(launch, &attributes);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, launch->out < 0 ? launch->log : launch->out,
                                     STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, launch->log, STDERR_FILENO);
    pid_t pid = 0;
    launch->error = posix_spawnp(&pid, launch->kept[0], &files, &attributes, launch->kept,
                                 launch->environment);
    if (launch->error == 0) {
        launch->pid = pid;
        priority_raise_program(pid);
    }
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
}

static void launch_after(void *context)
{
    struct child_launch *launch = context;
    for (size_t i = 0; launch->kept[i] != NULL; i++) mem_free(launch->kept[i]);
    mem_free(launch->kept);
    mem_free(launch->environment);
    launch->on_done(launch);
}

void child_launch(struct child_launch *launch)
{
    launch->pid = 0;
    launch->error = 0;
    launch->kept = copy_arguments(launch->arguments);
    launch->environment = child_environment();
    launch->task = (struct aside_task){
        .work = launch_work,
        .after = launch_after,
        .context = launch,
    };
    if (launch->aside != NULL) {
        aside_add(launch->aside, &launch->task);
        return;
    }
    launch_work(launch);
    launch_after(launch);
}
