/* An answer with another status, an error body and headers. */
#include <string.h>

#include "base/units.h"
#include "scenario/faults/fault_kind.h"

enum { HEADERS_MAX = 16, HEADER_BYTES_MAX = 1024 };

static bool is_token(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= HEADER_BYTES_MAX &&
           strspn(text,
                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|"
                  "~") == length;
}

static bool is_value(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7F) return false;
    }
    return strlen(text) <= HEADER_BYTES_MAX;
}

/* Headers that say how the answer is framed have faults of their own. */
static const char *reserved_for(const char *name)
{
    static const struct {
        const char *name;
        const char *instead;
    } reserved[] = {
        { "content-length", "malformed: length_short" },
        { "transfer-encoding", "malformed: length_and_chunked" },
        { "connection", "{ at: response_end, do: close }" },
        { "retry-after", "retry_after: 1s" },
    };
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (strcasecmp(reserved[i].name, name) == 0) return reserved[i].instead;
    }
    return NULL;
}

static enum err parse_headers(const struct value_reader *reader, const struct yaml_node *map,
                              struct fault *out)
{
    if (map->kind != YAML_MAP || map->count == 0 || map->count > HEADERS_MAX) {
        return yaml_note(
            reader->file, map, reader->note,
            "headers must be a map of 1 to %d of them, for example { X-Reason: drill }",
            (int)HEADERS_MAX);
    }
    struct plan_header *headers = arena_alloc(reader->arena, map->count, sizeof *headers);
    for (size_t i = 0; i < map->count; i++) {
        const char *name = map->keys[i]->text;
        const char *instead = reserved_for(name);
        if (instead != NULL) {
            return yaml_note(reader->file, map->keys[i], reader->note,
                             "the header \"%.80s\" has a fault of its own; write %s", name,
                             instead);
        }
        if (!is_token(name)) {
            return yaml_note(reader->file, map->keys[i], reader->note,
                             "\"%.80s\" is not the name of a header", name);
        }
        enum err err = value_scalar(reader, map->items[i], name, &headers[i].value);
        if (err != ERR_OK) return err;
        if (!is_value(headers[i].value)) {
            return yaml_note(reader->file, map->items[i], reader->note,
                             "the value of the header \"%.80s\" cannot be sent: it holds a control "
                             "character or is over %d bytes",
                             name, (int)HEADER_BYTES_MAX);
        }
        headers[i].name = name;
    }
    out->headers = headers;
    out->header_count = (uint32_t)map->count;
    return ERR_OK;
}

/* Those that can carry the body of a forecast, or of an error. */
static bool may_be_sent(uint64_t status)
{
    enum { NOT_MODIFIED = 304 };
    return status == 200 || (status >= 300 && status <= 599 && status != NOT_MODIFIED);
}

static enum err parse(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out)
{
    const struct yaml_node *value = yaml_get(node, "status");
    const struct yaml_node *headers = yaml_get(node, "headers");
    const char *text = NULL;
    uint64_t status = 0;
    enum err err = value_scalar(reader, value, "status", &text);
    if (err != ERR_OK) return err;
    bool number = units_parse_decimal(text, 0, &status);
    if (!number || !may_be_sent(status)) {
        bool known = number && status >= 100 && status <= 599;
        return yaml_note(reader->file, value, reader->note,
                         "status: \"%.80s\" is not allowed%s; allowed: 200, 300 to 599 but 304",
                         text,
                         known ? ", it cannot carry the body of a forecast or of an error" : "");
    }
    out->status = (uint16_t)status;
    err = fault_parse_retry_after(reader, node, out);
    return err != ERR_OK || headers == NULL ? err : parse_headers(reader, headers, out);
}

static void apply(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment)
{
    (void)moment;
    plan->status = fault->status;
    plan->has_retry_after = fault->has_retry_after;
    plan->retry_after_is_date = fault->retry_after_is_date;
    plan->retry_after_s = fault->retry_after_s;
    plan->headers = fault->headers;
    plan->header_count = fault->header_count;
}

static void write(struct buf *out, const struct fault *fault)
{
    buf_printf(out, "status %u", (unsigned)fault->status);
    fault_write_retry_after(out, fault);
    for (uint32_t i = 0; i < fault->header_count; i++) {
        buf_printf(out, " %s: %s", fault->headers[i].name, fault->headers[i].value);
    }
}

const struct fault_kind fault_status = { "status", "retry_after retry_after_date headers", parse,
                                         apply, write };
