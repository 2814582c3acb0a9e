#include "harness/run_admit.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

enum run_next run_admit(const struct run_floor *floor)
{
    bool idle = floor->playing == 0;
    bool calm = floor->starting < RUN_STARTING_MAX && !floor->late;
    if (floor->fresh > 0) {
        bool room = floor->playing < floor->jobs;
        return idle || (room && calm) ? RUN_NEXT_FRESH : RUN_NEXT_NONE;
    }
    if (floor->again > 0) {
        bool room = floor->playing < smaller(floor->jobs, RUN_AGAIN_MAX);
        return idle || (room && calm) ? RUN_NEXT_AGAIN : RUN_NEXT_NONE;
    }
    return floor->alone > 0 && idle ? RUN_NEXT_ALONE : RUN_NEXT_NONE;
}

size_t run_jobs_default(size_t cores)
{
    return smaller(cores * RUN_JOBS_PER_CORE, RUN_JOBS_MAX);
}

bool run_is_late(struct load_pulse before, struct load_pulse now)
{
    return now.stalls > before.stalls || (now.late - before.late) * 100 > now.sent - before.sent;
}
