#include "runtime/cycles.h"

enum { CYCLE_ANSWERS_MIN = 2 };

static void finish(struct cycle *cycle, struct metrics *metrics)
{
    cycle->open = false;
    if (cycle->answers < CYCLE_ANSWERS_MIN) return;
    metrics_on_cycle(metrics, cycle->last_answered - cycle->first_arrived);
}

void cycle_on_answer(struct cycle *cycle, const struct cycle_answer *answer,
                     struct metrics *metrics)
{
    if (cycle->open) {
        bool later = answer->as_of_unix_s > cycle->as_of_unix_s;
        bool idle = answer->arrived > instant_add(cycle->last_answered, CYCLE_IDLE_NS);
        if (later || idle) finish(cycle, metrics);
    }
    if (!cycle->open) {
        *cycle = (struct cycle){
            .open = true,
            .as_of_unix_s = answer->as_of_unix_s,
            .first_arrived = answer->arrived,
        };
    }
    if (answer->as_of_unix_s != cycle->as_of_unix_s) return;
    cycle->answers++;
    cycle->last_answered = answer->answered;
    if (answer->arrived < cycle->first_arrived) cycle->first_arrived = answer->arrived;
}
