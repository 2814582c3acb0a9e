/* Status 200 with a body that is no good forecast. */
#include "scenario/faults/fault_kind.h"

static const char *const names[] = {
#define ANSWER_NAME(name, text) text,
    ANSWER_FAULT_LIST(ANSWER_NAME)
#undef ANSWER_NAME
        NULL,
};

const char *answer_fault_name(enum answer_fault fault)
{
    return names[fault];
}

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    size_t chosen = 0;
    enum err err = value_choice(reader, yaml_get(node, "answer"), "answer", names + 1,
                                &chosen); /* + 1: a good answer is no fault */
    out->answer = (enum answer_fault)(chosen + 1);
    return err;
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    plan->answer = fault->answer;
}

static void write(struct buf *out, const struct fault *fault)
{
    buf_printf(out, "answer %s", answer_fault_name(fault->answer));
}

const struct fault_kind fault_answer = { "answer", "", parse, apply, write };
