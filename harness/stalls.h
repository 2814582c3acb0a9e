#ifndef HARNESS_STALLS_H
#define HARNESS_STALLS_H
/* Whether the machine kept somebody from playing the run for so long that it says nothing about the
 * service: the load generator, the mock or the runtime.
 *
 * A service that is late by its own doing (it sleeps, blocks or computes on its loop) is not
 * excused: it does not wait for a CPU, or does so for hardly longer than others. The load
 * generator's loop may not stand still for any reason.
 *
 * The judges allow 150 ms, and what is measured here, between what happened and when it is seen
 * (verdict_slack_ns), and the runtime's attempts have 200 ms to connect: STALLS_MAX_NS leaves room
 * below both for what the look before has counted. A mock that waits keeps nobody from connecting,
 * and its late answers have a check of their own (audit.h). What was measured stands in
 * docs/trust.md. */

#include "base/buf.h"
#include "base/instant.h"
#include "harness/suite.h"

#define STALLS_MAX_NS (125 * NS_PER_MS)
#define STALLS_MOCK_MAX_NS (2 * STALLS_MAX_NS)

/* Makes a complete run invalid, and lagged, when one was longer. */
void stalls_judge(struct run *run);

/* A line of a verbose summary: "held up by the machine at worst: the load generator 3 ms (healthy),
 * the mock 12 ms (relapse), the runtime: not observed"; nothing when nothing was played over
 * sockets. */
void stalls_write(const struct suite *suite, struct buf *out);

#endif
