/* No length is told and the connection closes late, so nobody knows that the answer is complete. */
#include "base/units.h"
#include "scenario/faults/fault_kind.h"

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    return fault_parse_time(reader, node, "for", "for: 2s", &out->for_ns);
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    int end = plan_find_end(plan);
    if (end != plan->step_count - 1) return; /* what was put behind the end would be of the body */
    plan_end_at(plan, end, PLAN_CLOSE);
    plan->steps[end].after_ns += fault->for_ns;
    plan->framing = FRAMING_UNTIL_CLOSE;
}

static void write(struct buf *out, const struct fault *fault)
{
    char length[UNITS_TEXT_MAX];
    buf_printf(out, "slow_close %s", units_format_duration(fault->for_ns, length));
}

const struct fault_kind fault_slow_close = { "do", "at for", parse, apply, write };
