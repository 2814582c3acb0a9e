#include "harness/run_digest.h"

#include "base/rng.h"

/* Numbers one by one: a struct's padding has no fixed value. */
static void add(uint64_t *digest, uint64_t number)
{
    *digest = draw(*digest, 0, number, 0);
}

static void add_answer(uint64_t *digest, const struct run *run, const struct run_answer *answer)
{
    add(digest, answer->intended_ns);
    add(digest, answer->done_ns);
    add(digest, (uint64_t)answer->answered << 2 | (uint64_t)answer->hung_up << 1 |
                    (uint64_t)answer->output_valid);
    add(digest, answer->http_status);
    add(digest, answer->served);
    add(digest, answer->code);
    add(digest, answer->cause);
    add(digest, answer->cache_state);
    add(digest, answer->age_ns);
    for (uint32_t i = 0; i < answer->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[answer->attempt_at + i];
        add(digest, attempt->outcome);
        add(digest, attempt->http_status);
        add(digest, attempt->started_ns);
        add(digest, attempt->backoff_ns);
        add(digest, attempt->latency_ns);
    }
    for (uint32_t i = 0; i < answer->path_count; i++) {
        const struct path_entry *entry = &run->path[answer->path_at + i];
        add(digest, (uint64_t)entry->step << 8 | entry->outcome);
    }
}

uint64_t run_digest(const struct run *run)
{
    uint64_t digest = run->seed;
    for (uint32_t i = 0; i < run->schedule->count; i++)
        add_answer(&digest, run, &run->answers[i]);
    for (size_t i = 0; i < run->transition_count; i++) {
        const struct breaker_transition *transition = &run->transitions[i];
        add(&digest, transition->at);
        add(&digest, (uint64_t)transition->to << 8 | transition->rule);
        add(&digest, transition->failures);
        add(&digest, transition->volume);
        add(&digest, transition->cooldown_ns);
    }
    add(&digest, run->permits_out);
    return digest;
}
