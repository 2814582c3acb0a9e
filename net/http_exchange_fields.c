#include <strings.h>

#include "net/http_server_private.h"

struct fields {
    const char *name;
    struct buf *joined; /* NULL: only counted */
    unsigned count;
};

static enum MHD_Result on_field(void *context, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    (void)kind;
    struct fields *fields = context;
    if (strcasecmp(name, fields->name) != 0) return MHD_YES;
    if (fields->joined != NULL) {
        if (fields->count > 0) buf_puts(fields->joined, ",");
        buf_puts(fields->joined, value == NULL ? "" : value);
    }
    fields->count++;
    return MHD_YES;
}

unsigned http_exchange_header_all(struct http_exchange *exchange, const char *name,
                                  struct buf *joined)
{
    struct fields fields = { .name = name, .joined = joined };
    (void)MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, on_field, &fields);
    return fields.count;
}
