#ifndef CORE_WARMUP_H
#define CORE_WARMUP_H
/* Warmup and keepwarm (guide section 6): when to ask the upstream for its health, when to send a
 * synthetic forecast for which model profile, and whether the process is ready for traffic.
 *
 *     start -> HEALTH --ok--> FORECAST of each profile, one at a time --all ok--> ready
 *                ^  '-failed: backoff-'       |        '-refused: backoff of that profile-'
 *                '------- unreachable, timeout -'
 *
 * - Ready once each profile has passed once; from then on always: neither an open breaker nor a
 *   failing keepwarm nor a new warmup takes readiness away. Real traffic that succeeds for a
 *   profile proves more than a synthetic forecast and counts as one.
 * - Keepwarm: a profile without a success, real or synthetic, for its (jittered) interval is sent
 *   one more forecast; with a success it is skipped.
 * - A restart of the upstream is seen as a loss (a refused connection of real traffic, an opening
 *   breaker, a synthetic call that got no answer) and a return (a passing health check, real
 *   traffic that succeeds, a closing breaker). Profiles without a success since the loss are then
 *   sent their forecast again, with the warmup's patience: a cold model would never pass the
 *   breaker's probes with theirs. After a loss that leaves the upstream out of reach, health checks
 *   go on with backoff until one passes.
 *
 * - Paused, nothing new is sent; whoever pauses it (baseline_only) needs no model, so the process
 *   is ready from then on. Resumed, what is due goes out.
 *
 * One call at a time, so that loading models do not compete. Waits are keyed draws. The calls count
 * nowhere in the engine: no breaker, no cache, no pool, no latency.
 *
 * Example, one profile, timeout 120 s, backoff base 250 ms: at 0 s CALL_HEALTH; refused -> again
 * within [0, 250) ms, then [0, 500) ms, ...; ok -> CALL_FORECAST, due in 120 s; ok -> READY. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/backoff.h"

enum {
    WARMUP_PROFILES_MAX = 16,
    WARMUP_ACTIONS_MAX = 3, /* a cancelled call, ready, the next call */
};

struct warmup_config {
    bool enabled;                /* false: ready at once, and nothing is ever sent */
    uint64_t seed;
    uint32_t profiles;           /* 1 .. WARMUP_PROFILES_MAX */
    uint64_t health_timeout_ns;  /* each > 0 */
    uint64_t forecast_timeout_ns;
    struct backoff_config retry; /* between failures in a row */
    uint64_t keepwarm_ns;        /* 0: no keepwarm */
    uint32_t keepwarm_jitter_permille; /* 0 .. 999 around keepwarm_ns */
};

enum warmup_state {
    WARMUP_OFF,      /* not enabled */
    WARMUP_WAITING,  /* for warmup_wakeup() */
    WARMUP_HEALTH,   /* a health check is under way */
    WARMUP_FORECAST, /* a synthetic forecast of `target` is under way */
};

enum warmup_result {
    WARMUP_OK,
    WARMUP_FAILED,      /* answered, but not as it should */
    WARMUP_UNREACHABLE, /* no answer: refused, reset, cut off */
    WARMUP_TIMEOUT,
    WARMUP_SKIPPED,     /* a keepwarm that real traffic made needless */
};

enum { WARMUP_RESULT_COUNT = WARMUP_SKIPPED + 1 };

enum warmup_event {
    WARMUP_TIMER,          /* nothing happened but time */
    WARMUP_DONE,           /* the call under way ended: `result` is OK, FAILED or UNREACHABLE */
    WARMUP_TRAFFIC_OK,     /* a real attempt succeeded: `profile`, or WARMUP_NO_PROFILE */
    WARMUP_TRAFFIC_REFUSED, /* a real attempt could not connect */
    WARMUP_BREAKER_OPENED,
    WARMUP_BREAKER_CLOSED,
    WARMUP_PAUSED,
    WARMUP_RESUMED,
};

#define WARMUP_NO_PROFILE UINT32_MAX

struct warmup_input {
    enum warmup_event event;
    enum warmup_result result;
    uint32_t profile;
};

enum warmup_action_kind {
    WARMUP_CANCEL,        /* end the call under way: it took too long; no DONE of it may follow */
    WARMUP_CALL_HEALTH,   /* ask for the health; DONE must follow, or CANCEL comes */
    WARMUP_CALL_FORECAST, /* send the synthetic forecast of `profile`; the same */
    WARMUP_READY,         /* all profiles have passed; once, unless a pause made it ready */
};

struct warmup_action {
    enum warmup_action_kind kind;
    uint32_t profile;
    uint64_t number;     /* of all calls, from 1 */
    uint64_t timeout_ns; /* what it may take */
};

struct warmup_actions {
    uint32_t count;
    struct warmup_action items[WARMUP_ACTIONS_MAX];
};

struct warmup_profile {
    bool proven;           /* passed once: what readiness counts */
    bool warm;             /* its latest news was a success */
    uint32_t failures;     /* in a row */
    instant_ns succeeded;  /* latest success; valid when proven */
    instant_ns due;        /* its next forecast; INSTANT_NEVER: none is planned */
    instant_ns not_before; /* no new warmup earlier: backoff after a failure, retry.cap_ns after a
                            * success, whatever comes and goes meanwhile */
    uint64_t last_call;    /* its number; 0: none */
    uint64_t interval_ns;  /* of keepwarm, drawn at each synthetic success; 0: none */
    uint64_t intervals;    /* drawn so far */
};

struct warmup {
    const struct warmup_config *config; /* borrowed */
    enum warmup_state state;
    bool ready;
    bool paused;
    bool reachable;         /* as far as known; false: health first */
    bool lost;              /* and not returned */
    bool breaker_open;
    instant_ns lost_at;     /* latest loss */
    instant_ns health_due;  /* when not reachable */
    uint32_t health_failures; /* in a row */
    uint32_t target;        /* WARMUP_FORECAST */
    instant_ns deadline;    /* of the call under way */
    uint64_t calls;
    uint64_t counts[WARMUP_RESULT_COUNT]; /* calls by result; skipped keepwarms */
    struct warmup_profile profiles[WARMUP_PROFILES_MAX];
};

/* The first health check is due at `now`. */
void warmup_init(struct warmup *warmup, const struct warmup_config *config, instant_ns now);
/* The input goes before a deadline of the same instant. Costs next to nothing for TRAFFIC_OK when
 * all is well. */
struct warmup_actions warmup_step(struct warmup *warmup, struct warmup_input input, instant_ns now);
/* When to step with WARMUP_TIMER at the latest; INSTANT_NEVER: only an event changes things. */
instant_ns warmup_wakeup(const struct warmup *warmup);

const char *warmup_result_name(enum warmup_result result); /* "unreachable" */

#endif
