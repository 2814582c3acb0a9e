/* Plays the catalogue in virtual time against each mutant of the policy core, each in a process of
 * its own, and says by which checks it was killed. The judge is never mutated: a mutant is in force
 * while a scenario is simulated, and no longer when its run is judged.
 *
 * usage: mutants_runner [--first] JOBS IDS OUT.tsv SCENARIO|DIR ...
 * --first: a mutant is left alone once a scenario killed it, and the scenario that killed the one
 * before is tried first. Without it every mutant meets every scenario: after one in which it dies
 * it goes on with the next, but after three hangs it is left alone. IDS: a file with one number per
 * line.
 * OUT.tsv: one row "0, first or all, each scenario's name"; then per mutant id, end, then
 * "scenario/check" for each failed check, or "scenario/assert" (crash, hang) where the simulation
 * did not end; end is survived, changed (it passed every check, but something was not as it is
 * without a mutant), failed (a check), assert, crash or hang. Exit 2 when the
 * unmutated core fails. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "harness/discover.h"
#include "harness/run_digest.h"
#include "harness/sim.h"

enum {
    JOBS_MAX = 64,
    IDS_BYTES_MAX = 1 << 20,
    HANG_FACTOR = 20, /* times what the whole core needs for a scenario */
    HANG_AT_LEAST_US = 100000,
    HANGS_MAX = 3, /* then a mutant is left alone: each costs as much as many whole scenarios */
};

/* Read by the woven core. */
extern unsigned mutant_in_force;

enum mutant_end { END_SURVIVED, END_CHANGED, END_ASSERT, END_CRASH, END_HANG, END_FAILED };

/* Where a child is; shared with it, so that it is known when the child dies. */
struct progress {
    size_t turn;  /* in runner->order */
    size_t index; /* of the scenario */
};

struct job {
    pid_t pid; /* 0: idle */
    int fd;    /* of the child's report */
    unsigned id;
    struct progress *at; /* owned, of mmap() */
    enum mutant_end end; /* the worst so far, in the enum's order */
    struct buf text;     /* of the report */
};

struct runner {
    struct suite suite;
    struct sim_requests **requests; /* owned; by scenario */
    uint64_t *digests;              /* owned; by scenario: of the whole core's run */
    uint64_t *cpu_us_max;           /* owned; by scenario: of one mutant's */
    size_t *order;                  /* owned: scenarios, the next one to be played first */
    bool first_only;
    struct job jobs[JOBS_MAX];
    unsigned job_count;
    FILE *out;
    unsigned done, total;
};

struct judgement {
    bool passed;     /* every check */
    uint64_t digest; /* of what happened */
};

/* Simulates and judges one scenario; writes its failed checks to `fd`. */
static struct judgement judge_scenario(const struct runner *runner, size_t index, unsigned mutant,
                                       int fd)
{
    const struct suite_scenario *item = &runner->suite.scenarios[index];
    const struct sim_options options = { .jitter_seed = 0 };
    struct run run;
    struct verdicts verdicts;
    struct judgement judgement = { .passed = true };
    run_init(&run, WORLD_SIM, &item->scenario, &item->schedule, &item->config, item->seed);
    mutant_in_force = mutant;
    sim_play(&run, runner->requests[index], &options, NULL);
    mutant_in_force = 0;
    judgement.digest = run_digest(&run);
    verdict_judge(&run, &verdicts);
    for (size_t i = 0; i < verdicts.count; i++) {
        const struct check *check = &verdicts.checks[i];
        if (check->status != CHECK_FAIL && check->status != CHECK_INCONCLUSIVE) continue;
        judgement.passed = false;
        dprintf(fd, "\t%s/%s", item->scenario.name, check->name);
    }
    verdict_deinit(&verdicts);
    run_deinit(&run);
    return judgement;
}

/* Ends this process by SIGPROF, after so much computing. */
static void limit_cpu(uint64_t us)
{
    struct itimerval limit = { .it_value = { (time_t)(us / 1000000), (long)(us % 1000000) } };
    (void)setitimer(ITIMER_PROF, &limit, NULL);
}

static void child_run(const struct runner *runner, const struct job *job, int fd)
{
    struct rlimit no_core = { 0, 0 };
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)!freopen("/dev/null", "w", stderr); /* an assert's sentence */
    bool passed = true;
    bool same = true;
    for (; job->at->turn < runner->suite.count && (passed || !runner->first_only);
         job->at->turn++) {
        size_t index = runner->order[job->at->turn];
        job->at->index = index;
        limit_cpu(runner->cpu_us_max[index]);
        struct judgement judgement = judge_scenario(runner, index, job->id, fd);
        passed = passed && judgement.passed;
        same = same && judgement.digest == runner->digests[index];
    }
    _exit(!passed ? END_FAILED : same ? END_SURVIVED : END_CHANGED);
}

/* The scenarios from job->at->turn on, in a child. */
static void job_start(struct runner *runner, struct job *job)
{
    int fds[2];
    if (pipe(fds) != 0) abort();
    pid_t pid = fork();
    if (pid < 0) abort();
    if (pid == 0) {
        close(fds[0]);
        child_run(runner, job, fds[1]);
    }
    close(fds[1]);
    job->pid = pid;
    job->fd = fds[0];
}

static enum mutant_end end_of(int status)
{
    if (WIFEXITED(status)) return (enum mutant_end)WEXITSTATUS(status);
    switch (WTERMSIG(status)) {
    case SIGABRT: return END_ASSERT;
    case SIGPROF: return END_HANG;
    default: return END_CRASH;
    }
}

static const char *const end_names[] = {
    [END_SURVIVED] = "survived", [END_CHANGED] = "changed", [END_ASSERT] = "assert",
    [END_CRASH] = "crash",       [END_HANG] = "hang",       [END_FAILED] = "failed",
};

/* Takes one child's report, to its end, and the child. */
static enum mutant_end job_wait(struct job *job)
{
    char part[4096];
    int status = 0;
    for (;;) {
        ssize_t n = read(job->fd, part, sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        buf_put(&job->text, part, (size_t)n);
    }
    close(job->fd);
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    job->pid = 0;
    return end_of(status);
}

/* What killed one mutant is likely to kill the next, which stands beside it. */
static void move_to_front(struct runner *runner, size_t index)
{
    size_t turn = 0;
    while (runner->order[turn] != index)
        turn++;
    memmove(&runner->order[1], &runner->order[0], turn * sizeof runner->order[0]);
    runner->order[0] = index;
}

static void job_finish(struct runner *runner, struct job *job)
{
    for (unsigned hangs = 0;;) {
        enum mutant_end end = job_wait(job);
        if (end > job->end) job->end = end;
        if (end == END_SURVIVED || end == END_CHANGED || end == END_FAILED) break;
        buf_printf(&job->text, "\t%s/%s", runner->suite.scenarios[job->at->index].scenario.name,
                   end_names[end]);
        hangs += end == END_HANG;
        if (runner->first_only || hangs == HANGS_MAX) break;
        if (++job->at->turn == runner->suite.count) break;
        job_start(runner, job);
    }
    if (runner->first_only && job->end > END_CHANGED) move_to_front(runner, job->at->index);
    fprintf(runner->out, "%u\t%s%s\n", job->id, end_names[job->end], buf_text(&job->text));
    runner->done++;
    if (isatty(2) && runner->done % 50 == 0) {
        fprintf(stderr, "\r%u of %u mutants", runner->done, runner->total);
    }
}

static void run_all(struct runner *runner, const char *ids)
{
    unsigned next_job = 0;
    for (const char *at = ids; *at != '\0';) {
        char *end = NULL;
        unsigned id = (unsigned)strtoul(at, &end, 10);
        if (end == at) break;
        at = end + strspn(end, "\n");
        /* In turn: children differ little in length, and order makes the output reproducible. */
        struct job *job = &runner->jobs[next_job];
        if (job->pid != 0) job_finish(runner, job);
        job->id = id;
        job->end = END_SURVIVED;
        *job->at = (struct progress){ .turn = 0 };
        buf_clear(&job->text);
        job_start(runner, job);
        next_job = (next_job + 1) % runner->job_count;
    }
    for (unsigned i = 0; i < runner->job_count; i++) {
        struct job *job = &runner->jobs[(next_job + i) % runner->job_count];
        if (job->pid != 0) job_finish(runner, job);
    }
    if (isatty(2)) fputc('\n', stderr);
}

static void put_head(const struct runner *runner)
{
    fprintf(runner->out, "0\t%s", runner->first_only ? "first" : "all");
    for (size_t i = 0; i < runner->suite.count; i++)
        fprintf(runner->out, "\t%s", runner->suite.scenarios[i].scenario.name);
    fputc('\n', runner->out);
}

static void jobs_init(struct runner *runner)
{
    for (unsigned i = 0; i < runner->job_count; i++) {
        struct job *job = &runner->jobs[i];
        job->at = mmap(NULL, sizeof *job->at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0);
        if (job->at == MAP_FAILED) abort();
        buf_init(&job->text, BUF_UNBOUNDED);
    }
}

static void jobs_deinit(struct runner *runner)
{
    for (unsigned i = 0; i < runner->job_count; i++) {
        munmap(runner->jobs[i].at, sizeof *runner->jobs[i].at);
        buf_deinit(&runner->jobs[i].text);
    }
}

static bool prepare(struct runner *runner, struct err_note *note)
{
    runner->requests = mem_alloc(runner->suite.count, sizeof *runner->requests);
    runner->digests = mem_alloc(runner->suite.count, sizeof *runner->digests);
    runner->cpu_us_max = mem_alloc(runner->suite.count, sizeof *runner->cpu_us_max);
    runner->order = mem_alloc(runner->suite.count, sizeof *runner->order);
    for (size_t i = 0; i < runner->suite.count; i++) {
        const struct suite_scenario *item = &runner->suite.scenarios[i];
        struct run run;
        run_init(&run, WORLD_SIM, &item->scenario, &item->schedule, &item->config, item->seed);
        runner->requests[i] = sim_requests_create(&run, note);
        run_deinit(&run);
        if (runner->requests[i] == NULL) return false;
    }
    bool passed = true;
    for (size_t i = 0; i < runner->suite.count; i++) {
        instant_ns began = clock_now();
        struct judgement judgement = judge_scenario(runner, i, 0, STDERR_FILENO);
        passed = passed && judgement.passed;
        runner->digests[i] = judgement.digest;
        runner->order[i] = i;
        runner->cpu_us_max[i] =
            (clock_now() - began) / NS_PER_US * HANG_FACTOR + HANG_AT_LEAST_US;
    }
    if (passed) return true;
    err_note_set(note, ERR_INVALID, NULL, 0, 0,
                 "the unmutated core fails the checks above; mend that first");
    return false;
}

int main(int argc, char **argv)
{
    struct runner *runner = mem_alloc(1, sizeof *runner);
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    char *ids = NULL;
    size_t length = 0;
    if (argc > 1 && strcmp(argv[1], "--first") == 0) {
        runner->first_only = true;
        argv++;
        argc--;
    }
    if (argc < 5) {
        fputs("usage: mutants_runner [--first] JOBS IDS OUT.tsv SCENARIO|DIR ...\n", stderr);
        return 2;
    }
    const struct discover_options options = {
        .paths = (const char *const *)&argv[4],
        .path_count = (size_t)argc - 4,
    };
    unsigned long jobs = strtoul(argv[1], NULL, 10);
    runner->job_count = jobs < 1 ? 1 : jobs > JOBS_MAX ? JOBS_MAX : (unsigned)jobs;
    if (file_read(argv[2], IDS_BYTES_MAX, &ids, &length, &note) != ERR_OK) goto refused;
    if (discover(&runner->suite, &arena, &options, stderr) != ERR_OK) return 2;
    if (!prepare(runner, &note)) goto refused;
    for (size_t i = 0; i < length; i++)
        runner->total += ids[i] == '\n';
    runner->out = fopen(argv[3], "w");
    if (runner->out == NULL) {
        err_note_set(&note, ERR_IO, argv[3], 0, 0, "cannot be written: %s", strerror(errno));
        goto refused;
    }
    jobs_init(runner);
    put_head(runner);
    run_all(runner, ids);
    jobs_deinit(runner);
    for (size_t i = 0; i < runner->suite.count; i++)
        sim_requests_destroy(runner->requests[i]);
    mem_free(runner->requests);
    mem_free(runner->digests);
    mem_free(runner->cpu_us_max);
    mem_free(runner->order);
    suite_deinit(&runner->suite);
    arena_deinit(&arena);
    mem_free(ids);
    int closed = fclose(runner->out);
    mem_free(runner);
    return closed == 0 ? 0 : 2;

refused:
    err_note_print(stderr, &note);
    return 2;
}
