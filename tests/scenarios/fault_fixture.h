#ifndef TESTS_SCENARIOS_FAULT_FIXTURE_H
#define TESTS_SCENARIOS_FAULT_FIXTURE_H
/* A scenario of 10 s with one phase, all of it, that holds these faults; latency 40 ms. */

#include "scenario/plan_state.h"

struct faults {
    struct arena arena;
    struct scenario scenario;
    struct err_note note;
    struct plan_state *state; /* NULL: refused, see `note` */
};

/* `upstream` (may be NULL) stands for the line "latency: 40ms". */
void faults_open(struct faults *out, const char *faults, const char *upstream);
/* The same, which must be taken. */
void faults_open_good(struct faults *out, const char *faults, const char *upstream);
void faults_close(struct faults *faults);

/* The plan of a request's attempt at a moment. */
struct reply_plan faults_plan(struct faults *faults, uint64_t request, unsigned attempt,
                              uint64_t at_ms);

/* "40ms head, 0ms body 40%, 0ms reset", with "/8B@2ms" behind a step in pieces. */
const char *faults_steps(const struct reply_plan *plan, char out[512]);

#endif
