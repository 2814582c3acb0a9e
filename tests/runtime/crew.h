#ifndef TESTS_RUNTIME_CREW_H
#define TESTS_RUNTIME_CREW_H
/* The program with several workers, its model server and a caller; how to see into it from outside:
 * by its log, its metrics and /proc. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "child.h"
#include "rig.h"

enum { CREW_POINTS = 40 };

struct crew {
    struct rig rig;     /* the model server */
    struct child child; /* the program; its pid is the supervisor's */
    uint16_t port;
    unsigned asked;     /* answers that crew_ask() has had */
};

/* Ready when it returns. `more`: arguments, NULL-terminated. Time limits that only a hang reaches,
 * no warmup, seed 7, debug log. */
void crew_start(struct crew *crew, const char *workers, const char *const more[]);
/* The same, not waiting for it to be ready. */
void crew_launch(struct crew *crew, const char *workers, const char *const more[]);
/* SIGTERM; must end with 0. */
void crew_stop(struct crew *crew);
void crew_clean(struct crew *crew);

/* POST /tsfm/forecast on a connection of its own, for a market that was not asked for before: must
 * be answered 200. */
void crew_ask(struct crew *crew);
/* The same for `market`; the caller frees the answer. */
struct rig_answer crew_ask_for(struct crew *crew, const char *market);
/* Sends without waiting. */
int crew_post(struct crew *crew, const char *market);
/* A sample of GET /metrics, -1 when it is not there. */
double crew_metric(struct crew *crew, const char *sample);
/* Polls until the sample is `value`. */
void crew_until_metric(struct crew *crew, const char *sample, double value);
/* How often `part` is in the log so far. */
unsigned crew_logged(struct crew *crew, const char *part);
void crew_until_logged(struct crew *crew, const char *part, unsigned times);
/* The process that was started last for worker `index`, by the log. */
pid_t crew_worker(struct crew *crew, unsigned index);
/* Polls until no such process runs any more (nobody need have waited for it). */
void crew_until_gone(pid_t pid);

#endif
