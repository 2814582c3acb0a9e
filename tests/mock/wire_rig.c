#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/tcp.h>
#include <string.h>

#include "wire_checks.h"

void wire_ask(struct wire_rig *rig, struct wire_peer *peer, bool reused)
{
    struct buf request;
    wire_open(peer, &rig->mock);
    if (reused) wire_use_once(peer);
    wire_request(&request, "r000001~0", 0);
    wire_send(peer, request.data, request.length);
    buf_deinit(&request);
}

size_t wire_head_length(const struct wire_peer *peer)
{
    const char *blank = strstr(buf_text(&peer->bytes), "\r\n\r\n");
    assert_non_null(blank);
    return (size_t)(blank - peer->bytes.data) + 4;
}

static void control(const struct wire_rig *rig, const char *method, const char *path,
                    const char *body)
{
    struct answer answer;
    client_control(&rig->mock, &(struct request){ .method = method, .path = path, .body = body },
                   &answer);
    if (answer.status != 200) fail_msg("%s: %s", body, buf_text(&answer.body));
    answer_free(&answer);
}

void wire_rig_set(const struct wire_rig *rig, const char *yaml)
{
    control(rig, "POST", "/__mock/fault", yaml);
}

void wire_rig_clear(const struct wire_rig *rig)
{
    control(rig, "DELETE", "/__mock/fault", NULL);
}

void wire_rig_open(struct wire_rig *rig)
{
    struct wire_peer peer;
    mock_start_with(&rig->mock, (const char *const[]){ "--control", "127.0.0.1:0", NULL });
    buf_init(&rig->head, BUF_UNBOUNDED);
    buf_init(&rig->body, BUF_UNBOUNDED);
    /* A pause of a microsecond is enough to be played by hand. */
    wire_rig_set(rig, "{ at: response_body@0%, do: delay, for: 1us }");
    wire_ask(rig, &peer, false);
    wire_read(&peer, SIZE_MAX, CLIENT_SILENCE_MS);
    size_t head = wire_head_length(&peer);
    buf_put(&rig->head, peer.bytes.data, head);
    buf_put(&rig->body, peer.bytes.data + head, peer.bytes.length - head);
    wire_expect_end(&peer, END_SILENT);
    assert_true(rig->body.length > 100);
    wire_close(&peer);
    wire_rig_clear(rig);
}

void wire_rig_close(struct wire_rig *rig)
{
    mock_stop(&rig->mock);
    buf_deinit(&rig->head);
    buf_deinit(&rig->body);
}

void wire_expect_bytes(const char *got, const char *wanted, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (got[i] != wanted[i]) fail_msg("byte %zu is 0x%02x", i, (unsigned char)got[i]);
    }
}

void wire_expect_head(const struct wire_rig *rig, const char *bytes, size_t length)
{
    size_t date = (size_t)(strstr(rig->head.data, "Date: ") - rig->head.data);
    size_t date_end = date + strlen("Date: Mon, 23 Nov 2026 17:17:06 GMT");
    assert_true(length <= rig->head.length);
    wire_expect_bytes(bytes, rig->head.data, length < date ? length : date);
    if (length <= date_end) return;
    wire_expect_bytes(bytes + date_end, rig->head.data + date_end, length - date_end);
}

uint64_t wire_came_ns(const struct wire_peer *peer, size_t bytes)
{
    for (size_t i = 0; i < peer->moment_count; i++) {
        if (peer->moments[i].bytes >= bytes) return peer->moments[i].at_ns - peer->sent_ns;
    }
    fail_msg("byte %zu never came", bytes);
    return 0;
}

void wire_expect_end(struct wire_peer *peer, enum end end)
{
    assert_int_equal(peer->end, end);
    switch (end) {
    case END_RESET: assert_int_equal(peer->tcp_state, TCP_CLOSE); break;
    case END_FIN: assert_int_equal(peer->tcp_state, TCP_CLOSE_WAIT); break;
    case END_SILENT: wire_expect_quiet(peer); break;
    case END_WHOLE: wire_expect_usable(peer); break;
    }
}
