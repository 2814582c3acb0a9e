#ifndef HARNESS_CPU_WAIT_H
#define HARNESS_CPU_WAIT_H
/* How long another process waited for a CPU, seen from outside: what each of its threads spent on a
 * run queue (/proc/PID/task/TID/schedstat, its second number, in ns) between two looks. A process
 * that sleeps, is stopped or keeps itself busy does not wait; one that others keep from running
 * does. The kernel counts a wait when it is over.
 *
 *     looks            |     |     |     |     |     |
 *     thread      run ~~wait~~~~~~~ run  idle   run
 *     counted          0     0    17    0     0          in ms, of a look
 *
 * A bout is what was waited since the look before, and what of the bout before that was longer than
 * the time between the two: so that a long wait and the one right behind it count together. The
 * worst bout of any of the threads is kept. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

enum { CPU_WAIT_THREADS_MAX = 16, CPU_WAIT_PATH_MAX = 128 };

struct cpu_wait_thread {
    int tid;
    int file;           /* its schedstat */
    uint64_t waited_ns; /* since it began */
    uint64_t bout_ns;
};

struct cpu_wait {
    char folder[CPU_WAIT_PATH_MAX];
    struct cpu_wait_thread threads[CPU_WAIT_THREADS_MAX]; /* more are not looked at */
    size_t count;
    unsigned looks;
    instant_ns looked;
    bool known;            /* the kernel tells */
    uint64_t latest_ns;    /* the longest bout of the latest look */
    uint64_t worst_ns;
    instant_ns worst_at;   /* when it was counted; INSTANT_NEVER: there was none */
};

/* `folder` has one folder per thread: "/proc/123/task". What was waited before does not count. */
void cpu_wait_begin(struct cpu_wait *wait, const char *folder, instant_ns now);
/* Some times a second. Looks for new threads once in a while. */
void cpu_wait_look(struct cpu_wait *wait, instant_ns now);
/* What was found stays. May be called without a begin, and twice. */
void cpu_wait_end(struct cpu_wait *wait);

#endif
