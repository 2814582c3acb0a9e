#ifndef MUTATION_REPORT_H
#define MUTATION_REPORT_H
/* What became of each mutant, gathered from the tools' tables, and the report made of it. */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum mutant_end {
    MUTANT_EQUIVALENT, /* the compiler makes the same code of it as of the original */
    MUTANT_DUPLICATE,  /* the same code as an earlier mutant */
    MUTANT_KILLED,     /* by the catalogue */
    MUTANT_TESTED,     /* of what the simulator does not drive: killed by a unit test */
    MUTANT_ALLOWED,    /* survives, for a reason in mutants.allow */
    MUTANT_SURVIVED,
};

struct mutant {
    unsigned id;
    const char *file; /* borrowed, as all texts here */
    unsigned line;
    const char *function;
    const char *kind;
    const char *original;
    const char *replacement;
    enum mutant_end end;
    bool simulated;     /* of what the simulator drives: see not_simulated.tsv */
    const char *how;    /* failed, assert, crash, hang; changed: no check said so */
    const char *test;   /* the unit test that kills it; "": none does, or none was asked */
    const char *checks; /* "scenario/check" by tabs; "" */
    const char *reason; /* MUTANT_ALLOWED */
};

struct mutants {
    struct mutant *items; /* owned */
    size_t count, capacity;
    const char **scenarios; /* owned: names of the catalogue's, and of scenarios/sim */
    size_t scenario_count;
    bool first; /* each mutant was left alone once a scenario killed it: no whole matrix */
};

/* One part of mutant->checks. */
struct kill {
    const char *scenario, *check;
    size_t scenario_length, check_length;
    size_t index; /* of the scenario, scenario_count for none */
};

/* False at the end of *at, which begins at mutant->checks. */
bool kill_next(const struct mutants *mutants, const char **at, struct kill *out);

struct score {
    size_t counted; /* neither equivalent, duplicate nor allowed as equivalent */
    size_t killed;
};

/* Of what the simulator drives, or of the rest; all kinds when `kind` is NULL. */
struct score mutants_score(const struct mutants *mutants, bool simulated, const char *kind);
unsigned score_permille(struct score score);

void report_summary(struct buf *out, const struct mutants *mutants);
void report_matrix(struct buf *out, const struct mutants *mutants);
void report_page(struct buf *out, const struct mutants *mutants);
/* Parts of the page: who kills whom, as a picture, and mutant by mutant. */
void report_picture(struct buf *out, const struct mutants *mutants);
void report_killed(struct buf *out, const struct mutants *mutants);
/* The first cells of a row: number, place, and what was made of what. */
void report_diff(struct buf *out, const struct mutant *mutant);
void report_html_text(struct buf *out, const char *text, size_t length);

#endif
