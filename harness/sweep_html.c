#include "harness/report_text.h"
#include "harness/sweep_html_parts.h"

void sweep_html_open(struct buf *out, const char *title, const char *lead)
{
    buf_printf(out, "<section>\n<h2>%s</h2>\n<p class=\"lead\">%s</p>\n", title, lead);
}

void sweep_html_close(struct buf *out)
{
    buf_puts(out, "</section>\n");
}

void sweep_html_setting(struct buf *out, const struct sweep_parameter *parameter, uint64_t value)
{
    buf_puts(out, "<td class=\"n\">");
    sweep_value_format(parameter->row, value, out);
    buf_puts(out, "</td>");
}

void sweep_html_feasible(struct buf *out, bool feasible)
{
    buf_puts(out, feasible ? "<span class=\"good\">\u2713 feasible</span>"
                           : "<span class=\"not\">\u2717 infeasible</span>");
}

static void put_facts(struct buf *out, const struct sweep *sweep)
{
    const struct sweep_spec *spec = sweep->spec;
    buf_printf(out, "<p class=\"facts\">%zu configurations of %zu settings over ", sweep->count,
               spec->space.count);
    report_text_escaped(out, spec->config_path);
    buf_printf(out, " · %zu scenarios and %zu held out · %zu seeds, %zu fresh · %zu simulations",
               sweep->search_scenarios, sweep->fresh_scenarios - sweep->search_scenarios,
               spec->search.count, spec->fresh.count, sweep->store->count);
    buf_puts(out, "</p>\n");
}

static void put_head(struct buf *out, const struct sweep *sweep)
{
    buf_puts(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n<title>sweep ");
    report_text_escaped(out, sweep->spec->name);
    buf_puts(out, "</title>\n<style>");
    buf_puts(out, sweep_html_style);
    buf_puts(out, "</style></head><body>\n<header><p class=\"brand\"><b>tollgate sweep</b>");
    report_text_escaped(out, sweep->spec->name);
    if (sweep->spec->about[0] != '\0') buf_puts(out, ": ");
    report_text_escaped(out, sweep->spec->about);
    const struct sweep_finalist *pick = sweep_pick(sweep);
    bool found = pick != NULL && sweep_score_feasible(&pick->fresh);
    buf_printf(out, "</p>\n<h1><span class=\"%s\">%s</span> <span>", found ? "good" : "not",
               found ? "\u2713" : "\u2717");
    struct buf verdict;
    buf_init(&verdict, BUF_UNBOUNDED);
    sweep_report_verdict(&verdict, sweep);
    report_text_escaped(out, buf_text(&verdict));
    buf_deinit(&verdict);
    buf_puts(out, "</span></h1>\n");
    put_facts(out, sweep);
    buf_puts(out, "</header>\n<main>\n");
}

void sweep_report_html(struct buf *out, const struct sweep *sweep,
                       const struct sweep_confirmation *confirmation)
{
    put_head(out, sweep);
    if (sweep->finalist_count > 0) {
        sweep_html_changes(out, sweep);
        sweep_html_confirmation(out, sweep, confirmation);
        sweep_html_pairs(out, sweep);
        sweep_html_knobs(out, sweep);
    }
    sweep_html_pareto(out, sweep);
    sweep_html_sensitivity(out, sweep);
    if (sweep->finalist_count > 0) sweep_html_finalists(out, sweep);
    sweep_html_refusals(out, sweep);
    buf_puts(out, "</main></body></html>\n");
}
