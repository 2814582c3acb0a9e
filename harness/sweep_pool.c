#include "harness/sweep_pool.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "harness/interrupt.h"

enum {
    POOL_JOBS_MAX = 256,
    POOL_TURN_MS = 200,
    /* Measures of one batch, in shared memory. */
    POOL_SLOTS_MAX = 65536,
};

/* One batch of tasks, mapped by all processes. */
struct shared {
    atomic_uint next;                /* task to take */
    uint32_t doing[POOL_JOBS_MAX];   /* by process: its task + 1 */
    uint32_t block_of[POOL_JOBS_MAX];
    struct sweep_measure measures[]; /* by task, then block; SWEEP_UNKNOWN: not tried */
};

struct batch {
    const struct sweep_pool *pool;
    const struct sweep_task *tasks;
    size_t count;
    size_t *first; /* owned: of each task's measures */
    size_t slots;
    struct shared *shared;
    size_t shared_bytes;
};

static bool is_known(const struct sweep_pool *pool, const struct sweep_task *task, size_t block)
{
    uint64_t key = sweep_point_key(&pool->world->spec->space, task->point);
    return sweep_store_get(pool->store, key, task->blocks[block]) != NULL;
}

static void do_task(const struct batch *batch, size_t index, unsigned worker)
{
    const struct sweep_task *task = &batch->tasks[index];
    batch->shared->doing[worker] = (uint32_t)index + 1;
    for (size_t i = 0; i < task->block_count; i++) {
        struct sweep_measure *measure = &batch->shared->measures[batch->first[index] + i];
        uint64_t key = sweep_point_key(&batch->pool->world->spec->space, task->point);
        const struct sweep_measure *known =
            sweep_store_get(batch->pool->store, key, task->blocks[i]);
        batch->shared->block_of[worker] = task->blocks[i];
        if (known == NULL) {
            sweep_world_try(batch->pool->world, task->point, task->blocks[i], measure);
            known = measure;
        }
        if (task->stop_early && known->state != SWEEP_FEASIBLE) break;
    }
    batch->shared->doing[worker] = 0;
}

static void work(const struct batch *batch, unsigned worker, int done_fd)
{
    for (;;) {
        uint32_t index = atomic_fetch_add(&batch->shared->next, 1);
        if (index >= batch->count) return;
        do_task(batch, index, worker);
        if (write(done_fd, &index, sizeof index) != sizeof index) return; /* nobody listens */
    }
}

static enum err keep_task(const struct batch *batch, size_t index, struct err_note *note)
{
    const struct sweep_pool *pool = batch->pool;
    const struct sweep_task *task = &batch->tasks[index];
    uint64_t key = sweep_point_key(&pool->world->spec->space, task->point);
    size_t tries = 0;
    enum err rc = ERR_OK;
    for (size_t i = 0; i < task->block_count && rc == ERR_OK; i++) {
        const struct sweep_measure *measure = &batch->shared->measures[batch->first[index] + i];
        if (measure->state == SWEEP_UNKNOWN) continue;
        rc = sweep_store_put(pool->store, key, task->blocks[i], measure, note);
        tries++;
    }
    if (pool->on_done != NULL) pool->on_done(pool->context, tries);
    return rc;
}

static enum err stopped(struct err_note *note)
{
    return err_note_set(note, ERR_LIMIT, NULL, 0, 0,
                        "stopped by signal %d; the same command goes on from here",
                        interrupt_signal());
}

static enum err run_here(const struct batch *batch, struct err_note *note)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (interrupt_came()) return stopped(note);
        do_task(batch, i, 0);
        enum err rc = keep_task(batch, i, note);
        if (rc != ERR_OK) return rc;
        if (batch->pool->on_turn != NULL) batch->pool->on_turn(batch->pool->context);
    }
    return ERR_OK;
}

static pid_t start_worker(const struct batch *batch, unsigned worker, const int pipe_fds[2])
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    close(pipe_fds[0]);
    work(batch, worker, pipe_fds[1]);
    _exit(0);
}

/* Takes what the processes report until all have closed their end. */
static enum err listen_to_workers(const struct batch *batch, int fd, struct err_note *note)
{
    for (;;) {
        if (interrupt_came()) return stopped(note);
        struct pollfd at = { .fd = fd, .events = POLLIN };
        int ready = poll(&at, 1, POOL_TURN_MS);
        if (batch->pool->on_turn != NULL) batch->pool->on_turn(batch->pool->context);
        if (ready <= 0) continue;
        uint32_t done[256];
        ssize_t length = read(fd, done, sizeof done);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) return ERR_OK;
        /* Four bytes are written, and so read, whole. */
        for (size_t i = 0; i < (size_t)length / sizeof done[0]; i++) {
            enum err rc = keep_task(batch, done[i], note);
            if (rc != ERR_OK) return rc;
        }
    }
}

static enum err blame(const struct batch *batch, unsigned worker, int status,
                      struct err_note *note)
{
    uint32_t doing = batch->shared->doing[worker];
    const struct sweep_world *world = batch->pool->world;
    const struct sweep_space *space = &world->spec->space;
    struct buf settings;
    buf_init(&settings, ERR_SENTENCE_MAX / 2);
    for (size_t i = 0; doing > 0 && i < space->count; i++) {
        buf_puts(&settings, " --set ");
        sweep_value_assign(space->parameters[i].row, batch->tasks[doing - 1].point->values[i],
                           &settings);
    }
    const struct sweep_block *block = &world->blocks[batch->shared->block_of[worker]];
    enum err rc = err_note_set(
        note, ERR_INVALID, world->suite.scenarios[block->scenario].scenario.path, 0, 0,
        "a simulation died (%s %d) with seed %llu and%s", WIFSIGNALED(status) ? "signal" : "exit",
        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
        (unsigned long long)block->seed, buf_text(&settings));
    buf_deinit(&settings);
    return rc;
}

static enum err run_processes(const struct batch *batch, unsigned jobs, struct err_note *note)
{
    int fds[2];
    pid_t pids[POOL_JOBS_MAX];
    if (pipe(fds) != 0) {
        return err_note_set(note, ERR_IO, NULL, 0, 0, "no pipe: %s", strerror(errno));
    }
    fflush(NULL);
    for (unsigned i = 0; i < jobs; i++) pids[i] = start_worker(batch, i, fds);
    close(fds[1]);
    enum err rc = listen_to_workers(batch, fds[0], note);
    for (unsigned i = 0; i < jobs; i++) {
        int status = 0;
        if (pids[i] < 0) continue; /* the others do its share */
        if (rc != ERR_OK) kill(pids[i], SIGKILL);
        while (waitpid(pids[i], &status, 0) < 0 && errno == EINTR) {}
        if (rc == ERR_OK && status != 0) rc = blame(batch, i, status, note);
    }
    close(fds[0]);
    bool all = atomic_load(&batch->shared->next) >= batch->count;
    if (rc == ERR_OK && !all) {
        rc = err_note_set(note, ERR_LIMIT, NULL, 0, 0, "no process could be started; try --jobs 1");
    }
    return rc;
}

static enum err run_batch(struct batch *batch, struct err_note *note)
{
    batch->shared_bytes =
        sizeof *batch->shared + batch->slots * sizeof batch->shared->measures[0];
    batch->shared = mmap(NULL, batch->shared_bytes, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (batch->shared == MAP_FAILED) {
        return err_note_set(note, ERR_LIMIT, NULL, 0, 0, "no shared memory: %s", strerror(errno));
    }
    unsigned jobs = batch->pool->jobs;
    assert(jobs >= 1 && jobs <= POOL_JOBS_MAX);
    enum err rc = jobs == 1 ? run_here(batch, note) : run_processes(batch, jobs, note);
    munmap(batch->shared, batch->shared_bytes);
    return rc;
}

/* Splits the tasks into batches. */
static enum err run_batches(const struct sweep_pool *pool, const struct sweep_task *tasks,
                            size_t count, struct err_note *note)
{
    enum err rc = ERR_OK;
    struct batch batch = { .pool = pool, .first = mem_alloc(count, sizeof *batch.first) };
    for (size_t at = 0; at < count && rc == ERR_OK; at += batch.count) {
        batch.tasks = &tasks[at];
        batch.count = 0;
        batch.slots = 0;
        while (at + batch.count < count && (batch.count == 0 || batch.slots < POOL_SLOTS_MAX)) {
            batch.first[batch.count] = batch.slots;
            batch.slots += batch.tasks[batch.count++].block_count;
        }
        rc = run_batch(&batch, note);
    }
    mem_free(batch.first);
    return rc;
}

size_t sweep_pool_missing(const struct sweep_pool *pool, const struct sweep_task *tasks,
                          size_t count)
{
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < tasks[i].block_count; j++) missing += !is_known(pool, &tasks[i], j);
    }
    return missing;
}

enum err sweep_pool_run(const struct sweep_pool *pool, const struct sweep_task *tasks, size_t count,
                        struct err_note *note)
{
    if (sweep_pool_missing(pool, tasks, count) == 0) return ERR_OK;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < tasks[i].block_count; j++) {
            enum err rc = sweep_block_prepare(pool->world, tasks[i].blocks[j], note);
            if (rc != ERR_OK) return rc;
        }
    }
    interrupt_listen();
    return run_batches(pool, tasks, count, note);
}
