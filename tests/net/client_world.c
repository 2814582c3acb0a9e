#include "client_world.h"

#include <stdio.h>
#include <string.h>

struct http_client_config world_client_config(struct world *world)
{
    return (struct http_client_config){
        .loop = &world->loop,
        .connections_max = 32,
        .keepalive_max = 16,
        .keepalive_expiry_ns = 30 * NS_PER_S,
    };
}

void world_open(struct world *world, void (*on_request)(struct raw_connection *connection))
{
    assert_int_equal(uv_loop_init(&world->loop), 0);
    raw_server_init(&world->server, &world->loop, on_request);
    world->server.context = world;
    struct http_client_config config = world_client_config(world);
    world->client = http_client_create(&config);
    snprintf(world->url, sizeof world->url, "http://127.0.0.1:%u/x", (unsigned)world->server.port);
}

void world_use_client(struct world *world, const struct http_client_config *config)
{
    http_client_destroy(world->client);
    world->client = http_client_create(config);
}

void world_close(struct world *world)
{
    http_client_destroy(world->client);
    raw_server_deinit(&world->server);
    loop_finish(&world->loop);
}

static void on_connected(void *context)
{
    struct probe *probe = context;
    probe->connected++;
    if (!probe->cancel_when_connected) return;
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
    if (probe->start_when_done != NULL) probe_start(probe->start_when_done, probe->world);
    if (probe->cancel_when_done == NULL) return;
    http_client_cancel(probe->cancel_when_done->call);
    probe->cancel_when_done->call = NULL;
}

struct http_call_config probe_config(struct probe *probe)
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

void probe_init(struct probe *probe, struct world *world)
{
    *probe = (struct probe){ .world = world };
}

void probe_start_with(struct probe *probe, const struct http_call_config *config)
{
    probe->call = http_client_start(probe->world->client, config);
    assert_int_equal(probe->done + probe->connected + probe->sent, 0);
}

void probe_start(struct probe *probe, struct world *world)
{
    probe_init(probe, world);
    struct http_call_config config = probe_config(probe);
    probe_start_with(probe, &config);
}

static bool probe_is_done(void *context)
{
    return ((struct probe *)context)->done > 0;
}

void probe_wait(struct probe *probe)
{
    assert_true(loop_run_until(&probe->world->loop, probe_is_done, probe));
    assert_int_equal(probe->done, 1);
}

void probe_run(struct probe *probe, struct world *world)
{
    probe_start(probe, world);
    probe_wait(probe);
}

void assert_end(const struct probe *probe, enum http_end end)
{
    if (probe->result.end != end) print_message("detail: %s\n", probe->detail);
    assert_string_equal(http_end_name(probe->result.end), http_end_name(end));
}

void answer_ok(struct raw_connection *connection)
{
    raw_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-ID: mine\r\n\r\nok");
}
