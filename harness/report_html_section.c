#include <inttypes.h>

#include "base/units.h"
#include "harness/report_earlier.h"
#include "harness/report_html_parts.h"
#include "harness/report_text.h"
#include "harness/report_timeline.h"
#include "harness/unmodelled.h"

static void put_heading(struct buf *out, const struct suite_scenario *item)
{
    buf_puts(out, "<h2><a href=\"#");
    report_text_slug(out, item->scenario.name);
    buf_puts(out, "\">");
    report_text_escaped(out, item->scenario.name);
    buf_puts(out, "</a></h2>\n<p class=\"verdicts\">");
    if (item->sim.present) {
        buf_puts(out, "<span>sim ");
        report_html_badge(out, item->sim.verdict.status);
        buf_puts(out, "</span> ");
    }
    if (item->real.present) {
        buf_puts(out, "<span>real ");
        report_html_badge(out, item->real.verdict.status);
        buf_puts(out, "</span>");
    }
    buf_puts(out, "</p>\n");
    report_html_earlier(out, &item->real.earlier);
    buf_puts(out, "<p class=\"teaches\">");
    report_text_escaped(out, item->scenario.teaches);
    buf_puts(out, "</p>\n");
}

static void put_story(struct buf *out, const struct suite_world *world, const char *name)
{
    if (!world->present) return;
    buf_printf(out, "<p><b>%s.</b> ", name);
    report_timeline_story(out, &world->run);
    buf_puts(out, "</p>\n");
}

static void put_thinned(struct buf *out, const struct suite_scenario *item, size_t dots_max)
{
    const struct suite_world *world = item->sim.present ? &item->sim : &item->real;
    if (!world->present || world->run.schedule->count <= dots_max) return;
    buf_puts(out, " Of dots that would lie on one another, one is drawn.");
}

static void put_picture(struct buf *out, const struct suite_scenario *item, size_t number,
                        size_t dots_max)
{
    char limit[UNITS_TEXT_MAX];
    buf_puts(out, "<figure>\n");
    report_timeline(out, item, number, dots_max);
    buf_puts(out, "<figcaption>\n");
    put_story(out, &item->sim, "Simulation");
    put_story(out, &item->real, "Real sockets");
    buf_printf(out,
               "<p class=\"legend\">One dot is one request, at the moment it was due, in the "
               "lane of what it was served: the lower, the worse. Height within a lane is "
               "latency on a log scale from 1ms; the dashed line is %s.",
               units_format_duration(report_timeline_limit_ns(&item->scenario), limit));
    if (item->sim.verdict.status == CHECK_FAIL || item->real.verdict.status == CHECK_FAIL) {
        buf_puts(out, " Ringed dots are requests that failed checks name.");
    }
    put_thinned(out, item, dots_max);
    buf_puts(out, "</p>\n</figcaption>\n</figure>\n");
    report_html_slices(out, item);
}

static void put_intervals(struct buf *out, const struct parity_intervals *intervals)
{
    struct buf figures;
    buf_init(&figures, BUF_UNBOUNDED);
    parity_intervals_write(intervals, &figures);
    buf_puts(out, "<p class=\"finding parity\">");
    report_html_badge(out, intervals->hold ? CHECK_PASS : CHECK_FAIL);
    buf_puts(out, "<span>Figures of both worlds: ");
    report_text_escaped(out, buf_text(&figures));
    buf_puts(out, ".</span></p>\n");
    buf_deinit(&figures);
}

static void put_unmodelled(struct buf *out, const struct suite_scenario *item)
{
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    if (item->sim.present && unmodelled_write(&item->config, &sentence)) {
        buf_puts(out, "<p class=\"finding parity\"><span>Note: ");
        report_text_escaped(out, buf_text(&sentence));
        buf_puts(out, ".</span></p>\n");
    }
    buf_deinit(&sentence);
}

static void put_served(struct buf *out, const struct parity *parity)
{
    if (parity->chaotic) {
        struct buf figures;
        buf_init(&figures, BUF_UNBOUNDED);
        parity_served_write(parity, &figures);
        buf_puts(out, "<span>Simulation and sockets: ");
        report_text_escaped(out, buf_text(&figures));
        buf_deinit(&figures);
        return;
    }
    buf_puts(out, "<span>Simulation and sockets served ");
    report_text_count(out, parity->agree);
    buf_puts(out, " of ");
    report_text_count(out, parity->decided);
    buf_puts(out, " decided requests the same way; ");
    report_text_count(out, parity->marginal);
    buf_printf(out, " hang on less than %" PRIu64 " ms", parity->margin_ns / NS_PER_MS);
}

static void put_parity(struct buf *out, const struct suite_scenario *item)
{
    if (!item->has_parity) return;
    const struct parity *parity = &item->parity;
    buf_puts(out, "<p class=\"finding parity\">");
    report_html_badge(out, parity->served_holds ? CHECK_PASS : CHECK_FAIL);
    put_served(out, parity);
    if (parity->id_count > 0) {
        buf_puts(out, ". Different:");
        for (uint32_t i = 0; i < parity->id_count; i++) {
            char id[REQUEST_ID_MAX];
            buf_printf(out, "%s <code>%s</code>", i == 0 ? "" : ",",
                       schedule_request_id(parity->ids[i], id));
        }
    }
    buf_puts(out, ".</span></p>\n");
    put_intervals(out, &parity->intervals);
}

static void put_replay(struct buf *out, const struct suite_scenario *item)
{
    if (!item->has_replay) return;
    const struct replay *replay = &item->replay;
    buf_puts(out, "<p class=\"finding parity\">");
    report_html_badge(out, replay->identical ? CHECK_PASS : CHECK_FAIL);
    buf_puts(out, "<span>The real run's trace, replayed through the engine: ");
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    replay_sentence_write(replay, &sentence);
    report_text_escaped(out, buf_text(&sentence));
    buf_deinit(&sentence);
    buf_puts(out, ".</span></p>\n");
}

static void put_facts(struct buf *out, const struct suite_scenario *item)
{
    char duration[UNITS_TEXT_MAX];
    buf_puts(out, "<p class=\"facts\"><code>");
    report_text_escaped(out, item->scenario.path);
    buf_printf(out, "</code> · seed %" PRIu64 " · %s · ", item->seed,
               units_format_duration(item->scenario.duration_ns, duration));
    report_text_escaped(out, item->scenario.environment);
    for (size_t i = 0; i < item->scenario.setting_count; i++) {
        buf_puts(out, i == 0 ? " with <code>" : ", <code>");
        report_text_escaped(out, item->scenario.settings[i].assignment);
        buf_puts(out, "</code>");
    }
    buf_puts(out, "</p>\n");
}

static void put_repeats(struct buf *out, const struct suite_world *world)
{
    if (!world->present || world->repeats.count < 2) return;
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    repeats_sentence_write(&world->repeats, &sentence);
    buf_printf(out, "<p class=\"facts\">%s, repeated: ", world_name(world->run.world));
    report_text_escaped(out, buf_text(&sentence));
    buf_puts(out, "</p>\n");
    buf_deinit(&sentence);
}

void report_html_section(struct buf *out, const struct suite_scenario *item, size_t number,
                         size_t dots_max)
{
    buf_puts(out, "<section class=\"scenario card\" id=\"");
    report_text_slug(out, item->scenario.name);
    buf_printf(out, "\" data-status=\"%s\">\n", report_html_class(report_html_status(item)));
    put_heading(out, item);
    put_picture(out, item, number, dots_max);
    put_repeats(out, &item->sim);
    put_repeats(out, &item->real);
    report_html_checks(out, item);
    put_replay(out, item);
    put_unmodelled(out, item);
    put_parity(out, item);
    report_html_levels(out, item);
    put_facts(out, item);
    buf_puts(out, "</section>\n");
}
