#include "net/http_client.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/http_client_private.h"

enum {
    CLIENT_FREE_MAX = 256,              /* calls kept for use again */
    CLIENT_BODY_KEPT_BYTES = 64 * 1024, /* a larger body's memory is given back */
};

void http_call_make_ready(struct http_call *call)
{
    if (call->ready) return;
    call->ready = true;
    TAILQ_INSERT_TAIL(&call->client->ready, call, link);
}

static void call_unready(struct http_call *call)
{
    if (!call->ready) return;
    call->ready = false;
    TAILQ_REMOVE(&call->client->ready, call, link);
}

static struct http_call *call_create(struct http_client *client)
{
    struct http_call *call = TAILQ_FIRST(&client->free);
    if (call != NULL) {
        TAILQ_REMOVE(&client->free, call, link);
        client->free_count--;
        return call;
    }
    call = mem_alloc(1, sizeof *call);
    call->easy = curl_easy_init();
    assert(call->easy != NULL);
    buf_init(&call->body, 1);
    buf_init(&call->header_text, BUF_UNBOUNDED);
    buf_init(&call->head_lines, BUF_UNBOUNDED);
    buf_init(&call->options.url, BUF_UNBOUNDED);
    return call;
}

static void call_destroy(struct http_call *call)
{
    curl_easy_cleanup(call->easy);
    buf_deinit(&call->body);
    buf_deinit(&call->header_text);
    buf_deinit(&call->head_lines);
    buf_deinit(&call->options.url);
    mem_free(call);
}

/* An error of the system stays in libcurl's handle, whatever is reset, and the next call's trouble
 * would be taken for the same. */
static bool call_is_tainted(const struct http_call *call)
{
    long os_errno = 0;
    curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os_errno);
    return os_errno != 0;
}

/* The call is over and its memory may be used for another. */
static void call_release(struct http_call *call)
{
    struct http_client *client = call->client;
    client->calls--;
    if (client->free_count == CLIENT_FREE_MAX || call_is_tainted(call)) {
        call_destroy(call);
        return;
    }
    /* After anything but the usual end its state may hold more than options. */
    if (!call->usual || !call->options.known) http_call_forget_options(call);
    if (call->body.capacity > CLIENT_BODY_KEPT_BYTES) buf_deinit(&call->body);
    buf_clear(&call->body);
    buf_clear(&call->head_lines);
    TAILQ_INSERT_HEAD(&client->free, call, link);
    client->free_count++;
}

/* Takes the transfer out of libcurl; in mid-transfer that closes its connection. */
static void call_remove(struct http_call *call)
{
    struct http_client *client = call->client;
    CURLMcode rc = curl_multi_remove_handle(client->multi, call->easy);
    assert(rc == CURLM_OK);
    http_call_socket_release(call);
    if (call->returning) client->returning--;
    call->returning = false;
}

/* Once more, on a new connection: nothing of the request has left yet. */
static void call_restart(struct http_call *call)
{
    call_remove(call);
    call->stale = false;
    call->fresh = true;
    call->tell_done = false;
    call->detail[0] = '\0';
    CURLcode set = curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);
    assert(set == CURLE_OK);
    CURLMcode rc = curl_multi_add_handle(call->client->multi, call->easy);
    assert(rc == CURLM_OK);
}

static void call_finish(struct http_call *call)
{
    long os_errno = 0;
    curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os_errno);
    enum http_end end = http_call_classify(call, (int)os_errno);
    const char *detail = "";
    if (end != HTTP_END_COMPLETE) {
        detail = call->detail[0] != '\0' ? call->detail : curl_easy_strerror(call->code);
        if (call->code == CURLE_OK) detail = "the connection ended inside the head";
        if (call->refused) detail = call->refusal;
    }
    struct http_result result;
    http_call_result(call, &result);
    result.end = end;
    result.os_errno = end == HTTP_END_COMPLETE ? 0 : (int)os_errno;
    result.tls_refused = end == HTTP_END_CONNECT_ERROR && http_code_is_tls(call->code);
    result.detail = detail;
    call->usual = end == HTTP_END_COMPLETE && !call->fresh && call->returning;
    call_remove(call);
    call->config.on_done(call->config.context, &result);
    call_release(call);
}

/* Calls `tell` and returns true when the call has survived it. */
static bool call_tell(struct http_call *call, bool *flag, void (*tell)(void *context))
{
    struct http_client *client = call->client;
    if (!*flag) return true;
    *flag = false;
    if (tell == NULL) return true;
    tell(call->config.context);
    return client->current == call;
}

static void call_dispatch(struct http_call *call)
{
    struct http_client *client = call->client;
    call_unready(call);
    if (call->stale && call->tell_done) {
        call_restart(call);
        return;
    }
    /* A small exchange may be over before libcurl waited for anything. */
    if (call->tell_done && call->code == CURLE_OK && !call->sent) call->tell_sent = true;
    client->current = call;
    if (!call_tell(call, &call->tell_connected, call->config.on_connected)) return;
    if (!call_tell(call, &call->tell_progress, call->config.on_progress)) return;
    if (!call_tell(call, &call->tell_sent, call->config.on_sent)) return;
    if (!http_call_stream_tell(call)) return;
    client->current = NULL;
    if (call->tell_done) call_finish(call);
}

void http_client_flush(struct http_client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        struct http_call *call = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        call->tell_done = true;
        call->code = message->data.result;
        http_call_make_ready(call);
    }
    while (!TAILQ_EMPTY(&client->ready))
        call_dispatch(TAILQ_FIRST(&client->ready));
}

struct http_client *http_client_create(const struct http_client_config *config)
{
    assert(config->connections_max > 0);
    CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT); /* counts; undone in destroy */
    assert(global == CURLE_OK);
    signal(SIGPIPE, SIG_IGN);
    struct http_client *client = mem_alloc(1, sizeof *client);
    *client = (struct http_client){ .config = *config, .multi = curl_multi_init() };
    client->config.ca_file = config->ca_file == NULL ? NULL : mem_copy_string(config->ca_file);
    client->config.header = config->header == NULL ? NULL : mem_copy_string(config->header);
    assert(client->multi != NULL);
    TAILQ_INIT(&client->ready);
    TAILQ_INIT(&client->free);
    long connections_max = (long)config->connections_max;
    curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_max);
    /* libcurl counts the busy ones in too, so it must not be the one that limits the idle ones. */
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, connections_max);
    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    http_client_socket_init(client);
    http_client_timer_init(client);
    return client;
}

void http_client_set_keepalive(struct http_client *client, uint32_t keepalive_max,
                               uint64_t keepalive_expiry_ns)
{
    client->config.keepalive_max = keepalive_max;
    client->config.keepalive_expiry_ns = keepalive_expiry_ns;
    client->settings++;
}

void http_client_destroy(struct http_client *client)
{
    if (client == NULL) return;
    assert(client->calls == 0);
    client->closing = true;
    while (!TAILQ_EMPTY(&client->free)) {
        struct http_call *call = TAILQ_FIRST(&client->free);
        TAILQ_REMOVE(&client->free, call, link);
        call_destroy(call);
    }
    curl_multi_cleanup(client->multi);
    mem_free((char *)(uintptr_t)client->config.ca_file);
    mem_free((char *)(uintptr_t)client->config.header);
    http_client_socket_deinit(client);
    curl_global_cleanup();
    http_client_timer_deinit(client); /* which frees it in the loop's next turn */
}

struct http_call *http_client_start(struct http_client *client,
                                    const struct http_call_config *config)
{
    assert(config->on_done != NULL);
    assert(config->response_bytes_max > 0);
    struct http_call *call = call_create(client);
    CURL *easy = call->easy;
    struct buf body = call->body;
    body.bytes_max = config->on_head != NULL ? BUF_UNBOUNDED : config->response_bytes_max;
    struct buf header_text = call->header_text;
    struct buf head_lines = call->head_lines;
    struct http_options options = call->options;
    *call = (struct http_call){
        .client = client,
        .config = *config,
        .easy = easy,
        .body = body,
        .header_text = header_text,
        .head_lines = head_lines,
        .options = options,
        .stream = { .window = config->response_bytes_max },
    };
    call->config.url = NULL;
    call->config.method = NULL;
    for (size_t i = 0; i < HTTP_CLIENT_HEADERS_MAX; i++)
        call->config.headers[i] = NULL;
    http_call_set_options(call, config);
    client->calls++;
    CURLMcode rc = curl_multi_add_handle(client->multi, easy);
    assert(rc == CURLM_OK);
    http_client_timer_begin(client);
    return call;
}

void http_client_cancel(struct http_call *call)
{
    struct http_client *client = call->client;
    if (client->current == call) client->current = NULL;
    call_unready(call);
    call_remove(call);
    call_release(call);
}

uint64_t http_client_stale_sockets(const struct http_client *client)
{
    return client->stale_sockets;
}
