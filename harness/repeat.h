#ifndef HARNESS_REPEAT_H
#define HARNESS_REPEAT_H
/* `--repeat N`: one scenario played N times in each world, with seeds made of its own. One seed is
 * one luck; what several agree on is the service.
 *
 *     seed of run 0: the scenario's (or --seed), of run i: repeat_seed(seed, i)
 *
 * The scenario's verdict is over all of them: of each check the worst that any run said (INVALID >
 * FAIL > INCONCLUSIVE > PASS), its sentence from the first run that said so, followed by the counts
 * and the seeds that show it: "... [2 of 10 runs fail: seeds 17, 42]". So any FAIL fails. What is
 * drawn is the first run; its figures stand beside an interval over the runs. */

#include "harness/run.h"
#include "harness/verdict.h"

enum repeat_figure {
    REPEAT_P50,           /* ns */
    REPEAT_P95,
    REPEAT_P99,
    REPEAT_FRESH,         /* served from cache or upstream, ppm of the answers */
    REPEAT_ERRORS,        /* errors and lost answers, ppm */
    REPEAT_AMPLIFICATION, /* attempts per request that made one, in thousandths */
    REPEAT_FIGURES,
};

struct repeat_run {
    uint64_t seed;
    enum check_status status;
    uint64_t figures[REPEAT_FIGURES];
};

/* Over the runs that are valid; all INSTANT_NEVER when none is. A latency can be INSTANT_NEVER in
 * a run, when too many requests got no answer: then it has no mean. */
struct repeat_interval {
    uint64_t min, median, max;
    uint64_t low, high;   /* the mean, with 95 % confidence (Student's t); one run: the value */
};

enum { REPEAT_SEEDS_SHOWN = 3, REPEAT_MAX = 1000 };

/* How often the runs said what of one check. */
struct repeat_check {
    uint32_t counts[CHECK_STATUS_COUNT];
    uint64_t seeds[REPEAT_SEEDS_SHOWN]; /* of runs that said the worst so far */
    uint32_t seed_count;
};

struct repeats {
    uint32_t count;            /* runs; 0 or 1: played once, and nothing else is set */
    uint32_t statuses[CHECK_STATUS_COUNT]; /* runs by the verdict of their world */
    struct repeat_run *runs;   /* owned; in the order of their seeds' making */
    struct repeat_check *checks; /* owned; as many as the verdict has checks */
    size_t check_count;
    struct repeat_interval intervals[REPEAT_FIGURES]; /* over the runs that are not INVALID */
};

uint64_t repeat_seed(uint64_t seed, uint32_t run);
/* "p95", "fresh", ... */
const char *repeat_figure_name(enum repeat_figure figure);

/* Adds one judged run after another, the first one first. `folded` is that one's verdicts, and
 * becomes what holds over all. `count` is how many there will be. */
void repeats_begin(struct repeats *repeats, uint32_t count, const struct run *run,
                   const struct verdicts *folded);
void repeats_add(struct repeats *repeats, const struct run *run, const struct verdicts *verdicts,
                 struct verdicts *folded);
/* Intervals, and the counts behind the sentences. */
void repeats_finish(struct repeats *repeats, struct verdicts *folded);
void repeats_deinit(struct repeats *repeats);

/* "10 runs: 9 pass, 1 fail; p95 96.0 ms to 101.3 ms, mean 97.1 to 99.0; fresh 96.4 % to 97.8 %";
 * "p95 96.0 ms to never, without a mean" */
void repeats_sentence_write(const struct repeats *repeats, struct buf *out);

#endif
