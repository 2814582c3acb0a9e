#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "net/lifeline.h"
#include "runtime/supervisor_private.h"

static void log_worker(struct supervisor *supervisor, enum log_level level, const char *event,
                       uint32_t index, const char *key, uint64_t value)
{
    struct log_line line;
    if (!log_begin(supervisor->setup->log, &line, level, event)) return;
    log_u64(&line, "worker", index);
    log_u64(&line, "pid", (uint64_t)supervisor->places[index].pid);
    if (key != NULL) log_u64(&line, key, value);
    log_end(supervisor->setup->log, &line);
}

void supervisor_signal_all(const struct supervisor *supervisor, int number)
{
    for (uint32_t i = 0; i < supervisor->setup->count; i++) {
        if (supervisor->places[i].life.running) kill(supervisor->places[i].pid, number);
    }
}

void supervisor_stop_all(struct supervisor *supervisor, int exit_code)
{
    if (!supervisor->stopping) supervisor->exit_code = exit_code;
    supervisor->stopping = true;
    supervisor_signal_all(supervisor, SIGTERM);
}

/* The end of a worker. */

static void give_up(struct supervisor *supervisor, uint32_t index, int status)
{
    const struct supervised *life = &supervisor->places[index].life;
    bool by_itself = WIFEXITED(status) && WEXITSTATUS(status) != 0;
    int exit_code = by_itself ? WEXITSTATUS(status) : SUPERVISOR_CANNOT_RUN;
    if (!life->was_ready && by_itself) { /* it has said why */
        supervisor_stop_all(supervisor, exit_code);
        return;
    }
    char how[48];
    if (WIFSIGNALED(status)) {
        snprintf(how, sizeof how, "signal %d", WTERMSIG(status));
    } else {
        snprintf(how, sizeof how, "exit code %d", WEXITSTATUS(status));
    }
    (void)err_note_set(supervisor->note, ERR_INVALID, NULL, 0, 0,
                       "worker %u ended %u times in a row right after its start, the last time by "
                       "%s; its log lines say more", (unsigned)index, (unsigned)life->early, how);
    supervisor_stop_all(supervisor, exit_code);
}

static void on_end(struct supervisor *supervisor, uint32_t index, int status)
{
    struct place *place = &supervisor->places[index];
    bool asked = supervisor->stopping;
    bool fine = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool refused = WIFEXITED(status) && WEXITSTATUS(status) != 0;
    workers_on_end(supervisor->shared, index);
    log_worker(supervisor, asked && fine ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "worker_ended", index,
               WIFSIGNALED(status) ? "signal" : "exit_code",
               (uint64_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
    bool again = supervised_on_end(&place->life, &supervisor->policy,
                                   refused ? SUPERVISED_REFUSED : SUPERVISED_CRASHED, clock_now());
    if (!again && !asked) give_up(supervisor, index, status);
    /* Cut off in its work, though nobody asked for that. */
    if (asked && !fine && supervisor->exit_code == 0) supervisor->exit_code = SUPERVISOR_CANNOT_RUN;
}

void supervisor_reap(struct supervisor *supervisor)
{
    int status;
    for (uint32_t i = 0; i < supervisor->setup->count; i++) {
        struct place *place = &supervisor->places[i];
        if (!place->life.running) continue;
        if (waitpid(place->pid, &status, WNOHANG) == place->pid) on_end(supervisor, i, status);
    }
}

void supervisor_on_ready(struct supervisor *supervisor, uint32_t index)
{
    assert(index < supervisor->setup->count);
    if (!supervisor->places[index].life.running) return;
    supervised_on_ready(&supervisor->places[index].life, clock_now());
    workers_on_ready(supervisor->shared, index);
    if (supervisor->was_ready) return;
    for (uint32_t i = 0; i < supervisor->setup->count; i++) {
        if (!supervisor->places[i].life.was_ready) return;
    }
    supervisor->was_ready = true;
    supervisor->setup->on_ready(supervisor->setup->context, &supervisor->listen);
}

/* Starting: everything of the supervisor's that a worker must not keep is closed. */

static int live(struct supervisor *supervisor, uint32_t index, pid_t parent)
{
    lifeline_hold(parent);
    (void)setpgid(0, 0);
    close(supervisor->held_fd);
    close(supervisor->signal_fd);
    close(supervisor->ready_fds[0]);
    uint32_t life = supervisor->places[index].lives;
    const struct worker worker = {
        .shared = supervisor->shared,
        .index = index,
        .life = life,
        .listen = supervisor->listen,
        .seed = draw(supervisor->running.engine.seed, rng_stream("worker"), index, life),
        .ready_fd = supervisor->ready_fds[1],
        .signals = supervisor->signals_before,
    };
    return supervisor->setup->work(supervisor->setup->context, &worker);
}

static int start(struct supervisor *supervisor, uint32_t index)
{
    struct place *place = &supervisor->places[index];
    pid_t parent = getpid();
    fflush(NULL);
    supervised_start(&place->life);
    place->pid = fork();
    if (place->pid == 0) return live(supervisor, index, parent);
    if (place->pid < 0) { /* no process to be had: as if it had refused */
        log_worker(supervisor, LOG_LEVEL_ERROR, "worker_fork_failed", index, "errno",
                   (uint64_t)errno);
        on_end(supervisor, index, SUPERVISOR_CANNOT_RUN << 8);
        return SUPERVISOR_NO_WORKER;
    }
    if (place->lives > 0) workers_count_restart(supervisor->shared);
    log_worker(supervisor, LOG_LEVEL_INFO, "worker_started", index, "restarts", place->lives);
    place->lives++;
    return SUPERVISOR_NO_WORKER;
}

int supervisor_start_due(struct supervisor *supervisor)
{
    instant_ns now = clock_now();
    for (uint32_t i = 0; i < supervisor->setup->count && !supervisor->stopping; i++) {
        const struct supervised *life = &supervisor->places[i].life;
        if (life->running || life->due > now) continue;
        int exit_code = start(supervisor, i);
        if (exit_code != SUPERVISOR_NO_WORKER) return exit_code;
    }
    return SUPERVISOR_NO_WORKER;
}
