#include "net/http_client.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "loop_run.h"
#include "raw_server.h"

struct world {
    uv_loop_t loop;
    struct raw_server server;
    struct http_client *client;
    char url[64];
};

/* One call and all that was heard of it. */
struct probe {
    struct world *world;
    struct http_call *call;
    unsigned connected;
    unsigned progress;
    unsigned sent;
    unsigned done;
    unsigned cancel_when_connected;
    struct http_result result; /* its pointers are not used */
    char body[256];
    char retry_after[64];
    char request_id[64];
    char detail[128];
};

static struct http_client_config client_config(struct world *world)
{
    return (struct http_client_config){
        .loop = &world->loop,
        .connections_max = 32,
        .keepalive_max = 16,
        .keepalive_expiry_ns = 30 * NS_PER_S,
    };
}

static void world_open(struct world *world, void (*on_request)(struct raw_connection *connection))
{
    assert_int_equal(uv_loop_init(&world->loop), 0);
    raw_server_init(&world->server, &world->loop, on_request);
    world->server.context = world;
    struct http_client_config config = client_config(world);
    world->client = http_client_create(&config);
    snprintf(world->url, sizeof world->url, "http://127.0.0.1:%u/x", (unsigned)world->server.port);
}

static void world_close(struct world *world)
{
    http_client_destroy(world->client);
    raw_server_deinit(&world->server);
    loop_finish(&world->loop);
}

static void on_connected(void *context)
{
    struct probe *probe = context;
    probe->connected++;
    if (probe->cancel_when_connected == 0) return;
    http_client_cancel(probe->call);
    probe->call = NULL;
}

static void on_progress(void *context)
{
    ((struct probe *)context)->progress++;
}

static void on_sent(void *context)
{
    ((struct probe *)context)->sent++;
}

static void copy_text(char *out, size_t out_bytes, const char *text)
{
    snprintf(out, out_bytes, "%s", text == NULL ? "(none)" : text);
}

static void on_done(void *context, const struct http_result *result)
{
    struct probe *probe = context;
    probe->done++;
    probe->call = NULL;
    probe->result = *result;
    assert_int_equal(result->body[result->body_length], '\0');
    copy_text(probe->body, sizeof probe->body, result->body);
    copy_text(probe->retry_after, sizeof probe->retry_after, result->retry_after);
    copy_text(probe->request_id, sizeof probe->request_id, result->request_id);
    copy_text(probe->detail, sizeof probe->detail, result->detail);
}

static struct http_call_config call_config(struct probe *probe)
{
    return (struct http_call_config){
        .url = probe->world->url,
        .method = "POST",
        .headers = { "Content-Type: application/json", "X-Request-ID: mine" },
        .body = "{}",
        .body_length = 2,
        .response_bytes_max = 64 * 1024,
        .on_connected = on_connected,
        .on_progress = on_progress,
        .on_sent = on_sent,
        .on_done = on_done,
        .context = probe,
    };
}

static void probe_start(struct probe *probe, struct world *world)
{
    *probe = (struct probe){ .world = world };
    struct http_call_config config = call_config(probe);
    probe->call = http_client_start(world->client, &config);
    assert_int_equal(probe->done + probe->connected + probe->sent, 0);
}

static bool probe_is_done(void *context)
{
    return ((struct probe *)context)->done > 0;
}

static void probe_wait(struct probe *probe)
{
    assert_true(loop_run_until(&probe->world->loop, probe_is_done, probe));
    assert_int_equal(probe->done, 1);
}

static void probe_run(struct probe *probe, struct world *world)
{
    probe_start(probe, world);
    probe_wait(probe);
}

static void assert_end(const struct probe *probe, enum http_end end)
{
    if (probe->result.end != end) print_message("detail: %s\n", probe->detail);
    assert_string_equal(http_end_name(probe->result.end), http_end_name(end));
}

static void answer_ok(struct raw_connection *connection)
{
    raw_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-ID: mine\r\n\r\nok");
}

static void a_complete_answer_is_told_in_order(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_int_equal(probe.result.status, 200);
    assert_string_equal(probe.body, "ok");
    assert_string_equal(probe.request_id, "mine");
    assert_string_equal(probe.retry_after, "(none)");
    assert_string_equal(probe.detail, "");
    assert_int_equal(probe.connected, 1);
    assert_int_equal(probe.sent, 1);
    assert_true(probe.progress >= 1);
    assert_false(probe.result.reused);
    world_close(&world);
}

static void a_pooled_connection_is_used_again(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    for (int i = 0; i < 3; i++) {
        probe_run(&probe, &world);
        assert_end(&probe, HTTP_END_COMPLETE);
        assert_int_equal(probe.result.reused, i > 0);
        assert_int_equal(probe.sent, 1);
    }
    assert_int_equal(world.server.accepted, 1);
    assert_int_equal(world.server.requests, 3);
    assert_int_equal(http_client_stale_sockets(world.client), 0);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_complete_answer_is_told_in_order),
        cmocka_unit_test(a_pooled_connection_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
