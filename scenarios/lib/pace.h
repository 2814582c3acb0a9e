#ifndef SCENARIO_PACE_H
#define SCENARIO_PACE_H
/* Which request of a schedule is sent next, and when: what an open loop has settled before the run,
 * and what closed loops and cycles decide while it runs. Pure, so that the simulator and the load
 * generator send by the same rules.
 *
 *     while (pace_next(pace) <= now) {
 *         uint32_t request = pace_take(pace);        its moment was pace_next()
 *         send it;                                   and when it is over: pace_done(pace, request,
 * now)
 *     }
 *
 * A closed loop's client sends its next request `think` after the last one was over. A cycle begins
 * with `concurrency` requests, and each that is over lets the next begin; when all are over, the
 * next cycle begins, at its time or at once when that has passed. What would be sent at the end of
 * the workload's window or later is not, but a cycle that was due before it is played to its end.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/timers.h"
#include "scenario/arrival.h"

/* One client of a closed loop, or one of the requests that a cycle has under way at once. */
struct pace_lane {
    uint32_t source;  /* its workload, as index in pace.sources */
    uint32_t request; /* index in the schedule: its latest or next one */
};

/* A workload that is paced. */
struct pace_source {
    const struct workload *workload; /* borrowed */
    uint32_t first_lane;
    uint32_t first_request, request_count; /* its slots in the schedule */
    uint32_t each;                         /* closed: slots of a client */
    uint32_t next;    /* cycle: slot to begin next, counted from first_request */
    uint32_t running; /* cycle: requests under way or waiting to be taken */
};

struct pace {
    const struct schedule *schedule; /* borrowed */
    size_t next_open;
    struct pace_source sources[SCENARIO_WORKLOADS_MAX];
    uint32_t source_count;
    struct pace_lane *lanes; /* owned; NULL when every loop is open */
    uint32_t *lane_of;       /* owned: by slot: its lane, behind open_count */
    struct timers due;       /* owned: by lane */
};

/* `scenario` and `schedule` belong together and outlive it. */
void pace_init(struct pace *pace, const struct scenario *scenario, const struct schedule *schedule);
void pace_deinit(struct pace *pace);
/* Leaves the open loops to somebody else. */
void pace_skip_open(struct pace *pace);
/* Of a slot: its lane, below pace_lane_count(): a lane has one request under way at a time. */
uint32_t pace_lane(const struct pace *pace, uint32_t request);
uint32_t pace_lane_count(const struct pace *pace);
/* When the next request is to be sent; INSTANT_NEVER: none, unless one under way makes for it. */
instant_ns pace_next(const struct pace *pace);
/* The request that is due at pace_next(). */
uint32_t pace_take(struct pace *pace);
/* A request that was taken is over: answered, given up, or left by its client. */
void pace_done(struct pace *pace, uint32_t request, instant_ns now);

#endif
