/* A FIN: the upstream says that nothing more comes. */
#include "scenario/faults/fault_kind.h"

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    plan_cut(plan, fault, PLAN_CLOSE);
}

static void write(struct buf *out, const struct fault *fault)
{
    (void)fault;
    buf_puts(out, "close");
}

const struct fault_kind fault_close = { "do", "at", fault_parse_nothing, apply, write };
