#include "harness/earlier.h"

#include <assert.h>

#include "base/mem.h"

static void append(struct earlier *earlier, struct earlier_play play)
{
    earlier->items = mem_resize(earlier->items, earlier->count + 1, sizeof *earlier->items);
    earlier->items[earlier->count++] = play;
}

void earlier_add(struct earlier *earlier, uint64_t seed, enum check_status status,
                 const char *reason)
{
    append(earlier, (struct earlier_play){
                        .seed = seed, .status = status, .reason = mem_copy_string(reason) });
}

void earlier_add_failed(struct earlier *earlier, const char *check)
{
    struct earlier_play *play = &earlier->items[earlier->count - 1];
    play->failed = mem_resize(play->failed, play->failed_count + 1, sizeof *play->failed);
    play->failed[play->failed_count++] = mem_copy_string(check);
}

void earlier_add_failures_of(struct earlier *earlier, const struct verdicts *seen)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (seen->checks[i].status == CHECK_FAIL) earlier_add_failed(earlier, seen->checks[i].name);
    }
}

void earlier_write_failed(const struct earlier_play *play, struct buf *out)
{
    for (size_t i = 0; i < play->failed_count; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", play->failed[i]);
}

void earlier_move(struct earlier *to, struct earlier *from)
{
    for (size_t i = 0; i < from->count; i++)
        append(to, from->items[i]);
    mem_free(from->items);
    *from = (struct earlier){ .count = 0 };
}

void earlier_drop(struct earlier *earlier)
{
    assert(earlier->count > 0);
    struct earlier_play *play = &earlier->items[--earlier->count];
    for (size_t f = 0; f < play->failed_count; f++)
        mem_free(play->failed[f]);
    mem_free(play->failed);
    mem_free(play->reason);
}

void earlier_deinit(struct earlier *earlier)
{
    while (earlier->count > 0)
        earlier_drop(earlier);
    mem_free(earlier->items);
    *earlier = (struct earlier){ .count = 0 };
}

void earlier_write(const struct earlier *earlier, struct buf *out)
{
    if (earlier->count == 0) return;
    if (earlier->count == 1)
        buf_puts(out, "played again once");
    else
        buf_printf(out, "played again %zu times", earlier->count);
    for (size_t i = 0; i < earlier->count; i++) {
        const struct earlier_play *play = &earlier->items[i];
        buf_printf(out, "%s%s (%s", i == 0 ? "; before: " : ", ", check_status_name(play->status),
                   play->reason);
        if (play->failed_count > 0) buf_puts(out, "; failing: ");
        earlier_write_failed(play, out);
        buf_putc(out, ')');
    }
}
