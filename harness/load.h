#ifndef HARNESS_LOAD_H
#define HARNESS_LOAD_H
/* The load generator: sends each request at its moment (scenario/pace.h), in an open loop whatever
 * became of the ones before, and notes when it was meant to go, when it went and when its answer
 * was complete. It is a bad client where the workload asks for one: it hangs up, or dawdles.
 *
 * `give_up_ns` after a request was sent, an answer that has not come never came.
 *
 * 20,000 requests/s on one core: connections are its own (harness/load_links.h), because libcurl
 * costs more than that leaves for one request (docs/performance.md). */

#include <stdbool.h>
#include <uv.h>

#include "harness/load_address.h"
#include "harness/load_links.h"
#include "harness/run.h"
#include "net/alarm.h"
#include "scenario/pace.h"

/* What several generators together have sent, how much of that later than half of what a run may
 * lag, and how often the programs that they play with got no CPU for half of what a run may bear
 * (play_watch.c). */
struct load_pulse {
    uint64_t sent;
    uint64_t late;
    uint64_t stalls;
};

#define LOAD_LATE_NS (5 * NS_PER_MS / 2)

struct load {
    uv_loop_t *loop;
    struct run *run;                    /* borrowed: answers are filled in */
    const struct load_address *address; /* of the service; borrowed */
    instant_ns start;                   /* offset 0 */
    uint64_t give_up_ns;
    struct load_pulse *pulse; /* counts what is sent; NULL: nobody asks; borrowed */
    void (*on_finished)(void *context); /* every request sent and answered or given up */
    void *context;
    struct load_links *links; /* owned */
    struct pace pace;
    struct alarm alarm; /* of the next request */
    size_t in_flight;
    uint32_t *waiting; /* owned: a ring of requests for which there was no connection */
    size_t waiting_at, waiting_count;
    char **bodies; /* owned; by workload and key; made by load_prepare() */
    size_t *body_lengths;
    size_t *body_base; /* first body of a workload */
    size_t body_count;
    bool turning; /* inside load_turn() */
    bool stopped;
};

/* Writes the bodies, which may take long. Asks for `run` alone and touches nothing else, so that it
 * may be called from another thread. Need not be called: load_start() does it otherwise. */
void load_prepare(struct load *load);
/* The public fields (loop .. context) must have been set; begins at once. */
void load_start(struct load *load);
/* Ends what is in flight and sends nothing more; on_finished is not called. */
void load_stop(struct load *load);
/* After finishing, load_stop(), or load_prepare() alone. Run the loop once more before freeing the
 * struct. */
void load_close(struct load *load);

#endif
