#ifndef HARNESS_SWEEP_OPTIONS_H
#define HARNESS_SWEEP_OPTIONS_H
/* The words behind `tollgate sweep`. */

#include <stdbool.h>
#include <stddef.h>

#include "harness/sweep_search.h"

struct sweep_options {
    bool help;
    bool merge;
    const char **words;   /* owned: the sweep file; of merge the shards' folders */
    size_t word_count;
    const char *file;     /* merge: the sweep file, when not the one that the shards name */
    const char *out;
    const char *configs;
    const char *programs;
    unsigned jobs;
    struct sweep_shard shard;
    bool no_confirm;
    bool restart;
    bool resume;          /* there must be something to go on with */
    bool fill;            /* merge: simulate here what shards have not */
    bool quiet;
};

extern const char sweep_help[];

/* False with a message on stderr. `out->words` is the caller's to free in any case. */
bool sweep_options_parse(int argc, char **argv, struct sweep_options *out);

#endif
