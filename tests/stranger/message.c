#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "stranger.h"

enum { MESSAGE_BYTES_MAX = 4 * 1024 * 1024, READ_BYTES = 16 * 1024 };

const char *message_field(const struct message *message, const char *name, char *out,
                          size_t out_bytes)
{
    size_t length = strlen(name);
    out[0] = '\0';
    for (const char *line = strstr(message->text, "\r\n"); line != NULL;
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) != 0 || line[2 + length] != ':') continue;
        const char *value = line + 3 + length;
        value += strspn(value, " ");
        snprintf(out, out_bytes, "%.*s", (int)strcspn(value, "\r"), value);
        break;
    }
    return out;
}

unsigned message_status(const struct message *message)
{
    if (strncmp(message->text, "HTTP/1.1 ", 9) != 0) return 0;
    return (unsigned)strtoul(message->text + 9, NULL, 10);
}

/* Once the head is there: where the body begins and how long it is. */
static bool find_body(struct message *out, const struct buf *in, size_t *wanted)
{
    char value[24];
    const char *end = in->length == 0 ? NULL : strstr(buf_text(in), "\r\n\r\n");
    if (end == NULL) return false;
    out->text = in->data;
    out->body_length =
        (size_t)strtoul(message_field(out, "Content-Length", value, sizeof value), NULL, 10);
    *wanted = (size_t)(end - in->data) + 4 + out->body_length;
    out->text = NULL;
    return true;
}

bool message_read(int fd, struct message *out)
{
    struct buf in;
    size_t wanted = 0;
    buf_init(&in, MESSAGE_BYTES_MAX);
    *out = (struct message){ .text = NULL };
    while (wanted == 0 || in.length < wanted) {
        char piece[READ_BYTES];
        ssize_t got = recv(fd, piece, sizeof piece, 0);
        if (got > 0) buf_put(&in, piece, (size_t)got);
        if (got <= 0 || in.overflow) {
            buf_deinit(&in);
            return false;
        }
        if (wanted == 0 && !find_body(out, &in, &wanted)) continue;
    }
    out->text = buf_take(&in);
    out->body = out->text + wanted - out->body_length;
    out->text[wanted - out->body_length - 2] = '\0'; /* the head ends with its last line */
    return true;
}

void message_free(struct message *message)
{
    mem_free(message->text);
    message->text = NULL;
}

bool send_all(int fd, const char *bytes, size_t length)
{
    size_t sent = 0;
    while (sent < length) {
        ssize_t n = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (n <= 0) return false;
        sent += (size_t)n;
    }
    return true;
}
