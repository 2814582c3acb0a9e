#ifndef HARNESS_ASIDE_H
#define HARNESS_ASIDE_H
/* A thread beside the loop, for what takes long: the load generator's requests are due to the
 * millisecond, and starting a program, reading a trace or simulating a scenario fifty times would
 * hold them up. It does one task after the other, in the order they were given.
 *
 *     loop:    aside_add(t1)  aside_add(t2)  ...requests...  t1.after()  ...  t2.after()
 *     thread:         t1.work().....................t2.work().............
 *
 * What a task works on belongs to the thread from aside_add() until its `after`.
 *
 * Tasks go through pipes. A lock would be held by a thread that the real-time loop has just pushed
 * aside, and the loop would wait until a busy machine lets it go on; uv_async_t is such a lock. */

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct aside_task {
    void (*work)(void *context);  /* in the thread */
    void (*after)(void *context); /* on the loop, when that is over */
    void *context;
};

enum aside_haste {
    ASIDE_SOON,    /* what the loop waits for */
    ASIDE_PATIENT, /* behind the programs under test */
};

struct aside {
    uv_thread_t thread;
    uv_poll_t over;       /* the read end of `done` */
    int asked[2];         /* pipes of pointers to tasks */
    int done[2];
    enum aside_haste haste;
    size_t open_tasks;    /* added, and `after` not yet called */
    bool closing;
};

/* Keeps the loop alive until aside_close(). */
void aside_init(struct aside *aside, uv_loop_t *loop, enum aside_haste haste);
/* `task` is the caller's and must live until its `after` has been called. At most 1,000 at once. */
void aside_add(struct aside *aside, struct aside_task *task);
/* All tasks must be over: the last one's `after` may call it. Run the loop once more before freeing
 * the struct. */
void aside_close(struct aside *aside);

#endif
