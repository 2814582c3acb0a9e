#ifndef HARNESS_REPORT_TEXT_H
#define HARNESS_REPORT_TEXT_H
/* Text and figures as the reports print them. Names come from files that anybody may have written
 * and from answers of a broken server: nothing is put into a report without one of these.
 *
 *     report_text_escaped(out, "<b>\x01")      -> &lt;b&gt;U+FFFD
 *     report_text_latency(out, 41234567)       -> 41.2 ms
 *     report_text_moment(out, 21300000000)     -> 21.3 s
 *     report_text_share(out, 1, 3)             -> 33.3 % */

#include <stdint.h>

#include "base/buf.h"

/* For text and quoted attributes of XML and HTML. What neither allows (control characters, bytes
 * that are not UTF-8, noncharacters) becomes U+FFFD; tabs and line ends become references. */
void report_text_escaped(struct buf *out, const char *text);
/* For a paragraph or a table cell of GitHub's Markdown; line ends become spaces. */
void report_text_markdown(struct buf *out, const char *text);
/* As the value of a label in Prometheus' formats. */
void report_text_label(struct buf *out, const char *text);

/* As part of an id or a link: letters, digits, '.', '_' and '-' stay, all else becomes '-'. */
void report_text_slug(struct buf *out, const char *text);

/* 1234567 -> 1,234,567 */
void report_text_count(struct buf *out, uint64_t count);
/* One decimal; "<0.1 %" and ">99.9 %" when rounding would say none or all; "0 %" when whole is
 * 0. */
void report_text_share(struct buf *out, uint64_t part, uint64_t whole);
/* The same for XML and HTML. */
void report_text_share_escaped(struct buf *out, uint64_t part, uint64_t whole);
/* Three digits: 0.21 ms, 41.2 ms, 412 ms, 1.24 s; INSTANT_NEVER: "no answer". */
void report_text_latency(struct buf *out, uint64_t ns);
/* Seconds with one decimal, without ".0". */
void report_text_moment(struct buf *out, uint64_t ns);
/* part * range / whole, at most `range`, whatever the size of part and whole (> 0);
 * range <= 100,000. */
uint64_t report_text_scaled(uint64_t part, uint64_t whole, uint64_t range);
/* part / whole as a CSS length: 33.333%; at most 100%. `whole` > 0. */
void report_text_percent(struct buf *out, uint64_t part, uint64_t whole);

#endif
