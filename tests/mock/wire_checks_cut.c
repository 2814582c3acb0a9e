/* Cuts: exactly the bytes before the place, then the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "wire_checks.h"

static void read_to_end(struct wire_peer *peer, enum end end)
{
    wire_read(peer, SIZE_MAX, end == END_SILENT ? CLIENT_SILENCE_MS : CLIENT_PATIENCE_MS);
    wire_expect_end(peer, end);
}

static void cut_in_head(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    wire_ask(rig, &peer, reused);
    read_to_end(&peer, check->end);
    assert_int_equal(peer.bytes.length, check->bytes);
    wire_expect_head(rig, buf_text(&peer.bytes), check->bytes);
    wire_close(&peer);
}

static void cut_in_body(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    size_t expected = check->bytes > 0 ? check->bytes : rig->body.length * check->percent / 100;
    wire_ask(rig, &peer, reused);
    read_to_end(&peer, check->end);
    assert_int_equal(peer.bytes.length, rig->head.length + expected);
    wire_expect_head(rig, peer.bytes.data, rig->head.length);
    wire_expect_bytes(peer.bytes.data + rig->head.length, rig->body.data, expected);
    wire_close(&peer);
}

/* In chunks, of which the last, empty one is missing. */
static void cut_before_last_chunk(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    char line[32];
    wire_ask(rig, &peer, reused);
    read_to_end(&peer, check->end);
    size_t head = wire_head_length(&peer);
    size_t chunk_line = (size_t)snprintf(line, sizeof line, "%zx\r\n", rig->body.length);
    assert_non_null(strstr(peer.bytes.data, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_int_equal(peer.bytes.length, head + chunk_line + rig->body.length + 2);
    wire_expect_bytes(peer.bytes.data + head, line, chunk_line);
    wire_expect_bytes(peer.bytes.data + head + chunk_line, rig->body.data, rig->body.length);
    wire_close(&peer);
}

const struct wire_check wire_cut_checks[] = {
    { .yaml = "{ at: response_head, do: reset }", .run = cut_in_head, .end = END_RESET },
    { .yaml = "{ at: response_head, do: close }", .run = cut_in_head, .end = END_FIN },
    { .yaml = "{ at: response_head, do: stall }", .run = cut_in_head, .end = END_SILENT },
    { .yaml = "{ at: response_head@20B, do: reset }",
      .run = cut_in_head,
      .end = END_RESET,
      .bytes = 20 },
    { .yaml = "{ at: response_head@20B, do: close }",
      .run = cut_in_head,
      .end = END_FIN,
      .bytes = 20 },
    { .yaml = "{ at: response_head@20B, do: stall }",
      .run = cut_in_head,
      .end = END_SILENT,
      .bytes = 20 },
    { .yaml = "{ at: response_body@40%, do: reset }",
      .run = cut_in_body,
      .end = END_RESET,
      .percent = 40 },
    { .yaml = "{ at: response_body@100B, do: close }",
      .run = cut_in_body,
      .end = END_FIN,
      .bytes = 100 },
    { .yaml = "{ at: response_body@50%, do: stall }",
      .run = cut_in_body,
      .end = END_SILENT,
      .percent = 50 },
    { .yaml = "{ at: response_end, do: reset }",
      .run = cut_in_body,
      .end = END_RESET,
      .percent = 100 },
    { .yaml = "{ at: response_end, do: close }",
      .run = cut_in_body,
      .end = END_FIN,
      .percent = 100 },
    { .yaml = "{ at: response_end, do: stall }", .run = cut_before_last_chunk, .end = END_SILENT },
    { .yaml = NULL },
};
