/* Every code, every word of a path, every way an attempt can end and every move of the breaker is
 * reached over real sockets at least once; what cannot be is listed at the end with its reason. */

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "rig.h"

enum { POINTS = 40, REACHED_MAX = 256, WORD_MAX = 64 };

static char reached[REACHED_MAX][WORD_MAX];
static size_t reached_count;

static bool was_reached(const char *word)
{
    for (size_t i = 0; i < reached_count; i++) {
        if (strcmp(reached[i], word) == 0) return true;
    }
    return false;
}

static void reach(const char *word)
{
    if (word == NULL || word[0] == '\0' || was_reached(word)) return;
    assert_true(reached_count < REACHED_MAX);
    snprintf(reached[reached_count++], WORD_MAX, "%s", word);
}

/* Notes what an answer says, and frees it. */
static void take(struct rig_answer answer)
{
    const cJSON *meta = cJSON_GetObjectItem(answer.json, "meta");
    if (meta == NULL) meta = answer.json; /* a problem */
    reach(cJSON_GetStringValue(cJSON_GetObjectItem(meta, "code")));
    reach(cJSON_GetStringValue(cJSON_GetObjectItem(meta, "cause")));
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(meta, "attempts"))
    {
        reach(cJSON_GetStringValue(cJSON_GetObjectItem(item, "outcome")));
        reach(cJSON_GetStringValue(cJSON_GetObjectItem(item, "class")));
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(meta, "path"))
    {
        reach(cJSON_GetStringValue(item));
    }
    rig_answer_free(&answer);
}

static void ask(struct rig *rig, const char *market)
{
    take(rig_ask_for(rig, market, POINTS));
}

static void one_attempt(struct rig_step step, const char *set)
{
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0", set));
    PLAY(&rig, step);
    ask(&rig, "m");
    rig_stop(&rig);
}

static void each_answer_of_the_upstream(void)
{
    static const unsigned statuses[] = { 400, 429, 500, 502, 503, 504, 301 };
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        one_attempt((struct rig_step){ .move = RIG_STATUS, .status = statuses[i] },
                    "retry_count=0");
    }
    one_attempt((struct rig_step){ .move = RIG_FORECAST }, "retry_count=0");
    one_attempt((struct rig_step){ .move = RIG_WRONG_ID }, "retry_count=0");
    one_attempt((struct rig_step){ .move = RIG_BODY, .text = "{}" }, "retry_count=0");
    one_attempt((struct rig_step){ .move = RIG_RESET }, "retry_count=0");
    one_attempt((struct rig_step){ .move = RIG_CLOSE, .text = "HTTP/1.1 200 O" }, "retry_count=0");
    one_attempt((struct rig_step){ .move = RIG_CLOSE,
                                   .text = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                                           "Content-Length: 4\r\n\r\nabcd" },
                "retry_count=0");
    static char large[4096];
    memset(large, ' ', sizeof large - 1);
    one_attempt((struct rig_step){ .move = RIG_BODY, .text = large }, "response_bytes_max=1024");
}

/* A port where nobody answers a SYN: the queue of connections not yet accepted is full. */
static void silent_listener(uint16_t port, int out[4])
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    out[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(out[0], SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(out[0], (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(out[0], 0), 0);
    for (int i = 1; i < 4; i++) {
        out[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(out[i], (struct sockaddr *)&at, sizeof at);
    }
}

static void connections_that_are_refused_or_never_made(void)
{
    struct rig rig;
    int sockets[4];
    rig_start(&rig, SETS("retry_count=0", "connect_timeout_s=0.1"));
    uint16_t port = rig_upstream_port(&rig);
    rig_lose_upstream(&rig);
    ask(&rig, "m1");
    silent_listener(port, sockets);
    ask(&rig, "m2");
    for (int i = 0; i < 4; i++) close(sockets[i]);
    rig_regain_upstream(&rig, port);
    rig_stop(&rig);
}

/* A body of about 6.6 MB, more than the socket buffers of a peer that reads nothing. */
static char *large_request(void)
{
    struct buf buf;
    struct json json;
    char *small = rig_body("m", POINTS);
    buf_init(&buf, BUF_UNBOUNDED);
    buf_put(&buf, small, (size_t)(strrchr(small, '}') - small));
    buf_puts(&buf, ",\"x_past\":{\"a\":");
    json_init(&json, &buf);
    json_open(&json, '[');
    for (int i = 0; i < 2200000; i++) json_u64(&json, (uint64_t)i % 90 + 10);
    json_close(&json, ']');
    buf_puts(&buf, "}}");
    mem_free(small);
    return buf_take(&buf);
}

static void sending_that_stands_still(void)
{
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0", "write_timeout_s=0.1", "body_bytes_max=16777216"));
    uint16_t port = rig_upstream_port(&rig);
    rig_lose_upstream(&rig);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    int small = 4096;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 8), 0); /* the kernel connects; nobody reads */
    char *body = large_request();
    take(rig_ask(&rig, NULL, body));
    /* And one whose peer resets while the request is still on its way. */
    int given_up = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(given_up >= 0);
    close(given_up);
    int asking = rig_post(rig_port(&rig), NULL, body, strlen(body));
    int accepted = -1;
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    for (int turn = 0; turn < 2000 && accepted < 0; turn++) {
        rig_turn(&rig, fd);
        accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    }
    assert_true(accepted >= 0);
    for (int turn = 0; turn < 5; turn++) rig_turn(&rig, -1); /* some of it is sent */
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(accepted, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(accepted);
    take(rig_receive(&rig, asking));
    mem_free(body);
    close(fd);
    rig_regain_upstream(&rig, port);
    rig_stop(&rig);
}

static void waiting_that_takes_too_long(void)
{
    one_attempt((struct rig_step){ .move = RIG_HANG }, "read_timeout_s=0.1");
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0", "connect_timeout_s=0.05", "write_timeout_s=0.05",
                         "request_deadline_s=0.3"));
    PLAY(&rig, { .move = RIG_HANG });
    ask(&rig, "m");
    rig_stop(&rig);
}

/* `count` requests at once, each for a market of its own; answered together. */
static void ask_at_once(struct rig *rig, const char *const *markets, size_t count)
{
    int sockets[4];
    for (size_t i = 0; i < count; i++) {
        char *body = rig_body(markets[i], POINTS);
        sockets[i] = rig_post(rig_port(rig), NULL, body, strlen(body));
        mem_free(body);
        for (int turn = 0; turn < 5; turn++) rig_turn(rig, -1);
    }
    for (size_t i = 0; i < count; i++) take(rig_receive(rig, sockets[i]));
}

static void a_pool_with_one_place(void)
{
    static const char *const markets[] = { "a", "b", "c" };
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0", "max_connections=1", "max_keepalive_connections=1",
                         "pool_queue_max=1", "pool_timeout_s=0.1", "read_timeout_s=0.5"));
    PLAY(&rig, { .move = RIG_HANG });
    ask_at_once(&rig, markets, 3); /* one hangs, one waits too long, for one there is no room */
    rig_stop(&rig);
}

static void equal_requests_at_once(void)
{
    static const char *const markets[] = { "a", "a" };
    struct rig rig;
    rig_start(&rig, SETS("retry_count=1", "retry_backoff_base_ms=300", "read_timeout_s=0.3"));
    PLAY(&rig, { .move = RIG_HANG }, { .move = RIG_FORECAST });
    ask_at_once(&rig, markets, 2);
    rig_stop(&rig);
    rig_start(&rig, SETS("retry_count=0", "read_timeout_s=0.3"));
    PLAY(&rig, { .move = RIG_HANG });
    ask_at_once(&rig, markets, 2);
    rig_stop(&rig);
}

static void what_keeps_a_call_away(void)
{
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 429, .text = "3600" });
    ask(&rig, "m1");
    ask(&rig, "m2"); /* held */
    rig_stop(&rig);
    rig_start(&rig, SETS("retry_count=0"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 400 });
    ask(&rig, "m");
    ask(&rig, "m"); /* remembered as refused */
    rig_stop(&rig);
    rig_start(&rig, SETS("retry_count=1", "retry_backoff_base_ms=1", "retry_budget_ratio=0.001",
                         "retry_budget_min_per_s=0"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503 });
    ask(&rig, "m1");
    ask(&rig, "m2");
    rig_stop(&rig);
}

static void entries_of_every_age(void)
{
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0", "cache_ttl_s=0.2", "cache_stale_if_error_s=3600"));
    PLAY(&rig, { .move = RIG_FORECAST }, { .move = RIG_STATUS, .status = 503 });
    ask(&rig, "m");
    ask(&rig, "m");
    for (int i = 0; i < 100000 && !was_reached("stale:hit"); i++) ask(&rig, "m");
    rig_stop(&rig);
}

/* The same market at another moment, which is another key. */
static void another_moment_of_the_market(void)
{
    static const char earlier[] = "2026-01-01T00:00:00Z";
    static const char later[] = "2026-01-01T00:05:00Z";
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0", "stale_family_key=true"));
    PLAY(&rig, { .move = RIG_FORECAST }, { .move = RIG_STATUS, .status = 503 });
    ask(&rig, "m");
    char *body = rig_body("m", POINTS);
    char *as_of = strstr(body, earlier);
    assert_non_null(as_of);
    memcpy(as_of, later, sizeof later - 1);
    take(rig_ask(&rig, NULL, body));
    mem_free(body);
    rig_stop(&rig);
}

static double transitions(struct rig *rig, const char *rule)
{
    char sample[128];
    snprintf(sample, sizeof sample, "tsfm_breaker_rule_total{rule=\"%s\"}", rule);
    return rig_metric(rig, sample);
}

static void the_breaker_goes_round(void)
{
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0", "breaker_failures_30s=2", "breaker_min_volume=1",
                         "breaker_failure_ratio=0", "breaker_cooldown_s=0.2",
                         "breaker_half_open_probe=1", "read_timeout_s=0.4"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503 });
    ask(&rig, "m1");
    ask(&rig, "m2"); /* opens by count */
    ask(&rig, "m3"); /* refused */
    PLAY(&rig, { .move = RIG_HANG });
    static const char *const markets[] = { "m4", "m5", "m6" };
    for (int i = 0; i < 1000 && !was_reached("breaker:half_open"); i++) {
        ask_at_once(&rig, markets, 3); /* when one is the probe, it hangs */
    }
    PLAY(&rig, { .move = RIG_FORECAST });
    for (int i = 0; i < 100000 && transitions(&rig, "probes_passed") < 0.5; i++) ask(&rig, "m7");
    assert_true(transitions(&rig, "count") > 0.5);
    assert_true(transitions(&rig, "cooldown_over") > 0.5);
    assert_true(transitions(&rig, "probe_failed") > 0.5);
    rig_stop(&rig);
    rig_start(&rig, SETS("retry_count=0", "breaker_failures_30s=100", "breaker_min_volume=2",
                         "breaker_failure_ratio=0.5"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503 });
    ask(&rig, "m1");
    ask(&rig, "m2");
    assert_true(transitions(&rig, "ratio") > 0.5);
    rig_stop(&rig);
}

static void requests_that_go_straight_to_the_baseline_or_nowhere(void)
{
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 500 });
    take(rig_ask_for(&rig, "short", 8));
    char *body = rig_body("thin", POINTS);
    struct buf buf;
    buf_init(&buf, BUF_UNBOUNDED);
    buf_put(&buf, body, (size_t)(strrchr(body, '}') - body));
    buf_puts(&buf, ",\"liquidity_bucket\":\"low\"}");
    take(rig_ask(&rig, NULL, buf_text(&buf)));
    mem_free(body);
    take(rig_ask(&rig, NULL, "[]"));
    buf_clear(&buf);
    buf_puts(&buf, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T00:00:00Z\","
                   "\"transform\":{\"space\":\"none\",\"eps\":1e-6},\"y\":[1e308");
    for (int i = 0; i < POINTS; i++) buf_puts(&buf, i % 2 == 0 ? ",-1e308" : ",1e308");
    buf_puts(&buf, "]}");
    take(rig_ask(&rig, NULL, buf_text(&buf))); /* a baseline that is not finite */
    buf_deinit(&buf);
    rig_stop(&rig);
}

/* Not here, and why. */
static const char *const elsewhere[] = {
    "l2:fresh",  "l2:stale",  "l2:miss", "l2:timeout", "stale:l2", /* with a real Redis: l2_test */
    "l1:filled",                /* two calls of one key side by side: single flight joins them */
    "abandoned",                /* the client went away, so nobody is told; see service_test */
    "attempt:abandoned",
};

static void require(const char *word)
{
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        if (strcmp(word, elsewhere[i]) == 0) return;
    }
    if (word[0] != '\0' && !was_reached(word)) fail_msg("%s was not reached", word);
}

static void everything_is_reached_over_sockets(void **state)
{
    (void)state;
    each_answer_of_the_upstream();
    connections_that_are_refused_or_never_made();
    sending_that_stands_still();
    waiting_that_takes_too_long();
    a_pool_with_one_place();
    equal_requests_at_once();
    what_keeps_a_call_away();
    entries_of_every_age();
    another_moment_of_the_market();
    the_breaker_goes_round();
    requests_that_go_straight_to_the_baseline_or_nowhere();
    for (unsigned code = 0; code < CODE_COUNT; code++) require(code_name((enum code)code));
    for (unsigned outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        require(outcome_name((enum outcome)outcome));
    }
    for (unsigned step = 0; step <= PATH_BASELINE_FAILED; step++) {
        if (step == PATH_ATTEMPT) continue; /* by its outcomes, above */
        require(path_entry_name((struct path_entry){ .step = (uint8_t)step }));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_reached_over_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
