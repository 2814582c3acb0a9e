#include "harness/report_dots.h"

#include <string.h>

#include "base/fixed.h"
#include "base/mem.h"
#include "harness/report_text.h"

/* A grid over the lanes: at most one dot per cell. */
struct grid {
    uint32_t columns, row_tenths;
    bool *taken; /* owned */
    size_t rows;
};

struct dot dots_place(const struct picture *picture, const struct run *run, uint32_t index)
{
    const struct run_answer *answer = &run->answers[index];
    struct dot dot = { .index = index, .served = picture_served(answer) };
    dot.x = (uint32_t)report_text_scaled(answer->intended_ns, picture->duration_ns, DOTS_WIDTH);
    for (int i = 0; i < PICTURE_LANES; i++) {
        const struct picture_lane *lane = &picture->lanes[i];
        if (lane->served == dot.served)
            dot.y = (uint32_t)picture_latency_y(picture, lane, run_latency_ns(answer));
    }
    return dot;
}

/* By request: whether a failed check names it. */
static bool *named_requests(const struct suite_world *world)
{
    bool *named = mem_alloc(world->run.schedule->count + 1, sizeof *named);
    for (size_t c = 0; c < world->verdict.count; c++) {
        const struct check *check = &world->verdict.checks[c];
        if (check->status != CHECK_FAIL || check->of_another_run) continue;
        for (uint32_t i = 0; i < check->id_count; i++) {
            if (check->ids[i] < world->run.schedule->count) named[check->ids[i]] = true;
        }
    }
    return named;
}

static bool take_cell(struct grid *grid, const struct dot *dot)
{
    size_t column = (size_t)dot->x * grid->columns / (DOTS_WIDTH + 1);
    size_t cell = (dot->y / grid->row_tenths) * grid->columns + column;
    bool is_free = !grid->taken[cell];
    grid->taken[cell] = true;
    return is_free;
}

/* How many dots remain with this grid; into `out` when it is not NULL. */
static size_t thin(const struct dots *all, const bool *named, struct grid *grid, struct dot *out)
{
    size_t count = 0;
    memset(grid->taken, 0, (size_t)grid->columns * grid->rows);
    for (size_t i = 0; i < all->count; i++) {
        bool is_free = take_cell(grid, &all->items[i]);
        if (!is_free && !named[all->items[i].index]) continue;
        if (out != NULL) out[count] = all->items[i];
        count++;
    }
    return count;
}

static void thin_out(struct dots *dots, const struct picture *picture, const bool *named)
{
    struct grid grid = { .columns = 4096, .row_tenths = 10 };
    size_t height = (size_t)picture->lanes_height * 10;
    grid.rows = height / grid.row_tenths + 2;
    grid.taken = mem_alloc((size_t)grid.columns * grid.rows, sizeof *grid.taken);
    while (grid.columns > 64 && thin(dots, named, &grid, NULL) > picture->dots_max) {
        grid.columns /= 2;
        if (grid.columns < 1024) grid.row_tenths += 10;
    }
    struct dot *kept = mem_alloc(dots->count, sizeof *kept);
    dots->count = thin(dots, named, &grid, kept);
    mem_free(dots->items);
    dots->items = kept;
    mem_free(grid.taken);
}

void dots_make(struct dots *out, const struct picture *picture, const struct suite_world *world)
{
    const struct run *run = &world->run;
    *out = (struct dots){ .of = run->schedule->count, .count = run->schedule->count };
    out->items = mem_alloc(out->count, sizeof *out->items);
    for (size_t i = 0; i < out->count; i++) {
        out->items[i] = dots_place(picture, run, (uint32_t)i);
    }
    if (out->count <= picture->dots_max) return;
    bool *named = named_requests(world);
    thin_out(out, picture, named);
    mem_free(named);
}

void dots_deinit(struct dots *dots)
{
    mem_free(dots->items);
}
