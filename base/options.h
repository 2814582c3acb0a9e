#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H
/* Configuration as a table of rows. One row per option parses, checks, defaults, prints and
 * documents it; nothing else knows the option's spelling.
 *
 * To add an option: one row in the owner's table, one field in the owner's struct. The unit is part
 * of the key (`_s`, `_ms`), as in the guide: `connect_timeout_s: 0.25` is stored as 250,000,000 ns.
 *
 * Sources, later wins: default < file < environment `TSFM_<KEY>` < `--set key=value`. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/yaml.h"

enum option_kind {
    OPTION_SECONDS,  /* field: uint64_t ns; written as decimal seconds */
    OPTION_MILLIS,   /* field: uint64_t ns; written as decimal milliseconds */
    OPTION_U32,      /* field: uint32_t */
    OPTION_U64,      /* field: uint64_t */
    OPTION_PERMILLE, /* field: uint32_t, 0..1000; written as a ratio 0..1 with at most 3 decimals */
    OPTION_BOOL,     /* field: bool; true or false */
    OPTION_TEXT,     /* field: char[OPTION_TEXT_MAX] */
    OPTION_CHOICE,   /* field: int; index into `choices` */
};

/* What becomes of the option when a changed file is read again while the program runs. */
enum option_reload {
    OPTION_RESTART, /* nothing: the value at start stays until the program is started again */
    OPTION_LIVE,    /* the new value holds from then on */
    OPTION_UP_TO_START, /* the same, but no larger than at start: memory was taken for that */
};

enum { OPTION_TEXT_MAX = 256, OPTIONS_MAX = 96 };

struct option {
    const char *key;
    enum option_kind kind;
    size_t offset;              /* offsetof the field in the owner's struct */
    enum option_reload reload;
    uint64_t min;               /* numbers: in the field's unit (ns for times), inclusive */
    uint64_t max;               /* inclusive */
    const char *initial;        /* the default, as text in the file's unit: never NULL */
    const char *const *choices; /* OPTION_CHOICE: NULL-terminated; else NULL */
    const char *sentence;       /* what it does, for --help and docs/options.md */
};

enum option_source { OPTION_DEFAULT, OPTION_FILE, OPTION_ENVIRONMENT, OPTION_SET };

struct options {
    const struct option *rows; /* borrowed */
    size_t count;              /* <= OPTIONS_MAX */
    enum option_source source[OPTIONS_MAX]; /* by row: where its value came from */
    int line[OPTIONS_MAX];                  /* by row: line in the file, 0 when not from a file */
    int column[OPTIONS_MAX];
};

/* Sets every field of `target` to its default (a bad default is our own bug: assert). */
void options_init(struct options *options, const struct option *rows, size_t count, void *target);
/* Takes a map of key: value. Unknown keys (with did-you-mean), bad values and values out of bounds
 * are refused with their place. */
MUST_USE enum err options_load_map(struct options *options, void *target,
                                   const struct yaml_file *file, const struct yaml_node *map,
                                   struct err_note *note);
/* One "key=value"; `origin` names where it stands in a note, for example "--set". */
MUST_USE enum err options_set(struct options *options, void *target, const char *assignment,
                              const char *origin, struct err_note *note);
/* Every TSFM_<KEY> of `environment` ("NAME=value" strings, NULL-terminated, as environ) that names
 * a row; TSFM_ names that match no row are refused when they are in no other program's use
 * (`ignored`, NULL-terminated names, lists those). */
MUST_USE enum err options_load_environment(struct options *options, void *target,
                                           char *const *environment, const char *const *ignored,
                                           struct err_note *note);
/* The value of row `index` as it would be written in a file. */
void options_format_value(const struct options *options, const void *target, size_t index,
                          struct buf *out);
/* "seconds", "milliseconds", "ratio", ... */
const char *option_unit(const struct option *row);
const char *option_source_text(enum option_source source);
const char *option_reload_text(enum option_reload reload); /* "yes", "no" */

#endif
