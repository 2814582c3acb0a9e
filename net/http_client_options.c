/* What a transfer is told before it begins. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "net/http_client_private.h"

enum { OPTIONS_HEADERS_BYTES = 512 /* of a request, as a rule */ };

static void set_long(struct http_call *call, CURLoption option, long value)
{
    CURLcode rc = curl_easy_setopt(call->easy, option, value);
    assert(rc == CURLE_OK);
}

static void set_text(struct http_call *call, CURLoption option, const char *value)
{
    CURLcode rc = curl_easy_setopt(call->easy, option, value);
    assert(rc == CURLE_OK);
}

/* Copies the lines into the call's own list, which costs no allocations once it was used. */
static void call_link_headers(struct http_call *call, const char *const *lines, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += strlen(lines[i]) + 1;
    buf_clear(&call->header_text);
    buf_expect(&call->header_text, u64_max(bytes, OPTIONS_HEADERS_BYTES)); /* it stays in place */
    for (size_t i = 0; i < count; i++) {
        struct curl_slist *item = &call->headers[i];
        item->data = call->header_text.data + call->header_text.length;
        item->next = i + 1 < count ? item + 1 : NULL;
        buf_put(&call->header_text, lines[i], strlen(lines[i]) + 1);
    }
}

static void call_set_headers(struct http_call *call, const struct http_call_config *config)
{
    static const char id[] = "X-Request-ID:";
    const char *lines[HTTP_CLIENT_HEADERS_MAX + 2];
    size_t count = 0;
    for (size_t i = 0; i < HTTP_CLIENT_HEADERS_MAX && config->headers[i] != NULL; i++) {
        const char *line = config->headers[i];
        lines[count++] = line;
        if (strncasecmp(line, id, sizeof id - 1) != 0) continue;
        const char *value = line + sizeof id - 1;
        value += strspn(value, " \t");
        text_put(call->sent_request_id, sizeof call->sent_request_id, 0, value);
    }
    if (call->client->config.header != NULL) lines[count++] = call->client->config.header;
    /* Without this libcurl waits a second before it sends a body of more than 1 MiB. */
    lines[count++] = "Expect:";
    call_link_headers(call, lines, count);
}

static void call_set_body(struct http_call *call, const struct http_call_config *config)
{
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)config->body_length);
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, config->body == NULL ? "" : config->body);
}

static bool is_post(const struct http_call_config *config)
{
    return strcmp(config->method, "POST") == 0;
}

static void call_set_method(struct http_call *call, const struct http_call_config *config)
{
    bool get = strcmp(config->method, "GET") == 0;
    if (is_post(config) || config->body != NULL) {
        set_long(call, CURLOPT_POST, 1);
        call_set_body(call, config);
    } else if (strcmp(config->method, "HEAD") == 0) {
        set_long(call, CURLOPT_NOBODY, 1);
        return;
    } else {
        set_long(call, CURLOPT_HTTPGET, 1);
        if (get) return;
    }
    if (!is_post(config)) set_text(call, CURLOPT_CUSTOMREQUEST, config->method);
}

static void call_set_all(struct http_call *call, const struct http_call_config *config)
{
    const struct http_client_config *client = &call->client->config;
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->detail);
    set_text(call, CURLOPT_PROTOCOLS_STR, "http,https");
    set_text(call, CURLOPT_PROXY, "");
    set_long(call, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    set_long(call, CURLOPT_NOSIGNAL, 1);
    set_long(call, CURLOPT_QUICK_EXIT, 1);
    set_long(call, CURLOPT_TCP_NODELAY, 1);
    /* Counted in whole seconds by libcurl and only to tidy up: PREREQ knows the exact age. */
    set_long(call, CURLOPT_MAXAGE_CONN,
             (long)u64_min(client->keepalive_expiry_ns / NS_PER_S + 1, 24 * 3600));
    set_text(call, CURLOPT_URL, config->url);
    set_long(call, CURLOPT_PATH_AS_IS, 1);
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
    http_call_tls_init(call);
    call_set_method(call, config);
    http_call_socket_init(call);
    http_call_answer_init(call);
}

/* Setting thirty options costs more than all the rest of beginning a transfer, and nearly all
 * transfers have the same ones. */
void http_call_set_options(struct http_call *call, const struct http_call_config *config)
{
    struct http_options *set = &call->options;
    call_set_headers(call, config);
    if (set->known && set->settings == call->client->settings && is_post(config) &&
        strcmp(buf_text(&set->url), config->url) == 0) {
        call_set_body(call, config);
        return;
    }
    if (set->known) curl_easy_reset(call->easy);
    call_set_all(call, config);
    set->known = is_post(config);
    set->settings = call->client->settings;
    buf_clear(&set->url);
    buf_puts(&set->url, config->url);
}

void http_call_forget_options(struct http_call *call)
{
    call->options.known = false;
    curl_easy_reset(call->easy);
}
