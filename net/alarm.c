#include "net/alarm.h"

#include <assert.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

static void alarm_arm(struct alarm *alarm)
{
    instant_ns due = alarm->due;
    struct itimerspec when = { .it_value = { .tv_sec = (time_t)(due / NS_PER_S),
                                             .tv_nsec = (long)(due % NS_PER_S) } };
    if (due == 0) when.it_value.tv_nsec = 1; /* all zero would turn it off */
    int rc = timerfd_settime(alarm->fd, TFD_TIMER_ABSTIME, &when, NULL);
    assert(rc == 0);
    alarm->set = due;
}

static void alarm_on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct alarm *alarm = poll->data;
    uint64_t expirations;
    /* Nothing to read: it was set to another moment after the loop saw it ring. */
    if (read(alarm->fd, &expirations, sizeof expirations) != (ssize_t)sizeof expirations) return;
    alarm->set = INSTANT_NEVER;
    if (alarm->due == INSTANT_NEVER) return;
    if (clock_now() < alarm->due) {
        alarm_arm(alarm);
        return;
    }
    alarm->due = INSTANT_NEVER;
    alarm->on_due(alarm->context);
}

void alarm_init(struct alarm *alarm, uv_loop_t *loop, void (*on_due)(void *context), void *context)
{
    *alarm = (struct alarm){
        .due = INSTANT_NEVER,
        .set = INSTANT_NEVER,
        .on_due = on_due,
        .context = context,
    };
    alarm->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    assert(alarm->fd >= 0);
    int rc = uv_poll_init(loop, &alarm->poll, alarm->fd);
    assert(rc == 0);
    alarm->poll.data = alarm;
    rc = uv_poll_start(&alarm->poll, UV_READABLE, alarm_on_poll);
    assert(rc == 0);
}

void alarm_set(struct alarm *alarm, instant_ns due)
{
    alarm->due = due;
    if (due < alarm->set) alarm_arm(alarm);
}

void alarm_close(struct alarm *alarm)
{
    uv_close((uv_handle_t *)&alarm->poll, NULL);
    close(alarm->fd);
    alarm->fd = -1;
}
