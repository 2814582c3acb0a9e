#ifndef HARNESS_REPORT_PICTURE_H
#define HARNESS_REPORT_PICTURE_H
/* The geometry of a timeline (report_timeline.h): where lanes, latencies and moments stand. Both
 * worlds' panels of a scenario share it, so that equal things stand at equal places. */

#include "base/buf.h"
#include "harness/suite.h"

/* Pixels. */
enum {
    PICTURE_PHASES_HEIGHT = 40,
    PICTURE_TITLE_HEIGHT = 26,
    PICTURE_BREAKER_GAP = 6,
    PICTURE_BREAKER_HEIGHT = 18,
    PICTURE_WORLD_GAP = 14,
    PICTURE_AXIS_HEIGHT = 22,
};

enum { PICTURE_LANES = SERVED_COUNT };

struct picture_lane {
    enum served served;
    const char *label;
    int y;      /* pixels below the first lane's top */
    int height; /* 0: not shown */
    bool empty; /* nobody was served so in either world */
};

struct picture {
    const struct suite_scenario *item;        /* borrowed */
    uint64_t duration_ns;                     /* > 0: the whole width */
    uint64_t limit_ns;                        /* the latency limit that is drawn */
    uint64_t top_ns;                          /* latency at a lane's upper edge */
    struct picture_lane lanes[PICTURE_LANES]; /* from the best to the worst */
    int lanes_height;
    int top;    /* height of the rows of phase names: the upstream's, then redis' */
    int height; /* without the axis */
    size_t dots_max; /* of a panel: see report_dots.h */
};

void picture_lay_out(struct picture *picture, const struct suite_scenario *item, size_t dots_max);

/* The kind of answer that decides the lane; SERVED_NOBODY when there was no answer. */
enum served picture_served(const struct run_answer *answer);

/* Tenths of a pixel from the first lane's top to a latency in `lane`, by its logarithm: 1 ms and
 * less lie on the lane's floor, top_ns and more (INSTANT_NEVER too) at its upper edge. */
uint64_t picture_latency_y(const struct picture *picture, const struct picture_lane *lane,
                           uint64_t latency_ns);

/* Around what moves when the page's script zooms: all that has a place in time. Labels and lines
 * across stay outside. */
void picture_open_moving(struct buf *out);
void picture_close_moving(struct buf *out);

/* ` x="33.333%"` for a moment; ` x="..." width="..."` for a span. */
void picture_put_x(struct buf *out, const struct picture *picture, const char *attribute,
                   uint64_t ns);
void picture_put_span(struct buf *out, const struct picture *picture, uint64_t from_ns,
                      uint64_t to_ns);

#endif
