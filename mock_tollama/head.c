#include "mock/head.h"

static const struct {
    unsigned status;
    const char *reason;
} REASONS[] = {
    { 100, "Continue" },
    { 102, "Processing" },
    { 103, "Early Hints" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 413, "Content Too Large" },
    { 422, "Unprocessable Content" },
    { 425, "Too Early" },
    { 429, "Too Many Requests" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 507, "Insufficient Storage" },
};

const char *head_reason(unsigned status)
{
    for (size_t i = 0; i < sizeof(REASONS) / sizeof(REASONS[0]); i++) {
        if (REASONS[i].status == status) return REASONS[i].reason;
    }
    return "Status";
}

bool head_has_body(unsigned status)
{
    return status >= 200 && status != 204 && status != 304;
}

void head_write(struct buf *out, const struct head *head)
{
    buf_printf(out, "HTTP/1.1 %u %s\r\n", head->status, head_reason(head->status));
    if (head_has_body(head->status)) {
        if (head->content_type != NULL) {
            buf_printf(out, "Content-Type: %s\r\n", head->content_type);
        }
        buf_printf(out, "Content-Length: %zu\r\n", head->content_length);
    }
    if (head->request_id != NULL) buf_printf(out, "X-Request-ID: %s\r\n", head->request_id);
    if (head->has_retry_after) buf_printf(out, "Retry-After: %u\r\n", head->retry_after_s);
    if (head->closes) buf_puts(out, "Connection: close\r\n");
    buf_puts(out, "\r\n");
}
