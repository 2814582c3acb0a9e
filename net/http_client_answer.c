#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/http_client_private.h"

void http_call_refuse(struct http_call *call, enum http_end end, const char *why)
{
    if (call->refused) return;
    call->refused = true;
    call->refused_end = end;
    snprintf(call->refusal, sizeof call->refusal, "%s", why);
}

struct span {
    const char *at;
    size_t length;
};

/* The value of the header line when its name is `name`, without the blanks around it. */
static bool span_header(struct span line, const char *name, struct span *out)
{
    size_t name_length = strlen(name);
    if (line.length <= name_length || line.at[name_length] != ':') return false;
    if (strncasecmp(line.at, name, name_length) != 0) return false;
    const char *begin = line.at + name_length + 1;
    const char *end = line.at + line.length;
    while (begin < end && (*begin == ' ' || *begin == '\t'))
        begin++;
    while (end > begin && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    *out = (struct span){ .at = begin, .length = (size_t)(end - begin) };
    return true;
}

static void span_copy(struct span value, char *out, size_t out_bytes)
{
    if (out[0] != '\0') return; /* the first one counts */
    size_t length = value.length < out_bytes - 1 ? value.length : out_bytes - 1;
    memcpy(out, value.at, length);
    out[length] = '\0';
}

/* Digits only: what libcurl takes from "5, 5" or "5x" is not what the peer means. */
static bool span_parse_u64(struct span value, uint64_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') return false;
        uint64_t digit = (uint64_t)(value.at[i] - '0');
        if (number > (UINT64_MAX - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *out = number;
    return value.length > 0;
}

/* "HTTP/1.1 200 OK": 200, 0 when there is no such number. */
static unsigned head_parse_status(struct span line)
{
    const char *space = memchr(line.at, ' ', line.length);
    if (space == NULL) return 0;
    unsigned status = 0;
    for (const char *at = space + 1; at < line.at + line.length && at < space + 4; at++) {
        if (*at < '0' || *at > '9') return 0;
        status = status * 10 + (unsigned)(*at - '0');
    }
    return status;
}

static void head_begin(struct http_call *call, struct span line)
{
    call->head = (struct http_head){ .open = true, .status = head_parse_status(line) };
    buf_clear(&call->head_lines);
    unsigned status = call->head.status;
    if (status >= 200) return;
    call->interim++;
    if (status < 100) {
        http_call_refuse(call, HTTP_END_PROTOCOL_ERROR, "the status line holds no status");
    } else if (status == 101) {
        http_call_refuse(call, HTTP_END_PROTOCOL_ERROR,
                         "101 Switching Protocols was not asked for");
    } else if (call->interim > HTTP_1XX_MAX) {
        http_call_refuse(call, HTTP_END_PROTOCOL_ERROR, "too many interim (1xx) answers");
    }
}

static void head_on_line(struct http_call *call, struct span line)
{
    struct http_head *head = &call->head;
    struct span value;
    if (call->config.keep_head) buf_put(&call->head_lines, line.at, line.length);
    if (span_header(line, "Content-Length", &value)) {
        if (head->has_length) {
            http_call_refuse(call, HTTP_END_PROTOCOL_ERROR, "two Content-Length lines");
        } else if (!span_parse_u64(value, &head->length)) {
            http_call_refuse(call, HTTP_END_PROTOCOL_ERROR, "Content-Length is not a number");
        }
        head->has_length = true;
    } else if (span_header(line, "Transfer-Encoding", &value)) {
        head->has_transfer_encoding = true;
    } else if (span_header(line, "Content-Encoding", &value)) {
        head->has_coding = value.length > 0 && (value.length != strlen("identity") ||
                                                strncasecmp(value.at, "identity", value.length));
    } else if (span_header(line, "Retry-After", &value)) {
        span_copy(value, head->retry_after, sizeof head->retry_after);
    } else if (span_header(line, "X-Request-ID", &value)) {
        span_copy(value, head->request_id, sizeof head->request_id);
    } else if (span_header(line, "Content-Type", &value)) {
        span_copy(value, head->content_type, sizeof head->content_type);
    }
}

/* Whether the connection may go to the pool must be said before the transfer ends. */
static void head_decide_reuse(struct http_call *call)
{
    struct http_client *client = call->client;
    const char *got = call->head.request_id;
    const char *sent = call->sent_request_id;
    /* The answer to another request: the next one would get ours. */
    bool desync = got[0] != '\0' && sent[0] != '\0' && strcmp(got, sent) != 0;
    bool full = client->idle + client->returning >= client->config.keepalive_max;
    if (desync || full || client->config.keepalive_expiry_ns == 0) {
        curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 1L);
        return;
    }
    client->returning++;
    call->returning = true;
}

static void head_end(struct http_call *call)
{
    struct http_head *head = &call->head;
    head->open = false;
    if (head->status < 200) return;
    head->complete = true;
    if (head->has_length && head->has_transfer_encoding) {
        http_call_refuse(call, HTTP_END_PROTOCOL_ERROR,
                         "both Content-Length and Transfer-Encoding");
    } else if (head->has_coding) {
        http_call_refuse(call, HTTP_END_DECODING_ERROR,
                         "a Content-Encoding that was not asked for");
    } else if (call->config.on_head == NULL && head->has_length &&
               head->length > call->config.response_bytes_max) {
        http_call_refuse(call, HTTP_END_TOO_LARGE, "Content-Length is above the limit");
    }
    head_decide_reuse(call);
}

static size_t answer_on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct http_call *call = context;
    struct span line = { .at = bytes, .length = size * count };
    call->head_bytes += line.length;
    if (call->head_bytes > HTTP_HEAD_BYTES_MAX) {
        http_call_refuse(call, HTTP_END_PROTOCOL_ERROR, "too many header bytes");
    } else if (call->head.complete) {
        return line.length; /* trailers: nobody asks for them */
    } else if (!call->head.open) {
        head_begin(call, line);
    } else if (line.at[0] == '\r' || line.at[0] == '\n') {
        head_end(call);
    } else {
        head_on_line(call, line);
    }
    return call->refused ? 0 : line.length;
}

static size_t answer_on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_call *call = context;
    if (call->config.on_head != NULL) return http_call_stream_put(call, bytes, size * count);
    buf_put(&call->body, bytes, size * count);
    if (!call->body.overflow) return size * count;
    http_call_refuse(call, HTTP_END_TOO_LARGE, "the answer is above the limit");
    return 0;
}

void http_call_answer_init(struct http_call *call)
{
    curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, answer_on_header);
    curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, answer_on_body);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
}

void http_call_result(const struct http_call *call, struct http_result *out)
{
    const struct http_head *head = &call->head;
    *out = (struct http_result){
        .status = head->complete ? head->status : 0,
        .body = buf_text(&call->body) + call->stream.taken,
        .body_length = call->body.length - call->stream.taken,
        .retry_after = head->retry_after[0] != '\0' ? head->retry_after : NULL,
        .content_type = head->content_type[0] != '\0' ? head->content_type : NULL,
        .request_id = head->request_id[0] != '\0' ? head->request_id : NULL,
        .announced = head->has_length ? head->length : HTTP_LENGTH_UNKNOWN,
        .head_lines = call->config.keep_head ? buf_text(&call->head_lines) : NULL,
        .reused = call->reused,
        .refused = call->refused,
        .detail = "",
    };
}

/* All of the body left; a peer that resets the connection before that broke our writing. */
static bool answer_body_was_sent(const struct http_call *call)
{
    curl_off_t uploaded = 0;
    curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    return (uint64_t)uploaded >= call->config.body_length;
}

enum http_end http_call_classify(const struct http_call *call, int os_errno)
{
    if (call->refused) return call->refused_end;
    if (call->code == CURLE_OK) {
        /* A FIN inside the head without Content-Length is a success to libcurl. */
        return call->head.complete ? HTTP_END_COMPLETE : HTTP_END_PROTOCOL_ERROR;
    }
    if (!call->connected) return HTTP_END_CONNECT_ERROR;
    if (call->code == CURLE_SEND_ERROR || call->code == CURLE_SEND_FAIL_REWIND) {
        return HTTP_END_WRITE_ERROR;
    }
    if (call->code == CURLE_RECV_ERROR) {
        if (os_errno == 0) return HTTP_END_PROTOCOL_ERROR;
        if (call->head.status == 0 && !answer_body_was_sent(call)) return HTTP_END_WRITE_ERROR;
        return HTTP_END_READ_ERROR;
    }
    if (call->code == CURLE_BAD_CONTENT_ENCODING) return HTTP_END_DECODING_ERROR;
    return HTTP_END_PROTOCOL_ERROR;
}

const char *http_end_name(enum http_end end)
{
    switch (end) {
    case HTTP_END_COMPLETE: return "COMPLETE";
    case HTTP_END_CONNECT_ERROR: return "CONNECT_ERROR";
    case HTTP_END_WRITE_ERROR: return "WRITE_ERROR";
    case HTTP_END_READ_ERROR: return "READ_ERROR";
    case HTTP_END_PROTOCOL_ERROR: return "PROTOCOL_ERROR";
    case HTTP_END_DECODING_ERROR: return "DECODING_ERROR";
    case HTTP_END_TOO_LARGE: return "TOO_LARGE";
    }
    assert(false && "not an end");
    return "";
}

bool http_parse_retry_after(const char *value, uint64_t wall_ms_now, uint64_t *out_ns)
{
    struct span text = { .at = value + strspn(value, " \t") };
    text.length = strlen(text.at);
    while (text.length > 0 && strchr(" \t\r\n", text.at[text.length - 1]) != NULL)
        text.length--;
    if (text.length == 0) return false;

    if (strspn(text.at, "0123456789") >= text.length) {
        uint64_t seconds;
        bool fits = span_parse_u64(text, &seconds) && seconds <= UINT64_MAX / NS_PER_S;
        *out_ns = fits ? seconds * NS_PER_S : UINT64_MAX;
        return true;
    }
    /* curl_getdate takes much that is no HTTP-date: all its forms begin with a weekday and hold a
     * time of day. */
    if (strchr("MTWFS", text.at[0]) == NULL || strchr(text.at, ':') == NULL) return false;
    time_t date = curl_getdate(text.at, NULL);
    if (date < 0) return false;
    uint64_t until_ms = instant_until((uint64_t)date * 1000, wall_ms_now);
    *out_ns = until_ms <= UINT64_MAX / NS_PER_MS ? until_ms * NS_PER_MS : UINT64_MAX;
    return true;
}
