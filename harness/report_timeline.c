#include "harness/report_timeline.h"

#include <inttypes.h>

#include "harness/report_dots.h"
#include "harness/report_panel.h"
#include "harness/report_picture.h"
#include "harness/report_text.h"

enum { TICKS_MAX = 8 };

/* A length of time that has a name: shaded over the whole height, and told of in a row on top. */
struct band {
    const char *class;
    const char *name;
    const char *words;
    uint64_t from_ns, to_ns;
    uint64_t next_ns; /* its words may go on until then */
    int y;            /* of its row */
};

static void put_band_title(struct buf *out, const struct band *band)
{
    buf_puts(out, "<title>");
    report_text_escaped(out, band->name);
    buf_puts(out, ", ");
    report_text_moment(out, band->from_ns);
    if (band->to_ns > band->from_ns) {
        buf_puts(out, " to ");
        report_text_moment(out, band->to_ns);
    }
    buf_puts(out, ": ");
    report_text_escaped(out, band->words);
    buf_puts(out, "</title>");
}

static void put_band(struct buf *out, const struct picture *picture, const struct band *band)
{
    /* A moment is a line that can be seen. */
    uint64_t seen_ns = u64_max(band->to_ns, band->from_ns + picture->duration_ns / 400);
    buf_printf(out, "<svg class=\"%s\" y=\"%d\"", band->class, band->y);
    picture_put_span(out, picture, band->from_ns, seen_ns);
    buf_printf(out, " height=\"%d\">", picture->height - band->y);
    put_band_title(out, band);
    buf_puts(out, "<rect width=\"100%\" height=\"100%\"/><path class=\"edge\" d=\"M.5 "
                  "0v9999\"/><rect class=\"bar\" width=\"100%\" height=\"3\"/></svg>\n<svg");
    picture_put_span(out, picture, band->from_ns, band->next_ns);
    buf_printf(out, " y=\"%d\" height=\"%d\">", band->y, PICTURE_PHASES_HEIGHT);
    put_band_title(out, band);
    buf_printf(out, "<foreignObject width=\"100%%\" height=\"%d\"><div class=\"cut\"><b>",
               PICTURE_PHASES_HEIGHT);
    report_text_escaped(out, band->name);
    buf_puts(out, "</b><br>");
    report_text_escaped(out, band->words);
    buf_puts(out, "</div></foreignObject></svg>\n");
}

static void put_phases(struct buf *out, const struct picture *picture)
{
    const struct scenario *scenario = &picture->item->scenario;
    struct buf words;
    buf_init(&words, BUF_UNBOUNDED);
    for (size_t i = 0; i < scenario->phase_count; i++) {
        const struct phase *phase = &scenario->phases[i];
        bool last = i + 1 == scenario->phase_count;
        buf_clear(&words);
        if (phase->fault_count == 0) buf_puts(&words, "no faults");
        for (size_t f = 0; f < phase->fault_count; f++) {
            buf_printf(&words, "%s%s", f == 0 ? "" : " + ", phase->faults[f].text);
        }
        put_band(out, picture, &(struct band){
            .class = phase->fault_count > 0 ? "phase broken" : "phase",
            .name = phase->name,
            .words = buf_text(&words),
            .from_ns = phase->from_ns,
            .to_ns = phase->to_ns,
            .next_ns = last ? picture->duration_ns : scenario->phases[i + 1].from_ns,
        });
    }
    buf_deinit(&words);
}

/* In a row below the upstream's phases. */
static void put_redis(struct buf *out, const struct picture *picture)
{
    const struct redis_story *redis = &picture->item->scenario.redis;
    static const char *const words[] = {
        [REDIS_DOWN] = "Redis is down",
        [REDIS_HANG] = "Redis hangs",
        [REDIS_FLUSH] = "Redis forgets all",
    };
    for (size_t i = 0; i < redis->phase_count; i++) {
        const struct redis_phase *phase = &redis->phases[i];
        bool last = i + 1 == redis->phase_count;
        put_band(out, picture, &(struct band){
            .class = "phase broken",
            .name = phase->name,
            .words = words[phase->effect],
            .from_ns = phase->from_ns,
            .to_ns = phase->to_ns,
            .next_ns = last ? picture->duration_ns : redis->phases[i + 1].from_ns,
            .y = picture->top - PICTURE_PHASES_HEIGHT,
        });
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
    put_redis(out, &picture);
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
