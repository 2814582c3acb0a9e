#ifndef HARNESS_VERDICT_H
#define HARNESS_VERDICT_H
/* Judging one run: each expectation of the scenario, then the invariants that always hold, then
 * whether the faults of each phase were met ("faults.<phase>").
 *
 * Invariants (names as shown): invariant.one_answer, .no_attempt_while_open, .deadline (answer
 * within deadline + slack), .freshness (age <= TTL + stale), .codes (only the taxonomy's, and
 * consistent with what was served), .input (bad requests, and no others, are refused), .output
 * (0 <= q10 <= q50 <= q90 <= 1), .baseline_never_cached, .negative (a request is kept from the
 * upstream only if it was refused lately), .permits_balance, .attempts (at most retry_count + 1,
 * and the upstream received none that was not made), .retries (what may be retried is, when there
 * is time; no retry begins without its least budget), .backoff (spread up to its ceiling, or as
 * long as Retry-After asks), .outcomes (each attempt is recorded as what the upstream did to it),
 * .breaker_automaton (every transition is one that the reference automaton, fed with the attempts,
 * allows), .cooldown (each opening's length is its keyed draw, and open ends with it), .path (the
 * words of the breaker agree with its state, those of attempts with their list), .pool (never more
 * attempts than places, and who waits, is refused or gives up does so only when it must), .cache (a
 * second LRU finds what the cache found), .budget (a second bucket grants what was granted), .hold
 * (nobody asks while Retry-After holds all, and everybody when it is over), .recovery (answers are
 * fresh again within the bound of recovery.h). .pool to .hold need the exact order of events: real
 * runs are judged by them in part, or not at all. */

#include "harness/run.h"

/* UNOBSERVABLE: what it judges cannot be seen in this run, because the service gives no trace, say.
 * That is never a pass: an expectation of the file makes its world INCONCLUSIVE. An invariant,
 * which nobody asked for, leaves the verdict to the others, and so do the hidden expectations of a
 * service that is not ours (run.foreign), unless run.strict is set or nothing could be judged. */
enum check_status {
    CHECK_PASS,
    CHECK_FAIL,
    CHECK_INCONCLUSIVE,
    CHECK_INVALID,
    CHECK_UNOBSERVABLE,
};

enum { CHECK_STATUS_COUNT = CHECK_UNOBSERVABLE + 1 };

/* 0 (PASS) to 4 (INVALID): PASS < UNOBSERVABLE < INCONCLUSIVE < FAIL < INVALID. */
int check_status_badness(enum check_status status);

const char *check_status_name(enum check_status status); /* "pass", ... */
/* False when `name` is no status. */
bool check_status_parse(const char *name, enum check_status *out);

enum { CHECK_SENTENCE_MAX = 512, CHECK_IDS_MAX = 8, VERDICT_INVARIANTS_MAX = 24 };

struct check {
    char name[96];             /* "latency.p95 outside outage", "invariant.deadline" */
    char text[96];             /* as written in the file, "" for an invariant */
    int line, column;          /* 0 for an invariant */
    enum check_status status;
    bool scant;                /* passed, but says little: hardly an attempt met a fault */
    char sentence[CHECK_SENTENCE_MAX]; /* expected, seen, n */
    uint64_t n;                /* answers, attempts or transitions judged */
    uint32_t ids[CHECK_IDS_MAX]; /* requests that show a failure (indices of its run) */
    uint32_t id_count;
    bool of_another_run;       /* ids are requests' numbers, in a run that --repeat has not kept */
};

struct verdicts {
    struct check *checks; /* owned */
    size_t count;
    /* The worst: INVALID > FAIL > INCONCLUSIVE > PASS; never UNOBSERVABLE. */
    enum check_status status;
};

/* The number of the request ids[at]; `run` is the one that the check stands beside. */
uint32_t check_request_number(const struct run *run, const struct check *check, uint32_t at);
/* Makes it one of another run's: ids become numbers. */
void check_leave_run(struct check *check, const struct run *run);

/* "pass", ..., or "warning" for one that passed but says little. */
const char *check_verdict_word(const struct check *check);
/* It passed, and there is nothing to say about it. */
bool check_is_quiet(const struct check *check);
/* Whether such a check of `run` may be unobservable without any harm to the verdict. */
bool verdict_excuses(const struct run *run, const struct check *check);

/* Never fails; a run that is invalid makes every check CHECK_INVALID with the run's reason. */
void verdict_judge(const struct run *run, struct verdicts *out);
/* The same without "faults.<phase>", which tell how well a scenario tests and not what the service
 * did, and are a third of the work. */
void verdict_judge_service(const struct run *run, struct verdicts *out);
void verdict_deinit(struct verdicts *verdict);

#endif
