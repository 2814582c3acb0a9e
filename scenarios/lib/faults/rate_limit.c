/* A token bucket: 429 at once when it is empty. */
#include "scenario/faults/fault_kind.h"

enum { BURST_MAX = 1000000 };

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    static const char *const keys[] = { "rate", "burst", "retry_after", "retry_after_date" };
    static const struct value_range range = { 1, BURST_MAX };
    const struct yaml_node *map = yaml_get(node, "rate_limit");
    const struct yaml_node *rate = NULL;
    const struct yaml_node *burst = NULL;
    uint64_t size = 0;
    enum err err = yaml_check_keys(reader->file, map, "rate_limit", keys, 4, reader->note);
    if (err == ERR_OK) err = value_require(reader, map, "rate_limit", "rate", &rate);
    if (err == ERR_OK) err = value_rate(reader, rate, "rate", &out->rate_micro_per_s);
    if (err == ERR_OK) err = value_require(reader, map, "rate_limit", "burst", &burst);
    if (err == ERR_OK) err = value_whole(reader, burst, "burst", range, &size);
    out->burst = (uint32_t)size;
    return err != ERR_OK ? err : fault_parse_retry_after(reader, map, out);
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    plan->status = 429;
    plan->has_retry_after = fault->has_retry_after;
    plan->retry_after_is_date = fault->retry_after_is_date;
    plan->retry_after_s = fault->retry_after_s;
    /* A gate before the model: nothing is worked on. */
    plan->steps[0].after_ns = 0;
}

static void write(struct buf *out, const struct fault *fault)
{
    unsigned long long whole = fault->rate_micro_per_s / 1000000;
    unsigned long long rest = fault->rate_micro_per_s % 1000000;
    buf_printf(out, "rate_limit %llu", whole);
    if (rest > 0) buf_printf(out, ".%06llu", rest);
    buf_printf(out, "/s burst %u", fault->burst);
    fault_write_retry_after(out, fault);
}

const struct fault_kind fault_rate_limit = { "rate_limit", "", parse, apply, write };
