#ifndef HARNESS_REPORT_PANEL_H
#define HARNESS_REPORT_PANEL_H
/* One world's panel of a timeline: lanes of dots, the latency limit, the breaker's states, and the
 * moment of recovery. Used by report_timeline.c. */

#include "harness/report_picture.h"

/* Draws at `y` pixels from the picture's top; returns where the next panel begins. */
int report_panel(struct buf *out, const struct picture *picture, const struct suite_world *world,
                 int y);

#endif
