#ifndef HARNESS_RUN_COMMAND_H
#define HARNESS_RUN_COMMAND_H
/* `tollgate run`: finds scenarios, plays them in the worlds asked for, judges, reports. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/discover.h"

struct run_options {
    struct discover_options discover;
    bool sim;
    bool real;
    uint32_t jobs;        /* real scenarios side by side; >= 1 */
    const char *out;      /* report folder; NULL: reports/<time>, and reports/latest points to it */
    const char
        *programs; /* folder of tollgate-runtime and mock-tollama; NULL: this program's own */
    bool quiet;
    bool keep_going;      /* go on with the other scenarios when one run becomes invalid */
};

/* The exit code. */
int run_command(const struct run_options *options);

#endif
