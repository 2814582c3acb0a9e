#ifndef RUNTIME_WARMER_PRIVATE_H
#define RUNTIME_WARMER_PRIVATE_H
/* What the parts of the warmer share.
 *
 *     warmer.c         the policy: inputs, actions, life
 *     warmer_call.c    the one call under way: what is asked, and what the answer is worth
 *     warmer_status.c  what readiness probes and dashboards see */

#include "core/warmup.h"
#include "runtime/state.h"
#include "runtime/warmer.h"

enum { WARMER_ID_MAX = 96 };

enum warmer_pending {
    PENDING_NOTHING,
    PENDING_RESULT,
    PENDING_VERSION, /* no health page: ask for the version instead */
};

struct warmer_profile {
    char name[OPTION_TEXT_MAX];
    char last[64]; /* outcome of its latest synthetic forecast; empty: none yet */
};

struct warmer {
    struct service *service; /* borrowed */
    struct warmup_config config;
    struct warmup policy;
    struct alarm alarm;
    char *health_url;  /* owned */
    char *version_url; /* owned */
    uint64_t told[WARMUP_RESULT_COUNT]; /* of policy.counts, to the metrics */
    instant_ns started;
    instant_ns now;
    bool stopped;

    struct warmup_action action; /* the call under way */
    struct http_call *http;      /* NULL: none, or it just ended */
    struct arena arena;          /* of `request` */
    struct forecast_request request;
    struct buf sent;
    char id[WARMER_ID_MAX];
    enum warmer_pending pending;
    enum warmup_result result;   /* PENDING_RESULT */
    struct warmer_profile profiles[WARMUP_PROFILES_MAX];
};

/* warmer.c */

/* The call under way ended by itself: the policy hears it in the next turn of the loop. */
void warmer_report(struct warmer *warmer, enum warmer_pending pending, enum warmup_result result);

/* warmer_call.c; none of these from a callback of libcurl */

/* WARMUP_CALL_HEALTH or WARMUP_CALL_FORECAST */
void warmer_call_start(struct warmer *warmer, const struct warmup_action *action);
/* The second half of a health check: there was no health page. */
void warmer_call_version(struct warmer *warmer);
/* Ends it without a report. */
void warmer_call_cancel(struct warmer *warmer);
void warmer_call_log(struct warmer *warmer, const char *outcome, unsigned status,
                     const char *detail);

#endif
