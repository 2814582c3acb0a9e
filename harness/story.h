#ifndef HARNESS_STORY_H
#define HARNESS_STORY_H
/* A scenario as a tree that can be changed and written again: for tools that make scenarios (hunt)
 * or make them smaller (shrink).
 *
 *     story_parse -> take items out, change scalars -> story_write -> the text of a scenario file
 *
 * Comments and the layout of the original are not kept. */

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/yaml.h"
#include "harness/suite.h"

/* The scenario in `text`, ready to be simulated: parsed, with its configuration and its schedule,
 * as `tollgate run` would make it. `path` stands in notes and is where configs/ is looked for,
 * unless `configs` names that folder. Texts live in `arena`. */
MUST_USE enum err story_prepare(struct arena *arena, const char *path, const char *text,
                                size_t length, const char *configs, struct suite_scenario *out,
                                struct err_note *note);

/* A tree of its own: what is taken out of it is taken out of no other. */
struct yaml_node *story_copy(struct arena *arena, const struct yaml_node *node);
/* The tree as YAML: short branches on one line, long ones in blocks. */
void story_write(struct buf *out, const struct yaml_node *root);
/* The files that a tree names (latencies as `samples: FILE`, beside the scenario) for a copy of it:
 * from beside the scenario file `from` to beside `to`. */
MUST_USE enum err story_carry_samples(struct arena *arena, const struct yaml_node *node,
                                      const char *from, const char *to, struct err_note *note);

/* What a simulation of it says: simulates, judges; the caller releases both. */
MUST_USE enum err story_simulate(const struct suite_scenario *item, struct run *run,
                                 struct verdicts *verdicts, struct err_note *note);

#endif
