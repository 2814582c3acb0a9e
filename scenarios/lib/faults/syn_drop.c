/* No SYN is answered, as behind a firewall that drops. */
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
    buf_puts(out, "syn_drop");
}

const struct fault_kind fault_syn_drop = { "do", "at", fault_parse_nothing, apply, write };
