#ifndef HARNESS_PLAY_H
#define HARNESS_PLAY_H
/* The real world: one scenario played over sockets. Starts the mock and the runtime on free ports
 * (or the service of harness/target.h, or nothing in its place), waits until both are ready, drives
 * the load, and stops them. Afterwards play_join() puts the client's answers together with the
 * ledger and the trace. Several plays share one loop and run side by side, so nothing that takes
 * long is done on it: the load's bodies are written, and programs started, aside.
 *
 *     (STARTING_REDIS ->) STARTING_MOCK -> STARTING_RUNTIME -> WAITING_READY -> SETTING_CLOCK ->
 *     PLAYING -> STOPPING -> DONE; any failure or a child's death: STOPPING
 *
 * A child that dies before it was asked to makes the run invalid with a sentence; the rest is still
 * stopped and can be joined, so that what was measured is kept. */

#include <uv.h>

#include "harness/child.h"
#include "harness/cpu_wait.h"
#include "harness/load.h"
#include "harness/redis_stage.h"
#include "harness/run.h"
#include "harness/target.h"
#include "net/address.h"
#include "net/http_client.h"

enum play_state {
    PLAY_STARTING_REDIS, /* only for a scenario that has one */
    PLAY_STARTING_MOCK,
    PLAY_STARTING_RUNTIME,
    PLAY_WAITING_READY,
    PLAY_SETTING_CLOCK,
    PLAY_PLAYING,
    PLAY_STOPPING,
    PLAY_DONE,
};

struct play_config {
    const char *programs;    /* folder of the two programs; borrowed */
    const char *config_path; /* the runtime's YAML file; borrowed */
    const char *folder;      /* for ledger, trace and logs; exists; borrowed */
    const struct target_options *target; /* judged instead of the bundled runtime; NULL: that;
                                          * borrowed */
    struct aside *aside;      /* for what takes long; NULL: on the loop; borrowed */
    struct load_pulse *pulse; /* counts what is sent; NULL: nobody asks; borrowed */
    void (*on_done)(void *context);
    void *context;
};

struct play {
    uv_loop_t *loop;
    struct play_config config;
    struct run *run; /* borrowed */
    enum play_state state;
    struct child mock;
    struct child runtime;
    struct redis_stage redis; /* when the scenario has one, and the runtime is ours */
    struct load load;
    struct aside_task preparing; /* of the load */
    bool prepared;
    struct http_client *client; /* for health and the mock's clock */
    struct http_call *call;
    uv_timer_t timer;           /* polls readiness, bounds every state but PLAYING */
    bool timer_open;
    instant_ns start;           /* offset 0 */
    instant_ns state_deadline;
    instant_ns ticked;          /* in PLAYING: the latest tick of `timer` */
    unsigned ticks;             /* of them */
    struct cpu_wait mock_wait, service_wait;
    instant_ns began;
    struct load_address address; /* of the service */
    char control_body[64];
    char health[128]; /* what /health/ready last said that was not yes */
    char service_url[LOAD_HOST_MAX + LOAD_PATH_MAX]; /* of what is judged */
};

/* `run` has been initialised with WORLD_REAL. on_done comes in a later turn of the loop, once. */
void play_start(struct play *play, uv_loop_t *loop, const struct play_config *config,
                struct run *run);
/* After on_done: fills the run from ledger and trace. Long, and may be called in another thread. */
void play_join(const struct play *play);
/* Ends it early: the run becomes invalid with `reason` unless it is over. */
void play_abort(struct play *play, const char *reason);
/* The same because somebody wants this program to end, by a signal (run_interrupt()). */
void play_interrupt(struct play *play, int number);
/* Begun, and its programs are not ready yet. */
bool play_is_starting(const struct play *play);
/* For progress: how much of the schedule's time is over, in ns; 0 before PLAYING. */
uint64_t play_elapsed_ns(const struct play *play);

#endif
