#include <assert.h>
#include <string.h>

#include "base/instant.h"
#include "base/units.h"
#include "scenario/faults/fault_kind.h"

static const struct fault_kind *const kinds[FAULT_EFFECT_COUNT] = {
    [FAULT_STATUS] = &fault_status,         [FAULT_DELAY] = &fault_delay,
    [FAULT_RESET] = &fault_reset,           [FAULT_CLOSE] = &fault_close,
    [FAULT_STALL] = &fault_stall,           [FAULT_ANSWER] = &fault_answer,
    [FAULT_REFUSE] = &fault_refuse,         [FAULT_SYN_DROP] = &fault_syn_drop,
    [FAULT_DRIBBLE] = &fault_dribble,       [FAULT_THROTTLE] = &fault_throttle,
    [FAULT_GARBAGE] = &fault_garbage,       [FAULT_STRAY_ANSWER] = &fault_stray_answer,
    [FAULT_SLOW_CLOSE] = &fault_slow_close, [FAULT_MALFORMED] = &fault_malformed,
    [FAULT_INTERIM] = &fault_interim,       [FAULT_HUGE_HEAD] = &fault_huge_head,
    [FAULT_HUGE_BODY] = &fault_huge_body,   [FAULT_RATE_LIMIT] = &fault_rate_limit,
    [FAULT_COLD_START] = &fault_cold_start,
};

const struct fault_kind *fault_kind(enum fault_effect effect)
{
    assert((unsigned)effect < FAULT_EFFECT_COUNT && kinds[effect] != NULL);
    return kinds[effect];
}

static const char *const effect_names[] = {
#define EFFECT_NAME(name, text) [name] = text,
    FAULT_EFFECT_LIST(EFFECT_NAME)
#undef EFFECT_NAME
};

const char *fault_effect_name(enum fault_effect effect)
{
    assert((unsigned)effect < FAULT_EFFECT_COUNT);
    return effect_names[effect];
}

static const char *const position_names[] = {
#define POSITION_NAME(name, text) [name] = text,
    FAULT_POSITION_LIST(POSITION_NAME)
#undef POSITION_NAME
};

const char *fault_position_name(enum fault_position position)
{
    assert((unsigned)position < FAULT_POSITION_COUNT);
    return position_names[position];
}

enum err fault_parse_nothing(const struct value_reader *reader, const struct yaml_node *node,
                             struct fault *out)
{
    (void)reader;
    (void)node;
    (void)out;
    return ERR_OK;
}

void fault_apply_nothing(struct reply_plan *plan, const struct fault *fault,
                         const struct fault_moment *moment)
{
    (void)plan;
    (void)fault;
    (void)moment;
}

enum err fault_parse_retry_after(const struct value_reader *reader, const struct yaml_node *node,
                                 struct fault *out)
{
    const struct yaml_node *seconds = yaml_get(node, "retry_after");
    const struct yaml_node *date = yaml_get(node, "retry_after_date");
    const struct yaml_node *value = seconds != NULL ? seconds : date;
    const char *key = seconds != NULL ? "retry_after" : "retry_after_date";
    uint64_t wait_ns = 0;
    if (value == NULL) return ERR_OK;
    if (seconds != NULL && date != NULL) {
        return yaml_note(reader->file, yaml_get_key(node, "retry_after_date"), reader->note,
                         "\"retry_after\" and \"retry_after_date\" are two forms of one header; "
                         "write one of them");
    }
    enum err err = value_duration(reader, value, key, &wait_ns);
    if (err != ERR_OK) return err;
    if (wait_ns % NS_PER_S != 0) {
        return yaml_note(reader->file, value, reader->note,
                         "%s: \"%.80s\" is not a whole number of seconds, and the header can say "
                         "nothing else; write 1s or 2s",
                         key, value->text);
    }
    out->has_retry_after = true;
    out->retry_after_is_date = date != NULL;
    out->retry_after_s = (uint32_t)(wait_ns / NS_PER_S);
    return ERR_OK;
}

void fault_write_retry_after(struct buf *out, const struct fault *fault)
{
    if (!fault->has_retry_after) return;
    buf_printf(out, " retry_after%s %us", fault->retry_after_is_date ? "_date" : "",
               fault->retry_after_s);
}

enum err fault_parse_size(const struct value_reader *reader, const struct yaml_node *node,
                          const char *what, uint64_t most, uint64_t *out)
{
    const char *text = NULL;
    uint64_t size = 0;
    enum err err = value_scalar(reader, node, what, &text);
    if (err != ERR_OK) return err;
    if (units_parse_bytes(text, &size) && size > 0 && size <= most) {
        *out = size;
        return ERR_OK;
    }
    return yaml_note(reader->file, node, reader->note,
                     "%s: \"%.80s\" is not allowed; allowed: 1 to %llu bytes, for example 64, 64B "
                     "or 64KiB",
                     what, text, (unsigned long long)most);
}

enum err fault_parse_time(const struct value_reader *reader, const struct yaml_node *node,
                          const char *key, const char *example, uint64_t *out_ns)
{
    const struct yaml_node *value = yaml_get(node, key);
    if (value == NULL) {
        return yaml_note(reader->file, node, reader->note, "\"do: %s\" needs \"%s\"; add %s",
                         yaml_get(node, "do")->text, key, example);
    }
    enum err err = value_duration(reader, value, key, out_ns);
    if (err != ERR_OK || *out_ns > 0) return err;
    return yaml_note(reader->file, value, reader->note,
                     "%s: 0s changes nothing; write for example %s", key, example);
}
