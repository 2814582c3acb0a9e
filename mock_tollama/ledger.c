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
    ledger->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (ledger->fd >= 0) return ERR_OK;
    return err_note_set(note, ERR_IO, path, 0, 0,
                        "cannot write the ledger: %s; name a file in a folder that exists",
                        strerror(errno));
}

static void write_line(struct buf *out, const struct ledger_entry *entry, uint64_t seq)
{
    struct buf rules;
    struct json json;
    buf_init(&rules, BUF_UNBOUNDED);
    plan_rules_write(&rules, entry->plan);
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "seq");
    json_u64(&json, seq);
    json_key(&json, "id");
    json_string(&json, entry->id);
    json_key(&json, "attempt");
    json_u64(&json, entry->attempt);
    json_key(&json, "at_ns");
    json_i64(&json, entry->at_ns);
    json_key(&json, "path");
    json_string(&json, entry->path);
    json_key(&json, "phase");
    json_string(&json, entry->plan->phase != NULL ? entry->plan->phase->name : NULL);
    json_key(&json, "fired");
    json_u64(&json, entry->plan->fired);
    json_key(&json, "wait_ns");
    json_u64(&json, entry->plan->wait_ns);
    json_key(&json, "rules");
    json_string(&json, buf_text(&rules));
    json_key(&json, "status");
    json_u64(&json, entry->status);
    json_key(&json, "answer");
    json_string(&json, answer_fault_name(entry->answer));
    json_key(&json, "asked_ns");
    json_u64(&json, entry->asked_ns);
    json_key(&json, "late_ns");
    json_u64(&json, entry->late_ns);
    json_key(&json, "body_bytes");
    json_u64(&json, entry->body_bytes);
    json_key(&json, "end");
    json_string(&json, ledger_end_name(entry->end));
    json_close(&json, '}');
    buf_putc(out, '\n');
    buf_deinit(&rules);
}

void ledger_add(struct ledger *ledger, const struct ledger_entry *entry)
{
    ledger->ends[entry->end]++;
    if (entry->plan->fired != 0) ledger->faulted++;
    if (ledger->fd >= 0) {
        write_line(&ledger->lines, entry, ledger->seq);
        if (ledger->lines.length >= LEDGER_FLUSH_BYTES)
            ledger_flush(ledger);
        else if (ledger->on_line != NULL)
            ledger->on_line(ledger->context);
    }
    ledger->seq++;
}

static uint64_t count_lines(const char *text, size_t length)
{
    uint64_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += text[i] == '\n';
    return count;
}

void ledger_flush(struct ledger *ledger)
{
    size_t done = 0;
    while (done < ledger->lines.length) {
        ssize_t n = write(ledger->fd, ledger->lines.data + done, ledger->lines.length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (ledger->lines_lost == 0) {
                fprintf(stderr, "mock-tollama: ledger lines are being lost: %s\n", strerror(errno));
            }
            ledger->lines_lost +=
                count_lines(ledger->lines.data + done, ledger->lines.length - done);
            break;
        }
        done += (size_t)n;
    }
    buf_clear(&ledger->lines);
}

void ledger_close(struct ledger *ledger)
{
    if (ledger->fd >= 0) {
        ledger_flush(ledger);
        close(ledger->fd);
        ledger->fd = -1;
    }
    buf_deinit(&ledger->lines);
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
    json_u64(&json, ledger->seq);
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
    json_key(&json, "lines_lost");
    json_u64(&json, ledger->lines_lost);
    json_close(&json, '}');
}
