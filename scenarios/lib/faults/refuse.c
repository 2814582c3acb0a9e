/* Nobody listens: each SYN is answered with RST. */
#include "scenario/faults/fault_kind.h"

/* A connection has no plan yet: plan_connect_at() tells of it. */
static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)plan;
    (void)fault;
    (void)moment;
}

static void write(struct buf *out, const struct fault *fault)
{
    (void)fault;
    buf_puts(out, "refuse");
}

const struct fault_kind fault_refuse = { "do", "at", fault_parse_nothing, apply, write };
