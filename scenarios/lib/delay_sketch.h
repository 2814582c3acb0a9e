#ifndef SCENARIO_DELAY_SKETCH_H
#define SCENARIO_DELAY_SKETCH_H
/* How often each length of time occurred, in bounded memory: a count per step of 1/128 of its
 * octave, so that what is read back is at most 0.8 % more than what was put in. From 1 us (all
 * below are one) to 2.4 hours (all above are one); the greatest is kept as it is.
 *
 *     1,000 times 40 ms, once 90 ms:  rank 500 -> 40.1 ms, rank 1001 -> 90 ms */

#include <stdint.h>

enum {
    DELAY_SKETCH_STEPS = 128,
    DELAY_SKETCH_OCTAVES = 33,
    DELAY_SKETCH_CELLS = DELAY_SKETCH_STEPS * DELAY_SKETCH_OCTAVES + 1,
};

struct delay_sketch {
    uint64_t count;
    uint64_t most_ns;
    uint32_t cells[DELAY_SKETCH_CELLS]; /* the first: under 1024 ns */
};

void delay_sketch_add(struct delay_sketch *sketch, uint64_t ns);
/* The value of this rank (1 is the least), rounded up to its step; 0 when there is none. */
uint64_t delay_sketch_at(const struct delay_sketch *sketch, uint64_t rank);
/* Nearest rank of a share in parts per million. */
uint64_t delay_sketch_quantile(const struct delay_sketch *sketch, uint32_t ppm);

#endif
