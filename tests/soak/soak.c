/* A long run that looks for leaks and lost answers: the mock plays tests/soak/soak.yaml, the
 * runtime serves a closed loop of clients, some of which hang up.
 *
 * usage: soak PROGRAMS SOURCE REQUESTS
 *
 * Fails when a request gets no answer or one that is not 200, when the runtime's resident memory
 * grows after the first fifth of the requests, when it does not get back to as many descriptors as
 * before the first one (and those of idle upstream connections) once its clients are gone, or when
 * something is still in flight at the end. Exit code 1 then, 0 otherwise. */

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "harness/child.h"
#include "net/http_client.h"
#include "scenario/scenario.h"
#include "scenario/workload.h"

enum {
    SOAK_CLIENTS = 48,
    SOAK_KEYS = 2000,
    SOAK_HANGUPS_PPM = 5000, /* requests whose client leaves */
    SOAK_RSS_SLACK_KIB = 8 * 1024,
    SOAK_KEEPALIVE = 16, /* idle upstream connections */
    SOAK_RESPONSE_BYTES_MAX = 1024 * 1024,
};

#define SOAK_LOST_NS (10 * NS_PER_S)
#define SOAK_DRAIN_NS (20 * NS_PER_S)

/* AddressSanitizer keeps freed memory back for a while, and looks for leaks itself at the end. */
#ifdef __SANITIZE_ADDRESS__
static const bool memory_is_told = false;
#else
static const bool memory_is_told = true;
#endif

struct client {
    struct soak *soak;
    struct http_call *call; /* NULL between requests */
    instant_ns began;
    bool hangs_up;
};

struct soak {
    uv_loop_t loop;
    uv_timer_t watch;
    struct child mock;
    struct child runtime;
    struct http_client *http;
    const char *programs;
    const char *source;
    char folder[64];
    char url[256];
    struct client clients[SOAK_CLIENTS];
    char *bodies[SOAK_KEYS]; /* owned */
    uint64_t wanted, sent, answered, hung_up, lost, not_200;
    uint64_t rss_kib, rss_end_kib;   /* after the first fifth, at the end */
    uint64_t fds, fds_end;           /* before the first request, when all clients are gone */
    instant_ns draining_since;       /* 0: not yet */
    uint64_t said;                   /* fifths reported */
    bool stopping;
};

static uint64_t resident_kib(pid_t pid)
{
    char path[64];
    char *text = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    if (file_read(path, 1 << 20, &text, &length, NULL) != ERR_OK) return 0;
    const char *at = strstr(text, "VmRSS:");
    uint64_t kib = at == NULL ? 0 : strtoull(at + strlen("VmRSS:"), NULL, 10);
    mem_free(text);
    return kib;
}

static uint64_t descriptors(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    DIR *folder = opendir(path);
    if (folder == NULL) return 0;
    uint64_t count = 0;
    while (readdir(folder) != NULL) count++;
    closedir(folder);
    return count;
}

static void measure(struct soak *soak)
{
    uint64_t done = soak->answered + soak->hung_up + soak->lost;
    uint64_t fifth = done * 5 / soak->wanted;
    if (fifth <= soak->said) return;
    soak->said = fifth;
    pid_t pid = soak->runtime.pid;
    soak->rss_end_kib = resident_kib(pid);
    if (fifth == 1) soak->rss_kib = soak->rss_end_kib;
    printf("%3" PRIu64 " %%: %" PRIu64 " answered, %" PRIu64 " hung up, %" PRIu64
           " lost, runtime has %" PRIu64 " KiB and %" PRIu64 " descriptors\n",
           fifth * 20, soak->answered, soak->hung_up, soak->lost, soak->rss_end_kib,
           descriptors(pid));
    fflush(stdout);
}

static void send_next(struct client *client);

static void on_done(void *context, const struct http_result *result)
{
    struct client *client = context;
    struct soak *soak = client->soak;
    client->call = NULL;
    if (result->end != HTTP_END_COMPLETE) {
        soak->lost++;
        printf("lost: %s %s\n", http_end_name(result->end), result->detail);
    } else {
        soak->answered++;
        if (result->status != 200) soak->not_200++;
    }
    measure(soak);
    send_next(client);
}

/* Leaves as soon as the request is out: the upstream call is under way. */
static void on_sent(void *context)
{
    struct client *client = context;
    if (client->hangs_up) client->began = 0;
}

static void send_next(struct client *client)
{
    struct soak *soak = client->soak;
    if (soak->stopping || soak->sent == soak->wanted) return;
    uint64_t number = soak->sent++;
    uint64_t uniform = draw(1, rng_stream("soak"), number, 0);
    const char *body = soak->bodies[draw_below(uniform, SOAK_KEYS)];
    client->hangs_up = draw_hits(draw(1, rng_stream("hangup"), number, 0), SOAK_HANGUPS_PPM);
    client->began = clock_now();
    char id[64];
    snprintf(id, sizeof id, "X-Request-Id: soak-%" PRIu64, number);
    const struct http_call_config call = {
        .url = soak->url,
        .method = "POST",
        .headers = { id, "Content-Type: application/json" },
        .body = body,
        .body_length = strlen(body),
        .response_bytes_max = SOAK_RESPONSE_BYTES_MAX,
        .on_sent = on_sent,
        .on_done = on_done,
        .context = client,
    };
    client->call = http_client_start(soak->http, &call);
}

static void stop(struct soak *soak)
{
    soak->stopping = true;
    child_stop(&soak->runtime, SIGTERM);
    child_stop(&soak->mock, SIGTERM);
}

/* The clients close their connections; but for those that the runtime keeps for the next call, what
 * is left then has leaked. */
static void drain(struct soak *soak)
{
    if (soak->draining_since == 0) {
        soak->draining_since = clock_now();
        http_client_destroy(soak->http);
        soak->http = NULL;
    }
    soak->fds_end = descriptors(soak->runtime.pid);
    const bool back = soak->fds_end <= soak->fds + SOAK_KEEPALIVE;
    bool over = clock_now() - soak->draining_since > SOAK_DRAIN_NS;
    if (back || over) stop(soak);
}

static void on_closed(uv_handle_t *handle)
{
    (void)handle;
}

static void on_watch(uv_timer_t *timer)
{
    struct soak *soak = timer->data;
    uint64_t busy = 0;
    for (size_t i = 0; i < SOAK_CLIENTS; i++) {
        struct client *client = &soak->clients[i];
        if (client->call == NULL) continue;
        bool leaves = client->hangs_up && client->began == 0;
        bool given_up = !leaves && clock_now() - client->began > SOAK_LOST_NS;
        busy++;
        if (!leaves && !given_up && !soak->stopping) continue;
        http_client_cancel(client->call);
        client->call = NULL;
        soak->hung_up += leaves;
        soak->lost += given_up;
        measure(soak);
        send_next(client);
    }
    if (busy == 0 && soak->sent == soak->wanted && !soak->stopping) drain(soak);
    if (soak->stopping && child_closed(&soak->mock) && child_closed(&soak->runtime)) {
        uv_close((uv_handle_t *)timer, on_closed);
    }
}

static void on_child_exit(void *context)
{
    struct soak *soak = context;
    if (soak->stopping) return;
    fputs("a program ended in mid-run\n", stderr);
    soak->lost++;
    stop(soak);
}

static void start(struct soak *soak, struct child *child, char **arguments)
{
    char log[128];
    struct err_note note = { .err = ERR_OK };
    snprintf(log, sizeof log, "%s/%s.log", soak->folder, child->name);
    child->on_exit = on_child_exit;
    child->context = soak;
    if (child_start(child, &soak->loop, arguments, log, &note) == ERR_OK) return;
    err_note_print(stderr, &note);
    exit(1);
}

static void on_runtime_ready(void *context)
{
    struct soak *soak = context;
    snprintf(soak->url, sizeof soak->url, "%s/tsfm/forecast", soak->runtime.url);
    soak->fds = descriptors(soak->runtime.pid);
    for (size_t i = 0; i < SOAK_CLIENTS; i++) {
        soak->clients[i] = (struct client){ .soak = soak };
        send_next(&soak->clients[i]);
    }
}

static void on_mock_ready(void *context)
{
    struct soak *soak = context;
    char program[256], parent[16], keepalive[64];
    snprintf(program, sizeof program, "%s/tollgate-runtime", soak->programs);
    snprintf(keepalive, sizeof keepalive, "max_keepalive_connections=%d", SOAK_KEEPALIVE);
    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    char *arguments[] = {
        program, "--listen", "127.0.0.1:0", "--upstream", soak->mock.url, "--parent", parent,
        "--set", "cache_ttl_s=0.2", "--set", "cache_stale_if_error_s=2",
        "--set", "cache_entries_max=500", "--set", "read_timeout_s=0.3",
        "--set", "request_deadline_s=1", "--set", "breaker_window_s=5",
        "--set", "breaker_cooldown_s=1", "--set", "retry_after_hold_cap_s=1",
        "--set", keepalive, NULL,
    };
    soak->runtime.on_ready = on_runtime_ready;
    start(soak, &soak->runtime, arguments);
}

static void start_mock(struct soak *soak)
{
    char program[256], scenario[256], parent[16];
    snprintf(program, sizeof program, "%s/mock-tollama", soak->programs);
    snprintf(scenario, sizeof scenario, "%s/tests/soak/soak.yaml", soak->source);
    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    char *arguments[] = { program,    "--listen", "127.0.0.1:0", "--scenario",
                          scenario,   "--parent", parent,        NULL };
    soak->mock.on_ready = on_mock_ready;
    start(soak, &soak->mock, arguments);
}

static void make_bodies(struct soak *soak)
{
    char path[256];
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    struct err_note note = { .err = ERR_OK };
    snprintf(path, sizeof path, "%s/tests/soak/soak.yaml", soak->source);
    if (scenario_load(&arena, path, &scenario, &note) != ERR_OK) {
        err_note_print(stderr, &note);
        exit(1);
    }
    for (uint32_t key = 0; key < SOAK_KEYS; key++) {
        struct buf buf;
        buf_init(&buf, BUF_UNBOUNDED);
        workload_write_request(&buf, &scenario, 0, key);
        soak->bodies[key] = buf_take(&buf);
    }
    arena_deinit(&arena);
}

static int judge(const struct soak *soak, uint64_t took_ns)
{
    bool rss_grew = memory_is_told &&
                    soak->rss_end_kib >
                        soak->rss_kib + soak->rss_kib / 10 + SOAK_RSS_SLACK_KIB;
    bool fds_grew = soak->fds_end > soak->fds + SOAK_KEEPALIVE;
    bool clean_exit = soak->runtime.exit_status == 0 && soak->runtime.exit_signal == 0;
    printf("%" PRIu64 " requests in %.1f s (%.0f/s): %" PRIu64 " answered, %" PRIu64
           " hung up, %" PRIu64 " lost, %" PRIu64 " not 200; memory %" PRIu64 " -> %" PRIu64
           " KiB, descriptors %" PRIu64 " -> %" PRIu64 ", the runtime's exit was %s\n",
           soak->wanted, (double)took_ns / 1e9, (double)soak->wanted * 1e9 / (double)took_ns,
           soak->answered, soak->hung_up, soak->lost, soak->not_200, soak->rss_kib,
           soak->rss_end_kib, soak->fds, soak->fds_end, clean_exit ? "clean" : "NOT clean");
    bool all = soak->answered + soak->hung_up == soak->wanted;
    bool good = all && soak->lost == 0 && soak->not_200 == 0 && !rss_grew && !fds_grew;
    puts(good && clean_exit ? "soak: passed" : "soak: FAILED");
    return good && clean_exit ? 0 : 1;
}

static void remove_logs(const struct soak *soak)
{
    static const char *const names[] = { "mock", "runtime" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s.log", soak->folder, names[i]);
        unlink(path);
    }
    rmdir(soak->folder);
}

int main(int argc, char **argv)
{
    if (argc != 4 || strtoull(argv[3], NULL, 10) < 100) {
        fputs("usage: soak PROGRAMS SOURCE REQUESTS (at least 100)\n", stderr);
        return 2;
    }
    struct soak *soak = mem_alloc(1, sizeof *soak);
    soak->programs = argv[1];
    soak->source = argv[2];
    soak->wanted = strtoull(argv[3], NULL, 10);
    soak->mock.name = "mock";
    soak->runtime.name = "runtime";
    snprintf(soak->folder, sizeof soak->folder, "/tmp/tollgate-soak-XXXXXX");
    if (mkdtemp(soak->folder) == NULL) return 1;
    make_bodies(soak);
    int rc = uv_loop_init(&soak->loop);
    assert(rc == 0);
    uv_timer_init(&soak->loop, &soak->watch);
    soak->watch.data = soak;
    uv_timer_start(&soak->watch, on_watch, 5, 5);
    const struct http_client_config client = {
        .loop = &soak->loop,
        .connections_max = SOAK_CLIENTS * 2,
        .keepalive_max = SOAK_CLIENTS,
        .keepalive_expiry_ns = 60 * NS_PER_S,
    };
    soak->http = http_client_create(&client);
    instant_ns began = clock_now();
    start_mock(soak);
    while (!soak->stopping || uv_is_active((uv_handle_t *)&soak->watch)) {
        uv_run(&soak->loop, UV_RUN_ONCE);
    }
    uint64_t took_ns = clock_now() - began;
    if (soak->http != NULL) http_client_destroy(soak->http); /* stopped in mid-run */
    uv_run(&soak->loop, UV_RUN_DEFAULT);
    rc = uv_loop_close(&soak->loop);
    assert(rc == 0);
    int code = judge(soak, took_ns);
    if (code == 0) remove_logs(soak);
    else printf("logs: %s\n", soak->folder);
    for (size_t i = 0; i < SOAK_KEYS; i++) mem_free(soak->bodies[i]);
    mem_free(soak);
    return code;
}
