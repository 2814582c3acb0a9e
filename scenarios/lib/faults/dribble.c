/* The rest of the head, or of the body, leaves in small pieces with pauses between them. */
#include "base/units.h"
#include "scenario/faults/fault_kind.h"

enum { PIECE_MAX = 1024 * 1024 };

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    const struct yaml_node *piece = yaml_get(node, "piece");
    out->piece_bytes = 1;
    enum err err = ERR_OK;
    if (piece != NULL) err = fault_parse_size(reader, piece, "piece", PIECE_MAX, &out->piece_bytes);
    if (err != ERR_OK) return err;
    return fault_parse_time(reader, node, "every", "every: 20ms", &out->piece_ns);
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    plan_slow(plan, fault);
}

static void write(struct buf *out, const struct fault *fault)
{
    char every[UNITS_TEXT_MAX];
    buf_printf(out, "dribble %lluB every %s", (unsigned long long)fault->piece_bytes,
               units_format_duration(fault->piece_ns, every));
}

const struct fault_kind fault_dribble = { "do", "at piece every", parse, apply, write };
