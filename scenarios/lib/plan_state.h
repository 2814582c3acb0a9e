#ifndef SCENARIO_PLAN_STATE_H
#define SCENARIO_PLAN_STATE_H
/* Makes reply plans: which faults fire (the keyed ones by draws, the counting ones by what came
 * before), how long an attempt waits for a worker or a cold model, and what comes of it.
 *
 *     struct plan_state *state = plan_state_create(&scenario, seed);
 *     plan_make(state, &query, &plan);      once per attempt, when the request has been read
 *     plan_state_destroy(state);
 *
 * No allocation after create. Not for several threads. */

#include "scenario/plan.h"

struct plan_state;

/* `scenario` is borrowed; NULL: everything is healthy, at once. Never NULL. */
struct plan_state *plan_state_create(const struct scenario *scenario, uint64_t seed);
void plan_state_destroy(struct plan_state *state);
/* Forgets what was counted, as if the scenario began. */
void plan_state_reset(struct plan_state *state);

void plan_make(struct plan_state *state, const struct plan_query *query, struct reply_plan *out);

/* Whether a fault that stops inside the request is in force at an offset: then plan_make() is to be
 * called when the head has been read (query.model and market are NULL then). */
bool plan_needs_head(const struct plan_state *state, uint64_t offset_ns);

/* For a request whose name stands in its body: only the faults that stop inside the request have
 * their say, under whatever name the query has. True when one fires: the plan is made. False: make
 * it with plan_make() when the body is there, `past_head` set. */
bool plan_make_head(struct plan_state *state, const struct plan_query *query,
                    struct reply_plan *out);

/* The fate as far as keyed conditions alone decide it: bits of `known` are decided, `fired` holds
 * their values. For checking what another program did, in any order. A fault that asks for a model,
 * market or path which the query does not have is not known. */
struct plan_keyed {
    uint32_t known;
    uint32_t fired;
};
struct plan_keyed plan_keyed(struct plan_state *state, const struct plan_query *query);

/* Of how many attempts a fault had its say: all conditions but how many are to be hit. */
struct plan_count {
    uint64_t eligible;
    uint64_t fired;
    uint64_t share_ppm_sum; /* of the shares that were asked for, attempt by attempt */
};

/* What plan_make() has counted since the start, of a phase's fault by its index. */
struct plan_count plan_counted(const struct plan_state *state, const struct phase *phase,
                               size_t fault);

/* The same from what another program says it did: `fate` was decided for `query`. The counts are
 * added to those of plan_make(), so use a state of its own. */
void plan_recount(struct plan_state *state, const struct plan_query *query,
                  const struct plan_fate *fate);

/* What a connection meets that is opened at an offset. Not counted in plans: there is no request.
 * */
enum plan_connect {
    CONNECT_OPEN,
    CONNECT_REFUSE,   /* nobody listens: RST for the SYN */
    CONNECT_SYN_DROP, /* the SYN is not answered */
    CONNECT_RESET,    /* accepted, then RST */
    CONNECT_CLOSE,    /* accepted, then FIN */
    CONNECT_STALL,    /* accepted, never read */
};

enum plan_connect plan_connect_at(const struct plan_state *state, uint64_t offset_ns);
/* When it changes next; UINT64_MAX: never. */
uint64_t plan_connect_next(const struct plan_state *state, uint64_t offset_ns);

#endif
