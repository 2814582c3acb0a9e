#include "runtime/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { LOG_LINE_BYTES_MAX = 8192 };

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_DEBUG: return "debug";
    case LOG_LEVEL_INFO: return "info";
    case LOG_LEVEL_WARN: return "warn";
    case LOG_LEVEL_ERROR: return "error";
    }
    return "?";
}

void log_init(struct log *log, int fd, enum log_level level)
{
    *log = (struct log){ .fd = fd, .level = level, .worker = LOG_NO_WORKER };
}

static void begin(struct log *log, struct log_line *line, enum log_level level, const char *event)
{
    uint64_t wall_ms = clock_wall_ms();
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    char date[32];
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    char stamp[48];
    snprintf(stamp, sizeof stamp, "%s.%03uZ", date, (unsigned)(wall_ms % 1000));

    buf_init(&line->text, LOG_LINE_BYTES_MAX);
    if (log->torn) buf_putc(&line->text, '\n');
    json_init(&line->json, &line->text);
    json_open(&line->json, '{');
    log_text(line, "ts", stamp);
    log_text(line, "level", level_name(level));
    log_text(line, "event", event);
    if (log->worker != LOG_NO_WORKER) log_u64(line, "worker", (uint64_t)log->worker);
    if (log->suppressed > 0) log_u64(line, "suppressed", log->suppressed);
    line->told = log->suppressed;
    log->suppressed = 0;
}

bool log_begin(struct log *log, struct log_line *line, enum log_level level, const char *event)
{
    if ((int)level < (int)log->level) return false;
    begin(log, line, level, event);
    return true;
}

bool log_begin_limited(struct log *log, struct log_line *line, enum log_level level,
                       const char *event)
{
    if ((int)level < (int)log->level) return false;
    uint64_t second = clock_wall_ms() / 1000;
    if (second != log->second) {
        log->second = second;
        log->in_second = 0;
    }
    if (log->in_second >= LOG_LIMITED_PER_SECOND) {
        log->suppressed++;
        return false;
    }
    log->in_second++;
    begin(log, line, level, event);
    return true;
}

/* At most PIPE_BUF bytes, which a pipe that is writable takes at once: whoever reads the log may
 * stand still, the loop may not. 0: not now. */
static size_t write_piece(int fd, const char *bytes, size_t length)
{
    struct pollfd room = { .fd = fd, .events = POLLOUT };
    if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0) return 0;
    ssize_t wrote;
    do {
        wrote = write(fd, bytes, length < PIPE_BUF ? length : PIPE_BUF);
    } while (wrote < 0 && errno == EINTR);
    return wrote > 0 ? (size_t)wrote : 0;
}

static bool write_line(struct log *log, const struct buf *text)
{
    size_t at = 0;
    while (at < text->length) {
        size_t wrote = write_piece(log->fd, text->data + at, text->length - at);
        if (wrote == 0) return false;
        at += wrote;
        log->torn = at < text->length;
    }
    return true;
}

void log_end(struct log *log, struct log_line *line)
{
    json_close(&line->json, '}');
    buf_putc(&line->text, '\n');
    /* A line that grew over its bound lost its end and would not be JSON: better none. */
    bool written = !line->text.overflow && write_line(log, &line->text);
    if (!written) log->suppressed += line->told + 1;
    buf_deinit(&line->text);
}

/* Bytes of a character that JSON lets through and that still moves a terminal or breaks a line for
 * some readers: DEL, the C1 controls, line and paragraph separators, changes of direction. 0: the
 * character is none of them. */
static size_t unseen_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] == 0x7f) return 1;
    if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f) return 2;
    if (s[0] == 0xd8 && s[1] == 0x9c) return 2;
    if (s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) return 3;
    if (s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f)) return 3;
    if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9) return 3;
    return 0;
}

void log_text(struct log_line *line, const char *key, const char *value)
{
    json_key(&line->json, key);
    const char *at = value;
    while (at != NULL && *at != '\0' && unseen_length(at) == 0) at++;
    if (at == NULL || *at == '\0') {
        json_string(&line->json, value);
        return;
    }
    struct buf seen;
    buf_init(&seen, LOG_LINE_BYTES_MAX);
    for (at = value; *at != '\0';) {
        size_t length = unseen_length(at);
        buf_putc(&seen, length > 0 ? '?' : *at);
        at += length > 0 ? length : 1;
    }
    json_string(&line->json, buf_text(&seen));
    buf_deinit(&seen);
}

void log_u64(struct log_line *line, const char *key, uint64_t value)
{
    json_key(&line->json, key);
    json_u64(&line->json, value);
}

void log_ms(struct log_line *line, const char *key, uint64_t ns)
{
    json_key(&line->json, key);
    json_ms(&line->json, ns);
}
