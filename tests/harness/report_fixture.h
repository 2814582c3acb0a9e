#ifndef TESTS_HARNESS_REPORT_FIXTURE_H
#define TESTS_HARNESS_REPORT_FIXTURE_H
/* A suite made by hand, every figure of it known:
 *
 *     0 "calm"       both worlds, 100 requests of 10 ms each, all checks passed, the worlds agree;
 *                    over sockets it was played again twice
 *     1 "outage"     sim only, 100 requests: 40 upstream, 30 stale, 25 baseline, 4 errors and one
 *                    without an answer (r000099); breaker open from 4 s to 8 s; a check fails at
 *                    fixtures/outage.yaml:31:9 (r000042, r000099), another is inconclusive
 *     2 hostile      real only, invalid; its names hold markup, quotes and control characters */

#include "harness/suite.h"

#define HOSTILE "<script>alert(\"x\")</script>&'|`\x01\x1b\xff"

void suite_fixture_open(struct suite *suite);
void suite_fixture_close(struct suite *suite);

typedef void report_write_fn(struct buf *out, const struct suite *suite);

/* What a report writes of the suite, or of the fixture; the caller frees it (mem_free). */
char *report_text(report_write_fn *write, const struct suite *suite);
char *report_text_of_fixture(report_write_fn *write);

#endif
