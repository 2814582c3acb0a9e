#ifndef HARNESS_SUITE_H
#define HARNESS_SUITE_H
/* The result of one `tollgate run`: every scenario in every world that was asked for. What the
 * reports are made of. */

#include "harness/coverage.h"
#include "harness/earlier.h"
#include "harness/parity.h"
#include "harness/repeat.h"
#include "harness/replay.h"
#include "harness/run.h"
#include "harness/verdict.h"

struct suite_world {
    bool present; /* this world was asked for */
    struct run run;
    struct verdicts verdict;  /* over all runs, when it was played several times */
    struct repeats repeats;   /* count 0: played once */
    struct earlier earlier;   /* real: playings before this one, which the machine had spoilt */
};

struct suite_scenario {
    struct scenario scenario;
    struct runtime_config config;
    struct schedule schedule;
    uint64_t seed;            /* the scenario's, or --seed */
    struct suite_world sim;
    struct suite_world real;
    bool has_replay;          /* of the real run's trace */
    struct replay replay;
    bool has_parity;
    struct parity parity;
    char *capsule;            /* owned: the file that plays a failed run again; NULL: none failed */
    bool capsule_in_sim;      /* it failed in the simulation, not over sockets alone */
};

struct suite {
    struct suite_scenario *scenarios; /* owned; in the order of the command line */
    size_t count;
    const char *name;         /* folder name of the run */
    uint64_t started_wall_ms;
    uint64_t wall_ns;
    bool interrupted;
    struct coverage coverage;     /* count 0: not made */
    const struct suite *baseline; /* borrowed; an earlier result to compare with; NULL: none */
};

void suite_deinit(struct suite *suite);
/* Of one scenario: its runs, verdicts, replay and schedule. */
void suite_scenario_deinit(struct suite_scenario *item);

/* Whether the real run was served otherwise than the simulated one, or its trace diverges. */
bool suite_scenario_disagrees(const struct suite_scenario *item);
/* The worst over all worlds: what the exit code says (0, 1, 3, 4, 5). */
int suite_exit_code(const struct suite *suite);
/* "5 scenarios passed in both worlds: ..." : one sentence, as the report's headline. */
void suite_verdict_sentence(const struct suite *suite, struct buf *out);

#endif
