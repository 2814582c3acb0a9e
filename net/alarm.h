#ifndef NET_ALARM_H
#define NET_ALARM_H
/* One deadline on a libuv loop, exact to microseconds: a timerfd polled by the loop, because
 * libuv's own timers count whole milliseconds. Whoever has many deadlines keeps them in
 * base/timers.h and sets the alarm to the earliest. Never early. */

#include <uv.h>

#include "base/instant.h"

struct alarm {
    uv_poll_t poll;
    int fd;
    instant_ns due; /* INSTANT_NEVER: off */
    instant_ns set; /* what the timerfd is set to: `due`, or a moment before it */
    void (*on_due)(void *context);
    void *context;
};

void alarm_init(struct alarm *alarm, uv_loop_t *loop, void (*on_due)(void *context),
                void *context);
/* Sets, moves or (INSTANT_NEVER) stops it. A moment that is over rings in the next turn. Costs a
 * system call only when it is to ring earlier than the timerfd is set to; put off again and again,
 * as deadlines are that nobody misses, it wakes the loop once in vain and is set anew then. */
void alarm_set(struct alarm *alarm, instant_ns due);
/* Stops it and closes its handle; run the loop once more before freeing the memory. */
void alarm_close(struct alarm *alarm);

#endif
