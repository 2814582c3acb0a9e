#ifndef MOCK_CONTROL_H
#define MOCK_CONTROL_H
/* The mock's own interface, beside tollama's: never faulted, never in the ledger. Under /__mock/ on
 * the main port when that is a loopback address, and on the port of --control.
 *
 *   GET    /__mock/health         what is being played, as the next
 *   GET    /__mock/scenario
 *   POST   /__mock/scenario       a scenario's YAML, or {"path": "a.yaml"}: it is played from now
 *                                 on; refused with its place, and the old one goes on
 *   DELETE /__mock/scenario       from now on every answer is healthy
 *   POST   /__mock/start          {"at_ns": N}: the scenario's zero is N of CLOCK_MONOTONIC, which
 *                                 may lie in the future; {} or nothing: now
 *   POST   /__mock/fault          { status: 503, share: 20% }, a list of faults, or
 *                                 { faults: ..., for: 60s }: instead of the scenario's phases
 *   DELETE /__mock/fault
 *   POST   /__mock/reset          as just started, with the same scenario
 *   POST   /__mock/ready          true or false: what /health/ready says
 *   GET    /__mock/ledger         the last 100 lines; /__mock/ledger/20: the last 20. Without
 *                                 --ledger and --control they are kept from the first time on that
 *                                 somebody asks
 *   GET    /__mock/ledger/stats   counts
 *
 * Answers under way end as they began, whatever is changed. */

#include "mock/state.h"

struct control_call {
    struct mock *mock;
    struct http_exchange *exchange;
    const struct address *own; /* of the port that was asked */
    bool from_anywhere; /* the port is not on a loopback address */
};

/* A path that begins with "/__mock/", or any path of the control port. */
void control_on_request(const struct control_call *call);

#endif
