#include "runtime/jobs.h"

#include <assert.h>

#include "base/mem.h"

enum {
    JOBS_KEEPING_MAX = 64, /* those beyond are freed: memory is given back after a peak */
    JOBS_SENT_KEPT_BYTES = 32 * 1024,
};

void jobs_init(struct jobs *jobs, uint32_t count, struct service *service)
{
    *jobs = (struct jobs){
        .items = mem_alloc(count, sizeof *jobs->items),
        .free = mem_alloc(count, sizeof *jobs->free),
        .count = count,
        .free_count = count,
    };
    for (uint32_t i = 0; i < count; i++) {
        jobs->items[i].service = service;
        jobs->items[i].id = i;
        jobs->free[i] = count - 1 - i; /* so that id 0 is taken first */
    }
}

static void forget_memory(struct jobs *jobs, uint32_t id)
{
    struct job *job = &jobs->items[id];
    if (!job->keeps_memory) return;
    job->keeps_memory = false;
    jobs->keeping--;
    arena_deinit(&job->arena);
    buf_deinit(&job->sent);
}

void jobs_deinit(struct jobs *jobs)
{
    assert(jobs->free_count == jobs->count);
    for (uint32_t i = 0; jobs->keeping > 0 && i < jobs->count; i++) forget_memory(jobs, i);
    mem_free(jobs->items);
    mem_free(jobs->free);
    *jobs = (struct jobs){ 0 };
}

struct job *jobs_take(struct jobs *jobs)
{
    if (jobs->free_count == 0) return NULL;
    struct job *job = &jobs->items[jobs->free[--jobs->free_count]];
    assert(job->stage == JOB_FREE);
    job->stage = JOB_QUEUED;
    if (job->keeps_memory) {
        job->keeps_memory = false;
        jobs->keeping--;
    } else {
        buf_init(&job->sent, BUF_UNBOUNDED);
    }
    return job;
}

void jobs_release(struct jobs *jobs, struct job *job)
{
    assert(job->stage != JOB_FREE);
    assert(job->exchange == NULL);
    assert(job->http == NULL);
    assert(job->l2_ticket == 0);
    arena_clear(&job->arena);
    buf_clear(&job->sent);
    body_release(job->body);
    memo_entry_release(job->memo);
    body_release(job->l2_body);
    *job = (struct job){
        .service = job->service,
        .id = job->id,
        .arena = job->arena,
        .sent = job->sent,
        .keeps_memory = true,
    };
    jobs->keeping++;
    if (jobs->keeping > JOBS_KEEPING_MAX || job->sent.capacity > JOBS_SENT_KEPT_BYTES) {
        forget_memory(jobs, job->id);
    }
    jobs->free[jobs->free_count++] = job->id;
}

uint32_t jobs_in_use(const struct jobs *jobs)
{
    return jobs->count - jobs->free_count;
}
