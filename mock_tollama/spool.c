#include "mock/spool.h"

#include <assert.h>
#include <string.h>

#include "base/instant.h"

const char *spool_fill(char c)
{
    static char blanks[SPOOL_FILL_BYTES];
    static char letters[SPOOL_FILL_BYTES];
    char *fill = c == ' ' ? blanks : letters;
    assert(c == ' ' || c == 'x');
    if (fill[0] != c) memset(fill, c, SPOOL_FILL_BYTES);
    return fill;
}

void spool_init(struct spool *spool)
{
    spool->part_count = 0;
    spool->length = 0;
    buf_init(&spool->text, BUF_UNBOUNDED);
}

void spool_deinit(struct spool *spool)
{
    buf_deinit(&spool->text);
    spool->part_count = 0;
    spool->length = 0;
}

static void spool_add(struct spool *spool, struct spool_part part)
{
    if (part.length == 0) return;
    assert(spool->part_count < SPOOL_PARTS_MAX);
    spool->parts[spool->part_count++] = part;
    spool->length += part.length;
}

void spool_cut_text(struct spool *spool)
{
    size_t at = 0;
    for (uint32_t i = 0; i < spool->part_count; i++) {
        if (spool->parts[i].bytes == NULL) at = spool->parts[i].at + spool->parts[i].unit;
    }
    size_t length = spool->text.length - at;
    spool_add(spool, (struct spool_part){ .at = at, .unit = length, .length = length });
}

void spool_borrow(struct spool *spool, const char *bytes, size_t length)
{
    spool_cut_text(spool);
    spool_add(spool, (struct spool_part){ .bytes = bytes, .unit = length, .length = length });
}

void spool_repeat(struct spool *spool, const char *bytes, size_t unit, uint64_t length)
{
    assert(unit > 0);
    spool_cut_text(spool);
    spool_add(spool, (struct spool_part){ .bytes = bytes, .unit = unit, .length = length });
}

int spool_gather(const struct spool *spool, uint64_t from, uint64_t to,
                 struct iovec parts[SPOOL_GATHER_MAX])
{
    int count = 0;
    uint64_t begin = 0;
    for (uint32_t i = 0; i < spool->part_count && count < SPOOL_GATHER_MAX; i++) {
        const struct spool_part *part = &spool->parts[i];
        uint64_t end = begin + part->length;
        const char *bytes = part->bytes != NULL ? part->bytes : spool->text.data + part->at;
        while (from < end && from < to && count < SPOOL_GATHER_MAX) {
            size_t inside = (size_t)((from - begin) % part->unit);
            uint64_t length = u64_min(u64_min(end, to) - from, part->unit - inside);
            /* sendmsg() does not write to it. */
            parts[count++] = (struct iovec){ (void *)(uintptr_t)(bytes + inside), (size_t)length };
            from += length;
        }
        begin = end;
    }
    return count;
}
