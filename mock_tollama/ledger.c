#include "mock/ledger.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"

static const char *const END_NAMES[] = {
#define LEDGER_NAME(name, text) [name] = text,
    LEDGER_END_LIST(LEDGER_NAME)
#undef LEDGER_NAME
};

static const char *const CONNECT_NAMES[] = {
    [CONNECT_REFUSE] = "refuse", [CONNECT_SYN_DROP] = "syn_drop", [CONNECT_RESET] = "reset",
    [CONNECT_CLOSE] = "close",   [CONNECT_STALL] = "stall",
};

const char *ledger_end_name(enum ledger_end end)
{
    assert((unsigned)end < LEDGER_END_COUNT);
    return END_NAMES[end];
}

enum err ledger_open(struct ledger *ledger, const char *path, struct err_note *note)
{
    *ledger = (struct ledger){ .fd = -1 };
    buf_init(&ledger->lines, BUF_UNBOUNDED);
    if (path == NULL) return ERR_OK;
    /* A pipe that nobody reads must not make the mock wait. */
    ledger->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
    if (ledger->fd >= 0) return ERR_OK;
    return err_note_set(note, ERR_IO, path, 0, 0, "cannot write the ledger: %s; %s",
                        strerror(errno),
                        errno == ENXIO ? "start what reads this pipe first"
                                       : "name a file in a folder that exists");
}

bool ledger_writes(const struct ledger *ledger)
{
    return ledger->fd >= 0 || ledger->ring.bytes != NULL;
}

void ledger_add(struct ledger *ledger, const struct ledger_entry *entry)
{
    ledger->ends[entry->end]++;
    if (entry->plan->fired != 0) ledger->faulted++;
    if (ledger_writes(ledger)) {
        size_t before = ledger->lines.length;
        ledger_line_write(&ledger->lines, entry, ledger->seq);
        const char *line = ledger->lines.data + before;
        ledger_ring_add(&ledger->ring, line, ledger->lines.length - before);
        if (ledger->fd < 0)
            buf_clear(&ledger->lines);
        else if (ledger->lines.length >= LEDGER_FLUSH_BYTES)
            ledger_flush(ledger);
        else if (ledger->on_line != NULL)
            ledger->on_line(ledger->context);
    }
    ledger->seq++;
}

void ledger_count_connect(struct ledger *ledger, enum plan_connect how)
{
    ledger->connects[how]++;
}

static uint64_t count_lines(const char *text, size_t length)
{
    uint64_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += text[i] == '\n';
    return count;
}

void ledger_keep_lines(struct ledger *ledger)
{
    if (ledger->ring.bytes == NULL) ledger_ring_init(&ledger->ring, LEDGER_RING_BYTES);
}

void ledger_reset(struct ledger *ledger)
{
    ledger->seq_zero = ledger->seq;
    for (unsigned i = 0; i < LEDGER_END_COUNT; i++) ledger->ends[i] = 0;
    ledger->faulted = 0;
    ledger->lines_lost = 0;
    for (unsigned i = 0; i <= CONNECT_STALL; i++) ledger->connects[i] = 0;
    ledger_ring_clear(&ledger->ring);
}

static void lose_lines(struct ledger *ledger, const char *text, size_t length)
{
    if (ledger->lines_lost == 0) {
        fprintf(stderr, "mock-tollama: ledger lines are being lost: %s\n", strerror(errno));
    }
    ledger->lines_lost += count_lines(text, length);
}

/* What was not written from `done` on waits for the next time, but no more than may wait: then only
 * the line that was begun is kept, so that no line is ever torn. */
static void hold_lines(struct ledger *ledger, size_t done)
{
    struct buf *lines = &ledger->lines;
    const char *rest = lines->data + done;
    size_t length = lines->length - done;
    if (length > LEDGER_HELD_BYTES) {
        const char *end = memchr(rest, '\n', length);
        bool begun = ledger->torn || (done > 0 && rest[-1] != '\n');
        size_t kept = begun && end != NULL ? (size_t)(end - rest) + 1 : 0;
        lose_lines(ledger, rest + kept, length - kept);
        length = kept;
    }
    if (done > 0) ledger->torn = rest[-1] != '\n';
    memmove(lines->data, rest, length);
    lines->length = length;
}

void ledger_flush(struct ledger *ledger)
{
    size_t done = 0;
    while (done < ledger->lines.length) {
        ssize_t n = write(ledger->fd, ledger->lines.data + done, ledger->lines.length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            hold_lines(ledger, done);
            return;
        }
        if (n <= 0) {
            lose_lines(ledger, ledger->lines.data + done, ledger->lines.length - done);
            break;
        }
        done += (size_t)n;
    }
    ledger->torn = false;
    buf_clear(&ledger->lines);
}

static void add_end_mark(struct ledger *ledger)
{
    buf_puts(&ledger->lines, "{\"end\":true,\"lines\":");
    buf_put_u64(&ledger->lines, ledger->seq);
    buf_puts(&ledger->lines, "}\n");
}

void ledger_close(struct ledger *ledger)
{
    if (ledger->fd >= 0) {
        if (ledger->marked) add_end_mark(ledger);
        ledger_flush(ledger);
        if (ledger->lines.length > 0) {
            lose_lines(ledger, ledger->lines.data, ledger->lines.length);
        }
        close(ledger->fd);
        ledger->fd = -1;
    }
    buf_deinit(&ledger->lines);
    ledger_ring_deinit(&ledger->ring);
}

void ledger_write_stats(struct buf *out, const struct ledger *ledger, int64_t start_ns,
                        unsigned open)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "start_ns");
    json_i64(&json, start_ns);
    json_key(&json, "attempts");
    json_u64(&json, ledger->seq - ledger->seq_zero);
    json_key(&json, "open");
    json_u64(&json, open);
    json_key(&json, "faulted");
    json_u64(&json, ledger->faulted);
    json_key(&json, "ends");
    json_open(&json, '{');
    for (unsigned i = 0; i < LEDGER_END_COUNT; i++) {
        json_key(&json, END_NAMES[i]);
        json_u64(&json, ledger->ends[i]);
    }
    json_close(&json, '}');
    json_key(&json, "connects");
    json_open(&json, '{');
    for (unsigned i = CONNECT_REFUSE; i <= CONNECT_STALL; i++) {
        json_key(&json, CONNECT_NAMES[i]);
        json_u64(&json, ledger->connects[i]);
    }
    json_close(&json, '}');
    json_key(&json, "lines_lost");
    json_u64(&json, ledger->lines_lost);
    json_close(&json, '}');
}
