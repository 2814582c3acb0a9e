#include "harness/run_real_private.h"

static struct suite_scenario *kept_item(const struct real_job *job)
{
    return &job->real->suite->scenarios[job->index];
}

static void drop_result(struct suite_scenario *item)
{
    verdict_deinit(&item->real.verdict);
    run_deinit(&item->real.run);
    if (item->has_replay) replay_deinit(&item->replay);
    item->has_replay = false;
    item->has_parity = false;
}

void real_job_set_aside(struct real_job *job)
{
    struct suite_scenario *item = kept_item(job);
    if (!item->real.present) return;
    real_job_let_go(job);
    job->kept = (struct real_kept){
        .present = true,
        .run = item->real.run,
        .verdict = item->real.verdict,
        .has_replay = item->has_replay,
        .replay = item->replay,
        .has_parity = item->has_parity,
        .parity = item->parity,
    };
    item->has_replay = false;
    item->has_parity = false;
}

void real_job_let_go(struct real_job *job)
{
    struct real_kept *kept = &job->kept;
    if (!kept->present) return;
    verdict_deinit(&kept->verdict);
    run_deinit(&kept->run);
    if (kept->has_replay) replay_deinit(&kept->replay);
    kept->present = false;
}

void real_job_choose(struct real_job *job)
{
    struct suite_scenario *item = kept_item(job);
    struct real_kept *kept = &job->kept;
    bool broken_off = job->real->stopping && !item->real.run.complete;
    if (!kept->present) return;
    if (!broken_off || !kept->run.complete) {
        real_job_let_go(job);
        return;
    }
    drop_result(item);
    item->real.run = kept->run;
    item->real.verdict = kept->verdict;
    item->has_replay = kept->has_replay;
    item->replay = kept->replay;
    item->has_parity = kept->has_parity;
    item->parity = kept->parity;
    earlier_drop(&item->real.earlier);
    kept->present = false;
}

static void drop_waiting(struct real *real, const struct real_queue *queue)
{
    for (size_t i = queue->at; i < queue->end; i++) {
        earlier_drop(&real->suite->scenarios[queue->items[i]].real.earlier);
    }
}

void real_drop_waiting(struct real *real)
{
    drop_waiting(real, &real->again);
    drop_waiting(real, &real->alone);
}
