#include <assert.h>

#include "base/mem.h"
#include "net/http_client_private.h"

static void timer_on_due(uv_timer_t *timer);
static void timer_on_soon(uv_idle_t *soon);
static void timer_on_tell(uv_idle_t *tell);

static int timer_on_curl(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct http_client *client = context;
    uv_timer_stop(&client->timer);
    uv_idle_stop(&client->soon);
    if (client->closing || timeout_ms < 0) return 0;
    if (timeout_ms == 0) {
        /* Not a timer of 0 ms: one that sets itself again would keep libuv from its sockets. */
        uv_idle_start(&client->soon, timer_on_soon);
        return 0;
    }
    /* libuv counts from when its turn began; libcurl does not ask again when woken too early. */
    uv_update_time(client->config.loop);
    uv_timer_start(&client->timer, timer_on_due, (uint64_t)timeout_ms, 0);
    return 0;
}

/* What is due for libcurl; an added transfer is. */
static void timer_act(struct http_client *client)
{
    int running;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    long timeout_ms = -1;
    curl_multi_timeout(client->multi, &timeout_ms);
    if (timeout_ms >= 0 && !uv_is_active((uv_handle_t *)&client->timer) &&
        !uv_is_active((uv_handle_t *)&client->soon)) {
        uv_timer_start(&client->timer, timer_on_due, timeout_ms > 0 ? (uint64_t)timeout_ms : 1, 0);
    }
}

static void timer_run(struct http_client *client)
{
    timer_act(client);
    http_client_flush(client);
}

void http_client_timer_begin(struct http_client *client)
{
    if (uv_is_active((uv_handle_t *)&client->tell)) return;
    uv_idle_start(&client->tell, timer_on_tell);
    timer_act(client); /* its callbacks only note: nobody is told before the caller has returned */
}

void http_client_timer_tell(struct http_client *client)
{
    uv_idle_start(&client->tell, timer_on_tell);
}

static void timer_on_due(uv_timer_t *timer)
{
    timer_run(timer->data);
}

static void timer_on_soon(uv_idle_t *soon)
{
    uv_idle_stop(soon);
    timer_run(soon->data);
}

static void timer_on_tell(uv_idle_t *tell)
{
    uv_idle_stop(tell);
    http_client_flush(tell->data);
}

void http_client_timer_init(struct http_client *client)
{
    int rc = uv_timer_init(client->config.loop, &client->timer);
    assert(rc == 0);
    rc = uv_idle_init(client->config.loop, &client->soon);
    assert(rc == 0);
    rc = uv_idle_init(client->config.loop, &client->tell);
    assert(rc == 0);
    client->timer.data = client;
    client->soon.data = client;
    client->tell.data = client;
    client->handles_open = 3;
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, timer_on_curl);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
}

static void timer_on_closed(uv_handle_t *handle)
{
    struct http_client *client = handle->data;
    if (--client->handles_open == 0) mem_free(client);
}

void http_client_timer_deinit(struct http_client *client)
{
    uv_close((uv_handle_t *)&client->timer, timer_on_closed);
    uv_close((uv_handle_t *)&client->soon, timer_on_closed);
    uv_close((uv_handle_t *)&client->tell, timer_on_closed);
}
