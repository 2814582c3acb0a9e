/* How much of an answer was handed to the kernel. libmicrohttpd does not say; but its heads are
 * made by rules, so that one which left whole has a known length, and of one that was cut the
 * socket's own counters tell, since all that was sent on it before is known. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/instant.h"
#include "net/http_server_private.h"
#include "net/socket_counters.h"

#define DATE_LINE "Date: Mon, 23 Nov 2026 20:57:01 GMT\r\n"
#define CLOSE_LINE "Connection: close\r\n"
#define KEEP_LINE "Connection: Keep-Alive\r\n"

struct lines {
    uint64_t bytes;
    bool connection; /* there is one of that name */
    bool date;
};

static enum MHD_Result on_line(void *context, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
    (void)kind;
    struct lines *lines = context;
    lines->bytes += strlen(name) + strlen(value) + sizeof ": \r\n" - 1;
    if (strcasecmp(name, MHD_HTTP_HEADER_CONNECTION) == 0) lines->connection = true;
    if (strcasecmp(name, MHD_HTTP_HEADER_DATE) == 0) lines->date = true;
    return MHD_YES;
}

/* What the request said about it, looked for in one pass. */
struct asked {
    const char *connection; /* NULL: nothing */
    bool expects;
};

static enum MHD_Result on_asked(void *context, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    (void)kind;
    struct asked *asked = context;
    switch (*name) {
    case 'C':
    case 'c':
        if (strcasecmp(name, MHD_HTTP_HEADER_CONNECTION) == 0) asked->connection = value;
        break;
    case 'E':
    case 'e':
        if (strcasecmp(name, MHD_HTTP_HEADER_EXPECT) == 0) asked->expects = true;
        break;
    default: break;
    }
    return MHD_YES;
}

/* The line that libmicrohttpd adds by itself. */
static size_t connection_line_bytes(const struct http_exchange *exchange, const char *asked,
                                    bool has_own)
{
    bool keep = asked != NULL && strcasestr(asked, "keep-alive") != NULL;
    bool close = asked != NULL && strcasestr(asked, "close") != NULL;
    bool http11 = http_exchange_is_http11(exchange);
    if (has_own) return 0;
    if (close || (!http11 && !keep)) return sizeof CLOSE_LINE - 1;
    return http11 ? 0 : sizeof KEEP_LINE - 1;
}

static uint64_t digits(uint64_t number)
{
    uint64_t count = 1;
    for (; number >= 10; number /= 10) count++;
    return count;
}

static uint64_t head_bytes(const struct http_exchange *exchange, const struct asked *asked)
{
    struct lines lines = { .bytes = 0 };
    const char *reason = MHD_get_reason_phrase_for(exchange->status);
    (void)MHD_get_response_headers(exchange->response, on_line, &lines);
    uint64_t bytes = lines.bytes + sizeof "HTTP/1.1 200 \r\n\r\n" - 1 + strlen(reason);
    if (!lines.date) bytes += sizeof DATE_LINE - 1;
    bytes += connection_line_bytes(exchange, asked->connection, lines.connection);
    if (exchange->status >= 200 && exchange->status != MHD_HTTP_NO_CONTENT) {
        bytes += sizeof "Content-Length: \r\n" - 1 + digits(exchange->reply_bytes);
    }
    return bytes;
}

static bool body_is_sent(const struct http_exchange *exchange)
{
    return strcmp(exchange->method, MHD_HTTP_METHOD_HEAD) != 0 && exchange->status >= 200 &&
           exchange->status != MHD_HTTP_NO_CONTENT &&
           exchange->status != MHD_HTTP_NOT_MODIFIED;
}

void http_exchange_watch_sent(struct http_exchange *exchange)
{
    assert(exchange->state == EXCHANGE_HANDED || exchange->state == EXCHANGE_SUSPENDED);
    exchange->sent_watched = true;
}

/* Most answers are whole, and nobody asks: what went before is asked of the socket where it was not
 * counted all along. */
void http_exchange_sent_begin(struct http_exchange *exchange)
{
    struct http_connection *on = exchange->on;
    if (!exchange->sent_watched || on->sent_counted) return;
    on->sent_known = socket_handed_over(on->fd, &on->sent_bytes);
    on->sent_counted = true;
}

void http_exchange_sent_end(struct http_exchange *exchange)
{
    if (!exchange->sent_told) exchange->on->sent_counted = false;
}

bool http_exchange_sent(struct http_exchange *exchange, struct http_sent *out)
{
    struct http_connection *on = exchange->on;
    struct asked asked = { .connection = NULL };
    (void)MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, on_asked, &asked);
    struct http_sent all = { .head_bytes = head_bytes(exchange, &asked) };
    if (body_is_sent(exchange)) all.body_bytes = exchange->reply_bytes;
    *out = (struct http_sent){ .head_bytes = 0 };
    /* An interim answer may have gone before this one. */
    if (asked.expects) on->sent_known = false;
    if (exchange->whole) {
        on->sent_bytes += all.head_bytes + all.body_bytes;
        exchange->sent_told = true;
        *out = all;
        return true;
    }
    uint64_t now_bytes = 0;
    if (!exchange->sent_watched || !on->sent_known) return false;
    if (!socket_handed_over(on->fd, &now_bytes)) return false;
    uint64_t bytes = instant_until(now_bytes, on->sent_bytes);
    out->head_bytes = u64_min(bytes, all.head_bytes);
    out->body_bytes = u64_min(bytes - out->head_bytes, all.body_bytes);
    return true;
}
