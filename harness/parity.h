#ifndef HARNESS_PARITY_H
#define HARNESS_PARITY_H
/* Does the simulation tell the truth? Level 1: each request is served the same way in both worlds,
 * unless its fate hangs on less than the margin: PARITY_MARGIN_NS, or what the real run's own load
 * generator or mock was late by (p99) where that is more.
 *
 * It is applied by perturbation: the simulation is repeated PARITY_REPEATS times with every
 * arrival, every reply, or both up to the margin later (keyed jitter). Whatever a request is
 * served as in any of them, consequences of other requests' shifts included, is what it may be in
 * the real world. A request with one possible fate is decided; one with several is marginal.
 *
 * Requests of closed loops are compared by their numbers: the same client's same request. What only
 * one world got to is not compared.
 *
 * A run may be chaotic: which requests are the breaker's probes hangs on milliseconds, and all that
 * follows on them. Then no number of simulations has met every course that a run may take, and what
 * the real one met beyond the margin, one event in a hundred, decides as well. So a run that
 * disagrees is looked at once more, beside PARITY_REPEATS simulations in which that hundredth comes
 * late by up to the worst that the real run's own records show. Chaotic is what in all of them
 * takes different courses of the breaker and has over PARITY_CHAOTIC_PERCENT marginal requests. Of
 * it PARITY_CHAOTIC_PERMILLE_MAX may be served as in no simulation, and the breaker's transitions
 * must be as many as in one of them, or two cycles more or less. What is not chaotic stays judged
 * by the margin.
 *
 * Level 2 (harness/parity_intervals.h) compares the p95 and the shares of all requests. */

#include "base/err.h"
#include "harness/parity_intervals.h"
#include "harness/run.h"

#define PARITY_MARGIN_NS UINT64_C(5000000)

enum { PARITY_REPEATS = 48, PARITY_IDS_MAX = 8 };

/* Requests that may differ from every simulation before the worlds are said to disagree, in parts
 * per thousand: room for a machine that stalls for longer than the margin. */
enum { PARITY_DISAGREE_PERMILLE_MAX = 20 };

enum {
    PARITY_CHAOTIC_PERCENT = 25,
    PARITY_CHAOTIC_PERMILLE_MAX = 80,
    PARITY_TRANSITIONS_SLACK = 4,
};

/* A stall that lasts longer is none of the simulations'. */
#define PARITY_STALL_MAX_NS UINT64_C(100000000)

struct parity {
    uint64_t margin_ns;    /* whole milliseconds */
    uint32_t requests;
    uint32_t decided;      /* one fate in all simulations */
    uint32_t agree;        /* decided, and the real run served it so */
    uint32_t marginal;     /* several fates */
    uint32_t marginal_agree; /* the real run's is one of them */
    uint32_t ids[PARITY_IDS_MAX]; /* requests served as in no simulation (numbers) */
    uint32_t id_count;
    bool served_holds; /* requests served as in no simulation, decided or marginal, are at most
                        * the permille bound of all requests; chaotic: and the transitions hold */
    bool chaotic;
    uint64_t stall_ns; /* chaotic: what one event in a hundred was late by, at most */
    struct parity_interval transitions; /* chaotic: of the breaker; else nothing */
    struct parity_intervals intervals; /* level 2 */
    bool holds;                        /* both levels do */
};

/* The margin that a real run's measured lateness asks for, in whole milliseconds; at least
 * PARITY_MARGIN_NS. */
uint64_t parity_margin_ns(const struct run *real);

/* The worst lateness of one request or reply in a real run, or the longest that a program of it
 * stood still (harness/stalls.h); at least its margin. */
uint64_t parity_stall_ns(const struct run *real);

/* What was compared request by request: "3681 of 3682 decided requests (99.97 %), 5829 within the
 * 5 ms margin", or what became of a chaotic one. */
void parity_served_write(const struct parity *parity, struct buf *out);
/* The same as a check named "parity.served", with the requests served as in no simulation. */
struct check parity_served_check(const struct parity *parity);

/* `sim` and `real` are runs of the same scenario, seed and configuration. */
typedef enum err parity_compare_fn(const struct run *sim, const struct run *real,
                                   struct parity *out, struct err_note *note);
MUST_USE enum err parity_compare(const struct run *sim, const struct run *real, struct parity *out,
                                 struct err_note *note);

#endif
