#ifndef HARNESS_RUN_COMMAND_H
#define HARNESS_RUN_COMMAND_H
/* `tollgate run`: finds scenarios, plays them in the worlds asked for, judges, reports. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/discover.h"
#include "harness/parity.h"
#include "harness/report_outputs.h"
#include "harness/target.h"

struct run_options {
    struct discover_options discover;
    struct suite *ready;  /* scenarios that the caller has made and keeps, with what was found of
                           * them afterwards; NULL: discover them */
    bool sim;
    bool real;
    uint32_t jobs;        /* real scenarios side by side, at most; 0: as run_admit.h says */
    uint32_t repeat;      /* runs of each scenario, with seeds of their own; >= 1 */
    const char *out;      /* report folder; NULL: reports/<time>, and reports/latest points to it */
    const char
        *programs; /* folder of tollgate-runtime and mock-tollama; NULL: this program's own */
    bool quiet;
    bool verbose;         /* every check, not only those that did not pass */
    struct report_outputs outputs;
    struct target_options target;
    parity_compare_fn *compare; /* of the worlds; NULL: parity_compare() */
    bool keep_going;      /* go on with the other scenarios when one run becomes invalid */
};

/* The exit code. */
int run_command(const struct run_options *options);

#endif
