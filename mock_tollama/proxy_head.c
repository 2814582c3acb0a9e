/* Which headers a proxy passes on. */
#include <string.h>
#include <strings.h>

#include "mock/proxy_private.h"

bool proxy_header_is_ours(const char *name, size_t length)
{
    static const char *const NAMES[] = {
        "Connection", "Keep-Alive",     "Proxy-Authenticate", "Proxy-Authorization",
        "TE",         "Trailer",        "Transfer-Encoding",  "Upgrade",
        "Host",       "Content-Length", "Expect",             "Proxy-Connection",
        "Date",
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strlen(NAMES[i]) == length && strncasecmp(NAMES[i], name, length) == 0) return true;
    }
    return false;
}

struct collecting {
    struct proxy_lines *lines;
    const char *connection; /* the request's header of that name; NULL: none */
    bool has_accept, has_type;
};

/* "Connection: X-Hop, close" names headers that are for this connection only. */
static bool list_names(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at != NULL && *at != '\0';) {
        at += strspn(at, " \t,");
        size_t item = strcspn(at, " \t,");
        if (item == length && length > 0 && strncasecmp(at, name, length) == 0) return true;
        at += item;
    }
    return false;
}

static void add_line(struct proxy_lines *lines, const char *name, const char *value)
{
    if (lines->count == HTTP_CLIENT_HEADERS_MAX) {
        lines->too_many = true;
        return;
    }
    lines->at[lines->count++] = lines->text.length;
    /* libcurl's way to send one without a value. */
    if (*value == '\0')
        buf_printf(&lines->text, "%s;", name);
    else
        buf_printf(&lines->text, "%s: %s", name, value);
    buf_putc(&lines->text, '\0');
}

static bool on_header(void *context, const char *name, const char *value)
{
    struct collecting *collecting = context;
    if (proxy_header_is_ours(name, strlen(name))) return true;
    if (list_names(collecting->connection, name)) return true;
    /* The answer is to come as it is: a coding would be refused. */
    if (strcasecmp(name, "Accept-Encoding") == 0) return true;
    if (strcasecmp(name, "Accept") == 0) collecting->has_accept = true;
    if (strcasecmp(name, "Content-Type") == 0) collecting->has_type = true;
    add_line(collecting->lines, name, value);
    return true;
}

/* Keeps libcurl from adding one of its own. */
static void add_none(struct proxy_lines *lines, const char *line)
{
    if (lines->count == HTTP_CLIENT_HEADERS_MAX) return;
    lines->at[lines->count++] = lines->text.length;
    buf_put(&lines->text, line, strlen(line) + 1);
}

void proxy_lines_collect(struct proxy_lines *lines, struct http_exchange *exchange)
{
    struct collecting collecting = {
        .lines = lines,
        .connection = http_exchange_header(exchange, "Connection"),
    };
    *lines = (struct proxy_lines){ .count = 0 };
    buf_init(&lines->text, BUF_UNBOUNDED);
    http_exchange_each_header(exchange, on_header, &collecting);
    if (!collecting.has_accept) add_none(lines, "Accept:");
    if (!collecting.has_type) add_none(lines, "Content-Type:");
}
