#ifndef HARNESS_REPORT_DOTS_H
#define HARNESS_REPORT_DOTS_H
/* The requests of one world as dots of a timeline: which of them are drawn, where, and what the
 * page's script tells of each.
 *
 * A page with many busy scenarios must stay usable, so a panel has a bound of dots. When there are
 * more requests, those are left out that would lie on (or, for many, next to) another dot. Requests
 * that a failed check names are always drawn. */

#include "harness/report_picture.h"

/* Coordinates within a panel's lanes: x in 0 .. DOTS_WIDTH, y in tenths of a pixel. */
enum { DOTS_WIDTH = 10000 };

struct dot {
    uint32_t index; /* of the request */
    uint32_t x, y;
    enum served served; /* decides the lane */
};

struct dots {
    struct dot *items; /* owned; by request */
    size_t count;
    size_t of; /* requests */
};

void dots_make(struct dots *out, const struct picture *picture, const struct suite_world *world);
void dots_deinit(struct dots *dots);

/* The place of one request's dot. */
struct dot dots_place(const struct picture *picture, const struct run *run, uint32_t index);

/* What a hover tells, as JSON without any character that HTML would mind:
 * {"kinds":[["upstream","","",200,"l1:miss, ...","1. ok 200"],...],
 *  "worlds":[{"name":"sim","of":100,"lanes":{"upstream":[[0,12000,0],...]}}]}
 * lanes: dots in the order of their path in the picture: number less that of the dot before,
 * latency in us (-1: no answer), kind. */
void dots_write_data(struct buf *out, const struct picture *picture);

#endif
