#ifndef HARNESS_HUNT_DICE_H
#define HARNESS_HUNT_DICE_H
/* The draws of one story of a hunt, one after another; nobody but hunt*.c includes this. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct dice {
    uint64_t seed;
    uint64_t number; /* of the story */
    uint32_t next;
};

/* 0 .. sides - 1 */
uint32_t dice_roll(struct dice *dice, uint32_t sides);
bool dice_chance(struct dice *dice, uint32_t percent);
const char *dice_pick(struct dice *dice, const char *const *texts, size_t count);

#define DICE_PICK(dice, texts) dice_pick(dice, texts, sizeof(texts) / sizeof(texts)[0])

/* hunt_settings.c: the lines of `set:` */
void hunt_write_settings(struct buf *out, struct dice *dice);
/* hunt_load.c: `workload:`, which sends all the time, and what the healthy upstream is like */
void hunt_write_load(struct buf *out, struct dice *dice, uint32_t duration_s);
void hunt_write_upstream(struct buf *out, struct dice *dice);
/* `redis:`, or nothing; its troubles end about `trouble_s` */
void hunt_write_redis(struct buf *out, struct dice *dice, uint32_t trouble_s);

#endif
