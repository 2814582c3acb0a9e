/* A second whole answer on the connection, to a request that nobody made. */
#include "scenario/faults/fault_kind.h"

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)fault;
    (void)moment;
    if (plan_find_end(plan) == PLAN_NOWHERE) return;
    plan_add_behind(plan, (struct plan_step){ .kind = PLAN_STRAY });
}

static void write(struct buf *out, const struct fault *fault)
{
    (void)fault;
    buf_puts(out, "stray_answer");
}

const struct fault_kind fault_stray_answer = { "do", "at", fault_parse_nothing, apply, write };
