#include "harness/priority.h"

#include <sched.h>
#include <sys/resource.h>

enum { PRIORITY_NICENESS = -10, PRIORITY_PATIENT = 5 };

void priority_raise_generator(void)
{
    struct sched_param lowest = { .sched_priority = sched_get_priority_min(SCHED_RR) };
    if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0) return;
    (void)setpriority(PRIO_PROCESS, 0, PRIORITY_NICENESS);
}

/* On Linux a niceness is a thread's. */
void priority_settle_thread(bool patient)
{
    const struct sched_param none = { .sched_priority = 0 };
    (void)sched_setscheduler(0, SCHED_OTHER, &none);
    if (patient) (void)setpriority(PRIO_PROCESS, 0, PRIORITY_PATIENT);
}

void priority_raise_program(pid_t pid)
{
    (void)setpriority(PRIO_PROCESS, (id_t)pid, PRIORITY_NICENESS);
}
