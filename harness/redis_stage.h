#ifndef HARNESS_REDIS_STAGE_H
#define HARNESS_REDIS_STAGE_H
/* The real world's second cache level: a redis-server of this run's own, empty, without files, on a
 * port of 127.0.0.1 that is held for it, and the scenario's `redis` phases played on it.
 *
 *     down   it stops listening, closes all connections but ours, and forgets everything
 *     hang   SIGSTOP, and SIGCONT when the phase is over
 *     flush  FLUSHALL
 *
 * The process lives through a `down`: a client sees what it would see of one that is killed and
 * started again, but at the very moment that the scenario says, not when a new process is ready.
 *
 * It is killed when it is stopped, and by the kernel when this process goes (setpriv). */

#include "base/instant.h"
#include "harness/child.h"
#include "scenario/redis_story.h"

enum { REDIS_REPLY_BYTES_MAX = 256 };

struct redis_stage_config {
    uv_loop_t *loop;
    const struct redis_story *story; /* borrowed */
    const char *folder;              /* for its log; exists; borrowed */
    struct aside *aside;             /* where the server is started; NULL: on the loop; borrowed */
    void (*on_ready)(void *context);
    /* It cannot be played any more; a sentence. */
    void (*on_trouble)(void *context, const char *sentence);
    void *context;
};

/* A phase's beginning or end. */
struct redis_edge {
    uint64_t at_ns; /* offset from the start */
    const struct redis_phase *phase;
    bool begins;
};

struct redis_stage {
    struct redis_stage_config config;
    struct child server;
    int port_fd;     /* bound, never listening: nobody else gets the port; -1: none */
    uint16_t port;
    uv_tcp_t control;
    uv_connect_t connecting;
    uv_timer_t timer; /* until it is ready: asks; then: the next edge */
    int open_handles; /* of libuv, besides the server's */
    bool control_open, connected, ready, stopped;
    char reply[REDIS_REPLY_BYTES_MAX]; /* an unfinished line */
    size_t reply_length;
    uint32_t replies_due;
    struct redis_edge edges[2 * REDIS_PHASES_MAX];
    size_t edge_count, next_edge;
    instant_ns start;
    instant_ns asked_for; /* when the commands that are under way were due */
    uint64_t late_ns;     /* how much later than planned an edge was played, at most */
};

/* on_ready or on_trouble follows. False, with a note, when it cannot even be tried. */
MUST_USE enum err redis_stage_start(struct redis_stage *stage,
                                    const struct redis_stage_config *config,
                                    struct err_note *note);
/* The scenario begins at `start`. */
void redis_stage_play(struct redis_stage *stage, instant_ns start);
/* Kills it; no callback follows. Nothing when it was never started. */
void redis_stage_stop(struct redis_stage *stage);
/* All of it is gone, or it was never started. */
bool redis_stage_closed(const struct redis_stage *stage);

#endif
