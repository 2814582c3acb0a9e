#include "harness/list_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "harness/cli.h"
#include "harness/report_text.h"
#include "harness/sim.h"

/* So many take about a third of a second. */
enum { SIMULATED_MAX = 200000 };

static void put_faults(struct buf *out, const struct scenario *scenario)
{
    bool any = false;
    for (size_t p = 0; p < scenario->phase_count; p++) {
        const struct phase *phase = &scenario->phases[p];
        char from[UNITS_TEXT_MAX];
        char to[UNITS_TEXT_MAX];
        if (phase->fault_count == 0) continue;
        any = true;
        buf_printf(out, "    faults   %s, %s to %s:", phase->name,
                   units_format_duration(phase->from_ns, from),
                   units_format_duration(phase->to_ns, to));
        for (size_t f = 0; f < phase->fault_count; f++) {
            buf_printf(out, "%s %s", f == 0 ? "" : " +", phase->faults[f].text);
        }
        buf_putc(out, '\n');
    }
    if (!any) buf_puts(out, "    faults   none\n");
}

static void put_redis(struct buf *out, const struct redis_story *redis)
{
    if (!redis->given) return;
    buf_puts(out, "    redis    ");
    for (size_t i = 0; i < redis->phase_count; i++) {
        const struct redis_phase *phase = &redis->phases[i];
        bool moment = phase->from_ns == phase->to_ns;
        char from[UNITS_TEXT_MAX];
        char to[UNITS_TEXT_MAX];
        buf_printf(out, "%s%s, %s%s%s: %s", i == 0 ? "" : "; ", phase->name,
                   units_format_duration(phase->from_ns, from), moment ? "" : " to ",
                   moment ? "" : units_format_duration(phase->to_ns, to),
                   redis_effect_name(phase->effect));
    }
    buf_puts(out, redis->phase_count == 0 ? "no trouble\n" : "\n");
}

/* A line of what is reached in `group`; none when nothing is. */
static void put_group(struct buf *out, const struct coverage *coverage, const char *group,
                      const char *label)
{
    bool any = false;
    for (size_t i = 0; i < coverage->count; i++) {
        const struct coverage_item *item = &coverage->items[i];
        if (item->count == 0 || strcmp(item->group, group) != 0) continue;
        if (!any) buf_printf(out, "    %-8s ", label);
        buf_printf(out, "%s%s", any ? "; " : "", item->name);
        any = true;
    }
    if (any) buf_putc(out, '\n');
}

/* What its requests bring about, found out by simulating it: the codes, the breaker's transitions
 * with their rules, and the steps of the chain. */
static void put_covered(struct buf *out, const struct suite_scenario *item)
{
    struct suite_scenario copy = *item;
    struct suite alone = { .scenarios = &copy, .count = 1 };
    struct run *run = &copy.sim.run;
    struct sim_options options = { .jitter_seed = 0 };
    struct err_note note = { .err = ERR_OK };
    if (item->schedule.count > SIMULATED_MAX) {
        buf_printf(out, "    covers   unknown: too many requests to simulate here (over %d)\n",
                   SIMULATED_MAX);
        return;
    }
    run_init(run, WORLD_SIM, &copy.scenario, &copy.schedule, &copy.config, copy.seed);
    copy.sim.present = true;
    if (sim_run(run, &options, NULL, &note) == ERR_OK) {
        struct coverage coverage;
        coverage_make(&coverage, &alone);
        put_group(out, &coverage, "code", "codes");
        put_group(out, &coverage, "breaker", "breaker");
        put_group(out, &coverage, "chain", "chain");
        coverage_deinit(&coverage);
    } else {
        buf_printf(out, "    covers   unknown: %s\n", note.sentence);
    }
    run_deinit(run);
}

static void put_scenario(struct buf *out, const struct suite_scenario *item)
{
    const struct scenario *scenario = &item->scenario;
    char duration[UNITS_TEXT_MAX];
    buf_printf(out, "%s  (%s, %s, ", scenario->name, scenario_tier_name(scenario->tier),
               units_format_duration(scenario->duration_ns, duration));
    buf_puts(out, schedule_up_to(scenario));
    report_text_count(out, item->schedule.count);
    buf_printf(out, " requests, %s)\n", scenario->environment);
    if (scenario->teaches[0] != '\0') buf_printf(out, "    teaches  %s\n", scenario->teaches);
    put_faults(out, scenario);
    put_redis(out, &scenario->redis);
    buf_puts(out, "    expects  ");
    for (size_t i = 0; i < scenario->expect_count; i++) {
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", scenario->expects[i].name);
    }
    buf_putc(out, '\n');
    put_covered(out, item);
}

int list_command(const struct discover_options *options)
{
    struct suite suite = { .count = 0 };
    struct arena arena = { .head = NULL };
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    enum err rc = discover(&suite, &arena, options, stderr);
    for (size_t i = 0; i < suite.count; i++) {
        if (i > 0) buf_putc(&text, '\n');
        put_scenario(&text, &suite.scenarios[i]);
    }
    fputs(buf_text(&text), stdout);
    buf_deinit(&text);
    suite_deinit(&suite);
    arena_deinit(&arena);
    return rc == ERR_OK ? EXIT_OK : EXIT_BAD_USAGE;
}
