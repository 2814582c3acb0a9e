/* Bytes that belong to nothing, in the middle of the answer or behind it. */
#include "scenario/faults/fault_kind.h"

enum { GARBAGE_BYTES = 64, GARBAGE_MAX = 1024 * 1024 };

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    const struct yaml_node *bytes = yaml_get(node, "bytes");
    out->size = GARBAGE_BYTES;
    return bytes == NULL ? ERR_OK
                         : fault_parse_size(reader, bytes, "bytes", GARBAGE_MAX, &out->size);
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    struct plan_step garbage = { .kind = PLAN_GARBAGE, .to_bytes = fault->size };
    int index = plan_split(plan, fault);
    if (index == PLAN_NOWHERE) return;
    if (plan->steps[index].kind == PLAN_END)
        plan_add_behind(plan, garbage);
    else
        plan_insert(plan, index, garbage);
}

static void write(struct buf *out, const struct fault *fault)
{
    buf_printf(out, "garbage %lluB", (unsigned long long)fault->size);
}

const struct fault_kind fault_garbage = { "do", "at bytes", parse, apply, write };
