#ifndef RUNTIME_COMMAND_LINE_H
#define RUNTIME_COMMAND_LINE_H
/* tollgate-runtime's command line:
 *
 *     tollgate-runtime --config configs/prod.yaml --upstream http://gpu1:11435 --set cache_ttl_s=5
 *
 * `--flag value` and `--flag=value` mean the same. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/address.h"

enum { UPSTREAM_URL_MAX = 512 };

enum command { COMMAND_SERVE, COMMAND_HELP, COMMAND_VERSION, COMMAND_PRINT_CONFIG };

struct command_line {
    enum command command;
    const char *config;              /* borrowed from argv, as all texts; NULL: defaults only */
    char upstream[UPSTREAM_URL_MAX]; /* base URL, no slash at its end */
    struct address listen;
    const char **sets;               /* owned array: "key=value" */
    size_t set_count;
    bool has_seed;
    uint64_t seed;
    const char *trace;               /* NULL: none */
    uint32_t workers;                /* 1 .. WORKERS_MAX */
    pid_t parent;                    /* 0: none */
};

/* ERR_USAGE (or what address_parse() says) with a sentence to print. `out` is to be deinited in
 * every case. */
MUST_USE enum err command_line_parse(int argc, char *const argv[], struct command_line *out,
                                     struct err_note *note);
void command_line_deinit(struct command_line *line);
/* What --help prints. */
const char *command_line_help(void);

#endif
