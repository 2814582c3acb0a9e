#include "harness/report_panel.h"

#include <inttypes.h>

#include "base/units.h"
#include "harness/report_dots.h"
#include "harness/report_figures.h"
#include "harness/report_text.h"

/* One path per kind of answer: a dot is a stroke of no length with round ends. */
static void put_dots(struct buf *out, const struct picture_lane *lane, const struct dots *dots)
{
    bool any = false;
    for (size_t i = 0; i < dots->count; i++) {
        const struct dot *dot = &dots->items[i];
        if (dot->served != lane->served) continue;
        if (!any) buf_printf(out, "<path class=\"dot %s\" d=\"", served_name(lane->served));
        any = true;
        buf_printf(out, "M%" PRIu32 " %" PRIu32 "h0", dot->x, dot->y);
    }
    if (any) buf_puts(out, "\"/>\n");
}

/* `check` is the check's place among its world's: the page's script finds its rings by that. */
static void put_ring(struct buf *out, const struct dot *dot, size_t check, const char *id)
{
    static const char *const classes[] = { "ring", "hole" };
    for (int i = 0; i < 2; i++) {
        buf_printf(out,
                   "<path class=\"%s\" data-check=\"%zu\" data-request=\"%s\" d=\"M%" PRIu32
                   " %" PRIu32 "h0\"/>",
                   classes[i], check, id, dot->x, dot->y);
    }
    buf_putc(out, '\n');
}

/* The requests that show why a check failed. */
static void put_marks(struct buf *out, const struct picture *picture,
                      const struct suite_world *world)
{
    for (size_t c = 0; c < world->verdict.count; c++) {
        const struct check *check = &world->verdict.checks[c];
        if (check->status != CHECK_FAIL || check->of_another_run) continue;
        for (uint32_t i = 0; i < check->id_count; i++) {
            if (check->ids[i] >= world->run.schedule->count) continue;
            struct dot dot = dots_place(picture, &world->run, check->ids[i]);
            char id[REQUEST_ID_MAX];
            put_ring(out, &dot, c, run_request_id(&world->run, check->ids[i], id));
        }
    }
}

static void put_lane_label(struct buf *out, const struct picture_lane *lane, int y, uint64_t count)
{
    int middle = y + lane->y + lane->height / 2;
    if (lane->empty) {
        buf_printf(out, "<text class=\"small end\" x=\"-20\" y=\"%d\">%s 0</text>\n",
                   middle + 4, lane->label);
    } else {
        buf_printf(out,
                   "<text class=\"end\" x=\"-20\" y=\"%d\">%s</text>"
                   "<text class=\"small end\" x=\"-20\" y=\"%d\">",
                   middle - 2, lane->label, middle + 12);
        report_text_count(out, count);
        buf_puts(out, "</text>\n");
    }
    buf_printf(out, "<circle class=\"key %s\" cx=\"-10\" cy=\"%d\" r=\"%s\"/>\n",
               served_name(lane->served), lane->empty ? middle : middle + 1,
               lane->empty ? "2.5" : "4");
}

static void put_limit(struct buf *out, const struct picture *picture,
                      const struct picture_lane *lane, int y, bool label)
{
    uint64_t tenths = (uint64_t)y * 10 + picture_latency_y(picture, lane, picture->limit_ns);
    buf_printf(out,
               "<line class=\"limit\" x1=\"0\" x2=\"100%%\" y1=\"%" PRIu64 ".%" PRIu64
               "\" y2=\"%" PRIu64 ".%" PRIu64 "\"/>\n",
               tenths / 10, tenths % 10, tenths / 10, tenths % 10);
    if (!label) return;
    char text[UNITS_TEXT_MAX];
    buf_printf(
        out, "<text class=\"small limit-text\" x=\"100%%\" dx=\"5\" y=\"%" PRIu64 "\">%s</text>\n",
        tenths / 10 + 4, units_format_duration(picture->limit_ns, text));
    uint64_t floor_y = (picture_latency_y(picture, lane, 0) + 9) / 10;
    buf_printf(out,
               "<text class=\"small\" x=\"100%%\" dx=\"5\" y=\"%" PRIu64 "\">1ms</text>\n",
               (uint64_t)y + floor_y + 3);
}

static void put_lanes(struct buf *out, const struct picture *picture,
                      const struct suite_world *world, int y)
{
    struct figures figures;
    figures_make(&figures, &world->run);
    figures.served[SERVED_NOBODY] += figures.n - figures.answered + figures.hung_up;
    bool labelled = false;
    for (int i = 0; i < PICTURE_LANES; i++) {
        const struct picture_lane *lane = &picture->lanes[i];
        if (lane->height == 0) continue;
        buf_printf(out, "<line class=\"lane\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>\n",
                   y + lane->y + lane->height, y + lane->y + lane->height);
        put_lane_label(out, lane, y, figures.served[lane->served]);
        if (lane->empty) continue;
        bool best = lane->served == SERVED_UPSTREAM || (picture->lanes[1].empty && !labelled);
        put_limit(out, picture, lane, y, best && !labelled);
        labelled = labelled || best;
    }
    struct dots dots;
    dots_make(&dots, picture, world);
    picture_open_moving(out);
    buf_printf(out,
               "<svg class=\"dots\" y=\"%d\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" "
               "preserveAspectRatio=\"none\">\n",
               y, picture->lanes_height, DOTS_WIDTH, picture->lanes_height * 10);
    put_marks(out, picture, world);
    for (int i = 0; i < PICTURE_LANES; i++) {
        put_dots(out, &picture->lanes[i], &dots);
    }
    buf_puts(out, "</svg>\n");
    picture_close_moving(out);
    dots_deinit(&dots);
}

struct segment {
    enum breaker_state state;
    uint64_t from_ns, to_ns;
    const struct breaker_transition *cause; /* NULL: it began so */
};

static void put_segment(struct buf *out, const struct picture *picture,
                        const struct segment *segment, int y)
{
    const char *state = breaker_state_name(segment->state);
    const char *label = segment->state == BREAKER_HALF_OPEN ? "half open" : state;
    buf_printf(out, "<svg class=\"breaker %s\" y=\"%d\" height=\"%d\"", state, y,
               PICTURE_BREAKER_HEIGHT);
    picture_put_span(out, picture, segment->from_ns, segment->to_ns);
    buf_printf(out, "><title>breaker %s, ", label);
    report_text_moment(out, segment->from_ns);
    buf_puts(out, " to ");
    report_text_moment(out, segment->to_ns);
    if (segment->cause != NULL) {
        buf_printf(out, ": %s (%" PRIu32 " of %" PRIu32 ")",
                   breaker_rule_name(segment->cause->rule), segment->cause->failures,
                   segment->cause->volume);
    }
    /* The short piece at the left keeps a segment of a millisecond visible. The word is shown where
     * it fits, at any width and zoom. */
    buf_printf(out,
               "</title><rect width=\"100%%\" height=\"%d\"/><path d=\"M2 0v%d\"/>"
               "<foreignObject width=\"100%%\" height=\"%d\"><div class=\"fits\"><span>%s</span>"
               "</div></foreignObject></svg>\n",
               PICTURE_BREAKER_HEIGHT, PICTURE_BREAKER_HEIGHT, PICTURE_BREAKER_HEIGHT, label);
}

static void put_breaker(struct buf *out, const struct picture *picture, const struct run *run,
                        int y)
{
    buf_printf(out, "<text class=\"small end\" x=\"-8\" y=\"%d\">breaker</text>\n", y + 13);
    struct segment segment = { .state = BREAKER_CLOSED };
    picture_open_moving(out);
    for (size_t i = 0; i < run->transition_count; i++) {
        const struct breaker_transition *transition = &run->transitions[i];
        if (transition->at >= run_played_ns(run)) break;
        segment.to_ns = transition->at;
        if (segment.to_ns > segment.from_ns) put_segment(out, picture, &segment, y);
        segment = (struct segment){ transition->to, transition->at, 0, transition };
    }
    segment.to_ns = run_played_ns(run);
    if (segment.to_ns > segment.from_ns) put_segment(out, picture, &segment, y);
    picture_close_moving(out);
}

static void put_recovery(struct buf *out, const struct picture *picture, const struct run *run,
                         int y)
{
    struct recovery recovery;
    recovery_make(&recovery, run);
    if (recovery.degraded == 0 || recovery.recovered_ns == INSTANT_NEVER) return;
    if (recovery.faults_end_ns == 0 || recovery.recovered_ns < recovery.faults_end_ns) return;
    /* The side with more room: a phone has little. */
    bool late = recovery.recovered_ns > picture->duration_ns / 2;
    int bottom = y + PICTURE_TITLE_HEIGHT + picture->lanes_height;
    picture_open_moving(out);
    buf_puts(out, "<line class=\"recovered\"");
    picture_put_x(out, picture, "x1", recovery.recovered_ns);
    picture_put_x(out, picture, "x2", recovery.recovered_ns);
    buf_printf(out, " y1=\"%d\" y2=\"%d\"/><text class=\"small recovered-text%s\"", y + 8, bottom,
               late ? " end" : "");
    picture_put_x(out, picture, "x", recovery.recovered_ns);
    buf_printf(out, " dx=\"%d\" y=\"%d\">recovered, +", late ? -5 : 5, y + 17);
    report_text_moment(out, recovery.recovered_ns - recovery.faults_end_ns);
    buf_puts(out, "</text>\n");
    picture_close_moving(out);
}

int report_panel(struct buf *out, const struct picture *picture, const struct suite_world *world,
                 int y)
{
    buf_printf(out, "<text class=\"small strong end name\" x=\"-8\" y=\"%d\">%s</text>\n",
               y + 17, world->run.world == WORLD_SIM ? "Simulation" : "Real sockets");
    put_recovery(out, picture, &world->run, y);
    int lanes_y = y + PICTURE_TITLE_HEIGHT;
    put_lanes(out, picture, world, lanes_y);
    int breaker_y = lanes_y + picture->lanes_height + PICTURE_BREAKER_GAP;
    put_breaker(out, picture, &world->run, breaker_y);
    return breaker_y + PICTURE_BREAKER_HEIGHT + PICTURE_WORLD_GAP;
}
