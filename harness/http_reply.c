#include "harness/http_reply.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { CHUNK_LINE_BYTES_MAX = 256 };

/* No body is anywhere near this; sums with it do not overflow. */
static const size_t length_max = SIZE_MAX / 4;

/* What the head's lines say of the body. */
struct framing {
    bool has_length;
    bool chunked;
    bool broken;
    size_t length;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Only digits, at least one. */
static bool parse_length(const char *text, size_t count, size_t *out)
{
    size_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(text[i]) || value > length_max / 10) return false;
        value = value * 10 + (size_t)(text[i] - '0');
    }
    *out = value;
    return count > 0;
}

static bool has_name(const char *line, size_t count, const char *name, const char **value,
                     size_t *value_count)
{
    size_t length = strlen(name);
    if (count <= length || line[length] != ':' || strncasecmp(line, name, length) != 0)
        return false;
    line += length + 1;
    count -= length + 1;
    while (count > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        count--;
    }
    while (count > 0 && (line[count - 1] == ' ' || line[count - 1] == '\t'))
        count--;
    *value = line;
    *value_count = count;
    return true;
}

static bool is_word(const char *value, size_t count, const char *word)
{
    return count == strlen(word) && strncasecmp(value, word, count) == 0;
}

static void read_field(struct http_reply *reply, struct framing *framing, const char *line,
                       size_t count)
{
    const char *value = NULL;
    size_t value_count = 0;
    if (has_name(line, count, "content-length", &value, &value_count)) {
        size_t before = framing->length;
        bool again = framing->has_length;
        bool good = parse_length(value, value_count, &framing->length);
        framing->broken = framing->broken || !good || (again && framing->length != before);
        framing->has_length = true;
    } else if (has_name(line, count, "transfer-encoding", &value, &value_count)) {
        framing->chunked = is_word(value, value_count, "chunked");
        framing->broken = framing->broken || !framing->chunked;
    } else if (has_name(line, count, "connection", &value, &value_count)) {
        reply->close = reply->close || is_word(value, value_count, "close");
    }
}

/* "HTTP/1.1 200 ..." */
static bool read_status_line(struct http_reply *reply, const char *line, size_t count)
{
    if (count < 12 || memcmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ') {
        return false;
    }
    if (!is_digit(line[9]) || line[9] == '0' || !is_digit(line[10]) || !is_digit(line[11])) {
        return false;
    }
    if (count > 12 && line[12] != ' ') return false;
    reply->close = line[7] == '0';
    reply->status = (unsigned)(line[9] - '0') * 100 + (unsigned)(line[10] - '0') * 10 +
                    (unsigned)(line[11] - '0');
    return true;
}

/* A complete head, its blank line included. */
static enum http_reply_state read_head(struct http_reply *reply, const char *head, size_t length)
{
    struct framing framing = { .length = 0 };
    const char *end = head + length - 2;
    const char *line = head;
    while (line < end) {
        const char *stop = memchr(line, '\r', (size_t)(end - line));
        size_t count = (size_t)((stop == NULL ? end : stop) - line);
        if (stop != NULL && stop[1] != '\n') return REPLY_BROKEN;
        if (line != head)
            read_field(reply, &framing, line, count);
        else if (!read_status_line(reply, line, count))
            return REPLY_BROKEN;
        line += count + 2;
    }
    if (framing.broken || (framing.chunked && framing.has_length)) return REPLY_BROKEN;
    if (reply->status == 204 || reply->status == 304) {
        framing = (struct framing){ .has_length = true };
    }
    reply->body_length = framing.length;
    if (framing.chunked)
        reply->body = REPLY_CHUNKED;
    else
        reply->body = framing.has_length ? REPLY_COUNTED : REPLY_UNTIL_CLOSE;
    reply->close = reply->close || reply->body == REPLY_UNTIL_CLOSE;
    return REPLY_MORE;
}

/* REPLY_COMPLETE: there is a head, and it was read. */
static enum http_reply_state find_head(struct http_reply *reply, const char *bytes, size_t length)
{
    while (reply->body == REPLY_HEAD) {
        const char *from = bytes + reply->scanned;
        const char *end = memmem(from, length - reply->scanned, "\r\n\r\n", 4);
        if (end == NULL) {
            size_t back = length - reply->head_at < 3 ? length - reply->head_at : 3;
            reply->scanned = length - back;
            if (length - reply->head_at > HTTP_REPLY_HEAD_BYTES_MAX) return REPLY_BROKEN;
            return REPLY_MORE;
        }
        size_t head_end = (size_t)(end - bytes) + 4;
        if (head_end - reply->head_at > HTTP_REPLY_HEAD_BYTES_MAX) return REPLY_BROKEN;
        enum http_reply_state state =
            read_head(reply, bytes + reply->head_at, head_end - reply->head_at);
        if (state == REPLY_BROKEN) return state;
        reply->scanned = head_end;
        reply->body_at = head_end;
        reply->chunk_at = head_end;
        if (reply->body == REPLY_CHUNKED || reply->body == REPLY_UNTIL_CLOSE) {
            reply->body_length = 0;
        }
        if (reply->status >= 200) return REPLY_COMPLETE;
        if (reply->status == 101) return REPLY_BROKEN;
        reply->head_at = head_end; /* 1xx: the answer is still to come */
        reply->body = REPLY_HEAD;
    }
    return REPLY_COMPLETE;
}

/* The size in the line at chunk_at; -1: more is needed, -2: broken. `line_end`: behind the line. */
static long long chunk_size(const struct http_reply *reply, const char *bytes, size_t length,
                            size_t *line_end)
{
    size_t at = reply->chunk_at;
    unsigned long long size = 0;
    size_t digits = 0;
    for (; at < length && digits <= 8; at++, digits++) {
        char c = bytes[at];
        unsigned value = is_digit(c)              ? (unsigned)(c - '0')
                         : (c >= 'a' && c <= 'f') ? (unsigned)(c - 'a') + 10
                         : (c >= 'A' && c <= 'F') ? (unsigned)(c - 'A') + 10
                                                  : 16;
        if (value == 16) break;
        size = size * 16 + value;
    }
    if (digits > 8) return -2;
    if (at == length) return -1;
    if (digits == 0) return -2;
    const char *end = memchr(bytes + at, '\n', length - at);
    size_t line = end == NULL ? length - reply->chunk_at : (size_t)(end - bytes) - reply->chunk_at;
    if (line > CHUNK_LINE_BYTES_MAX) return -2;
    if (end == NULL) return -1;
    if (end[-1] != '\r' || (bytes[at] != '\r' && bytes[at] != ';')) return -2;
    *line_end = (size_t)(end - bytes) + 1;
    return (long long)size;
}

/* Behind the last chunk: trailer lines, up to a blank one. */
static enum http_reply_state read_trailer(struct http_reply *reply, const char *bytes,
                                          size_t length, size_t at)
{
    const char *end;
    if (length - at >= 2 && memcmp(bytes + at, "\r\n", 2) == 0) {
        reply->used = at + 2;
        return REPLY_COMPLETE;
    }
    end = memmem(bytes + at, length - at, "\r\n\r\n", 4);
    if (end == NULL) {
        return length - at > HTTP_REPLY_HEAD_BYTES_MAX ? REPLY_BROKEN : REPLY_MORE;
    }
    reply->used = (size_t)(end - bytes) + 4;
    return reply->used - at > HTTP_REPLY_HEAD_BYTES_MAX ? REPLY_BROKEN : REPLY_COMPLETE;
}

static enum http_reply_state read_chunks(struct http_reply *reply, char *bytes, size_t length)
{
    for (;;) { /* ends: chunk_at moves on, or the function returns */
        size_t data_at = 0;
        long long size = chunk_size(reply, bytes, length, &data_at);
        if (size == -2) return REPLY_BROKEN;
        if (size == -1) return REPLY_MORE;
        if (size == 0) return read_trailer(reply, bytes, length, data_at);
        size_t count = (size_t)size;
        if (length - data_at < count + 2) return REPLY_MORE;
        if (memcmp(bytes + data_at + count, "\r\n", 2) != 0) return REPLY_BROKEN;
        memmove(bytes + reply->body_at + reply->body_length, bytes + data_at, count);
        reply->body_length += count;
        reply->chunk_at = data_at + count + 2;
    }
}

enum http_reply_state http_reply_read(struct http_reply *reply, char *bytes, size_t length)
{
    enum http_reply_state state = find_head(reply, bytes, length);
    if (state != REPLY_COMPLETE) return state;
    switch (reply->body) {
    case REPLY_HEAD: break;
    case REPLY_COUNTED:
        if (length - reply->body_at < reply->body_length) return REPLY_MORE;
        reply->used = reply->body_at + reply->body_length;
        return REPLY_COMPLETE;
    case REPLY_CHUNKED: return read_chunks(reply, bytes, length);
    case REPLY_UNTIL_CLOSE: reply->body_length = length - reply->body_at; return REPLY_MORE;
    }
    assert(false && "the head was read");
    return REPLY_BROKEN;
}

enum http_reply_state http_reply_end(struct http_reply *reply, size_t length)
{
    if (reply->body != REPLY_UNTIL_CLOSE) return REPLY_BROKEN;
    reply->body_length = length - reply->body_at;
    reply->used = length;
    return REPLY_COMPLETE;
}
