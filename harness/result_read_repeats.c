#include "base/mem.h"
#include "harness/result_read.h"
#include "harness/result_read_run.h"

/* null: INSTANT_NEVER */
static uint64_t read_time(struct cursor *cursor, const cJSON **cell, const char *key)
{
    const cJSON *item = cursor_next(cell);
    if (cJSON_IsNull(item)) return INSTANT_NEVER;
    return cursor_value_u64(cursor, item, key, RESULT_NUMBER_MAX);
}

static void read_run(struct cursor *cursor, const cJSON *row, struct repeats *repeats)
{
    struct repeat_run *run = &repeats->runs[repeats->count++];
    const cJSON *cell = row->child;
    run->seed = cursor_value_wide(cursor, cursor_next(&cell), "seed");
    run->status = result_status(cursor, cursor_next(&cell));
    repeats->statuses[run->status]++;
    for (size_t f = 0; f < REPEAT_FIGURES; f++) {
        run->figures[f] = read_time(cursor, &cell, repeat_figure_name((enum repeat_figure)f));
    }
}

static void read_intervals(struct cursor *cursor, const cJSON *object, struct repeats *repeats)
{
    const cJSON *list = cursor_member(cursor, object, "intervals", cJSON_Array);
    const cJSON *row = list == NULL ? NULL : list->child;
    for (size_t f = 0; f < REPEAT_FIGURES; f++) {
        struct repeat_interval *interval = &repeats->intervals[f];
        const cJSON *cell = row == NULL ? NULL : row->child;
        cursor_next(&cell); /* its name */
        interval->min = read_time(cursor, &cell, "min");
        interval->median = read_time(cursor, &cell, "median");
        interval->max = read_time(cursor, &cell, "max");
        interval->low = read_time(cursor, &cell, "low");
        interval->high = read_time(cursor, &cell, "high");
        cursor_next(&row);
    }
}

void result_read_repeats(struct cursor *cursor, const cJSON *object, struct repeats *repeats)
{
    const cJSON *from = cursor_member(cursor, object, "repeats", cJSON_Invalid);
    if (cJSON_IsNull(from)) return;
    const cJSON *runs = cursor_member(cursor, from, "runs", cJSON_Array);
    size_t count = (size_t)cJSON_GetArraySize(runs);
    if (count < 2 || count > REPEAT_MAX) {
        cursor_fail(cursor, "%zu runs are none that were repeated", count);
        return;
    }
    repeats->runs = mem_alloc(count, sizeof *repeats->runs);
    const cJSON *row = NULL;
    cJSON_ArrayForEach(row, runs)
    {
        read_run(cursor, row, repeats);
    }
    read_intervals(cursor, from, repeats);
}
