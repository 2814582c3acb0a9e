#include "core/supervision.h"

#include <assert.h>

void supervised_init(struct supervised *worker, uint64_t key)
{
    *worker = (struct supervised){ .key = key };
}

void supervised_start(struct supervised *worker)
{
    assert(!worker->running);
    worker->running = true;
    worker->ready = false;
}

void supervised_on_ready(struct supervised *worker, instant_ns now)
{
    assert(worker->running);
    worker->ready = true;
    worker->was_ready = true;
    worker->ready_at = now;
}

bool supervised_on_end(struct supervised *worker, const struct supervision_config *config,
                       enum supervised_end end, instant_ns now)
{
    assert(worker->running);
    assert(config->early_max >= 1);
    worker->running = false;
    if (end == SUPERVISED_REFUSED && !worker->was_ready) return false;

    uint64_t life_ns = worker->ready ? now - worker->ready_at : 0;
    bool early = !worker->ready || life_ns < config->early_ns;
    if (worker->ready && life_ns >= config->steady_ns) worker->ends = 0;
    worker->early = early ? worker->early + 1 : 0;
    if (worker->early >= config->early_max) return false;
    worker->due = instant_add(now, backoff_draw_ns(&config->backoff, config->seed, worker->key,
                                                   worker->ends));
    worker->ends++;
    return true;
}
