#ifndef MOCK_OPTIONS_H
#define MOCK_OPTIONS_H
/* The command line of mock-tollama. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mock/auth.h"
#include "mock/mock.h"
#include "mock/proxy.h"
#include "mock/stage.h"

struct options_mock {
    struct mock_config config; /* points into this struct and at what it holds */
    struct address control;
    struct proxy_config upstream;
    uint64_t seed;
    struct auth auth;    /* owned */
    struct stage *stage; /* held */
    uint64_t dry_run;    /* print the fates of so many requests and end; 0: serve */
    uint64_t attempts;   /* of each of them */
    bool summary;        /* at the end, what was realised of what was asked */
    pid_t parent;        /* 0: none */
    int exit_code;       /* -1: run; else the program ends with it, all is said */
};

/* Says on stderr what is wrong, and on stdout what was asked for with --help. Release it with
 * options_mock_deinit() in any case. */
void options_mock_parse(struct options_mock *options, int argc, char **argv);
void options_mock_deinit(struct options_mock *options);

enum { EXIT_OK = 0, EXIT_USAGE = 2, EXIT_CANNOT_RUN = 4 };

#endif
