#include "scenario/delay_sketch.h"

#include <stddef.h>

#include "base/instant.h"

enum { FIRST_OCTAVE = 10, STEP_BITS = 7, PPM_ALL = 1000000 };

static size_t cell_of(uint64_t ns)
{
    if (ns < UINT64_C(1) << FIRST_OCTAVE) return 0;
    unsigned octave = 63 - (unsigned)__builtin_clzll(ns);
    size_t step = (size_t)(ns >> (octave - STEP_BITS)) & (DELAY_SKETCH_STEPS - 1);
    size_t cell = 1 + (size_t)(octave - FIRST_OCTAVE) * DELAY_SKETCH_STEPS + step;
    return u64_min(cell, DELAY_SKETCH_CELLS - 1);
}

/* The greatest length that falls into it. */
static uint64_t cell_end_ns(size_t cell)
{
    if (cell == 0) return (UINT64_C(1) << FIRST_OCTAVE) - 1;
    unsigned octave = FIRST_OCTAVE + (unsigned)((cell - 1) / DELAY_SKETCH_STEPS);
    uint64_t step = (cell - 1) % DELAY_SKETCH_STEPS + 1;
    return (UINT64_C(1) << octave) + (step << (octave - STEP_BITS)) - 1;
}

void delay_sketch_add(struct delay_sketch *sketch, uint64_t ns)
{
    sketch->count++;
    sketch->cells[cell_of(ns)]++;
    if (ns > sketch->most_ns) sketch->most_ns = ns;
}

uint64_t delay_sketch_at(const struct delay_sketch *sketch, uint64_t rank)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < DELAY_SKETCH_CELLS; i++) {
        seen += sketch->cells[i];
        if (sketch->cells[i] == 0 || seen < rank) continue;
        return i == DELAY_SKETCH_CELLS - 1 ? sketch->most_ns
                                           : u64_min(cell_end_ns(i), sketch->most_ns);
    }
    return 0;
}

uint64_t delay_sketch_quantile(const struct delay_sketch *sketch, uint32_t ppm)
{
    __extension__ typedef unsigned __int128 wide;
    uint64_t rank = (uint64_t)(((wide)sketch->count * ppm + PPM_ALL - 1) / PPM_ALL);
    return delay_sketch_at(sketch, u64_max(rank, 1));
}
