#include <assert.h>
#include <ctype.h>
#include <string.h>
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

/* How a head says where its body ends. */
struct framing {
    unsigned lengths;
    const char *length; /* the last of them */
    unsigned codings;
    bool chunked;
    bool malformed;
};

static bool has_blank(const char *name)
{
    while (*name != '\0' && *name != ' ' && *name != '\t') name++;
    return *name != '\0';
}

static enum MHD_Result on_framing(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    struct framing *framing = context;
    const int first = tolower((unsigned char)name[0]);
    if (has_blank(name) || (value != NULL && strchr(value, '\r') != NULL)) {
        framing->malformed = true;
    } else if (first == 'c' && strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        framing->lengths++;
        framing->length = value;
    } else if (first == 't' && strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->codings++;
        framing->chunked = value != NULL && strcasecmp(value, "chunked") == 0;
    }
    return MHD_YES;
}

bool http_exchange_look_for_ambiguity(struct http_exchange *exchange)
{
    struct framing framing = { .lengths = 0 };
    (void)MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, on_framing, &framing);
    exchange->announced = framing.length;
    if (framing.malformed || framing.lengths + framing.codings > 1) return true;
    return framing.codings == 1 && !framing.chunked;
}

const char *http_exchange_target(const struct http_exchange *exchange)
{
    assert(exchange->on->target != NULL);
    return exchange->on->target;
}

struct each {
    bool (*call)(void *context, const char *name, const char *value);
    void *context;
};

static enum MHD_Result on_each(void *context, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
    (void)kind;
    const struct each *each = context;
    return each->call(each->context, name, value == NULL ? "" : value) ? MHD_YES : MHD_NO;
}

void http_exchange_each_header(struct http_exchange *exchange,
                               bool (*each)(void *context, const char *name, const char *value),
                               void *context)
{
    struct each all = { .call = each, .context = context };
    (void)MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, on_each, &all);
}

bool http_exchange_is_http11(const struct http_exchange *exchange)
{
    return strcmp(exchange->version, MHD_HTTP_VERSION_1_1) == 0;
}

bool http_exchange_is_last(struct http_exchange *exchange)
{
    const char *connection = http_exchange_header(exchange, MHD_HTTP_HEADER_CONNECTION);
    bool close = connection != NULL && strcasestr(connection, "close") != NULL;
    return close || !http_exchange_is_http11(exchange);
}
