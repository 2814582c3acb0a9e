#ifndef HARNESS_RUN_REAL_PRIVATE_H
#define HARNESS_RUN_REAL_PRIVATE_H
/* Between run_real.c, which decides what plays beside what, and run_real_job.c, which takes one
 * scenario from its start to its verdict. */

#include <uv.h>

#include "harness/aside.h"
#include "harness/play.h"
#include "harness/run_again.h"
#include "harness/run_real.h"

enum { REAL_LOOKS = 5 }; /* lateness is looked for in so many of the latest looks */

struct real;

/* What an earlier try has left: it counts when the next one is broken off. */
struct real_kept {
    bool present;
    struct run run;           /* owned, and the rest */
    struct verdicts verdict;
    bool has_replay;
    struct replay replay;
    bool has_parity;
    struct parity parity;
};

/* One scenario: played, judged beside the loop, and perhaps played again. */
struct real_job {
    struct real *real;
    size_t index;
    struct play plays[RUN_PLAYS_MAX]; /* one per try: libuv may still hold a past one's */
    char config_path[RUN_PATH_MAX];
    char folder[RUN_PATH_MAX];
    struct run_tries tries;
    struct real_kept kept;
    struct aside_task judging;
    struct verdicts seen; /* of a run that lagged, as if it were valid: what of it is told */
    struct err_note note; /* why the worlds could not be compared */
    bool started;
};

/* Scenarios to be played again, first come, first served. */
struct real_queue {
    size_t *items; /* owned; room for each of RUN_PLAYS_MAX tries of all */
    size_t at, end;
};

/* All of them. */
struct real {
    struct suite *suite;
    const struct run_options *options;
    const struct run_place *place;
    struct progress *progress;
    uv_loop_t loop;
    uv_timer_t draw_timer;
    uv_signal_t signals[3];
    struct aside helper;      /* starts programs and the like */
    struct aside judge;
    struct real_job *jobs;    /* owned; by scenario */
    size_t *order;            /* owned: scenarios as they are started */
    size_t next;              /* place in `order` */
    struct real_queue again;  /* with a few others */
    struct real_queue alone;
    size_t playing;
    size_t judging;
    struct load_pulse pulse;
    struct load_pulse looks[REAL_LOOKS]; /* a ring of the pulse as it was */
    size_t look;
    bool late;
    bool stopping;
    bool closed;
    enum err rc;              /* of comparing the worlds */
    struct err_note *note;    /* borrowed: why that failed */
};

/* Of run_real_kept.c. Before the next try: takes the result out of the suite, and keeps it. */
void real_job_set_aside(struct real_job *job);
/* The next try has been judged: when it was broken off with all the others, what was kept comes
 * back, and counts as the latest playing. */
void real_job_choose(struct real_job *job);
void real_job_let_go(struct real_job *job);
/* At the end: what still waits to be played again was not. */
void real_drop_waiting(struct real *real);

/* Its latest. */
struct play *real_job_play(struct real_job *job);
/* An empty run of it. */
void real_job_init_run(const struct real_job *job);
void real_job_start(struct real_job *job);

/* Stops all that play but scenario `except`; nothing begins any more. */
void real_abort(struct real *real, size_t except, const char *reason);
/* Begins what may begin now; when nothing is left, the loop ends. */
void real_go_on(struct real *real);

#endif
