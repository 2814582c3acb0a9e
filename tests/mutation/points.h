#ifndef MUTATION_POINTS_H
#define MUTATION_POINTS_H
/* Where a C source can be mutated, and how: found in its syntax tree by libclang.
 *
 *     if (failures >= limit) open(breaker);      `>=` -> `>`, `>=` -> `<`, condition true,
 * condition false, and the call left out: five points
 *
 * Only function bodies are looked at; what a macro wrote (asserts above all), case labels, array
 * sizes, static data and sizeof stay as they are: they cannot be switched while the program runs.
 * Resilience mutants are written by hand in resilience.tsv (name, file, original, replacement): the
 * original is an expression of the file.
 * After Offutt et al. 1996, "An experimental determination of sufficient mutant operators". */

#include <stddef.h>

/* X(name, text), in the order in which equal ranges are nested, the outermost first. */
#define POINT_KIND_LIST(X)                                                                         \
    X(POINT_RESILIENCE, "resilience")                                                              \
    X(POINT_DELETION, "deletion")                                                                  \
    X(POINT_RETURN, "return")                                                                      \
    X(POINT_CONDITION, "condition")                                                                \
    X(POINT_LOGICAL, "logical")                                                                    \
    X(POINT_RELATIONAL, "relational")                                                              \
    X(POINT_ARITHMETIC, "arithmetic")                                                              \
    X(POINT_CONSTANT, "constant")

enum point_kind {
#define POINT_ENUM(name, text) name,
    POINT_KIND_LIST(POINT_ENUM)
#undef POINT_ENUM
};

const char *point_kind_name(enum point_kind kind);

struct point {
    enum point_kind kind;
    size_t begin, end; /* bytes of the source that are replaced */
    unsigned line;
    char *function;    /* owned: the one it is in */
    char *replacement; /* owned: an expression in C, on one line */
    unsigned id;       /* its number in the program; 0 is the whole program */
};

struct points {
    struct point *items; /* owned */
    size_t count, capacity;
};

struct points_input {
    const char *path;
    const char *source;           /* the file's text */
    const char *const *arguments; /* the compiler's */
    int argument_count;
    const char *resilience; /* text of resilience.tsv */
    unsigned first_id;
};

/* Finds the points of one file, in the order of the source. 0, or -1 with a sentence on stderr. */
int points_find(const struct points_input *input, struct points *out);
void points_deinit(struct points *points);

#endif
