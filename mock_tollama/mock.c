#include "mock/mock.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mock/state.h"

static bool address_is_loopback(const struct address *address)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (inet_pton(AF_INET6, address->host, &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
    return inet_pton(AF_INET, address->host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static void mock_on_flush(uv_timer_t *timer)
{
    struct mock *mock = timer->data;
    ledger_flush(&mock->ledger);
}

/* A repeating timer would wake an idle mock five times a second, so lines start it. */
static void mock_on_line(void *context)
{
    struct mock *mock = context;
    if (uv_is_active((uv_handle_t *)&mock->flush)) return;
    uv_timer_start(&mock->flush, mock_on_flush, MOCK_LEDGER_FLUSH_MS, 0);
}

static void mock_on_gone(void *context, struct http_exchange *exchange)
{
    struct mock *mock = context;
    player_gone(&mock->player, exchange);
}

enum err mock_create(const struct mock_config *config, struct mock **out, struct err_note *note)
{
    struct mock *mock = mem_alloc(1, sizeof *mock);
    *mock = (struct mock){ .config = *config, .start = clock_now() };
    *out = NULL;
    enum err rc = ledger_open(&mock->ledger, config->ledger_path, note);
    if (rc != ERR_OK) goto failed;
    rc = http_server_create(
        &(struct http_server_config){
            .loop = config->loop,
            .listen = config->listen,
            .body_bytes_max = MOCK_BODY_BYTES_MAX,
            .connections_max = MOCK_CONNECTIONS_MAX,
            .idle_timeout_s = MOCK_IDLE_TIMEOUT_S,
            .on_request = api_on_request,
            .on_gone = mock_on_gone,
            .context = mock,
        },
        &mock->server, note);
    if (rc != ERR_OK) goto failed;

    struct address address = http_server_address(mock->server);
    mock->control = address_is_loopback(&address);
    mock->ledger.on_line = mock_on_line;
    mock->ledger.context = mock;
    identity_table_init(&mock->identities);
    player_init(&mock->player, config->loop, &mock->ledger, MOCK_CONNECTIONS_MAX);
    int timer_rc = uv_timer_init(config->loop, &mock->flush);
    assert(timer_rc == 0);
    mock->flush.data = mock;
    *out = mock;
    return ERR_OK;

failed:
    ledger_close(&mock->ledger);
    mem_free(mock);
    return rc;
}

struct address mock_address(const struct mock *mock)
{
    return http_server_address(mock->server);
}

static void mock_on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void mock_destroy(struct mock *mock)
{
    if (mock == NULL) return;
    player_stop(&mock->player);
    ledger_close(&mock->ledger);
    http_server_destroy(mock->server);
    player_deinit(&mock->player);
    identity_table_deinit(&mock->identities);
    uv_close((uv_handle_t *)&mock->flush, mock_on_closed);
}
