#ifndef HARNESS_REPORT_EARLIER_H
#define HARNESS_REPORT_EARLIER_H
/* What the reports tell of playings that did not count (earlier.h): each in the place where its
 * reader meets the verdict that came of them. All write nothing when nothing was played again, but
 * for result.json, which has an empty array then. */

#include "base/json.h"
#include "harness/suite.h"

/* result.json: the member "earlier_plays" of a world, one object per playing. */
void report_json_earlier(struct json *json, const struct earlier *earlier);

/* index.html: a small line below the scenario's verdict. */
void report_html_earlier(struct buf *out, const struct earlier *earlier);

/* summary.md: how many, and folded which ones and
 * why. */
void report_summary_earlier(struct buf *out, const struct suite *suite);

/* junit.xml: the suite's properties, "played_again.<scenario>" each. */
void report_junit_earlier(struct buf *out, const struct suite *suite);

#endif
