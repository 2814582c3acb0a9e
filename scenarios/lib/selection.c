#include "scenario/selection.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"

enum { PPM_ALL = 1000000, COUNT_LIMIT = 1000000, BURSTS_MAX = 100000, ATTEMPT_LIMIT = 1000 };

/* "after" and "until". */
static enum err parse_window(const struct value_reader *reader, const struct yaml_node *fault,
                             uint64_t length_ns, struct selection *out)
{
    char text[UNITS_TEXT_MAX];
    const struct yaml_node *after = yaml_get(fault, "after");
    const struct yaml_node *until = yaml_get(fault, "until");
    enum err err = ERR_OK;
    out->until_ns = length_ns;
    if (after != NULL) err = value_duration(reader, after, "after", &out->after_ns);
    if (err == ERR_OK && until != NULL) {
        err = value_duration(reader, until, "until", &out->until_ns);
    }
    if (err != ERR_OK) return err;
    if (out->until_ns > length_ns) {
        return yaml_note(reader->file, until, reader->note,
                         "until: \"%.80s\" is after the end of its phase, which lasts %s; both "
                         "count from the phase's start",
                         until->text, units_format_duration(length_ns, text));
    }
    if (out->after_ns < out->until_ns) return ERR_OK;
    return yaml_note(reader->file, after != NULL ? after : until, reader->note,
                     "after: %s leaves no time before %s; both count from the phase's start",
                     after != NULL ? after->text : "0s",
                     until != NULL ? until->text : "the end of the phase");
}

static enum err parse_ramp(const struct value_reader *reader, const struct yaml_node *node,
                           struct selection *out)
{
    static const char *const keys[] = { "from", "to" };
    const struct yaml_node *from = NULL;
    const struct yaml_node *to = NULL;
    enum err err = yaml_check_keys(reader->file, node, "ramp", keys, 2, reader->note);
    if (err == ERR_OK) err = value_require(reader, node, "ramp", "from", &from);
    if (err == ERR_OK) err = value_require(reader, node, "ramp", "to", &to);
    if (err == ERR_OK) err = value_share(reader, from, "from", &out->ramp_from_ppm);
    if (err == ERR_OK) err = value_share(reader, to, "to", &out->share_ppm);
    out->ramp = true;
    return err;
}

static enum err parse_burst(const struct value_reader *reader, const struct yaml_node *node,
                            struct selection *out)
{
    static const char *const keys[] = { "bad", "good" };
    uint64_t *means[] = { &out->bad_ns, &out->good_ns };
    enum err err = yaml_check_keys(reader->file, node, "burst", keys, 2, reader->note);
    for (size_t i = 0; err == ERR_OK && i < 2; i++) {
        const struct yaml_node *value = NULL;
        err = value_require(reader, node, "burst", keys[i], &value);
        if (err == ERR_OK) err = value_duration(reader, value, keys[i], means[i]);
        if (err == ERR_OK && *means[i] == 0) {
            err = yaml_note(reader->file, value, reader->note,
                            "%s: no time lasts 0s on average; write for example burst: { bad: 2s, "
                            "good: 8s }",
                            keys[i]);
        }
    }
    if (err != ERR_OK) return err;
    out->burst = true;
    if ((out->until_ns - out->after_ns) / (out->bad_ns + out->good_ns) <= BURSTS_MAX) return ERR_OK;
    return yaml_note(reader->file, node, reader->note,
                     "burst: more than %d of them would fit; write longer times", (int)BURSTS_MAX);
}

/* "2" or one of ">= 1", "<= 1", "> 1", "< 1". */
static enum err parse_attempt(const struct value_reader *reader, const struct yaml_node *node,
                              struct selection *out)
{
    static const char *const signs[] = { ">=", "<=", ">", "<" };
    const char *text = NULL;
    uint64_t number = 0;
    enum err err = value_scalar(reader, node, "attempt", &text);
    if (err != ERR_OK) return err;
    size_t sign = 0;
    while (sign < 4 && strncmp(text, signs[sign], strlen(signs[sign])) != 0)
        sign++;
    const char *digits = sign < 4 ? text + strlen(signs[sign]) : text;
    digits += strspn(digits, " ");
    bool good = units_parse_decimal(digits, 0, &number) && number <= ATTEMPT_LIMIT;
    if (!good || (sign == 3 && number == 0)) {
        return yaml_note(
            reader->file, node, reader->note,
            "attempt: \"%.80s\" is no attempt; allowed: a number (0 is the first) or a "
            "comparison such as \">= 1\"",
            text);
    }
    uint32_t value = (uint32_t)number;
    if (sign == 4) out->attempt_min = value;
    if (sign == 4 || sign == 1) out->attempt_max = value;
    if (sign == 0) out->attempt_min = value;
    if (sign == 2) out->attempt_min = value + 1;
    if (sign == 3) out->attempt_max = value - 1;
    return ERR_OK;
}

/* At most one of those that count. */
static enum err parse_counter(const struct value_reader *reader, const struct yaml_node *fault,
                              bool every_is_rhythm, struct selection *out)
{
    static const struct value_range range = { 1, COUNT_LIMIT };
    static const struct {
        const char *key;
        enum selection_counter counter;
    } counters[] = {
        { "first", COUNT_FIRST },
        { "nth", COUNT_NTH },
        { "every", COUNT_EVERY },
        { "exact_share", COUNT_EXACT_SHARE },
    };
    const char *before = NULL;
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        const char *key = counters[i].key;
        const struct yaml_node *node = yaml_get(fault, key);
        uint64_t number = 0;
        if (node == NULL) continue;
        if (every_is_rhythm && counters[i].counter == COUNT_EVERY) continue;
        if (before != NULL) {
            return yaml_note(reader->file, yaml_get_key(fault, key), reader->note,
                             "\"%s\" and \"%s\" both count the attempts that the other lets "
                             "through; write one of them",
                             before, key);
        }
        bool is_share = counters[i].counter == COUNT_EXACT_SHARE;
        enum err err = is_share ? value_share(reader, node, key, &out->share_ppm)
                                : value_whole(reader, node, key, range, &number);
        if (err != ERR_OK) return err;
        out->counter = counters[i].counter;
        out->count = (uint32_t)number;
        before = key;
    }
    return ERR_OK;
}

/* `share`, `ramp` and `exact_share` each say how many. */
static enum err check_one_share(const struct value_reader *reader, const struct yaml_node *fault)
{
    static const char *const keys[] = { "share", "ramp", "exact_share" };
    const char *before = NULL;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct yaml_node *key = yaml_get_key(fault, keys[i]);
        if (key == NULL) continue;
        if (before != NULL) {
            return yaml_note(reader->file, key, reader->note,
                             "\"%s\" and \"%s\" both say how many attempts are hit; write one of "
                             "them",
                             before, keys[i]);
        }
        before = keys[i];
    }
    return ERR_OK;
}

static enum err parse_names(const struct value_reader *reader, const struct yaml_node *fault,
                            struct selection *out)
{
    static const char *const keys[] = { "model", "market", "path" };
    const char **names[] = { &out->model, &out->market, &out->path };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct yaml_node *node = yaml_get(fault, keys[i]);
        if (node == NULL) continue;
        enum err err = value_scalar(reader, node, keys[i], names[i]);
        if (err != ERR_OK) return err;
    }
    static const char *const paths[] = { "/v1/forecast", "/api/forecast",
                                         "/v1/timeseries/forecast", NULL };
    size_t chosen = 0;
    if (out->path == NULL) return ERR_OK;
    return value_choice(reader, yaml_get(fault, "path"), "path", paths, &chosen);
}

enum err selection_parse(const struct value_reader *reader, const struct yaml_node *fault,
                         const struct selection_place *place, struct selection *out)
{
    *out = (struct selection){ .share_ppm = PPM_ALL, .attempt_max = UINT32_MAX };
    const struct yaml_node *share = yaml_get(fault, "share");
    const struct yaml_node *ramp = yaml_get(fault, "ramp");
    const struct yaml_node *burst = yaml_get(fault, "burst");
    const struct yaml_node *attempt = yaml_get(fault, "attempt");
    enum err err = check_one_share(reader, fault);
    if (err == ERR_OK && share != NULL) err = value_share(reader, share, "share", &out->share_ppm);
    if (err == ERR_OK) err = parse_window(reader, fault, place->length_ns, out);
    if (err == ERR_OK && ramp != NULL) err = parse_ramp(reader, ramp, out);
    if (err == ERR_OK && burst != NULL) err = parse_burst(reader, burst, out);
    if (err == ERR_OK && attempt != NULL) err = parse_attempt(reader, attempt, out);
    if (err == ERR_OK) err = parse_counter(reader, fault, place->every_is_rhythm, out);
    return err != ERR_OK ? err : parse_names(reader, fault, out);
}

static void write_attempts(struct buf *out, const struct selection *selection)
{
    uint32_t low = selection->attempt_min;
    uint32_t high = selection->attempt_max;
    if (low == 0 && high == UINT32_MAX) return;
    if (low == high)
        buf_printf(out, " attempt %u", low);
    else if (high == UINT32_MAX)
        buf_printf(out, " attempt >= %u", low);
    else
        buf_printf(out, " attempt <= %u", high);
}

static void write_counter(struct buf *out, const struct selection *selection)
{
    char share[UNITS_TEXT_MAX];
    switch (selection->counter) {
    case COUNT_NONE: break;
    case COUNT_FIRST: buf_printf(out, " first %u", selection->count); break;
    case COUNT_NTH: buf_printf(out, " nth %u", selection->count); break;
    case COUNT_EVERY: buf_printf(out, " every %u", selection->count); break;
    case COUNT_EXACT_SHARE:
        buf_printf(out, " exactly %s", units_format_share(selection->share_ppm, share));
        break;
    }
}

static void write_times(struct buf *out, const struct selection *selection, uint64_t length_ns)
{
    char a[UNITS_TEXT_MAX];
    char b[UNITS_TEXT_MAX];
    if (selection->after_ns > 0) {
        buf_printf(out, " after %s", units_format_duration(selection->after_ns, a));
    }
    if (selection->until_ns < length_ns) {
        buf_printf(out, " until %s", units_format_duration(selection->until_ns, a));
    }
    if (selection->burst) {
        buf_printf(out, " in bursts of %s every %s", units_format_duration(selection->bad_ns, a),
                   units_format_duration(selection->bad_ns + selection->good_ns, b));
    }
}

void selection_write_names(struct buf *out, const struct selection *selection)
{
    if (selection->model != NULL) buf_printf(out, " model %s", selection->model);
    if (selection->market != NULL) buf_printf(out, " market %s", selection->market);
    if (selection->path != NULL) buf_printf(out, " path %s", selection->path);
    write_attempts(out, selection);
}

void selection_write(struct buf *out, const struct selection *selection, uint64_t length_ns)
{
    char from[UNITS_TEXT_MAX];
    char to[UNITS_TEXT_MAX];
    if (selection->ramp) {
        buf_printf(out, " %s to %s", units_format_share(selection->ramp_from_ppm, from),
                   units_format_share(selection->share_ppm, to));
    } else if (selection->share_ppm != PPM_ALL && selection->counter != COUNT_EXACT_SHARE) {
        buf_printf(out, " %s", units_format_share(selection->share_ppm, to));
    }
    write_counter(out, selection);
    write_times(out, selection, length_ns);
    selection_write_names(out, selection);
}

uint32_t selection_share_ppm(const struct selection *selection, uint64_t offset_ns)
{
    if (!selection->ramp) return selection->share_ppm;
    __extension__ typedef __int128 wide;
    wide rise = (wide)selection->share_ppm - selection->ramp_from_ppm;
    wide part = (wide)offset_ns - (wide)selection->after_ns;
    return (uint32_t)(selection->ramp_from_ppm +
                      rise * part / (wide)(selection->until_ns - selection->after_ns));
}

bool selection_name_matches(const char *wanted, const char *name)
{
    size_t length = strlen(wanted);
    if (name == NULL || strncmp(name, wanted, length) != 0) return false;
    return name[length] == '\0' || name[length] == '-';
}
