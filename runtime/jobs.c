#include "runtime/jobs.h"

#include <assert.h>

#include "base/mem.h"

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

void jobs_deinit(struct jobs *jobs)
{
    assert(jobs->free_count == jobs->count);
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
    buf_init(&job->sent, BUF_UNBOUNDED);
    return job;
}

void jobs_release(struct jobs *jobs, struct job *job)
{
    assert(job->stage != JOB_FREE);
    assert(job->exchange == NULL);
    assert(job->http == NULL);
    assert(job->l2_ticket == 0);
    arena_deinit(&job->arena);
    buf_deinit(&job->sent);
    body_release(job->body);
    memo_entry_release(job->memo);
    body_release(job->l2_body);
    *job = (struct job){ .service = job->service, .id = job->id };
    jobs->free[jobs->free_count++] = job->id;
}

uint32_t jobs_in_use(const struct jobs *jobs)
{
    return jobs->count - jobs->free_count;
}
