#ifndef HARNESS_SLO_H
#define HARNESS_SLO_H
/* Service levels: what a run would have cost in production. The scenario is set into 30 days of
 * traffic at its own mean rate that is otherwise healthy, and ends them; healthy traffic goes on
 * behind it. From that follow what the scenario takes of the month's error budget, and which
 * multiwindow burn-rate alerts (Google SRE workbook, chapter 5) it would have set off, and when:
 *
 *     page    2 % of the budget in 1 h   burn >= 14.4 over 1 h and over 5 m
 *     page    5 % of the budget in 6 h   burn >=  6   over 6 h and over 30 m
 *     ticket 10 % of the budget in 3 d   burn >=  1   over 3 d and over 6 h
 *
 * where burn is the share of bad events in the window over the share that the objective allows.
 * Example: objective 99.9 %, an outage of 60 s in which every answer is an error, 40 requests/s. Of
 * the hour that ends with second 52 of the outage, 52/3,600 = 1.444 % were bad: 14.4 times 0.1 %.
 * It pages after 52 s. Of the month's budget of 103,680 errors it takes 2,400, which is 2.3 %.
 *
 * The traffic is looked at once per second, so moments are exact to a second; how long a monitoring
 * system takes to collect and evaluate comes on top.
 *
 * What counts:
 *   availability  every request but those that the service rightly refused (status 4xx);
 *                 good: answered, and not with 5xx
 *   latency       the same requests; good: answered within the objective's time from when it was
 *                 intended (an answer that never came is not)
 *   freshness     the same requests, but those that get a baseline by their own nature (short
 *                 history, low liquidity); good: a forecast of the upstream that the cache calls
 *                 fresh, or one no older than the objective's max_age */

#include "harness/run.h"

enum slo_kind { SLO_AVAILABILITY, SLO_LATENCY, SLO_FRESHNESS, SLO_COUNT };

enum { SLO_ALERTS = 3 };

#define SLO_MONTH_NS (UINT64_C(30) * 24 * 3600 * NS_PER_S)

/* The rule of an alert; the same for every objective. */
struct slo_alert_rule {
    const char *severity;   /* "page", "ticket" */
    uint32_t burn_permille; /* 14,400 */
    uint64_t long_ns, short_ns;
};

extern const struct slo_alert_rule slo_alert_rules[SLO_ALERTS];

struct slo_alert {
    bool fired;
    uint64_t at_ns;          /* offset from the scenario's start, when it fired */
    uint64_t resolved_ns;    /* when it was silent again, the traffic being healthy */
    uint64_t peak_permille;  /* the highest burn over the long window, in thousandths */
};

struct slo_indicator {
    enum slo_kind kind;
    uint32_t objective_ppm;
    uint64_t n;              /* requests of the scenario that count */
    uint64_t bad;            /* of those */
    uint32_t good_ppm;       /* in the scenario; n = 0: 1,000,000 */
    uint64_t month_n;        /* requests of the 30 days, the scenario's included */
    uint64_t budget;         /* bad ones that the objective allows in them, rounded down */
    uint64_t spent_ppm;      /* bad / budget; may be far over 1,000,000 */
    struct slo_alert alerts[SLO_ALERTS]; /* in the order of slo_alert_rules */
};

struct slo_report {
    bool known;              /* false: the run is invalid, or nothing was asked; all else is 0 */
    uint64_t rate_micro_per_s; /* of the healthy traffic: the scenario's mean */
    struct slo_objectives objectives;
    struct slo_indicator indicators[SLO_COUNT]; /* by slo_kind */
};

const char *slo_kind_name(enum slo_kind kind); /* "availability", ... */

/* Pure; plain data, nothing to release. */
void slo_report_make(const struct run *run, struct slo_report *out);

/* "would have sent a page after 52 s (burn 14.4 over 1h and 5m), 2.3 % of the month's error
 * budget" of an indicator, one clause; nothing of its name. */
void slo_sentence_write(const struct slo_indicator *indicator, struct buf *out);

#endif
