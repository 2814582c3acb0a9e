/* The body is right; how it is framed is not. */
#include "scenario/faults/fault_kind.h"

static const char *const names[] = {
#define MALFORM_NAME(name, text) text,
    PLAN_MALFORM_LIST(MALFORM_NAME)
#undef MALFORM_NAME
        NULL,
};

const char *plan_malform_name(enum plan_malform malform)
{
    return names[malform];
}

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    size_t chosen = 0;
    enum err err = value_choice(reader, yaml_get(node, "malformed"), "malformed", names + 1,
                                &chosen); /* + 1: well formed is no fault */
    out->malform = (enum plan_malform)(chosen + 1);
    return err;
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    int end = plan_find_end(plan);
    if (end == PLAN_NOWHERE && plan->framing == FRAMING_UNTIL_CLOSE) return; /* it tells nothing */
    if (plan->malform != MALFORM_NONE) return;
    plan->malform = fault->malform;
    plan->framing = FRAMING_LENGTH;
    switch (fault->malform) {
    case MALFORM_NONE:
    case MALFORM_LENGTH_SHORT:
    case MALFORM_LENGTH_DOUBLE:
    case MALFORM_LENGTH_NOT_NUMBER:
    case MALFORM_STATUS_LINE:
    case MALFORM_HEAD_LINE: return;
    case MALFORM_LENGTH_LONG: break;
    case MALFORM_LENGTH_AND_CHUNKED:
    case MALFORM_CHUNK_SIZE_INVALID:
    case MALFORM_CHUNK_SIZE_HUGE: plan->framing = FRAMING_CHUNKED; return;
    case MALFORM_CHUNK_CUT: plan->framing = FRAMING_CHUNKED; break;
    }
    if (end == PLAN_NOWHERE) return;
    if (!plan_is_ended(plan)) plan_append(plan, (struct plan_step){ .kind = PLAN_CLOSE });
    plan_remove(plan, end); /* the answer never ends */
}

static void write(struct buf *out, const struct fault *fault)
{
    buf_printf(out, "malformed %s", plan_malform_name(fault->malform));
}

const struct fault_kind fault_malformed = { "malformed", "", parse, apply, write };
