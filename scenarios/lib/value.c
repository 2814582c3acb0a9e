#include "scenario/value.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/suggest.h"
#include "base/units.h"

enum { TEXT_SHOWN = 80 };

static const char *kind_name(enum yaml_kind kind)
{
    switch (kind) {
    case YAML_SCALAR: return "a single value";
    case YAML_LIST: return "a list";
    case YAML_MAP: return "a map";
    }
    return "";
}

static size_t names_count(const char *const *names)
{
    size_t count = 0;
    while (names[count] != NULL)
        count++;
    return count;
}

const char *value_join(const struct value_reader *reader, const char *const *names)
{
    struct buf list;
    buf_init(&list, ERR_SENTENCE_MAX);
    for (size_t i = 0; names[i] != NULL; i++) {
        buf_puts(&list, i == 0 ? "" : ", ");
        buf_puts(&list, names[i]);
    }
    const char *text = arena_copy_text(reader->arena, buf_text(&list), list.length);
    buf_deinit(&list);
    return text;
}

const char *value_did_you_mean(const struct value_reader *reader, const char *typed,
                               const char *const *names)
{
    const char *near = suggest(typed, names, names_count(names));
    return near == NULL ? "" : arena_printf(reader->arena, "; did you mean \"%s\"?", near);
}

enum err value_scalar(const struct value_reader *reader, const struct yaml_node *node,
                      const char *what, const char **out)
{
    if (node->kind != YAML_SCALAR) {
        return yaml_note(reader->file, node, reader->note,
                         "%s must be a single value, but here stands %s", what,
                         kind_name(node->kind));
    }
    if (node->text[0] == '\0') {
        return yaml_note(reader->file, node, reader->note, "%s: the value is missing", what);
    }
    *out = node->text;
    return ERR_OK;
}

/* Units as people abbreviate them elsewhere: what they are here. */
static const char *unit_meant(const char *unit)
{
    static const struct {
        const char *typed;
        const char *meant;
    } units[] = {
        { "sec", "s" },     { "secs", "s" },   { "second", "s" },
        { "seconds", "s" }, { "S", "s" },      { "msec", "ms" },   { "msecs", "ms" },
        { "millis", "ms" }, { "MS", "ms" },    { "Ms", "ms" },     { "min", "m" },
        { "mins", "m" },    { "minute", "m" }, { "minutes", "m" }, { "M", "m" },
        { "hour", "h" },    { "hours", "h" },  { "hr", "h" },      { "H", "h" },
        { "usec", "us" },   { "nsec", "ns" },
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(units[i].typed, unit) == 0) return units[i].meant;
    }
    return NULL;
}

/* `text` begins with so many digits and goes on with no unit of ours. A bare number is as likely
 * one of seconds as of milliseconds; which of them was meant, its size tells. */
static const char *duration_hint(const struct value_reader *reader, const char *text, size_t digits,
                                 const char *unit)
{
    uint64_t number = 0;
    if (digits == 0 || digits >= TEXT_SHOWN) return "";
    if (unit[0] == '\0') {
        bool large = units_parse_decimal(text, 0, &number) && number >= 100;
        return arena_printf(reader->arena, "; did you mean \"%.*s%s\" or \"%.*s%s\"?",
                            (int)digits, text, large ? "ms" : "s", (int)digits, text,
                            large ? "s" : "ms");
    }
    const char *meant = unit_meant(unit);
    if (meant == NULL) return "";
    return arena_printf(reader->arena, "; did you mean \"%.*s%s\"?", (int)digits, text, meant);
}

static enum err note_duration(const struct value_reader *reader, const struct yaml_node *node,
                              const char *what, const char *text)
{
    if (text[0] == '-') {
        return yaml_note(reader->file, node, reader->note,
                         "%s: \"%.80s\" is negative; a length of time starts at 0s, for example "
                         "40s, 300ms or 2m",
                         what, text);
    }
    size_t digits = strspn(text, "0123456789.");
    uint64_t one_ns = 0;
    const char *one = arena_printf(reader->arena, "1%s", text + digits);
    /* The unit is one, so the number is what no length of time can be. */
    if (digits > 0 && units_parse_duration(one, &one_ns)) {
        return yaml_note(reader->file, node, reader->note,
                         "%s: \"%.80s\" is too long, or has more decimals than a nanosecond; "
                         "allowed: at most 24h",
                         what, text);
    }
    const char *unit = text + digits + strspn(text + digits, " ");
    const char *hint = duration_hint(reader, text, digits, unit);
    return yaml_note(
        reader->file, node, reader->note,
        "%s: \"%.80s\" is not a length of time%s%s A number and a unit (ns, us, ms, s, "
        "m, h) are allowed, for example 40s, 300ms or 2m",
        what, text, unit[0] == '\0' && digits > 0 ? ": the unit is missing" : "",
        hint[0] == '\0' ? "." : hint);
}

enum err value_duration(const struct value_reader *reader, const struct yaml_node *node,
                        const char *what, uint64_t *out_ns)
{
    const char *text = NULL;
    enum err err = value_scalar(reader, node, what, &text);
    if (err != ERR_OK) return err;
    if (!units_parse_duration(text, out_ns)) return note_duration(reader, node, what, text);
    if (*out_ns > VALUE_DURATION_MAX) {
        return yaml_note(reader->file, node, reader->note,
                         "%s: \"%.80s\" is too long; allowed: at most 24h", what, text);
    }
    return ERR_OK;
}

enum err value_rate(const struct value_reader *reader, const struct yaml_node *node,
                    const char *what, uint64_t *out_micro_per_s)
{
    const char *text = NULL;
    enum err err = value_scalar(reader, node, what, &text);
    if (err != ERR_OK) return err;
    if (!units_parse_rate(text, out_micro_per_s)) {
        size_t digits = strspn(text, "0123456789.");
        const char *hint = digits > 0 && text[digits] == '\0' && digits < TEXT_SHOWN
                               ? arena_printf(reader->arena, "; did you mean \"%s/s\"?", text)
                               : ".";
        return yaml_note(reader->file, node, reader->note,
                         "%s: \"%.80s\" is not a rate%s Requests per second or minute are allowed, "
                         "for example 40/s, 2.5/s or 90/m",
                         what, text, hint);
    }
    if (*out_micro_per_s == 0) {
        return yaml_note(reader->file, node, reader->note,
                         "%s: \"%.80s\" would never send a request; allowed: a rate over 0", what,
                         text);
    }
    return ERR_OK;
}

/* A bare number up to 1 may be the part of a whole, or the percentage itself. */
static const char *share_hint(const struct value_reader *reader, const char *text)
{
    enum { ONE_MICRO = 1000000 };
    uint64_t micro = 0;
    char part[UNITS_TEXT_MAX];
    bool bare = text[0] != '.' && text[strspn(text, "0123456789.")] == '\0';
    if (!bare || strlen(text) >= TEXT_SHOWN) return ".";
    if (units_parse_decimal(text, 6, &micro) && micro > 0 && micro <= ONE_MICRO) {
        return arena_printf(reader->arena, "; did you mean \"%s\" or \"%s%%\"?",
                            units_format_share((uint32_t)micro, part), text);
    }
    return arena_printf(reader->arena, "; did you mean \"%s%%\"?", text);
}

enum err value_share(const struct value_reader *reader, const struct yaml_node *node,
                     const char *what, uint32_t *out_ppm)
{
    const char *text = NULL;
    enum err err = value_scalar(reader, node, what, &text);
    if (err != ERR_OK) return err;
    if (units_parse_share(text, out_ppm)) return ERR_OK;
    return yaml_note(reader->file, node, reader->note,
                     "%s: \"%.80s\" is not a share%s Allowed: 0%% to 100%%, for example 60%% or "
                     "0.5%%",
                     what, text, share_hint(reader, text));
}

enum err value_whole(const struct value_reader *reader, const struct yaml_node *node,
                     const char *what, struct value_range range, uint64_t *out)
{
    const char *text = NULL;
    enum err err = value_scalar(reader, node, what, &text);
    if (err != ERR_OK) return err;
    if (units_parse_decimal(text, 0, out) && *out >= range.min && *out <= range.max) return ERR_OK;
    return yaml_note(reader->file, node, reader->note,
                     "%s: \"%.80s\" is not allowed; allowed: a whole number from %llu to %llu",
                     what, text, (unsigned long long)range.min, (unsigned long long)range.max);
}

enum err value_choice(const struct value_reader *reader, const struct yaml_node *node,
                      const char *what, const char *const *names, size_t *out)
{
    const char *text = NULL;
    enum err err = value_scalar(reader, node, what, &text);
    if (err != ERR_OK) return err;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    const char *hint = value_did_you_mean(reader, text, names);
    return yaml_note(reader->file, node, reader->note, "%s: \"%.80s\" is not allowed%s Allowed: %s",
                     what, text, hint[0] == '\0' ? "." : hint, value_join(reader, names));
}

enum err value_name(const struct value_reader *reader, const struct yaml_node *node,
                    const char *what, const char **out)
{
    enum err err = value_scalar(reader, node, what, out);
    if (err != ERR_OK) return err;
    size_t good = strspn(*out, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    if ((*out)[good] == '\0' && good <= VALUE_NAME_MAX) return ERR_OK;
    return yaml_note(reader->file, node, reader->note,
                     "%s: \"%.80s\" is not a name; allowed: at most %d letters, digits, '-' and "
                     "'_'",
                     what, *out, (int)VALUE_NAME_MAX);
}

enum err value_list(const struct value_reader *reader, const struct yaml_node *node,
                    const char *what, const char *needs)
{
    if (node->kind != YAML_LIST) {
        return yaml_note(reader->file, node, reader->note,
                         "%s must be a list, but here stands %s; write %s", what,
                         node->kind == YAML_SCALAR && node->text[0] == '\0' ? "nothing"
                                                                            : kind_name(node->kind),
                         needs);
    }
    if (node->count == 0) {
        return yaml_note(reader->file, node, reader->note, "%s: the list is empty; write %s", what,
                         needs);
    }
    return ERR_OK;
}

enum err value_require(const struct value_reader *reader, const struct yaml_node *map,
                       const char *where, const char *key, const struct yaml_node **out)
{
    *out = yaml_get(map, key);
    if (*out != NULL) return ERR_OK;
    return yaml_note(reader->file, map, reader->note, "%s needs the key \"%s\"", where, key);
}
