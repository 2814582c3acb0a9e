#ifndef SCENARIO_SELECTION_H
#define SCENARIO_SELECTION_H
/* On which attempts a fault fires. All conditions must hold.
 *
 * Keyed: a function of the seed, the request, the attempt and the time, whatever came before:
 *     share: 30%                        a draw per attempt
 *     ramp: { from: 0%, to: 100% }      the same, with a share that moves linearly over the window
 *     after: 2s, until: 5s              the window, counted from the phase's start
 *     burst: { bad: 2s, good: 8s }      bad times of 2 s on average, good times of 8 s between them
 *     model, market, path               of the request, as far as the upstream sees it; a name
 *                                       stands for itself and for each that it begins, up to a '-'
 *     attempt: 0, attempt: ">= 1"       X-Attempt
 * Counting, at most one of them, in the order in which requests are read, of those attempts that
 * the keyed conditions let through:
 *     first: 5                          the first five
 *     nth: 7                            the seventh alone
 *     every: 5                          the 5th, the 10th, ...
 *     exact_share: 30%                  three of every ten, as evenly as it goes */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "scenario/value.h"

enum selection_counter { COUNT_NONE, COUNT_FIRST, COUNT_NTH, COUNT_EVERY, COUNT_EXACT_SHARE };

struct selection {
    uint32_t share_ppm; /* COUNT_EXACT_SHARE: of all; else of the draw; 1,000,000: every one */
    bool ramp;          /* share_ppm is the end's; ramp_from_ppm the beginning's */
    uint32_t ramp_from_ppm;
    enum selection_counter counter;
    uint32_t count;     /* FIRST, NTH, EVERY: >= 1 */
    uint64_t after_ns;  /* since the phase's start */
    uint64_t until_ns;  /* since the phase's start; at most its length */
    bool burst;
    uint64_t bad_ns, good_ns; /* means, > 0 */
    const char *model, *market, *path; /* NULL: any */
    uint32_t attempt_min, attempt_max; /* inclusive */
};

struct selection_place {
    uint64_t length_ns;   /* of the phase */
    bool every_is_rhythm; /* a dribble's "every: 20ms", so not a selection */
};

/* The selection keys of a fault. The other keys are the caller's. */
MUST_USE enum err selection_parse(const struct value_reader *reader, const struct yaml_node *fault,
                                  const struct selection_place *place, struct selection *out);

/* " 60% first 5 model chronos"; "" for every attempt. */
void selection_write(struct buf *out, const struct selection *selection, uint64_t length_ns);
/* Of that only what belongs to the name of the draws' stream: not how many, so that a larger share
 * hits the same attempts and more. */
void selection_write_names(struct buf *out, const struct selection *selection);

/* The share at an offset inside the window. */
uint32_t selection_share_ppm(const struct selection *selection, uint64_t offset_ns);
/* "btc" is the name "btc" and each that begins with "btc-". */
bool selection_name_matches(const char *wanted, const char *name);

#endif
