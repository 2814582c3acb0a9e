/* The service's figures: of this process alone, or summed with those of other workers. */
#include <unistd.h>

#include "base/clock.h"
#include "runtime/state.h"

static struct metrics_gauges gauges_of(const struct service *service)
{
    struct engine_stats stats = engine_stats(service->engine);
    struct metrics_gauges gauges = {
        .engine = stats,
        .stale_sockets = http_client_stale_sockets(service->client),
        .server = http_server_stats(service->server),
        .pid = (uint64_t)getpid(),
        .l2_connected = l2_is_connected(service->l2) ? 1 : 0,
    };
    metrics_gauges_add(&gauges, &service->counted_before);
    return gauges;
}

void page_init(struct service *service)
{
    const struct service_setup *setup = &service->setup;
    if (setup->workers == NULL) return;
    workers_adopt(setup->workers, setup->worker, &service->metrics, &service->counted_before);
    page_publish(service); /* before its first turn, so that it is seen as soon as it is ready */
}

void page_publish(struct service *service)
{
    const struct service_setup *setup = &service->setup;
    if (setup->workers == NULL) return;
    struct metrics_gauges gauges = gauges_of(service);
    workers_publish(setup->workers, setup->worker, &service->metrics, &gauges);
}

/* A worker at rest publishes nothing: how long its hold lasts is asked for now. */
static void set_hold_left(struct metrics_gauges *gauges)
{
    gauges->hold_left_ns = instant_until(gauges->engine.held_until, clock_now());
}

void page_write(struct service *service, struct buf *out)
{
    if (service->setup.workers == NULL) {
        struct metrics_gauges gauges = gauges_of(service);
        set_hold_left(&gauges);
        metrics_write(out, &service->metrics, &gauges);
        return;
    }
    struct metrics sum;
    struct metrics_gauges gauges;
    struct metrics_workers workers;
    page_publish(service);
    workers_sum(service->setup.workers, &sum, &gauges, &workers);
    gauges.workers = &workers;
    set_hold_left(&gauges);
    metrics_write(out, &sum, &gauges);
}
