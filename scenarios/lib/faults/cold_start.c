/* A model's first call loads it, and all of its calls wait until it is loaded. */
#include "base/units.h"
#include "scenario/faults/fault_kind.h"

static enum err parse_time(const struct value_reader *reader, const struct yaml_node *node,
                           const char *what, uint64_t *out_ns)
{
    enum err err = value_duration(reader, node, what, out_ns);
    if (err != ERR_OK || *out_ns > 0) return err;
    return yaml_note(reader->file, node, reader->note,
                     "%s: 0s changes nothing; write for example 2s", what);
}

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    static const char *const keys[] = { "load", "idle" };
    const struct yaml_node *value = yaml_get(node, "cold_start");
    const struct yaml_node *load = NULL;
    if (value->kind == YAML_SCALAR) return parse_time(reader, value, "cold_start", &out->for_ns);
    enum err err = yaml_check_keys(reader->file, value, "cold_start", keys, 2, reader->note);
    if (err == ERR_OK) err = value_require(reader, value, "cold_start", "load", &load);
    if (err == ERR_OK) err = parse_time(reader, load, "load", &out->for_ns);
    if (err != ERR_OK) return err; /* it may be no map */
    const struct yaml_node *idle = yaml_get(value, "idle");
    return idle == NULL ? ERR_OK : parse_time(reader, idle, "idle", &out->idle_ns);
}

static void write(struct buf *out, const struct fault *fault)
{
    char length[UNITS_TEXT_MAX];
    buf_printf(out, "cold_start %s", units_format_duration(fault->for_ns, length));
    if (fault->idle_ns == 0) return;
    buf_printf(out, " idle %s", units_format_duration(fault->idle_ns, length));
}

const struct fault_kind fault_cold_start = { "cold_start", "", parse, fault_apply_nothing, write };
