#ifndef HARNESS_RUN_H
#define HARNESS_RUN_H
/* What one scenario did in one world: everything that is judged and drawn. The simulator fills it
 * from the engine's records, the real world from answers, the mock's ledger and the runtime's
 * trace; verdicts and reports see no difference.
 *
 * All times are offsets in ns from the scenario's start. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "core/record.h"
#include "scenario/arrival.h"
#include "scenario/scenario.h"

enum world { WORLD_SIM, WORLD_REAL };

const char *world_name(enum world world); /* "sim", "real" */

#define RUN_NO_CYCLE ARRIVAL_NO_CYCLE

struct run_answer {
    uint64_t intended_ns;      /* when all of it was to be sent: latency counts from here */
    uint64_t sent_ns;          /* when the generator really sent it */
    uint64_t done_ns;          /* when the answer was complete */
    uint64_t looked_ns;        /* sim: when its lookup in the second level was over; 0: none */
    bool answered;             /* false: no answer came */
    bool hung_up;              /* the client left before an answer came, at done_ns: none is owed,
                                * and it is judged in nothing but what was done upstream and
                                * whether it waited too long */
    bool output_valid;         /* 200: the right shape, 0 <= q10 <= q50 <= q90 <= 1; else true */
    uint32_t answers;          /* how many answers came; 1 */
    uint32_t cycle;            /* which of its workload's cycles, from 0; RUN_NO_CYCLE: none */
    uint16_t http_status;
    enum served served;
    enum code code;
    enum code cause;
    enum cache_state cache_state;
    uint64_t age_ns;
    uint32_t attempt_at;       /* first of its attempts in run.attempts */
    uint32_t attempt_count;
    uint32_t path_at;          /* first of its words in run.path */
    uint32_t path_count;
};

struct run_attempt {
    uint32_t request;          /* index of its answer */
    uint32_t number;           /* 0-based */
    enum outcome outcome;
    uint16_t http_status;
    bool start_known;          /* started_ns is meaningful (sim and real with a trace) */
    uint64_t started_ns;
    uint64_t backoff_ns;
    uint64_t latency_ns;
};

/* One line of the mock's ledger (real), or the same facts from the simulated upstream. */
struct run_delivery {
    uint32_t request;          /* index */
    uint32_t attempt;
    uint64_t at_ns;            /* when the upstream had read the request */
    uint32_t fired;            /* reply_plan.fired */
    uint32_t phase;            /* index, UINT32_MAX: none */
    uint64_t wait_ns;          /* reply_plan.wait_ns */
    uint64_t asked_ns;         /* planned delay */
    uint64_t late_ns;          /* how much later than planned it was played; sim: 0 */
};

/* How long one of those that play a real run was held up, at worst. */
struct run_stall {
    bool known;        /* it could be observed */
    uint64_t worst_ns;
    uint64_t at_ns;    /* when that was over */
};

struct run {
    enum world world;
    const struct scenario *scenario;       /* borrowed */
    const struct schedule *plan;           /* borrowed: as it was before the run */
    const struct schedule *schedule;       /* borrowed: what was sent: the plan, or `settled` */
    struct schedule *settled;              /* owned: see run_settle(); NULL: not settled */
    uint32_t *index_of;                    /* owned: request's number -> index; NULL: the same */
    const struct runtime_config *config;   /* borrowed: what the runtime ran with */
    uint64_t seed;
    struct run_answer *answers;            /* owned; schedule->count, same order */
    struct run_attempt *attempts;          /* owned, growing */
    size_t attempt_count, attempt_capacity;
    struct path_entry *path;               /* owned, growing */
    size_t path_count, path_capacity;
    struct run_delivery *deliveries;       /* owned, growing */
    size_t delivery_count, delivery_capacity;
    struct breaker_transition *transitions; /* owned, growing; at: offset */
    size_t transition_count, transition_capacity;
    /* --target: a service that is not ours. It gives no trace, so its attempts, paths and breaker
     * are unknown; its answers, and what the mock's ledger tells of them, are all there is. */
    bool foreign;
    bool strict;               /* foreign: what cannot be observed makes it inconclusive */
    bool permits_known;
    uint32_t permits_out;      /* at the end; must be 0 */
    bool invalid;              /* the run says nothing about the service */
    char invalid_reason[512];
    bool lagged;               /* that is because the machine was too busy, and nothing else */
    bool complete;             /* all of the schedule was played */
    bool interrupted;          /* not complete, because somebody wanted the program to end */
    uint64_t stopped_ns;       /* not complete: when it was broken off; 0: before its start */
    bool out_of_calls;         /* sim: a request came when all calls were taken */
    uint64_t wall_ns;          /* how long it took */
    uint64_t lag_p99_ns;       /* generator: sent - intended */
    struct run_stall generator_stall; /* real: its loop stood still */
    struct run_stall mock_stall;      /* real: it waited for a CPU (harness/cpu_wait.h) */
    struct run_stall service_stall;   /* the same of what is judged, when that is ours */
    char *realised_delays;     /* owned: JSON of scenario/realised_delay.h; NULL: not audited */
    uint64_t lookup_p99_ns;    /* real: how long the second level took to answer (lookups.h) */
    uint64_t redis_late_ns;    /* real: how late a phase of the second level was played, at most */
};

void run_init(struct run *run, enum world world, const struct scenario *scenario,
              const struct schedule *schedule, const struct runtime_config *config, uint64_t seed);
void run_deinit(struct run *run);

/* Closed loops and cycles decide in the run what is sent, and when. Once it is over, this leaves
 * the requests that were sent, and of a run that was broken off those whose answers were not still
 * to come, in order of time: `schedule` and `answers` hold these alone, and indices of `deliveries`
 * and `attempts` follow. The number in a request's id stays what it was. Nothing happens when an
 * open loop was played to its end. */
void run_settle(struct run *run);
/* Once all that is known of it is read: its breaker's transitions behind its end do not belong to
 * it. It ends with what was played of the scenario's time, or, when that is later, with its last
 * answer or attempt. A service that waits to be stopped has its timers tick on, a simulation has
 * not. */
void run_close(struct run *run);
/* Somebody wants the program to end, by this signal: the run, which was broken off at `stopped_ns`,
 * says nothing about the service; nothing when it is invalid already. */
void run_interrupt(struct run *run, int number);
/* How much of the scenario's time was played. */
uint64_t run_played_ns(const struct run *run);
/* The index of the request with this number, UINT32_MAX when none was sent. */
uint32_t run_index_of(const struct run *run, uint32_t number);
/* The id of a request, given by index, as client, ledger and trace know it. Returns `out`. */
const char *run_request_id(const struct run *run, uint32_t index, char out[REQUEST_ID_MAX]);
/* Its hash. */
uint64_t run_request_key(const struct run *run, uint32_t index);

/* The first reason stays. */
void run_set_invalid(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct run_attempt *run_add_attempt(struct run *run);
struct path_entry *run_add_path(struct run *run);
struct run_delivery *run_add_delivery(struct run *run);
struct breaker_transition *run_add_transition(struct run *run);

/* Latency of an answer: done - intended; INSTANT_NEVER when it never came. */
uint64_t run_latency_ns(const struct run_answer *answer);
/* Whether its client waited longer than that in vain: it hung up, and no answer had come. */
bool run_outwaited(const struct run_answer *answer, uint64_t limit_ns);
/* Nearest-rank quantile X_(ceil(q*n)) of the latencies of the answers that `keep` marks (NULL:
 * all); 0 when there are none. */
uint64_t run_latency_quantile_ns(const struct run *run, const bool *keep, uint32_t quantile_ppm);

#endif
