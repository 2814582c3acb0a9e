/* The rest of the head, or of the body, leaves at a bounded rate. */
#include <string.h>

#include "base/instant.h"
#include "base/units.h"
#include "scenario/faults/fault_kind.h"

/* As a link that is served 50 times a second. */
enum { PIECES_PER_S = 50, RATE_MAX = 1024 * 1024 * 1024 };

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    const struct yaml_node *rate = yaml_get(node, "rate");
    const char *text = NULL;
    uint64_t bytes_per_s = 0;
    if (rate == NULL) {
        return yaml_note(reader->file, node, reader->note,
                         "\"do: throttle\" needs \"rate\", how fast; add rate: 1KiB/s");
    }
    enum err err = value_scalar(reader, rate, "rate", &text);
    if (err != ERR_OK) return err;
    size_t length = strlen(text);
    bool per_s = length > 2 && strcmp(text + length - 2, "/s") == 0;
    const char *bytes = arena_printf(reader->arena, "%.*s", (int)(per_s ? length - 2 : 0), text);
    if (!per_s || !units_parse_bytes(bytes, &bytes_per_s) || bytes_per_s == 0 ||
        bytes_per_s > RATE_MAX) {
        return yaml_note(reader->file, rate, reader->note,
                         "rate: \"%.80s\" is no number of bytes per second; allowed: 1B/s to "
                         "1GiB/s, for example 1KiB/s",
                         text);
    }
    out->size = bytes_per_s;
    out->piece_bytes = u64_max(1, bytes_per_s / PIECES_PER_S);
    out->piece_ns = out->piece_bytes * NS_PER_S / bytes_per_s;
    return ERR_OK;
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    plan_slow(plan, fault);
}

static void write(struct buf *out, const struct fault *fault)
{
    buf_printf(out, "throttle %lluB/s", (unsigned long long)fault->size);
}

const struct fault_kind fault_throttle = { "do", "at rate", parse, apply, write };
