/* A head with one very long header. */
#include "scenario/faults/fault_kind.h"

enum { HEAD_MAX = 16 * 1024 * 1024 };

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    return fault_parse_size(reader, yaml_get(node, "huge_head"), "huge_head", HEAD_MAX, &out->size);
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    plan->head_pad_bytes = fault->size;
}

static void write(struct buf *out, const struct fault *fault)
{
    buf_printf(out, "huge_head %lluB", (unsigned long long)fault->size);
}

const struct fault_kind fault_huge_head = { "huge_head", "", parse, apply, write };
