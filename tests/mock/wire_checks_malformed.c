/* What is wrong with how an answer is framed, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "wire_checks.h"

enum { TEXT_MAX = 96 };

/* What stands in the head, and around the body. */
struct frame {
    char head[TEXT_MAX];
    char before[TEXT_MAX];
    char after[TEXT_MAX];
};

static void expect_frame(struct wire_rig *rig, const struct wire_check *check, bool reused,
                         const struct frame *frame)
{
    struct wire_peer peer;
    wire_ask(rig, &peer, reused);
    size_t head = wire_read_head(&peer);
    size_t before = strlen(frame->before);
    size_t after = strlen(frame->after);
    size_t all = head + before + rig->body.length + after;
    assert_non_null(strstr(peer.bytes.data, frame->head));
    wire_read(&peer, check->end == END_WHOLE ? all : SIZE_MAX, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, all);
    wire_expect_bytes(peer.bytes.data + head, frame->before, before);
    wire_expect_bytes(peer.bytes.data + head + before, rig->body.data, rig->body.length);
    wire_expect_bytes(peer.bytes.data + all - after, frame->after, after);
    if (check->end == END_WHOLE)
        wire_expect_usable(&peer);
    else
        wire_expect_end(&peer, check->end);
    wire_close(&peer);
}

/* The head has this text alone. */
static void plain_text(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct frame frame = { .head = "" };
    snprintf(frame.head, sizeof frame.head, "%s", check->text);
    expect_frame(rig, check, reused, &frame);
}

static void length_short(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct frame frame = { .head = "" };
    snprintf(frame.head, sizeof frame.head, "\r\nContent-Length: %zu\r\n", rig->body.length / 2);
    expect_frame(rig, check, reused, &frame);
}

static void length_long(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct frame frame = { .head = "" };
    snprintf(frame.head, sizeof frame.head, "\r\nContent-Length: %zu\r\n",
             rig->body.length * 2 + 1);
    expect_frame(rig, check, reused, &frame);
}

static void length_double(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct frame frame = { .head = "" };
    snprintf(frame.head, sizeof frame.head, "\r\nContent-Length: %zu\r\nContent-Length: %zu\r\n",
             rig->body.length, rig->body.length + 1);
    expect_frame(rig, check, reused, &frame);
}

static void length_and_chunked(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct frame frame = { .after = "\r\n0\r\n\r\n" };
    snprintf(frame.head, sizeof frame.head,
             "\r\nTransfer-Encoding: chunked\r\nContent-Length: %zu\r\n", rig->body.length);
    snprintf(frame.before, sizeof frame.before, "%zx\r\n", rig->body.length);
    expect_frame(rig, check, reused, &frame);
}

static void chunk_size(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct frame frame = { .head = "\r\nTransfer-Encoding: chunked\r\n", .after = "\r\n0\r\n\r\n" };
    snprintf(frame.before, sizeof frame.before, "%s\r\n", check->text);
    expect_frame(rig, check, reused, &frame);
}

static void chunk_cut(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct frame frame = { .head = "\r\nTransfer-Encoding: chunked\r\n" };
    snprintf(frame.before, sizeof frame.before, "%zx\r\n", rig->body.length * 2);
    expect_frame(rig, check, reused, &frame);
}

static void status_line(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    wire_ask(rig, &peer, reused);
    wire_read_head(&peer);
    wire_expect_bytes(peer.bytes.data, check->text, strlen(check->text));
    wire_close(&peer);
    plain_text(rig, check, reused);
}

const struct wire_check wire_malformed_checks[] = {
    { .yaml = "{ malformed: length_short }", .run = length_short, .end = END_WHOLE },
    { .yaml = "{ malformed: length_long }", .run = length_long, .end = END_FIN },
    { .yaml = "{ malformed: length_double }", .run = length_double, .end = END_WHOLE },
    { .yaml = "{ malformed: length_not_number }",
      .run = plain_text,
      .end = END_WHOLE,
      .text = "\r\nContent-Length: twelve\r\n" },
    { .yaml = "{ malformed: length_and_chunked }", .run = length_and_chunked, .end = END_WHOLE },
    { .yaml = "{ malformed: chunk_size_invalid }",
      .run = chunk_size,
      .end = END_WHOLE,
      .text = "zz" },
    { .yaml = "{ malformed: chunk_size_huge }",
      .run = chunk_size,
      .end = END_WHOLE,
      .text = "fffffffffffffffff" },
    { .yaml = "{ malformed: chunk_cut }", .run = chunk_cut, .end = END_FIN },
    { .yaml = "{ malformed: status_line }",
      .run = status_line,
      .end = END_WHOLE,
      .text = "HTTP/1.1 abc OK\r\n" },
    { .yaml = "{ malformed: head_line }",
      .run = plain_text,
      .end = END_WHOLE,
      .text = "\r\nthis is no header\r\n" },
    { .yaml = NULL },
};
