#include "runtime/supervisor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/config_reload.h"
#include "net/port.h"
#include "runtime/reload.h"
#include "runtime/supervisor_private.h"

enum { EXIT_SIGNAL_BASE = 128 };

void worker_is_ready(const struct worker *worker)
{
    uint8_t index = (uint8_t)worker->index;
    ssize_t wrote = write(worker->ready_fd, &index, 1);
    assert(wrote == 1);
    sigprocmask(SIG_SETMASK, &worker->signals, NULL);
}

static void read_ready(struct supervisor *supervisor)
{
    uint8_t index;
    while (read(supervisor->ready_fds[0], &index, 1) == 1) supervisor_on_ready(supervisor, index);
}

static void reload(struct supervisor *supervisor)
{
    const struct supervisor_setup *setup = supervisor->setup;
    if (!reload_read(setup->log, setup->source, &supervisor->running, &supervisor->loaded)) {
        workers_count_reload(supervisor->shared, METRICS_RELOAD_REFUSED);
        return;
    }
    struct config_changes changes =
        config_reload(&supervisor->running, setup->config, &supervisor->loaded);
    reload_log(setup->log, &changes);
    setup->log->level = (enum log_level)supervisor->running.server.log_level;
    workers_count_reload(supervisor->shared, METRICS_RELOAD_APPLIED);
    workers_set_config(supervisor->shared, &supervisor->running);
    supervisor_signal_all(supervisor, SIGHUP);
}

static void on_stop_signal(struct supervisor *supervisor, int number)
{
    if (!supervisor->stopping) {
        supervisor_stop_all(supervisor, 0);
        return;
    }
    supervisor->exit_code = EXIT_SIGNAL_BASE + number;
    supervisor_signal_all(supervisor, SIGKILL);
}

static void read_signals(struct supervisor *supervisor)
{
    struct signalfd_siginfo info;
    while (read(supervisor->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        switch (info.ssi_signo) {
        case SIGHUP: reload(supervisor); break;
        case SIGTERM:
        case SIGINT: on_stop_signal(supervisor, (int)info.ssi_signo); break;
        default: break; /* SIGCHLD: several may be one, so all are asked */
        }
    }
    read_ready(supervisor);
    supervisor_reap(supervisor);
}

static bool any_runs(const struct supervisor *supervisor)
{
    for (uint32_t i = 0; i < supervisor->setup->count; i++) {
        if (supervisor->places[i].life.running) return true;
    }
    return false;
}

static int wait_ms(const struct supervisor *supervisor)
{
    instant_ns due = INSTANT_NEVER;
    for (uint32_t i = 0; i < supervisor->setup->count && !supervisor->stopping; i++) {
        const struct supervised *life = &supervisor->places[i].life;
        if (!life->running) due = instant_min(due, life->due);
    }
    if (due == INSTANT_NEVER) return -1;
    return (int)((instant_until(due, clock_now()) + NS_PER_MS - 1) / NS_PER_MS);
}

static int watch(struct supervisor *supervisor)
{
    for (;;) {
        int exit_code = supervisor_start_due(supervisor);
        if (exit_code != SUPERVISOR_NO_WORKER) return exit_code;
        if (supervisor->stopping && !any_runs(supervisor)) return supervisor->exit_code;
        struct pollfd fds[] = {
            { .fd = supervisor->signal_fd, .events = POLLIN },
            { .fd = supervisor->ready_fds[0], .events = POLLIN },
        };
        (void)poll(fds, 2, wait_ms(supervisor));
        read_ready(supervisor);
        read_signals(supervisor);
    }
}

/* Memory and descriptors. */

static enum err prepare(struct supervisor *supervisor)
{
    const struct supervisor_setup *setup = supervisor->setup;
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGCHLD);
    sigaddset(&heard, SIGHUP);
    sigaddset(&heard, SIGINT);
    sigaddset(&heard, SIGTERM);
    sigprocmask(SIG_BLOCK, &heard, &supervisor->signals_before);
    supervisor->signal_fd = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
    supervisor->shared = workers_create(setup->count, setup->config);
    if (supervisor->signal_fd < 0 || supervisor->shared == NULL ||
        pipe2(supervisor->ready_fds, O_CLOEXEC | O_NONBLOCK) != 0) {
        return err_note_set(supervisor->note, ERR_IO, NULL, 0, 0, "cannot prepare workers: %s",
                            strerror(errno));
    }
    supervisor->listen = setup->listen;
    return port_hold(&supervisor->listen, &supervisor->held_fd, supervisor->note);
}

int supervisor_run(const struct supervisor_setup *setup, struct err_note *note)
{
    /* Static: it is large, and workers inherit it. */
    static struct supervisor supervisor;
    assert(setup->count >= 1);
    assert(setup->count <= WORKERS_MAX);
    supervisor = (struct supervisor){
        .setup = setup,
        .policy = {
            .seed = setup->config->engine.seed,
            .backoff = { .base_ns = 100 * NS_PER_MS, .cap_ns = 10 * NS_PER_S },
            .steady_ns = 10 * NS_PER_S,
            .early_ns = NS_PER_S,
            .early_max = 5,
        },
        .running = *setup->config,
        .note = note,
    };
    if (prepare(&supervisor) != ERR_OK) return SUPERVISOR_CANNOT_RUN;
    for (uint32_t i = 0; i < setup->count; i++) supervised_init(&supervisor.places[i].life, i);
    return watch(&supervisor);
}
