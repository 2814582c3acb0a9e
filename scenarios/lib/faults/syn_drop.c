/* No SYN is answered, as behind a firewall that drops. */
#include "scenario/faults/fault_kind.h"

static void write(struct buf *out, const struct fault *fault)
{
    (void)fault;
    buf_puts(out, "syn_drop");
}

const struct fault_kind fault_syn_drop = { "do", "at", fault_parse_nothing, fault_apply_nothing,
                                           write };
