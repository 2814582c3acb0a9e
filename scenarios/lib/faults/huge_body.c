/* A body that is far longer than it needs to be: valid JSON, then white space. */
#include "scenario/faults/fault_kind.h"

enum { BODY_MAX = 64 * 1024 * 1024 };

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    return fault_parse_size(reader, yaml_get(node, "huge_body"), "huge_body", BODY_MAX, &out->size);
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    plan->body_pad_bytes = fault->size;
}

static void write(struct buf *out, const struct fault *fault)
{
    buf_printf(out, "huge_body %lluB", (unsigned long long)fault->size);
}

const struct fault_kind fault_huge_body = { "huge_body", "", parse, apply, write };
