#include "harness/redis_stage.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/port.h"

enum { ASK_EVERY_MS = 5, PATH_BYTES = 1100, COMMANDS_BYTES = 160 };

static void trouble(struct redis_stage *stage, const char *sentence)
{
    if (stage->stopped) return;
    stage->config.on_trouble(stage->config.context, sentence);
}

/* Whether a program of that name lies in one of PATH's folders. */
static bool is_installed(const char *name)
{
    const char *path = getenv("PATH");
    char file[PATH_BYTES];
    while (path != NULL && *path != '\0') {
        size_t length = strcspn(path, ":");
        snprintf(file, sizeof file, "%.*s/%s", (int)length, path, name);
        if (access(file, X_OK) == 0) return true;
        path += length;
        path += *path == ':';
    }
    return false;
}

/* Commands, in the form that a person types them. */

static void on_written(uv_write_t *request, int status)
{
    (void)status; /* a broken connection is seen by the reader */
    mem_free(request);
}

static void send_commands(struct redis_stage *stage, const char *text, uint32_t count)
{
    size_t length = strlen(text);
    struct {
        uv_write_t request;
        char bytes[COMMANDS_BYTES];
    } *write = mem_alloc(1, sizeof *write);
    assert(length < sizeof write->bytes);
    memcpy(write->bytes, text, length);
    uv_buf_t buf = uv_buf_init(write->bytes, (unsigned)length);
    stage->replies_due += count;
    if (uv_write(&write->request, (uv_stream_t *)&stage->control, &buf, 1, on_written) == 0) return;
    mem_free(write);
    trouble(stage, "no command can be sent to redis-server");
}

/* Phases. */

static void note_late(struct redis_stage *stage, instant_ns due)
{
    stage->late_ns = u64_max(stage->late_ns, instant_until(clock_now(), due));
}

static void play_edge(struct redis_stage *stage, const struct redis_edge *edge)
{
    char text[COMMANDS_BYTES];
    stage->asked_for = instant_add(stage->start, edge->at_ns);
    switch (edge->phase->effect) {
    case REDIS_DOWN:
        if (edge->begins) {
            send_commands(stage,
                          "CONFIG SET port 0\r\nCLIENT KILL TYPE normal SKIPME yes\r\nFLUSHALL\r\n",
                          3);
        } else {
            snprintf(text, sizeof text, "CONFIG SET port %u\r\n", (unsigned)stage->port);
            send_commands(stage, text, 1);
        }
        return;
    case REDIS_HANG:
        kill(stage->server.pid, edge->begins ? SIGSTOP : SIGCONT);
        note_late(stage, stage->asked_for);
        return;
    case REDIS_FLUSH:
        if (edge->begins) send_commands(stage, "FLUSHALL\r\n", 1);
        return;
    }
}

static void wait_for_edge(struct redis_stage *stage);

static void on_edge(uv_timer_t *timer)
{
    struct redis_stage *stage = timer->data;
    while (stage->next_edge < stage->edge_count) {
        const struct redis_edge *edge = &stage->edges[stage->next_edge];
        if (instant_add(stage->start, edge->at_ns) > clock_now()) break;
        stage->next_edge++;
        play_edge(stage, edge);
    }
    wait_for_edge(stage);
}

static void wait_for_edge(struct redis_stage *stage)
{
    if (stage->stopped || stage->next_edge == stage->edge_count) return;
    instant_ns due = instant_add(stage->start, stage->edges[stage->next_edge].at_ns);
    uint64_t wait_ns = instant_until(due, clock_now());
    uv_update_time(stage->config.loop);
    uv_timer_start(&stage->timer, on_edge, (wait_ns + NS_PER_MS - 1) / NS_PER_MS, 0);
}

/* The end of one phase comes before the beginning of the next of the same moment. */
static void collect_edges(struct redis_stage *stage)
{
    const struct redis_story *story = stage->config.story;
    for (size_t i = 0; i < story->phase_count; i++) {
        const struct redis_phase *phase = &story->phases[i];
        stage->edges[stage->edge_count++] = (struct redis_edge){ phase->from_ns, phase, true };
        stage->edges[stage->edge_count++] = (struct redis_edge){ phase->to_ns, phase, false };
    }
}

void redis_stage_play(struct redis_stage *stage, instant_ns start)
{
    if (!stage->ready || stage->stopped) return;
    stage->start = start;
    wait_for_edge(stage);
}

/* Replies. */

static void take_line(struct redis_stage *stage, const char *line)
{
    char sentence[REDIS_REPLY_BYTES_MAX + 64];
    if (line[0] == '-' || stage->replies_due == 0) {
        snprintf(sentence, sizeof sentence, "redis-server does not do what it is told: %.200s",
                 line);
        trouble(stage, sentence);
        return;
    }
    if (--stage->replies_due > 0) return;
    if (stage->ready) {
        note_late(stage, stage->asked_for);
        return;
    }
    stage->ready = true;
    uv_timer_stop(&stage->timer);
    stage->config.on_ready(stage->config.context);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct redis_stage *stage = handle->data;
    if (stage->reply_length == sizeof stage->reply) stage->reply_length = 0;
    *out = uv_buf_init(stage->reply + stage->reply_length,
                       (unsigned)(sizeof stage->reply - stage->reply_length));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct redis_stage *stage = stream->data;
    (void)buf;
    if (got < 0) {
        uv_read_stop(stream);
        trouble(stage, "redis-server has closed the connection by which it is led");
        return;
    }
    stage->reply_length += (size_t)got;
    char *line = stage->reply;
    char *end;
    while ((end = memchr(line, '\n', stage->reply_length - (size_t)(line - stage->reply)))) {
        *end = '\0';
        if (end > line && end[-1] == '\r') end[-1] = '\0';
        take_line(stage, line);
        line = end + 1;
    }
    stage->reply_length -= (size_t)(line - stage->reply);
    memmove(stage->reply, line, stage->reply_length);
}

/* Starting. */

static void on_closed(uv_handle_t *handle)
{
    struct redis_stage *stage = handle->data;
    stage->open_handles--;
}

static void on_control_closed(uv_handle_t *handle)
{
    struct redis_stage *stage = handle->data;
    stage->open_handles--;
    stage->control_open = false; /* the timer tries again */
}

static void on_connected(uv_connect_t *request, int status)
{
    struct redis_stage *stage = request->data;
    if (stage->stopped) return;
    if (status != 0) {
        uv_close((uv_handle_t *)&stage->control, on_control_closed);
        return;
    }
    stage->connected = true;
    uv_tcp_nodelay(&stage->control, 1);
    uv_read_start((uv_stream_t *)&stage->control, on_alloc, on_read);
    send_commands(stage, "PING\r\n", 1);
}

static void on_ask(uv_timer_t *timer)
{
    struct redis_stage *stage = timer->data;
    struct sockaddr_in at;
    if (stage->control_open) return;
    uv_tcp_init(stage->config.loop, &stage->control);
    stage->control.data = stage;
    stage->control_open = true;
    stage->open_handles++;
    stage->connecting.data = stage;
    uv_ip4_addr("127.0.0.1", stage->port, &at);
    int rc = uv_tcp_connect(&stage->connecting, &stage->control, (const struct sockaddr *)&at,
                            on_connected);
    if (rc != 0) uv_close((uv_handle_t *)&stage->control, on_control_closed);
}

static void on_server_exit(void *context)
{
    struct redis_stage *stage = context;
    char sentence[CHILD_LINE_MAX];
    if (stage->stopped) return;
    child_describe_exit(&stage->server, sentence, sizeof sentence);
    size_t length = strlen(sentence);
    snprintf(sentence + length, sizeof sentence - length, "; its log is %.200s/redis.log",
             stage->config.folder);
    trouble(stage, sentence);
}

static enum err start_server(struct redis_stage *stage, struct err_note *note)
{
    char port[8];
    char log[PATH_BYTES];
    snprintf(port, sizeof port, "%u", (unsigned)stage->port);
    snprintf(log, sizeof log, "%s/redis.log", stage->config.folder);
    const char *arguments[] = {
        "setpriv", "--pdeathsig", "KILL", "redis-server", "--port",  port,
        "--bind",  "127.0.0.1",   "--save", "",           "--appendonly", "no",
        "--daemonize", "no", NULL,
    };
    stage->server = (struct child){
        .name = "redis-server",
        .foreign = true,
        .aside = stage->config.aside,
        .on_exit = on_server_exit,
        .context = stage,
    };
    return child_start(&stage->server, stage->config.loop, (char *const *)(uintptr_t)arguments, log,
                       note);
}

enum err redis_stage_start(struct redis_stage *stage, const struct redis_stage_config *config,
                           struct err_note *note)
{
    struct address address = { .host = "127.0.0.1", .port = 0 };
    *stage = (struct redis_stage){ .config = *config, .port_fd = -1 };
    if (!is_installed("redis-server")) {
        return err_note_set(note, ERR_NOT_FOUND, NULL, 0, 0,
                            "the scenario has a redis section, but there is no redis-server; "
                            "install it: apt-get install redis-server, or play it in the "
                            "simulator: --world sim");
    }
    enum err rc = port_bind(&address, PORT_ALONE, &stage->port_fd, note);
    if (rc != ERR_OK) return rc;
    stage->port = address.port;
    collect_edges(stage);
    rc = start_server(stage, note);
    if (rc != ERR_OK) return rc;
    uv_timer_init(config->loop, &stage->timer);
    stage->timer.data = stage;
    stage->open_handles++;
    uv_timer_start(&stage->timer, on_ask, ASK_EVERY_MS, ASK_EVERY_MS);
    return ERR_OK;
}

void redis_stage_stop(struct redis_stage *stage)
{
    if (stage->config.loop == NULL || stage->stopped) return;
    stage->stopped = true;
    child_stop(&stage->server, SIGKILL); /* SIGTERM does not reach one that is stopped */
    if (stage->open_handles > 0) uv_close((uv_handle_t *)&stage->timer, on_closed);
    if (stage->control_open && !uv_is_closing((uv_handle_t *)&stage->control)) {
        uv_close((uv_handle_t *)&stage->control, on_control_closed);
    }
    if (stage->port_fd >= 0) close(stage->port_fd);
    stage->port_fd = -1;
}

bool redis_stage_closed(const struct redis_stage *stage)
{
    return stage->open_handles == 0 && child_closed(&stage->server);
}
