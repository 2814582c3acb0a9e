/* Whole answers: their status, their head, how long they are, what is wrong with their body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "wire_checks.h"

/* Reads an answer with a length; the connection must live on. */
static void ask_whole(struct wire_rig *rig, bool reused, struct answer *answer)
{
    struct wire_peer peer;
    wire_ask(rig, &peer, reused);
    client_read(peer.fd, answer, CLIENT_PATIENCE_MS);
    assert_int_equal(answer->end, END_WHOLE);
    wire_expect_usable(&peer);
    wire_close(&peer);
}

static void status(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct answer answer;
    ask_whole(rig, reused, &answer);
    assert_int_equal(answer.status, check->status);
    assert_non_null(strstr(answer.head.data, check->text));
    assert_non_null(strstr(answer.head.data, "\r\nX-Request-ID: r000001~0\r\n"));
    const char *body = check->status == 200 ? "\"forecasts\":" : "\"detail\":";
    assert_non_null(strstr(buf_text(&answer.body), body));
    answer_free(&answer);
}

/* Never earlier than asked for, and not by more than the seconds it is written in. */
static void retry_after_date(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct answer answer;
    struct tm at = { .tm_isdst = 0 };
    char text[64];
    uint64_t before_ms = clock_wall_ms();
    ask_whole(rig, reused, &answer);
    uint64_t after_ms = clock_wall_ms();
    assert_int_equal(answer.status, check->status);
    assert_true(answer_header(&answer, "Retry-After", text, sizeof text));
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &at);
    assert_non_null(end);
    assert_int_equal(*end, '\0');
    uint64_t date_ms = (uint64_t)timegm(&at) * 1000;
    assert_true(date_ms >= before_ms + check->count * 1000);
    assert_true(date_ms <= after_ms + (check->count + 1) * 1000);
    answer_free(&answer);
}

static void rate_limit(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct answer answer;
    ask_whole(rig, reused, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    status(rig, check, reused);
}

static void interim(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    static const char one[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct wire_peer peer;
    size_t heads = check->count * (sizeof one - 1);
    size_t all = heads + rig->head.length + rig->body.length;
    wire_ask(rig, &peer, reused);
    wire_read(&peer, all, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, all);
    for (size_t at = 0; at < heads; at += sizeof one - 1) {
        wire_expect_bytes(peer.bytes.data + at, one, sizeof one - 1);
    }
    wire_expect_head(rig, peer.bytes.data + heads, rig->head.length);
    wire_expect_bytes(peer.bytes.data + heads + rig->head.length, rig->body.data, rig->body.length);
    wire_expect_usable(&peer);
    wire_close(&peer);
}

/* One header of that many bytes stands between the others. */
static void huge_head(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    static const char name[] = "\r\nX-Pad: ";
    struct wire_peer peer;
    size_t added = sizeof name - 1 + check->count;
    size_t all = rig->head.length + added + rig->body.length;
    wire_ask(rig, &peer, reused);
    wire_read(&peer, all, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, all);
    const char *pad = strstr(peer.bytes.data, name);
    assert_non_null(pad);
    assert_int_equal(strspn(pad + sizeof name - 1, "x"), check->count);
    wire_expect_bytes(pad + added, "\r\n\r\n", 4);
    wire_expect_bytes(pad + added + 4, rig->body.data, rig->body.length);
    wire_expect_usable(&peer);
    wire_close(&peer);
}

/* The memory of the mock must not grow with what it sends. */
static uint64_t resident_kib(const struct wire_rig *rig)
{
    char path[64], line[256];
    uint64_t kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)rig->mock.pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmRSS: %" SCNu64, &kib) == 1) break;
    }
    fclose(file);
    assert_true(kib > 0);
    return kib;
}

static void huge_body(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    enum { READERS = 8 };
    struct wire_peer peers[READERS];
    size_t all = rig->body.length + check->count;
    char text[64];
    uint64_t before_kib = resident_kib(rig);
    for (int i = 0; i < READERS; i++)
        wire_ask(rig, &peers[i], reused);
    for (int i = 0; i < READERS; i++) {
        struct wire_peer *peer = &peers[i];
        size_t head = wire_read_head(peer);
        if (i == READERS - 1) { /* all are under way by now */
            assert_true(resident_kib(rig) < before_kib + check->count / 1024);
        }
        snprintf(text, sizeof text, "\r\nContent-Length: %zu\r\n", all);
        assert_non_null(strstr(peer->bytes.data, text));
        wire_read(peer, head + all, CLIENT_PATIENCE_MS);
        assert_int_equal(peer->bytes.length, head + all);
        wire_expect_bytes(peer->bytes.data + head, rig->body.data, rig->body.length);
        assert_int_equal(strspn(peer->bytes.data + head + rig->body.length, " "), check->count);
        wire_expect_usable(peer);
        wire_close(peer);
    }
}

/* What exactly is wrong with it is looked at in mock_answer_test.c. */
static void wrong_body(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct answer answer;
    ask_whole(rig, reused, &answer);
    assert_int_equal(answer.status, 200);
    if (check->text != NULL) assert_non_null(strstr(answer.head.data, check->text));
    bool same = answer.body.length == rig->body.length &&
                memcmp(answer.body.data, rig->body.data, rig->body.length) == 0;
    assert_false(same);
    answer_free(&answer);
}

const struct wire_check wire_answer_checks[] = {
    { .yaml = "{ status: 503, retry_after: 1s }",
      .run = status,
      .status = 503,
      .text = "\r\nRetry-After: 1\r\n" },
    { .yaml = "{ status: 429, retry_after_date: 2s }",
      .run = retry_after_date,
      .status = 429,
      .count = 2 },
    { .yaml = "{ status: 500, headers: { X-Reason: drill } }",
      .run = status,
      .status = 500,
      .text = "\r\nX-Reason: drill\r\n" },
    { .yaml = "{ status: 502 }",
      .run = status,
      .status = 502,
      .text = "HTTP/1.1 502 Bad Gateway\r\n" },
    { .yaml = "{ status: 504 }",
      .run = status,
      .status = 504,
      .text = "HTTP/1.1 504 Gateway Timeout\r\n" },
    { .yaml = "{ status: 404 }",
      .run = status,
      .status = 404,
      .text = "HTTP/1.1 404 Not Found\r\n" },
    { .yaml = "{ status: 302, headers: { Location: /login } }",
      .run = status,
      .status = 302,
      .text = "\r\nLocation: /login\r\n" },
    { .yaml = "{ status: 200, headers: { Content-Encoding: gzip } }",
      .run = status,
      .status = 200,
      .text = "\r\nContent-Encoding: gzip\r\n" },
    { .yaml = "{ rate_limit: { rate: 1/m, burst: 1, retry_after: 1s } }",
      .run = rate_limit,
      .status = 429,
      .text = "\r\nRetry-After: 1\r\n",
      .new_only = true },
    { .yaml = "{ interim: 100 }", .run = interim, .count = 100 },
    { .yaml = "{ huge_head: 300KiB }", .run = huge_head, .count = 300 * 1024 },
    { .yaml = "{ huge_body: 9MiB }", .run = huge_body, .count = 9 * 1024 * 1024 },
    { .yaml = "{ answer: missing_quantile }", .run = wrong_body },
    { .yaml = "{ answer: crossed_quantiles }", .run = wrong_body },
    { .yaml = "{ answer: wrong_horizon }", .run = wrong_body },
    { .yaml = "{ answer: not_finite }", .run = wrong_body },
    { .yaml = "{ answer: not_json }", .run = wrong_body },
    { .yaml = "{ answer: truncated_json }", .run = wrong_body },
    { .yaml = "{ answer: wrong_types }", .run = wrong_body },
    { .yaml = "{ answer: error_object }", .run = wrong_body },
    { .yaml = "{ answer: wrong_id }",
      .run = wrong_body,
      .text = "\r\nX-Request-ID: another-request\r\n" },
    { .yaml = "{ answer: empty }", .run = wrong_body, .text = "\r\nContent-Length: 0\r\n" },
    { .yaml = NULL },
};
