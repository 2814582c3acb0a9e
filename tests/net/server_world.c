#include "server_world.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void server_world_answer(struct http_exchange *exchange, const char *text)
{
    http_reply(exchange, &(struct http_response){ .status = 200,
                                                  .content_type = "text/plain",
                                                  .body = text,
                                                  .body_length = strlen(text),
                                                  .ownership = HTTP_BODY_COPY });
}

static void on_request(void *context, struct http_exchange *exchange)
{
    struct server_world *world = context;
    const char *path = http_exchange_path(exchange);
    world->requests++;
    if (strcmp(path, "/hold") == 0) {
        assert_true(world->held_count < SERVER_WORLD_HELD_MAX);
        world->held[world->held_count++] = exchange;
        return;
    }
    if (strcmp(path, "/fin") == 0 || strcmp(path, "/rst") == 0) {
        assert_true(http_exchange_raw(exchange) >= 0);
        http_exchange_raw_end(exchange, path[1] == 'f' ? HTTP_RAW_FIN : HTTP_RAW_RST);
        return;
    }
    size_t length;
    const char *body = http_exchange_body(exchange, &length);
    if (!world->in_place) assert_int_equal(body[length], '\0');
    const char *tag = http_exchange_header(exchange, "x-tag");
    char text[256];
    snprintf(text, sizeof text, "%s %s %zu %d %s", http_exchange_method(exchange), path, length,
             http_exchange_body_too_large(exchange), tag == NULL ? "-" : tag);
    server_world_answer(exchange, text);
}

static void on_gone(void *context, struct http_exchange *exchange)
{
    struct server_world *world = context;
    world->gone++;
    world->gone_last = exchange;
}

struct http_server_config server_world_config(struct server_world *world)
{
    return (struct http_server_config){
        .loop = &world->loop,
        .listen = { .host = "127.0.0.1" },
        .body_bytes_max = SERVER_WORLD_BODY_MAX,
        .connections_max = 512,
        .on_request = on_request,
        .on_gone = on_gone,
        .context = world,
    };
}

void server_world_open_with(struct server_world *world, const struct http_server_config *config)
{
    struct err_note note = { .err = ERR_OK };
    *world = (struct server_world){ .port = 0 };
    assert_int_equal(uv_loop_init(&world->loop), 0);
    assert_int_equal(http_server_create(config, &world->server, &note), ERR_OK);
    world->port = http_server_address(world->server).port;
    assert_int_not_equal(world->port, 0);
}

void server_world_open(struct server_world *world)
{
    struct http_server_config config = server_world_config(world);
    server_world_open_with(world, &config);
}

void server_world_close(struct server_world *world)
{
    http_server_destroy(world->server);
    loop_finish(&world->loop);
}

static bool server_world_has_held(void *context)
{
    struct server_world *world = context;
    return world->held_count >= world->held_wanted;
}

void server_world_wait_held(struct server_world *world, unsigned count)
{
    world->held_wanted = count;
    assert_true(loop_run_until(&world->loop, server_world_has_held, world));
}

void server_world_turns(struct server_world *world, int turns)
{
    for (int i = 0; i < turns; i++)
        uv_run(&world->loop, UV_RUN_NOWAIT);
}
