#include "harness/check_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/cli.h"
#include "harness/interrupt.h"
#include "harness/sim.h"
#include "harness/unmodelled.h"
#include "harness/vacuity.h"

enum { EXIT_VACUOUS = 1 };

/* Six made-up runs of so many take about two seconds. */
enum { VACUITY_REQUESTS_MAX = 200000 };

static void warn(const struct suite_scenario *item, const struct expect *expect,
                 const char *sentence)
{
    printf("%s:%d:%d: warning: %s %s\n", item->scenario.path, expect->line, expect->column,
           expect->name, sentence);
}

/* How many expectations say nothing. */
static size_t print_expectations(const struct suite_scenario *item, const struct vacuity *vacuity)
{
    size_t bad = 0;
    for (size_t i = 0; i < vacuity->count; i++) {
        const struct expect *expect = &item->scenario.expects[i];
        if (vacuity->items[i].never_fails) {
            warn(item, expect,
                 "can never fail: it holds even when every answer is an error, a baseline or as "
                 "stale as allowed, and as late as the deadline; make it stricter, or remove it");
        } else if (vacuity->items[i].never_passes && vacuity->items[i].asks_for_many) {
            warn(item, expect,
                 "can never pass: it does not hold even when every answer is so, after as many "
                 "attempts as allowed; ask for fewer, or raise the rate or the duration");
        } else if (vacuity->items[i].never_passes) {
            warn(item, expect,
                 "can never pass: there are too few requests to be sure, even if none is slow; "
                 "raise the rate or the duration, or ask for a lower percentile");
        }
        bad += vacuity->items[i].never_fails || vacuity->items[i].never_passes;
    }
    return bad;
}

static void print_untouched(const struct suite_scenario *item, const struct vacuity *vacuity)
{
    const char *separator = "  the same without the faults: ";
    for (size_t i = 0; i < vacuity->count; i++) {
        if (!vacuity->items[i].untouched) continue;
        printf("%s%s", separator, item->scenario.expects[i].name);
        separator = ", ";
    }
    if (separator[0] == ',') putchar('\n');
}

/* Whether the scenario would be the same without its faults. */
static bool print_simulated(const struct suite_scenario *item, const struct vacuity *vacuity)
{
    if (!vacuity->has_faults) {
        printf("%s: has no faults that a simulation could show\n", item->scenario.path);
        return false;
    }
    if (vacuity_is_empty(vacuity)) {
        printf("%s: warning: without its faults every request is served the same and every "
               "expectation still holds; the faults never matter\n",
               item->scenario.path);
        return true;
    }
    printf("%s: without its faults %zu of %zu expectations do worse, and %zu requests "
           "fare differently\n",
           item->scenario.path, vacuity->failing, vacuity->count, vacuity->differing);
    print_untouched(item, vacuity);
    return false;
}

/* Simulates the scenario. How many of its phases have a fault that nobody meets, or hardly
 * anybody: warned of here, as a run would. */
static enum err print_reach(const struct suite_scenario *item, size_t *bad, struct err_note *note)
{
    struct run run;
    struct verdicts verdicts = { .checks = NULL };
    struct sim_options options = { .interrupt = interrupt_signal };
    run_init(&run, WORLD_SIM, &item->scenario, &item->schedule, &item->config, item->seed);
    enum err rc = sim_run(&run, &options, NULL, note);
    if (rc == ERR_OK) verdict_judge(&run, &verdicts);
    for (size_t i = 0; i < verdicts.count && run.complete; i++) {
        const struct check *check = &verdicts.checks[i];
        bool of_faults = strncmp(check->name, "faults.", strlen("faults.")) == 0;
        if (!of_faults || check_is_quiet(check)) continue;
        printf("%s:%d:%d: warning: %s: %s\n", item->scenario.path, check->line, check->column,
               check->name, check->sentence);
        (*bad)++;
    }
    verdict_deinit(&verdicts);
    run_deinit(&run);
    return rc;
}

static void print_unmodelled(const struct suite_scenario *item)
{
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    if (unmodelled_write(&item->config, &sentence)) {
        printf("%s: note: %s\n", item->scenario.path, buf_text(&sentence));
    }
    buf_deinit(&sentence);
}

static enum err check_one(const struct suite_scenario *item, const struct check_options *options,
                          size_t *bad)
{
    struct vacuity vacuity;
    struct err_note note = { .err = ERR_OK };
    enum err rc = ERR_OK;
    printf("%s: ok, %s%zu requests, %zu checks\n", item->scenario.path,
           schedule_up_to(&item->scenario), item->schedule.count, item->scenario.expect_count);
    print_unmodelled(item);
    if (item->schedule.count > VACUITY_REQUESTS_MAX) {
        printf("%s: too many requests to look for expectations that say nothing (over %d)\n",
               item->scenario.path, VACUITY_REQUESTS_MAX);
        return ERR_OK;
    }
    vacuity_find(item, &vacuity);
    *bad += print_expectations(item, &vacuity);
    rc = print_reach(item, bad, &note);
    if (rc == ERR_OK && options->vacuity && !interrupt_came()) {
        rc = vacuity_simulate(item, &vacuity, &note);
        if (rc == ERR_OK && !interrupt_came()) *bad += print_simulated(item, &vacuity);
    }
    if (rc != ERR_OK) err_note_print(stderr, &note);
    vacuity_deinit(&vacuity);
    return rc;
}

static int interrupted(size_t checked, size_t count)
{
    printf("interrupted: %zu of %zu scenarios were not checked\n", count - checked, count);
    return EXIT_INVALID_RUN;
}

int check_command(const struct check_options *options)
{
    struct suite suite = { .count = 0 };
    struct arena arena = { .head = NULL };
    size_t bad = 0;
    size_t checked = 0;
    interrupt_listen();
    enum err rc = discover(&suite, &arena, &options->discover, stderr);
    size_t count = suite.count;
    for (size_t i = 0; i < count && !interrupt_came(); i++) {
        enum err one = check_one(&suite.scenarios[i], options, &bad);
        if (rc == ERR_OK) rc = one;
        if (!interrupt_came()) checked++;
        fflush(stdout); /* a log shows how far it is */
    }
    suite_deinit(&suite);
    arena_deinit(&arena);
    if (rc != ERR_OK) return EXIT_BAD_USAGE;
    if (checked < count) return interrupted(checked, count);
    return options->vacuity && bad > 0 ? EXIT_VACUOUS : EXIT_OK;
}
