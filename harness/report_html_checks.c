#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "harness/report_figures.h"
#include "harness/report_html_parts.h"
#include "harness/report_text.h"

static bool is_invariant(const struct check_pair *pair)
{
    return check_pair_any(pair)->line == 0;
}

/* "1. http_503 503 in 12.3 ms; after 45 ms 2. ok 200 in 40 ms" */
static void put_attempts(struct buf *out, const struct run *run, const struct run_answer *answer)
{
    if (answer->attempt_count == 0) buf_puts(out, "none");
    for (uint32_t i = 0; i < answer->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[answer->attempt_at + i];
        if (i > 0) buf_puts(out, "; ");
        if (attempt->backoff_ns > 0) {
            buf_puts(out, "after ");
            report_text_latency(out, attempt->backoff_ns);
            buf_putc(out, ' ');
        }
        buf_printf(out, "%" PRIu32 ". %s", attempt->number + 1, outcome_name(attempt->outcome));
        if (attempt->http_status != 0) buf_printf(out, " %u", attempt->http_status);
        buf_puts(out, " in ");
        report_text_latency(out, attempt->latency_ns);
    }
}

static void put_request(struct buf *out, const struct run *run, uint32_t index)
{
    if (index >= run->schedule->count) return;
    const struct run_answer *answer = &run->answers[index];
    char id[REQUEST_ID_MAX];
    run_request_id(run, index, id);
    buf_printf(out,
               "<tr data-request=\"%s\"><th scope=\"row\"><code>%s</code></th><td class=\"n\">", id,
               id);
    report_text_moment(out, answer->intended_ns);
    buf_puts(out, "</td><td class=\"n\">");
    report_text_latency(out, run_latency_ns(answer));
    buf_printf(out, "</td><td>%s</td><td>%s</td><td>",
               answer->answered ? served_name(answer->served) : "no answer",
               code_name(answer->cause));
    put_attempts(out, run, answer);
    buf_puts(out, "</td><td>");
    for (uint32_t i = 0; i < answer->path_count; i++) {
        if (i > 0) buf_puts(out, " → ");
        report_text_escaped(out, path_entry_name(run->path[answer->path_at + i]));
    }
    buf_puts(out, "</td></tr>\n");
}

/* Their ids alone: what happened to them is not kept. */
static void put_others(struct buf *out, const struct suite_world *world, const struct check *check)
{
    buf_puts(out, "<p>Requests of another run than the one drawn show it: ");
    for (uint32_t i = 0; i < check->id_count; i++) {
        char id[REQUEST_ID_MAX];
        schedule_request_id(check_request_number(&world->run, check, i), id);
        buf_printf(out, "%s<code>%s</code>", i == 0 ? "" : ", ", id);
    }
    buf_puts(out, "</p>\n");
}

/* Those of a failed check are shown at once; `check`'s place among its world's ties them to the
 * rings of the picture. */
static void put_requests(struct buf *out, const struct suite_world *world,
                         const struct check *check)
{
    if (check->id_count == 0) return;
    if (check->of_another_run) {
        put_others(out, world, check);
        return;
    }
    buf_printf(
        out,
        "<details class=\"requests\" data-world=\"%s\" data-check=\"%zu\"%s><summary>%" PRIu32
        " request%s that show%s it</summary>\n",
        world_name(world->run.world), (size_t)(check - world->verdict.checks),
        check->status == CHECK_FAIL ? " open" : "", check->id_count,
        check->id_count == 1 ? "" : "s", check->id_count == 1 ? "s" : "");
    buf_puts(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                  "aria-label=\"Requests that show it\"><table class=\"requests\"><thead><tr>"
                  "<th scope=\"col\">Request</th><th scope=\"col\" class=\"n\">Due</th>"
                  "<th scope=\"col\" class=\"n\">Latency</th><th scope=\"col\">Served</th>"
                  "<th scope=\"col\">Cause</th><th scope=\"col\">Attempts</th>"
                  "<th scope=\"col\">Path</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < check->id_count; i++)
        put_request(out, &world->run, check->ids[i]);
    buf_puts(out, "</tbody></table></div></details>\n");
}

static void put_world(struct buf *out, const struct suite_world *world, const struct check *check)
{
    if (check == NULL) return;
    buf_puts(out, "<div class=\"finding\">");
    report_html_check_badge(out, check);
    buf_printf(out, "<span class=\"world\">%s</span><span>", world_name(world->run.world));
    report_text_escaped(out, check->sentence);
    buf_puts(out, "</span></div>\n");
    if (check->status != CHECK_PASS) put_requests(out, world, check);
}

static void put_check_id(struct buf *out, const struct suite_scenario *item,
                         const struct check *check)
{
    report_text_slug(out, item->scenario.name);
    buf_putc(out, '/');
    report_text_slug(out, check->name);
}

enum group { GROUP_OPEN, GROUP_UNJUDGED, GROUP_EXPECTATIONS, GROUP_INVARIANTS };

/* Whether a world says more about the check than that the whole run is invalid. */
static bool is_open(const struct suite_world *world, const struct check *check)
{
    if (check == NULL || check_is_quiet(check)) return false;
    if (check->status == CHECK_UNOBSERVABLE && check->line == 0) return false;
    return check->status != CHECK_INVALID || !world->run.invalid;
}

static enum group group_of(const struct suite_scenario *item, const struct check_pair *pair)
{
    if (is_open(&item->sim, pair->sim) || is_open(&item->real, pair->real)) return GROUP_OPEN;
    if (check_pair_status(pair) != CHECK_PASS) return GROUP_UNJUDGED;
    return is_invariant(pair) ? GROUP_INVARIANTS : GROUP_EXPECTATIONS;
}

static void put_pair(struct buf *out, const struct suite_scenario *item,
                     const struct check_pair *pair)
{
    const struct check *any = check_pair_any(pair);
    bool warns = check_pair_status(pair) == CHECK_PASS && group_of(item, pair) == GROUP_OPEN;
    buf_printf(out, "<li class=\"check %s\" id=\"",
               report_html_class(warns ? CHECK_INCONCLUSIVE : check_pair_status(pair)));
    put_check_id(out, item, any);
    buf_puts(out, "\">\n<div class=\"what\"><a class=\"name\" href=\"#");
    put_check_id(out, item, any);
    buf_puts(out, "\">");
    report_text_escaped(out, any->name);
    buf_puts(out, "</a>");
    if (any->line > 0) {
        buf_puts(out, " <code class=\"place\">");
        report_text_escaped(out, item->scenario.path);
        buf_printf(out, ":%d:%d</code>", any->line, any->column);
    }
    if (any->text[0] != '\0' && strcmp(any->text, any->name) != 0) {
        buf_puts(out, " <code>");
        report_text_escaped(out, any->text);
        buf_puts(out, "</code>");
    }
    buf_puts(out, "</div>\n");
    put_world(out, &item->sim, pair->sim);
    put_world(out, &item->real, pair->real);
    buf_puts(out, "</li>\n");
}

static void put_group(struct buf *out, const struct suite_scenario *item,
                      const struct check_pair *pairs, size_t count, enum group group)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (group_of(item, &pairs[i]) != group) continue;
        if (!any) buf_puts(out, "<ul class=\"checks\">\n");
        any = true;
        put_pair(out, item, &pairs[i]);
    }
    if (any) buf_puts(out, "</ul>\n");
}

/* An invalid run has one reason for all its checks: it is given once. */
static void put_reason(struct buf *out, const struct suite_world *world)
{
    if (!world->present || !world->run.invalid) return;
    buf_puts(out, "<p class=\"finding\">");
    report_html_badge(out, CHECK_INVALID);
    buf_printf(out, "<span class=\"world\">%s</span><span>The run says nothing about the service: ",
               world_name(world->run.world));
    report_text_escaped(out, world->run.invalid_reason);
    buf_puts(out, "</span></p>\n");
}

static void put_folded(struct buf *out, const struct suite_scenario *item,
                       const struct check_pair *pairs, size_t count, enum group group)
{
    static const struct {
        enum check_status status;
        const char *one, *many;
    } texts[] = {
        [GROUP_OPEN] = { CHECK_FAIL, "", "" }, /* never folded */
        [GROUP_UNJUDGED] = { CHECK_INVALID, "check could not be judged",
                             "checks could not be judged" },
        [GROUP_EXPECTATIONS] = { CHECK_PASS, "expectation passed", "expectations passed" },
        [GROUP_INVARIANTS] = { CHECK_PASS, "invariant held", "invariants held" },
    };
    size_t members = 0;
    for (size_t i = 0; i < count; i++)
        members += group_of(item, &pairs[i]) == group;
    if (members == 0) return;
    buf_puts(out, "<details><summary>");
    report_html_icon(out, texts[group].status);
    buf_printf(out, " %zu %s</summary>\n", members,
               members == 1 ? texts[group].one : texts[group].many);
    put_group(out, item, pairs, count, group);
    buf_puts(out, "</details>\n");
}

void report_html_checks(struct buf *out, const struct suite_scenario *item)
{
    struct check_pair *pairs = NULL;
    size_t count = check_pairs_make(&pairs, item);
    put_reason(out, &item->sim);
    put_reason(out, &item->real);
    put_group(out, item, pairs, count, GROUP_OPEN);
    put_folded(out, item, pairs, count, GROUP_UNJUDGED);
    put_folded(out, item, pairs, count, GROUP_EXPECTATIONS);
    put_folded(out, item, pairs, count, GROUP_INVARIANTS);
    mem_free(pairs);
}
