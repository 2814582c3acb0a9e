#include "mock/mock.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mock/attempt.h"
#include "mock/control.h"
#include "mock/control_guard.h"
#include "mock/proxy.h"
#include "mock/state.h"

static void mock_on_flush(uv_timer_t *timer);

/* A repeating timer would wake an idle mock five times a second, so lines start it. */
static void mock_on_line(void *context)
{
    struct mock *mock = context;
    if (uv_is_active((uv_handle_t *)&mock->flush)) return;
    uv_timer_start(&mock->flush, mock_on_flush, MOCK_LEDGER_FLUSH_MS, 0);
}

static void mock_on_flush(uv_timer_t *timer)
{
    struct mock *mock = timer->data;
    ledger_flush(&mock->ledger);
    if (mock->ledger.lines.length > 0) mock_on_line(mock);
}

static void mock_on_gone(void *context, struct http_exchange *exchange)
{
    struct mock *mock = context;
    if (mock->proxy != NULL && proxy_gone(mock->proxy, exchange)) return;
    player_gone(&mock->player, exchange);
}

static void mock_on_take(void *context, int fd)
{
    struct mock *mock = context;
    listener_take(&mock->listener, fd);
}

static void mock_on_show(void *context)
{
    struct mock *mock = context;
    listener_refresh(&mock->listener);
}

static void mock_on_dropped(void *context, struct http_exchange *exchange)
{
    attempt_on_dropped(context, exchange);
}

/* Replies of the API itself have no user. */
static void mock_on_done(void *context, struct http_exchange *exchange, bool whole)
{
    struct mock *mock = context;
    if (http_exchange_user(exchange) != NULL) player_done(&mock->player, exchange, whole);
}

static void mock_on_control(void *context, struct http_exchange *exchange)
{
    struct mock *mock = context;
    struct address address = http_server_address(mock->control_server);
    control_on_request(
        &(struct control_call){ .mock = mock,
                                .exchange = exchange,
                                .own = &address,
                                .from_anywhere = !control_is_loopback(address.host) });
}

static enum err mock_open_control(struct mock *mock, struct err_note *note)
{
    const struct mock_config *config = &mock->config;
    if (config->control == NULL) return ERR_OK;
    if (!control_is_loopback(config->control->host) && !config->control_anywhere) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--control %s: whoever reaches this port commands the mock; name a "
                            "loopback address, or add --control-anywhere",
                            config->control->host);
    }
    ledger_keep_lines(&mock->ledger);
    return http_server_create(
        &(struct http_server_config){
            .loop = config->loop,
            .listen = *config->control,
            .body_bytes_max = MOCK_BODY_BYTES_MAX,
            .connections_max = MOCK_CONTROL_CONNECTIONS_MAX,
            .idle_timeout_s = MOCK_IDLE_TIMEOUT_S,
            .on_request = mock_on_control,
            .context = mock,
        },
        &mock->control_server, note);
}

static enum err mock_open_server(struct mock *mock, struct err_note *note)
{
    enum err rc = http_server_create(
        &(struct http_server_config){
            .loop = mock->config.loop,
            .listen = mock->config.listen,
            .body_bytes_max = MOCK_BODY_BYTES_MAX,
            .bodies_bytes_max = MOCK_BODIES_BYTES_MAX,
            .answers_together = true,
            .body_in_place = mock->config.upstream == NULL, /* a proxy sends it on later */
            .connections_max = MOCK_CONNECTIONS_MAX,
            .connection_bytes = MOCK_CONNECTION_BYTES,
            .keep_target = mock->config.upstream != NULL,
            .idle_timeout_s = MOCK_IDLE_TIMEOUT_S,
            .limits = { .idle_ns = mock->config.idle_ns },
            .on_request = api_on_request,
            .on_head = api_on_head,
            .on_dropped = mock_on_dropped,
            .on_gone = mock_on_gone,
            .on_done = mock_on_done,
            .on_take = mock_on_take,
            .context = mock,
        },
        &mock->server, note);
    if (rc != ERR_OK) return rc;
    struct address address = http_server_address(mock->server);
    mock->control = control_is_loopback(address.host);
    return ERR_OK;
}

enum err mock_create(const struct mock_config *config, struct mock **out, struct err_note *note)
{
    struct mock *mock = mem_alloc(1, sizeof *mock);
    *mock = (struct mock){ .config = *config };
    *out = NULL;
    mock->created = clock_now();
    mock->created_wall_ms = clock_wall_ms();
    enum err rc = registry_init(&mock->registry, config->models, note);
    if (rc == ERR_OK) rc = ledger_open(&mock->ledger, config->ledger_path, note);
    if (rc == ERR_OK) rc = mock_open_control(mock, note);
    if (rc == ERR_OK) rc = mock_open_server(mock, note);
    if (rc != ERR_OK) goto failed;

    if (config->stage != NULL) stage_hold(config->stage);
    show_swap(&mock->show, config->stage, config->held ? INSTANT_NEVER : clock_now());
    if (config->ledger_path != NULL) ledger_keep_lines(&mock->ledger);
    mock->ledger.marked = config->ledger_end;
    mock->ledger.on_line = mock_on_line;
    mock->ledger.context = mock;
    identity_table_init(&mock->identities);
    answers_init(&mock->answers);
    player_init(&mock->player, config->loop, &mock->ledger, MOCK_CONNECTIONS_MAX);
    listener_init(&mock->listener, config->loop, mock->server, &mock->show, &mock->ledger);
    mock->show.on_change = mock_on_show;
    mock->show.context = mock;
    int timer_rc = uv_timer_init(config->loop, &mock->flush);
    assert(timer_rc == 0);
    mock->flush.data = mock;
    if (config->upstream != NULL) rc = proxy_create(mock, config->upstream, &mock->proxy, note);
    if (rc != ERR_OK) {
        mock_destroy(mock);
        return rc;
    }
    *out = mock;
    return ERR_OK;

failed:
    http_server_destroy(mock->control_server);
    ledger_close(&mock->ledger);
    registry_deinit(&mock->registry);
    mem_free(mock);
    return rc;
}

struct address mock_address(const struct mock *mock)
{
    return http_server_address(mock->server);
}

struct address mock_control_address(const struct mock *mock)
{
    return http_server_address(mock->control_server);
}

static void mock_on_closed(uv_handle_t *handle)
{
    struct mock *mock = handle->data;
    mem_free(mock->proxy);
    mem_free(mock);
}

void mock_destroy(struct mock *mock)
{
    if (mock == NULL) return;
    player_stop(&mock->player);
    proxy_close(mock->proxy);
    mock->show.on_change = NULL;
    listener_deinit(&mock->listener);
    http_server_destroy(mock->server);
    ledger_close(&mock->ledger);
    http_server_destroy(mock->control_server);
    player_deinit(&mock->player);
    attempts_deinit(mock);
    show_deinit(&mock->show);
    registry_deinit(&mock->registry);
    identity_table_deinit(&mock->identities);
    answers_deinit(&mock->answers);
    uv_close((uv_handle_t *)&mock->flush, mock_on_closed);
}
