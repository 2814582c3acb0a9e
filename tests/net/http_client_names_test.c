/* Names that are slow to be looked up, or not known. The resolver here is the test's: a program's
 * own getaddrinfo() goes before the library's, for libcurl too. */

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client_world.h"

typedef int lookup_fn(const char *host, const char *service, const struct addrinfo *hints,
                      struct addrinfo **out);

enum { PATIENCE_S = 10 }; /* only ends a test that hangs */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool open; /* the lookup of "slow.test" goes on */
    bool late; /* it was never let on */
    unsigned begun, ended;
} gate = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* With the mutex held, until `*flag` or the patience is over. */
static bool gate_wait(const bool *flag)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += PATIENCE_S;
    while (!*flag) {
        if (pthread_cond_timedwait(&gate.changed, &gate.mutex, &limit) == ETIMEDOUT) return false;
    }
    return true;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    lookup_fn *real = NULL;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &symbol, sizeof real); /* ISO C knows no such cast */
    if (host == NULL || strcmp(host, "gone.test") == 0) return EAI_NONAME;
    if (strcmp(host, "slow.test") != 0) return real(host, service, hints, out);
    pthread_mutex_lock(&gate.mutex);
    gate.begun++;
    if (!gate_wait(&gate.open)) gate.late = true;
    pthread_mutex_unlock(&gate.mutex);
    int rc = real("127.0.0.1", service, hints, out);
    pthread_mutex_lock(&gate.mutex);
    gate.ended++;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
    return rc;
}

static void gate_set(bool open)
{
    pthread_mutex_lock(&gate.mutex);
    gate.open = open;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

static bool lookup_has_begun(void *context)
{
    (void)context;
    pthread_mutex_lock(&gate.mutex);
    bool begun = gate.begun > gate.ended;
    pthread_mutex_unlock(&gate.mutex);
    return begun;
}

static bool lookups_are_over(void *context)
{
    (void)context;
    return !lookup_has_begun(NULL);
}

static void start_at(struct probe *probe, struct world *world, const char *host)
{
    char url[64];
    snprintf(url, sizeof url, "http://%s:%u/x", host, (unsigned)world->server.port);
    probe_init(probe, world);
    struct http_call_config config = probe_config(probe);
    config.url = url;
    probe_start_with(probe, &config);
}

static void a_name_that_is_looked_up_for_long_holds_nobody_else(void **state)
{
    (void)state;
    struct world world;
    struct probe slow, other;
    gate_set(false);
    world_open(&world, answer_ok);
    start_at(&slow, &world, "slow.test");
    assert_true(loop_run_until(&world.loop, lookup_has_begun, NULL));
    probe_run(&other, &world);
    assert_end(&other, HTTP_END_COMPLETE);
    assert_int_equal(slow.connected + slow.done, 0);
    /* As when connect_timeout_s is over. */
    http_client_cancel(slow.call);
    probe_run(&other, &world);
    assert_end(&other, HTTP_END_COMPLETE);
    assert_false(gate.late); /* cancelling did not wait for the resolver */
    world_close(&world);
    gate_set(true);
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_true(loop_run_until(&loop, lookups_are_over, NULL));
    loop_finish(&loop);
}

static void a_name_that_is_found_late_is_connected_to(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    gate_set(false);
    world_open(&world, answer_ok);
    start_at(&probe, &world, "slow.test");
    assert_true(loop_run_until(&world.loop, lookup_has_begun, NULL));
    gate_set(true);
    probe_wait(&probe);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_int_equal(probe.connected, 1);
    world_close(&world);
}

static void a_name_that_nobody_knows_is_a_connect_error(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    start_at(&probe, &world, "gone.test");
    probe_wait(&probe);
    assert_end(&probe, HTTP_END_CONNECT_ERROR);
    assert_int_equal(probe.connected, 0);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_is_looked_up_for_long_holds_nobody_else),
        cmocka_unit_test(a_name_that_is_found_late_is_connected_to),
        cmocka_unit_test(a_name_that_nobody_knows_is_a_connect_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
