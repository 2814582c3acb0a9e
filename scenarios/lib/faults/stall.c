/* Silence until the client gives up. */
#include "scenario/faults/fault_kind.h"

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    plan_cut(plan, fault, PLAN_STALL);
}

static void write(struct buf *out, const struct fault *fault)
{
    (void)fault;
    buf_puts(out, "stall");
}

const struct fault_kind fault_stall = { "do", "at", fault_parse_nothing, apply, write };
