#ifndef HARNESS_REPLAY_INPUT_H
#define HARNESS_REPLAY_INPUT_H
/* A trace's input lines, back as inputs; and whether an engine in a given state may be given one.
 * To add a kind of input: a row in the table of kinds, a row for each new field. */

#include <stdbool.h>

#include "core/engine.h"
#include "harness/trace_line.h"

/* What the engine has asked for, per call: an input that answers nothing would be our own bug in a
 * driver (the engine asserts), but in a trace that somebody else wrote it is a divergence. */
struct replay_call {
    bool running;
    bool attempt_runs;
    bool baseline_runs;
    bool lookup_runs; /* in the second level */
    uint32_t attempt;
};

/* False when the line is no input: then `reason` says why, else it is untouched. Fields of other
 * inputs are taken too; whoever wants to know that the line says this and nothing else writes the
 * input again and compares. */
bool replay_input_parse(const struct trace_line *line, struct engine_input *out, instant_ns *now,
                        const char **reason);

/* NULL when the input fits; else what is wrong with it, to follow "the trace goes on with". */
const char *replay_input_misfit(const struct replay_call *call, const struct engine_input *input);
/* Notes what an input ended, or what an action began or ended. */
void replay_call_on_input(struct replay_call *call, const struct engine_input *input);
void replay_call_on_action(struct replay_call *call, const struct engine_action *action);

#endif
