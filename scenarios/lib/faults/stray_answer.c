/* A second whole answer on the connection, to a request that nobody made. */
#include "scenario/faults/fault_kind.h"

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)fault;
    (void)moment;
    int end = plan_find_end(plan);
    if (end == PLAN_NOWHERE) return;
    plan->step_count = (uint8_t)(end + 1);
    plan_append(plan, (struct plan_step){ .kind = PLAN_STRAY });
}

static void write(struct buf *out, const struct fault *fault)
{
    (void)fault;
    buf_puts(out, "stray_answer");
}

const struct fault_kind fault_stray_answer = { "do", "at", fault_parse_nothing, apply, write };
