#include "harness/earlier.h"

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

void earlier_move(struct earlier *to, struct earlier *from)
{
    for (size_t i = 0; i < from->count; i++)
        append(to, from->items[i]);
    mem_free(from->items);
    *from = (struct earlier){ .count = 0 };
}

void earlier_deinit(struct earlier *earlier)
{
    for (size_t i = 0; i < earlier->count; i++)
        mem_free(earlier->items[i].reason);
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
        buf_printf(out, "%s%s (%s)", i == 0 ? "; before: " : ", ", check_status_name(play->status),
                   play->reason);
    }
}
