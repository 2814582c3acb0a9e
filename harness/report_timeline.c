#include "harness/report_timeline.h"

#include <inttypes.h>

#include "harness/report_dots.h"
#include "harness/report_panel.h"
#include "harness/report_picture.h"
#include "harness/report_text.h"

enum { TICKS_MAX = 8 };

static void put_phase_faults(struct buf *out, const struct phase *phase)
{
    if (phase->fault_count == 0) buf_puts(out, "no faults");
    for (size_t i = 0; i < phase->fault_count; i++) {
        if (i > 0) buf_puts(out, " + ");
        report_text_escaped(out, phase->faults[i].text);
    }
}

static void put_phase_title(struct buf *out, const struct phase *phase)
{
    buf_puts(out, "<title>");
    report_text_escaped(out, phase->name);
    buf_puts(out, ", ");
    report_text_moment(out, phase->from_ns);
    buf_puts(out, " to ");
    report_text_moment(out, phase->to_ns);
    buf_puts(out, ": ");
    put_phase_faults(out, phase);
    buf_puts(out, "</title>");
}

/* The shade has the phase's width; its text may go on until the next phase begins. */
static void put_phases(struct buf *out, const struct picture *picture)
{
    const struct scenario *scenario = &picture->item->scenario;
    for (size_t i = 0; i < scenario->phase_count; i++) {
        const struct phase *phase = &scenario->phases[i];
        const char *class = phase->fault_count > 0 ? "phase broken" : "phase";
        buf_printf(out, "<svg class=\"%s\"", class);
        picture_put_span(out, picture, phase->from_ns, phase->to_ns);
        buf_printf(out, " height=\"%d\">", picture->height);
        put_phase_title(out, phase);
        buf_puts(out, "<rect width=\"100%\" height=\"100%\"/><path class=\"edge\" d=\"M.5 "
                      "0v9999\"/><rect class=\"bar\" width=\"100%\" height=\"3\"/></svg>\n<svg");
        bool last = i + 1 == scenario->phase_count;
        picture_put_span(out, picture, phase->from_ns,
                         last ? picture->duration_ns : scenario->phases[i + 1].from_ns);
        buf_printf(out, " height=\"%d\">", PICTURE_PHASES_HEIGHT);
        put_phase_title(out, phase);
        buf_printf(out,
                   "<foreignObject width=\"100%%\" height=\"%d\"><div class=\"cut\"><b>",
                   PICTURE_PHASES_HEIGHT);
        report_text_escaped(out, phase->name);
        buf_puts(out, "</b><br>");
        put_phase_faults(out, phase);
        buf_puts(out, "</div></foreignObject></svg>\n");
    }
}

static uint64_t tick_step_ns(uint64_t duration_ns)
{
    static const uint32_t steps_ms[] = { 100,    200,    500,    1000,    2000,
                                         5000,   10000,  15000,  30000,   60000,
                                         120000, 300000, 600000, 1800000, 3600000 };
    size_t i = 0;
    while (i + 1 < sizeof steps_ms / sizeof steps_ms[0] &&
           duration_ns / (steps_ms[i] * NS_PER_MS) > TICKS_MAX) {
        i++;
    }
    uint64_t step_ns = steps_ms[i] * NS_PER_MS;
    return step_ns * (duration_ns / step_ns / TICKS_MAX + 1);
}

static void put_axis(struct buf *out, const struct picture *picture)
{
    uint64_t step_ns = tick_step_ns(picture->duration_ns);
    for (uint64_t at_ns = 0; at_ns <= picture->duration_ns; at_ns += step_ns) {
        buf_puts(out, "<line class=\"grid\"");
        picture_put_x(out, picture, "x1", at_ns);
        picture_put_x(out, picture, "x2", at_ns);
        buf_printf(out, " y1=\"%d\" y2=\"%d\"/><text class=\"small middle\"", picture->top,
                   picture->height - PICTURE_WORLD_GAP + 5);
        picture_put_x(out, picture, "x", at_ns);
        buf_printf(out, " y=\"%d\">", picture->height + PICTURE_AXIS_HEIGHT - 16);
        report_text_moment(out, at_ns);
        buf_puts(out, "</text>\n");
    }
}

static void put_words(struct buf *out, const struct suite_world *world, const char *name)
{
    if (!world->present) return;
    buf_printf(out, "%s: ", name);
    report_timeline_story(out, &world->run);
    buf_putc(out, ' ');
}

void report_timeline(struct buf *out, const struct suite_scenario *item, size_t number,
                     size_t dots_max)
{
    struct picture picture;
    picture_lay_out(&picture, item, dots_max);
    buf_printf(out,
               "<svg class=\"timeline\" role=\"img\" height=\"%d\" "
               "aria-labelledby=\"t%zu d%zu\">\n<title id=\"t%zu\">Timeline of ",
               picture.height + PICTURE_AXIS_HEIGHT, number, number, number);
    report_text_escaped(out, item->scenario.name);
    buf_printf(out, "</title>\n<desc id=\"d%zu\">", number);
    put_words(out, &item->sim, "Simulation");
    put_words(out, &item->real, "Real sockets");
    buf_puts(out, "</desc>\n");
    picture_open_moving(out);
    put_phases(out, &picture);
    buf_puts(out, "<g class=\"axis\">\n");
    put_axis(out, &picture);
    buf_puts(out, "</g>\n");
    picture_close_moving(out);
    int y = picture.top;
    if (item->sim.present) y = report_panel(out, &picture, &item->sim, y);
    if (item->real.present) report_panel(out, &picture, &item->real, y);
    buf_puts(out, "</svg>\n<script type=\"application/json\" class=\"dots-data\">");
    dots_write_data(out, &picture);
    buf_puts(out, "</script>\n");
}
