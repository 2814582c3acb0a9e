#ifndef SCENARIO_FAULT_TABLE_H
#define SCENARIO_FAULT_TABLE_H
/* Every fault, one row per position and effect: whether it can be played exactly, what happens,
 * what a client's classifier must call it, and a line to copy. The parser refuses what is
 * impossible with the row's reason; docs/faults.md is made from it; a test plays each row on
 * sockets and in the simulator. */

#include "base/buf.h"
#include "scenario/fault.h"

enum fault_support { FAULT_EXACT, FAULT_EMULATED, FAULT_IMPOSSIBLE };

struct fault_row {
    enum fault_effect effect;
    enum fault_position at;
    enum fault_support support;
    const char *what;    /* what happens; emulated: and how; impossible: why */
    const char *outcome; /* of the attempt, as core/classify.h names them; NULL: impossible */
    const char *other;   /* others that are right, where packets race or the connection was used
                            before, with blanks between; NULL: none */
    const char *yaml;    /* NULL: impossible */
};

const struct fault_row *fault_table(size_t *count);
/* The first row of an effect at a position; never NULL for those that are written with "at". */
const struct fault_row *fault_table_find(enum fault_effect effect, enum fault_position at);

/* Whether an attempt may be called so. */
bool fault_row_allows(const struct fault_row *row, const char *outcome);

const char *fault_support_name(enum fault_support support);

/* docs/faults.md */
void fault_table_write(struct buf *out);

#endif
