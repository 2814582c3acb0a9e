#include "scenario/fault_position.h"

#include <string.h>

#include "base/units.h"

enum { PPM_ALL = 1000000 };

enum place { PLACE_NONE, PLACE_ALLOWED, PLACE_NEEDED };

static enum place place_of(enum fault_position position)
{
    switch (position) {
    case FAULT_AT_CONNECT:
    case FAULT_AT_REQUEST_HEAD:
    case FAULT_AT_RESPONSE_END:
    case FAULT_POSITION_COUNT: return PLACE_NONE;
    case FAULT_AT_RESPONSE_HEAD: return PLACE_ALLOWED;
    case FAULT_AT_REQUEST_BODY:
    case FAULT_AT_RESPONSE_BODY: return PLACE_NEEDED;
    }
    return PLACE_NONE;
}

/* "40%" or "100B", what stands behind the '@'. */
static bool parse_place(const char *text, struct fault *out)
{
    size_t length = strlen(text);
    if (length == 0) return false;
    if (text[length - 1] == '%') {
        return units_parse_share(text, &out->at_ppm) && out->at_ppm < PPM_ALL;
    }
    out->at_is_bytes = true;
    return text[length - 1] == 'B' && units_parse_bytes(text, &out->at_bytes);
}

static enum err note_unknown(const struct value_reader *reader, const struct yaml_node *node,
                             const char *text)
{
    static const char *const names[] = { "connect",           "request_head",
                                         "request_body@50%",  "response_head",
                                         "response_head@20B", "response_body@40%",
                                         "response_end",      NULL };
    const char *hint = value_did_you_mean(reader, text, names);
    return yaml_note(reader->file, node, reader->note,
                     "at: \"%.80s\" is not allowed%s Allowed: response_head, response_body@40%%, "
                     "response_body@100B, response_head@20B, response_end, request_head, "
                     "request_body@50%%, connect",
                     text, hint[0] == '\0' ? "." : hint);
}

static enum err note_place(const struct value_reader *reader, const struct yaml_node *node,
                           const char *text, enum fault_position position)
{
    const char *name = fault_position_name(position);
    if (place_of(position) == PLACE_NONE) {
        return yaml_note(reader->file, node, reader->note,
                         "at: \"%.80s\" is one moment and has no places in it; write %s", text,
                         name);
    }
    const char *part = position == FAULT_AT_RESPONSE_HEAD ? "head" : "body";
    return yaml_note(
        reader->file, node, reader->note,
        "at: \"%.80s\" is no place in the %s; allowed: a share from 0%% to under 100%% "
        "or a number of bytes, for example %s@40%% or %s@100B",
        text, part, name, name);
}

enum err fault_position_parse(const struct value_reader *reader, const struct yaml_node *node,
                              struct fault *out)
{
    const char *text = NULL;
    enum err err = value_scalar(reader, node, "at", &text);
    if (err != ERR_OK) return err;
    size_t length = strcspn(text, "@");
    enum fault_position position = FAULT_AT_CONNECT;
    for (; position < FAULT_POSITION_COUNT; position++) {
        const char *name = fault_position_name(position);
        if (strlen(name) == length && strncmp(name, text, length) == 0) break;
    }
    if (position == FAULT_POSITION_COUNT) return note_unknown(reader, node, text);
    enum place place = place_of(position);
    bool has_place = text[length] == '@';
    if (!has_place && place == PLACE_NEEDED) return note_unknown(reader, node, text);
    out->at = position;
    if (has_place && (place == PLACE_NONE || !parse_place(text + length + 1, out))) {
        return note_place(reader, node, text, position);
    }
    return ERR_OK;
}

void fault_position_write(struct buf *out, const struct fault *fault)
{
    char share[UNITS_TEXT_MAX];
    buf_puts(out, fault_position_name(fault->at));
    enum place place = place_of(fault->at);
    bool at_zero = fault->at_ppm == 0 && fault->at_bytes == 0;
    if (place == PLACE_NONE || (place == PLACE_ALLOWED && at_zero)) return;
    if (fault->at_is_bytes)
        buf_printf(out, "@%lluB", (unsigned long long)fault->at_bytes);
    else
        buf_printf(out, "@%s", units_format_share(fault->at_ppm, share));
}
