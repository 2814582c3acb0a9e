#include "harness/aside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "forecast/request.h"
#include "harness/priority.h"

/* Far below what fits into a pipe, so that no write waits. */
enum { ASIDE_TASKS_MAX = 1000 };

/* A pointer goes through a pipe whole or not at all. */
static void put_task(int fd, struct aside_task *task)
{
    ssize_t wrote;
    do wrote = write(fd, &task, sizeof task);
    while (wrote < 0 && errno == EINTR);
    assert(wrote == (ssize_t)sizeof task);
}

/* NULL: the other end is closed, or there is none now. */
static struct aside_task *take_task(int fd)
{
    struct aside_task *task = NULL;
    ssize_t got;
    do got = read(fd, &task, sizeof task);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof task ? task : NULL;
}

static void thread_main(void *context)
{
    const struct aside *aside = context;
    priority_settle_thread(aside->haste == ASIDE_PATIENT);
    for (;;) { /* ends: aside_close() */
        struct aside_task *task = take_task(aside->asked[0]);
        if (task == NULL) break;
        task->work(task->context);
        put_task(aside->done[1], task);
    }
    forecast_thread_end();
}

static void on_over(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct aside *aside = poll->data;
    while (!aside->closing) { /* ends: a task is done once */
        struct aside_task *task = take_task(aside->done[0]);
        if (task == NULL) return;
        aside->open_tasks--;
        task->after(task->context); /* which may close it */
    }
}

void aside_init(struct aside *aside, uv_loop_t *loop, enum aside_haste haste)
{
    *aside = (struct aside){ .haste = haste };
    int rc = pipe2(aside->asked, O_CLOEXEC);
    assert(rc == 0);
    rc = pipe2(aside->done, O_CLOEXEC);
    assert(rc == 0);
    rc = fcntl(aside->done[0], F_SETFL, O_NONBLOCK);
    assert(rc == 0);
    rc = uv_poll_init(loop, &aside->over, aside->done[0]);
    assert(rc == 0);
    aside->over.data = aside;
    uv_poll_start(&aside->over, UV_READABLE, on_over);
    rc = uv_thread_create(&aside->thread, thread_main, aside);
    assert(rc == 0);
}

void aside_add(struct aside *aside, struct aside_task *task)
{
    assert(aside->open_tasks < ASIDE_TASKS_MAX);
    aside->open_tasks++;
    put_task(aside->asked[1], task);
}

static void on_closed(uv_handle_t *handle)
{
    const struct aside *aside = handle->data;
    close(aside->done[0]);
    close(aside->done[1]);
    close(aside->asked[0]);
}

void aside_close(struct aside *aside)
{
    assert(aside->open_tasks == 0);
    aside->closing = true;
    close(aside->asked[1]);
    uv_thread_join(&aside->thread);
    uv_close((uv_handle_t *)&aside->over, on_closed);
}
