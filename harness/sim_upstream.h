#ifndef HARNESS_SIM_UPSTREAM_H
#define HARNESS_SIM_UPSTREAM_H
/* The simulated upstream: plays the reply plan of each attempt and says what the runtime's HTTP
 * client would report of it. A call has at most one attempt at a time, so one timer per call is
 * enough.
 *
 *     start at 0:  0.1 ms ATTEMPT_SENT (the upstream has read the request, the plan is made)
 *                  { 40ms HEAD } { BODY 40% } { RESET }: 40.3 ms ATTEMPT_DONE read_error
 *
 * Steps of one instant are reported as one. An attempt inside a connect fault's window never
 * becomes a request: `planned` stays false. */

#include "base/timers.h"
#include "core/engine.h"
#include "forecast/model_request.h"
#include "harness/sim.h"
#include "harness/sim_reading.h"
#include "scenario/plan_state.h"

/* What the runtime asks for. */
struct sim_asked {
    uint64_t request_key;
    uint32_t number;       /* 0-based */
    uint32_t answer_bytes; /* of a good answer */
    const char *model;     /* borrowed; NULL: not told */
    const char *market;
};

struct sim_attempt {
    struct sim_asked asked;
    bool sent;                  /* the request is on its way */
    bool planned;               /* the upstream has read it: `plan` is valid */
    enum plan_connect connect;
    uint8_t step;               /* the next one of the plan, or the one that is sent in pieces */
    struct sim_reading reading;
    struct reply_plan plan;
};

struct sim_upstream {
    struct plan_state *plans;          /* owned */
    const struct sim_options *options; /* borrowed */
    uint64_t jitter_stream;
    uint64_t bytes_max;                /* of an answer that the runtime takes */
    const char *path;                  /* of its requests */
    struct timers timers;              /* owned: by call id */
    struct sim_attempt *attempts;      /* owned: by call id */
};

void sim_upstream_init(struct sim_upstream *upstream, const struct run *run,
                       const struct sim_options *options, uint32_t calls_max);
void sim_upstream_deinit(struct sim_upstream *upstream);

/* The runtime starts an attempt of `call`. */
void sim_upstream_start(struct sim_upstream *upstream, uint32_t call,
                        const struct sim_asked *asked, instant_ns now);
void sim_upstream_cancel(struct sim_upstream *upstream, uint32_t call);
/* When something happens next; INSTANT_NEVER when nothing will. */
instant_ns sim_upstream_next(const struct sim_upstream *upstream);
/* What happens at sim_upstream_next(), which is `now`: fills `out` (body_bytes is left to the
 * caller). False when there is nothing to report, as of a stall. ENGINE_ATTEMPT_SENT stands for
 * ENGINE_ATTEMPT_CONNECTED just before it, too. */
bool sim_upstream_pop(struct sim_upstream *upstream, instant_ns now, struct engine_input *out);

#endif
