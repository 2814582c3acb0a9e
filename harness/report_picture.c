#include "harness/report_picture.h"

#include "base/fixed.h"
#include "harness/report_text.h"
#include "harness/report_timeline.h"

/* Pixels. */
enum {
    LANE_TALL = 78, /* the upstream's: where latency differs most */
    LANE_NORMAL = 40,
    LANE_EMPTY = 17, /* a line that says so */
    LANE_MARGIN = 6, /* no dot is nearer to the lane's edge */
};

static const struct {
    enum served served;
    const char *label;
} kinds[PICTURE_LANES] = {
    { SERVED_CACHE, "cache" }, { SERVED_UPSTREAM, "upstream" },
    { SERVED_STALE, "stale" }, { SERVED_BASELINE, "baseline" },
    { SERVED_ERROR, "error" }, { SERVED_NOBODY, "no answer" },
};

static const uint64_t floor_ns = NS_PER_MS;
static const uint64_t default_limit_ns = 300 * NS_PER_MS;

enum served picture_served(const struct run_answer *answer)
{
    return answer->answered && !answer->hung_up ? answer->served : SERVED_NOBODY;
}

uint64_t report_timeline_limit_ns(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->expect_count; i++) {
        if (scenario->expects[i].kind == EXPECT_LATENCY) return scenario->expects[i].limit_ns;
    }
    return default_limit_ns;
}

/* Counts one world's answers per kind and finds the slowest. */
static void measure(struct picture *picture, const struct suite_world *world, size_t *counts)
{
    if (!world->present) return;
    for (size_t i = 0; i < world->run.schedule->count; i++) {
        const struct run_answer *answer = &world->run.answers[i];
        counts[picture_served(answer)]++;
        if (!answer->answered) continue;
        picture->top_ns = u64_max(picture->top_ns, run_latency_ns(answer));
    }
}

static int lane_height(enum served served, bool empty)
{
    if (empty) return served == SERVED_NOBODY ? 0 : LANE_EMPTY;
    return served == SERVED_UPSTREAM ? LANE_TALL : LANE_NORMAL;
}

void picture_lay_out(struct picture *picture, const struct suite_scenario *item, size_t dots_max)
{
    *picture = (struct picture){ .item = item, .dots_max = dots_max };
    picture->duration_ns = u64_max(item->scenario.duration_ns, 1);
    picture->limit_ns = u64_max(report_timeline_limit_ns(&item->scenario), 1);
    picture->top_ns = u64_max(3 * picture->limit_ns, 10 * floor_ns);
    size_t counts[SERVED_COUNT] = { 0 };
    measure(picture, &item->sim, counts);
    measure(picture, &item->real, counts);
    for (int i = 0; i < PICTURE_LANES; i++) {
        struct picture_lane *lane = &picture->lanes[i];
        *lane = (struct picture_lane){ .served = kinds[i].served,
                                       .label = kinds[i].label,
                                       .y = picture->lanes_height,
                                       .empty = counts[kinds[i].served] == 0 };
        lane->height = lane_height(lane->served, lane->empty);
        picture->lanes_height += lane->height;
    }
    int worlds = (item->sim.present ? 1 : 0) + (item->real.present ? 1 : 0);
    int panel = PICTURE_TITLE_HEIGHT + picture->lanes_height + PICTURE_BREAKER_GAP +
                PICTURE_BREAKER_HEIGHT + PICTURE_WORLD_GAP;
    int rows = (item->scenario.phase_count > 0) + (item->scenario.redis.phase_count > 0);
    picture->top = rows * PICTURE_PHASES_HEIGHT;
    picture->height = picture->top + worlds * panel;
}

uint64_t picture_latency_y(const struct picture *picture, const struct picture_lane *lane,
                           uint64_t latency_ns)
{
    uint64_t inside_ns = u64_min(u64_max(latency_ns, floor_ns), picture->top_ns);
    uint64_t base = fixed_log2(floor_ns);
    uint64_t span = fixed_log2(picture->top_ns) - base;
    uint64_t room = (uint64_t)(lane->height - 2 * LANE_MARGIN) * 10;
    uint64_t up = (fixed_log2(inside_ns) - base) * room / span;
    return (uint64_t)(lane->y + lane->height - LANE_MARGIN) * 10 - up;
}

void picture_open_moving(struct buf *out)
{
    buf_puts(out, "<svg class=\"view\"><svg class=\"zoom\">\n");
}

void picture_close_moving(struct buf *out)
{
    buf_puts(out, "</svg></svg>\n");
}

void picture_put_x(struct buf *out, const struct picture *picture, const char *attribute,
                   uint64_t ns)
{
    buf_printf(out, " %s=\"", attribute);
    report_text_percent(out, ns, picture->duration_ns);
    buf_putc(out, '"');
}

void picture_put_span(struct buf *out, const struct picture *picture, uint64_t from_ns,
                      uint64_t to_ns)
{
    picture_put_x(out, picture, "x", from_ns);
    picture_put_x(out, picture, "width", instant_until(to_ns, from_ns));
}
