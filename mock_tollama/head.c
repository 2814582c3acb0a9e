#include "mock/head.h"

#include <stdio.h>
#include <time.h>

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

const char *head_date(uint64_t wall_ms, char out[HEAD_DATE_MAX])
{
    /* Not strftime(): its names follow the locale. */
    static const char *const DAYS[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const MONTHS[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm at;
    gmtime_r(&seconds, &at);
    snprintf(out, HEAD_DATE_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT", DAYS[at.tm_wday % 7],
             at.tm_mday % 100, MONTHS[at.tm_mon % 12], (at.tm_year + 1900) % 10000,
             at.tm_hour % 100, at.tm_min % 100, at.tm_sec % 100);
    return out;
}

const char *head_retry_after(const struct reply_plan *plan, uint64_t wall_ms,
                             char out[HEAD_DATE_MAX])
{
    /* Rounded up: whole seconds must not be over before what was asked for is. */
    uint64_t at_ms = wall_ms + (uint64_t)plan->retry_after_s * 1000 + 999;
    if (plan->retry_after_is_date) return head_date(at_ms, out);
    snprintf(out, HEAD_DATE_MAX, "%u", plan->retry_after_s);
    return out;
}

static void write_length(struct buf *out, enum plan_malform malform, uint64_t length)
{
    unsigned long long right = length;
    if (malform == MALFORM_LENGTH_NOT_NUMBER) {
        buf_puts(out, "Content-Length: twelve\r\n");
        return;
    }
    if (malform == MALFORM_LENGTH_SHORT) right /= 2;
    if (malform == MALFORM_LENGTH_LONG) right = right * 2 + 1;
    buf_printf(out, "Content-Length: %llu\r\n", right);
    if (malform != MALFORM_LENGTH_DOUBLE) return;
    buf_printf(out, "Content-Length: %llu\r\n", right + 1);
}

static void write_framing(struct buf *out, const struct head *head)
{
    enum plan_malform malform = head->plan->malform;
    switch (head->plan->framing) {
    case FRAMING_LENGTH: write_length(out, malform, head->content_length); break;
    case FRAMING_CHUNKED:
        buf_puts(out, "Transfer-Encoding: chunked\r\n");
        if (malform == MALFORM_LENGTH_AND_CHUNKED) {
            write_length(out, malform, head->content_length);
        }
        break;
    case FRAMING_UNTIL_CLOSE: buf_puts(out, "Connection: close\r\n"); break;
    }
}

static void write_extra(struct buf *out, const struct plan_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s: %s\r\n", headers[i].name, headers[i].value);
    }
}

void head_write(struct spool *spool, const struct head *head, uint64_t wall_ms)
{
    const struct reply_plan *plan = head->plan;
    struct buf *out = &spool->text;
    char date[HEAD_DATE_MAX];
    if (plan->malform == MALFORM_STATUS_LINE)
        buf_puts(out, "HTTP/1.1 abc OK\r\n");
    else
        buf_printf(out, "HTTP/1.1 %u %s\r\n", head->status, head_reason(head->status));
    buf_printf(out, "Date: %s\r\n", head_date(wall_ms, date));
    if (plan->malform == MALFORM_HEAD_LINE) buf_puts(out, "this is no header\r\n");
    if (head_has_body(head->status)) {
        if (head->content_type != NULL) {
            buf_printf(out, "Content-Type: %s\r\n", head->content_type);
        }
        write_framing(out, head);
    }
    if (head->request_id != NULL) buf_printf(out, "X-Request-ID: %s\r\n", head->request_id);
    if (plan->has_retry_after) {
        buf_printf(out, "Retry-After: %s\r\n", head_retry_after(plan, wall_ms, date));
    }
    write_extra(out, head->extra, head->extra_count);
    write_extra(out, plan->headers, plan->header_count);
    if (plan->head_pad_bytes > 0) {
        buf_puts(out, "X-Pad: ");
        spool_repeat(spool, spool_fill('x'), SPOOL_FILL_BYTES, plan->head_pad_bytes);
        buf_puts(out, "\r\n");
    }
    buf_puts(out, "\r\n");
    spool_cut_text(spool);
}
