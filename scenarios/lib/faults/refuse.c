/* Nobody listens: each SYN is answered with RST. */
#include "scenario/faults/fault_kind.h"

static void write(struct buf *out, const struct fault *fault)
{
    (void)fault;
    buf_puts(out, "refuse");
}

const struct fault_kind fault_refuse = { "do", "at", fault_parse_nothing, fault_apply_nothing,
                                         write };
