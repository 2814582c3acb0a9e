#include "harness/shrink.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/discover.h"
#include "harness/interrupt.h"
#include "harness/isolated.h"
#include "harness/shrink_guard.h"
#include "harness/shrink_private.h"
#include "harness/story.h"

/* A crash's simulations that take longer than this are no crash. */
enum { CRASH_SECONDS_MAX = 20 };

/* Without a name an invariant goes before an expectation: it fails for one reason alone. */
static const struct check *find_failure(const struct verdicts *verdicts, const char *name)
{
    const struct check *found = NULL;
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct check *check = &verdicts->checks[i];
        if (check->status != CHECK_FAIL) continue;
        if (name != NULL && strcmp(check->name, name) != 0) continue;
        if (name != NULL || strncmp(check->name, "invariant.", 10) == 0) return check;
        if (found == NULL) found = check;
    }
    return found;
}

static uint32_t count_faults(const struct scenario *scenario)
{
    uint32_t count = 0;
    for (size_t i = 0; i < scenario->phase_count; i++)
        count += (uint32_t)scenario->phases[i].fault_count;
    return count;
}

static int simulate_alone(void *context)
{
    const struct suite_scenario *item = context;
    struct err_note note = { .err = ERR_OK };
    struct run run;
    struct verdicts verdicts;
    alarm(CRASH_SECONDS_MAX);
    if (story_simulate(item, &run, &verdicts, &note) != ERR_OK) return 1;
    verdict_deinit(&verdicts);
    run_deinit(&run);
    return 0;
}

/* The signal that ends its simulation, 0 when it ends in order. */
static int crash_of(struct suite_scenario *item)
{
    struct isolated_end end = isolated_run(simulate_alone, item, true);
    return end.by_signal && end.signal != SIGALRM ? end.signal : 0;
}

/* Whether it can still be mended: it fails because of its faults, and there is time to recover. */
static bool is_alike(const struct shrinker *shrinker, const struct suite_scenario *item,
                     const char *check)
{
    if (shrink_guard_tail_ns(&item->scenario, check) < shrinker->tail_ns) return false;
    return !shrinker->keeps_shares || !shrinker->calm_passes ||
           shrink_guard_calm_passes(item, check);
}

static bool fails_check(struct shrinker *shrinker, const struct suite_scenario *item, bool first,
                        struct err_note *note)
{
    struct shrink_result *result = shrinker->result;
    struct run run;
    struct verdicts verdicts;
    if (story_simulate(item, &run, &verdicts, note) != ERR_OK) return false;
    const char *name = result->check[0] != '\0' ? result->check : shrinker->options->check;
    const struct check *check = find_failure(&verdicts, name);
    uint64_t digest = check == NULL ? 0 : shrink_guard_digest(&run, check->name);
    if (check != NULL && first) {
        shrinker->calm_passes = shrink_guard_calm_passes(item, check->name);
        shrinker->frozen = shrink_guard_freezes(&run, check->name, shrinker->calm_passes);
        shrinker->keeps_shares = scenario_expect(&item->scenario, check->name) != NULL;
        shrinker->tail_ns = shrink_guard_tail_ns(&item->scenario, check->name);
        shrinker->digest = digest;
    }
    bool same = check != NULL && digest == shrinker->digest &&
                is_alike(shrinker, item, check->name);
    if (same) {
        snprintf(result->check, sizeof result->check, "%s", check->name);
        snprintf(result->sentence, sizeof result->sentence, "%s", check->sentence);
        result->requests[1] = (uint32_t)run.schedule->count;
    }
    verdict_deinit(&verdicts);
    run_deinit(&run);
    return same;
}

static bool fails_at_all(const struct shrinker *shrinker, struct suite_scenario *item)
{
    struct shrink_result *result = shrinker->result;
    if (crash_of(item) != shrinker->crash) return false;
    snprintf(result->check, sizeof result->check, "crash");
    snprintf(result->sentence, sizeof result->sentence, "its simulation ends with %s",
             strsignal(shrinker->crash));
    result->requests[1] = (uint32_t)item->schedule.count;
    return true;
}

/* What the scenario stands on, for whoever plays the smaller one from another place. */
static void keep_configs(struct shrinker *shrinker, const struct scenario *scenario)
{
    char *configs = shrinker->result->configs;
    discover_config_path(scenario, shrinker->options->configs, configs, SHRINK_PATH_MAX);
    char *slash = strrchr(configs, '/');
    if (slash != NULL) *slash = '\0';
}

/* Whether the scenario as it stands fails the check; then its figures are the result's. `first`:
 * what it fails is found out. */
static bool still_fails(struct shrinker *shrinker, bool first, struct err_note *note)
{
    struct arena arena = { .head = NULL };
    struct suite_scenario item;
    struct buf text;
    bool fails = false;
    buf_init(&text, BUF_UNBOUNDED);
    story_write(&text, shrinker->root);
    shrinker->result->runs++;
    enum err rc = story_prepare(&arena, shrinker->options->path, buf_text(&text), text.length,
                                shrinker->options->configs, &item, note);
    if (rc == ERR_OK) {
        if (first) {
            keep_configs(shrinker, &item.scenario);
            shrinker->crash = crash_of(&item);
        }
        fails = shrinker->crash != 0 ? fails_at_all(shrinker, &item)
                                     : fails_check(shrinker, &item, first, note);
        if (fails) shrinker->result->faults[1] = count_faults(&item.scenario);
        schedule_destroy(&item.schedule);
    }
    arena_deinit(&arena);
    buf_deinit(&text);
    return fails;
}

bool shrink_keeps_failing(struct shrinker *shrinker)
{
    struct err_note note = { .err = ERR_OK };
    /* Who wants it to end gets the smallest so far. */
    bool over = interrupt_came() || shrinker->result->runs >= shrinker->runs_max;
    if (over || !still_fails(shrinker, false, &note)) return false;
    shrinker->changed = true;
    return true;
}

enum err shrink(const char *text, size_t length, const struct shrink_options *options,
                struct buf *out, struct shrink_result *result, struct err_note *note)
{
    struct arena arena = { .head = NULL };
    struct yaml_file file;
    *result = (struct shrink_result){ .runs = 0 };
    struct shrinker shrinker = {
        .options = options,
        .result = result,
        .arena = &arena,
        .runs_max = options->runs_max == 0 ? SHRINK_RUNS_MAX : options->runs_max,
    };
    enum err rc = yaml_parse(&arena, options->path, text, length, &file, note);
    if (rc != ERR_OK) goto out;
    shrinker.root = story_copy(&arena, file.root);
    if (!still_fails(&shrinker, true, note)) {
        rc = note->err;
        if (rc == ERR_OK) {
            rc = err_note_set(note, ERR_INVALID, options->path, 0, 0,
                              "%s does not fail in the simulator, so there is nothing to shrink",
                              options->check == NULL ? "this scenario" : options->check);
        }
        goto out;
    }
    result->requests[0] = result->requests[1];
    result->faults[0] = result->faults[1];
    shrink_expectations(&shrinker);
    do {
        shrinker.changed = false;
        shrink_story(&shrinker);
    } while (shrinker.changed && result->runs < shrinker.runs_max);
    (void)still_fails(&shrinker, false, note); /* the sentence of the last one kept */
    story_write(out, shrinker.root);
out:
    arena_deinit(&arena);
    return rc;
}
