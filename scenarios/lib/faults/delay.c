/* The answer, or the rest of it, comes later: { delay: 500ms } before the head, { at: .., do:
 * delay, for: 200ms } elsewhere. */
#include "base/rng.h"
#include "base/units.h"
#include "scenario/faults/fault_kind.h"

enum { PPM_ALL = 1000000 };

static enum err parse_ramp(const struct value_reader *reader, const struct yaml_node *node,
                           struct fault *out)
{
    static const char *const keys[] = { "from", "to" };
    const struct yaml_node *from = NULL;
    const struct yaml_node *to = NULL;
    enum err err = yaml_check_keys(reader->file, node, "ramp_delay", keys, 2, reader->note);
    if (err == ERR_OK) err = value_require(reader, node, "ramp_delay", "from", &from);
    if (err == ERR_OK) err = value_require(reader, node, "ramp_delay", "to", &to);
    if (err == ERR_OK) err = value_share(reader, from, "from", &out->ramp_from_ppm);
    if (err == ERR_OK) err = value_share(reader, to, "to", &out->ramp_to_ppm);
    out->ramp_delay = true;
    return err;
}

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    bool elsewhere = yaml_get(node, "do") != NULL;
    const char *key = elsewhere ? "for" : "delay";
    const struct yaml_node *length = yaml_get(node, key);
    const struct yaml_node *ramp = yaml_get(node, "ramp_delay");
    if (length == NULL) {
        return yaml_note(reader->file, node, reader->note,
                         "\"do: delay\" needs \"for\", how long; add for: 200ms");
    }
    enum err err = latency_parse(reader, length, key, &out->delay);
    return err != ERR_OK || ramp == NULL ? err : parse_ramp(reader, ramp, out);
}

/* How long, at this moment of the phase. */
static uint64_t length_ns(const struct fault *fault, const struct fault_moment *moment)
{
    /* Not the luck that chose the attempt: a share of 10 % would draw short delays only. */
    uint64_t luck = draw(moment->seed, fault->stream ^ PLAN_STREAM_LENGTH, moment->request_key,
                         moment->attempt);
    uint64_t whole_ns = latency_draw_ns(&fault->delay, luck);
    if (!fault->ramp_delay) return whole_ns;
    struct selection ramp = fault->select;
    ramp.ramp = true;
    ramp.ramp_from_ppm = fault->ramp_from_ppm;
    ramp.share_ppm = fault->ramp_to_ppm;
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)whole_ns * selection_share_ppm(&ramp, moment->offset_ns) / PPM_ALL);
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    int index = 0;
    if (fault->at != FAULT_AT_RESPONSE_HEAD || fault->at_ppm > 0 || fault->at_bytes > 0) {
        index = plan_split(plan, fault);
    }
    if (index == PLAN_NOWHERE) return;
    plan->steps[index].after_ns += length_ns(fault, moment);
    /* The end is only late to somebody who waits to be told of it. */
    if (plan->steps[index].kind == PLAN_END) plan->framing = FRAMING_CHUNKED;
}

static void write(struct buf *out, const struct fault *fault)
{
    char from[UNITS_TEXT_MAX];
    char to[UNITS_TEXT_MAX];
    buf_printf(out, "delay %s", fault->delay.text);
    if (!fault->ramp_delay) return;
    buf_printf(out, " ramp %s to %s", units_format_share(fault->ramp_from_ppm, from),
               units_format_share(fault->ramp_to_ppm, to));
}

const struct fault_kind fault_delay = { "delay", "ramp_delay", parse, apply, write };
