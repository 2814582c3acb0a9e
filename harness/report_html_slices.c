#include <inttypes.h>
#include <stdlib.h>

#include "base/fixed.h"
#include "base/mem.h"
#include "harness/report_html_parts.h"
#include "harness/report_text.h"

/* The timeline for who cannot see it: what was served in each slice of time. */

enum { SLICES = 12 };

struct slice {
    uint64_t served[SERVED_COUNT];
    uint64_t n;
    uint64_t slowest_ns; /* INSTANT_NEVER: one without an answer */
};

static size_t slice_of(const struct run *run, uint64_t at_ns)
{
    return (size_t)u64_min(report_text_scaled(at_ns, run->scenario->duration_ns, SLICES),
                           SLICES - 1);
}

static void fill(struct slice *slices, const struct run *run)
{
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        struct slice *slice = &slices[slice_of(run, answer->intended_ns)];
        slice->n++;
        slice->served[answer->answered ? answer->served : SERVED_NOBODY]++;
        slice->slowest_ns = u64_max(slice->slowest_ns, run_latency_ns(answer));
    }
}

/* The states in which the breaker was, between two moments. */
static void put_breaker(struct buf *out, const struct run *run, uint64_t from_ns, uint64_t to_ns)
{
    enum breaker_state state = BREAKER_CLOSED;
    size_t next = 0;
    while (next < run->transition_count && run->transitions[next].at <= from_ns) {
        state = run->transitions[next++].to;
    }
    buf_puts(out, breaker_state_name(state));
    unsigned moves = 0;
    for (; next < run->transition_count && run->transitions[next].at < to_ns; next++) {
        state = run->transitions[next].to;
        moves++;
    }
    if (moves > 3)
        buf_printf(out, ", %u moves, then %s", moves, breaker_state_name(state));
    else if (moves > 0)
        buf_printf(out, ", then %s", breaker_state_name(state));
}

static void put_row(struct buf *out, const struct run *run, const struct slice *slice,
                    uint64_t from_ns, uint64_t to_ns)
{
    static const enum served kinds[] = { SERVED_CACHE,    SERVED_UPSTREAM, SERVED_STALE,
                                         SERVED_BASELINE, SERVED_ERROR,    SERVED_NOBODY };
    buf_puts(out, "<tr><th scope=\"row\">");
    report_text_moment(out, from_ns);
    buf_puts(out, " to ");
    report_text_moment(out, to_ns);
    buf_printf(out, "</th><td>%s</td><td class=\"n\">%" PRIu64 "</td>", world_name(run->world),
               slice->n);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        uint64_t count = slice->served[kinds[i]];
        buf_printf(out, "<td class=\"n%s\">%" PRIu64 "</td>", count == 0 ? " zero" : "", count);
    }
    buf_puts(out, "<td class=\"n\">");
    if (slice->n == 0)
        buf_puts(out, "–");
    else
        report_text_latency(out, slice->slowest_ns);
    buf_puts(out, "</td><td>");
    put_breaker(out, run, from_ns, to_ns);
    buf_puts(out, "</td></tr>\n");
}

void report_html_slices(struct buf *out, const struct suite_scenario *item)
{
    const struct suite_world *const worlds[] = { &item->sim, &item->real };
    struct slice slices[2][SLICES] = { { { .n = 0 } } };
    uint64_t duration_ns = item->scenario.duration_ns;
    buf_puts(out, "<details class=\"slices\"><summary>The timeline as a table</summary>\n"
                  "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Timeline of ");
    report_text_escaped(out, item->scenario.name);
    buf_puts(out,
             " as a table\"><table><thead><tr><th scope=\"col\">Due</th>"
             "<th scope=\"col\">World</th><th scope=\"col\" class=\"n\">Requests</th>"
             "<th scope=\"col\" class=\"n\">Cache</th><th scope=\"col\" class=\"n\">Upstream</th>"
             "<th scope=\"col\" class=\"n\">Stale</th><th scope=\"col\" class=\"n\">Baseline</th>"
             "<th scope=\"col\" class=\"n\">Error</th><th scope=\"col\" class=\"n\">No answer</th>"
             "<th scope=\"col\" class=\"n\">Slowest</th><th scope=\"col\">Breaker</th></tr>"
             "</thead><tbody>\n");
    for (size_t w = 0; w < 2; w++) {
        if (worlds[w]->present) fill(slices[w], &worlds[w]->run);
    }
    for (uint64_t i = 0; i < SLICES; i++) {
        for (size_t w = 0; w < 2; w++) {
            if (!worlds[w]->present) continue;
            put_row(out, &worlds[w]->run, &slices[w][i], duration_ns / SLICES * i,
                    duration_ns / SLICES * (i + 1));
        }
    }
    buf_puts(out, "</tbody></table></div></details>\n");
}
