#ifndef SCENARIO_EXPECT_PRIVATE_H
#define SCENARIO_EXPECT_PRIVATE_H
/* What the two halves of the parser of expectations share; nobody else includes this.
 *
 *     expect.c        the list, and the kinds that hold several checks in one map
 *     expect_single.c the kinds of one check, written as one value or as a map with a window */

#include "scenario/expect.h"
#include "scenario/scenario.h"
#include "scenario/value.h"

struct expect_parser {
    struct value_reader reader;
    const struct scenario *scenario; /* borrowed */
    struct expect *checks;           /* in the arena */
    size_t count;
};

/* Names the check, refuses a second one of that name, and keeps it. `part` is what follows the dot
 * in its name, NULL when there is none. */
MUST_USE enum err expect_add(struct expect_parser *parser, const struct yaml_node *key,
                             const char *part, struct expect check);
/* "p95: 300ms". In the arena. */
const char *expect_pair_text(const struct expect_parser *parser, const struct yaml_node *key,
                             const struct yaml_node *value);

/* The kinds of one check (CANARY: one per gate). `key` is the expectation's own. */
MUST_USE enum err expect_parse_single(struct expect_parser *parser, enum expect_kind kind,
                                      const struct yaml_node *key, const struct yaml_node *value);

#endif
