/* A flood of interim answers (100 Continue) before the real one. */
#include "scenario/faults/fault_kind.h"

enum { INTERIM_MAX = 100000 };

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    static const struct value_range range = { 1, INTERIM_MAX };
    return value_whole(reader, yaml_get(node, "interim"), "interim", range, &out->size);
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    plan->interim_count = (uint32_t)fault->size;
}

static void write(struct buf *out, const struct fault *fault)
{
    buf_printf(out, "interim %llu", (unsigned long long)fault->size);
}

const struct fault_kind fault_interim = { "interim", "", parse, apply, write };
