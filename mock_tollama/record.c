#include "mock/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/rng.h"

enum { HASH_TEXT_MAX = 24 };

enum err record_open(struct record *record, const char *path, struct err_note *note)
{
    *record = (struct record){ .fd = -1, .zero = clock_now(), .zero_wall_ms = clock_wall_ms() };
    buf_init(&record->line, BUF_UNBOUNDED);
    if (path == NULL) return ERR_OK;
    /* A pipe that nobody reads must not make the mock wait. */
    record->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
    if (record->fd >= 0) return ERR_OK;
    return err_note_set(note, ERR_IO, path, 0, 0, "cannot write the record: %s; %s",
                        strerror(errno),
                        errno == ENXIO ? "start what reads this pipe first"
                                       : "name a file in a folder that exists");
}

static void put_moment(struct json *json, const char *key, const struct record *record,
                       instant_ns when)
{
    json_key(json, key);
    if (when == INSTANT_NEVER)
        json_null(json);
    else
        json_u64(json, instant_until(when, record->zero));
}

/* The body's own word for it, whatever else is in there. */
static void put_model(struct json *json, const struct record_call *call)
{
    struct arena arena = { .head = NULL };
    cJSON *document = NULL;
    size_t at = 0;
    const cJSON *model = NULL;
    if (json_read(call->request, call->request_bytes, &arena, &document, &at) == NULL) {
        model = cJSON_GetObjectItemCaseSensitive(document, "model");
    }
    json_string(json, cJSON_IsString(model) ? model->valuestring : NULL);
    arena_deinit(&arena);
}

static void write_line(struct record *record, const struct record_call *call)
{
    struct json json;
    char hash[HASH_TEXT_MAX];
    snprintf(hash, sizeof hash, "%016llx",
             (unsigned long long)hash_bytes(call->request, call->request_bytes));
    json_init(&json, &record->line);
    json_open(&json, '{');
    json_member_u64(&json, "version", 1);
    json_member_u64(&json, "seq", record->seq);
    json_member_u64(&json, "wall_ms", record->zero_wall_ms);
    put_moment(&json, "start_ns", record, call->start);
    put_moment(&json, "first_byte_ns", record, call->first_byte);
    put_moment(&json, "end_ns", record, call->end);
    json_member_string(&json, "method", call->method);
    json_member_string(&json, "path", call->path);
    json_key(&json, "model");
    put_model(&json, call);
    json_member_string(&json, "request_hash", hash);
    json_member_u64(&json, "request_bytes", call->request_bytes);
    json_member_u64(&json, "response_bytes", call->response_bytes);
    json_key(&json, "status");
    if (call->status != 0)
        json_u64(&json, call->status);
    else
        json_null(&json);
    json_member_string(&json, "end", call->ended);
    if (record->bodies) {
        json_key(&json, "request");
        json_string_length(&json, call->request, call->request_bytes);
        json_key(&json, "response");
        if (call->response != NULL)
            json_string_length(&json, call->response, call->response_kept);
        else
            json_null(&json);
    }
    json_close(&json, '}');
    buf_putc(&record->line, '\n');
}

/* Writes what waits. False: the reader is slow, and the rest of a line begun still waits. */
static bool record_flush(struct record *record)
{
    size_t done = 0;
    struct buf *line = &record->line;
    while (done < line->length) {
        ssize_t n = write(record->fd, line->data + done, line->length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN && done + record->torn > 0) {
            record->torn = true;
            memmove(line->data, line->data + done, line->length - done);
            line->length -= done;
            return false;
        }
        if (n <= 0) {
            if (record->lines_lost++ == 0) {
                fprintf(stderr, "mock-tollama: lines of the record are being lost: %s\n",
                        strerror(errno));
            }
            break;
        }
        done += (size_t)n;
    }
    record->torn = false;
    buf_clear(line);
    return true;
}

void record_add(struct record *record, const struct record_call *call)
{
    if (record->fd < 0) return;
    if (!record_flush(record)) {
        record->lines_lost++;
        record->seq++;
        return;
    }
    write_line(record, call);
    record->seq++;
    (void)record_flush(record);
}

void record_close(struct record *record)
{
    if (record->fd >= 0) close(record->fd);
    record->fd = -1;
    buf_deinit(&record->line);
}
