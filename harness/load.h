#ifndef HARNESS_LOAD_H
#define HARNESS_LOAD_H
/* The open-loop generator: sends each request of the schedule at its moment, whatever became of the
 * ones before, and notes when it was meant to go, when it went and when its answer was complete.
 *
 * `give_up_ns` after the last request of the schedule, what has not come never came. */

#include <stdbool.h>
#include <uv.h>

#include "harness/run.h"
#include "net/alarm.h"
#include "net/http_client.h"

struct load_call;

struct load {
    uv_loop_t *loop;
    struct run *run;          /* borrowed: answers are filled in */
    const char *url;          /* of the forecast endpoint; borrowed */
    instant_ns start;         /* offset 0 */
    uint64_t give_up_ns;
    void (*on_finished)(void *context); /* every request sent and answered or given up */
    void *context;
    struct http_client *client;
    struct alarm alarm;
    size_t next;              /* index in the schedule */
    size_t in_flight;
    struct load_call *calls;  /* owned; by schedule index */
    char **bodies;            /* owned; by workload and key, made on first use */
    size_t *body_lengths;
    size_t *body_base;        /* first body of a workload */
    size_t body_count;
    bool stopped;
};

/* The public fields (loop .. context) must have been set; begins at once. */
void load_start(struct load *load);
/* Cancels what is in flight and sends nothing more; on_finished is not called. */
void load_stop(struct load *load);
/* After finishing or load_stop(). Run the loop once more before freeing the struct. */
void load_close(struct load *load);

#endif
