#include "harness/hunt_search.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "harness/capsule.h"
#include "harness/cli.h"
#include "harness/hunt.h"
#include "harness/interrupt.h"
#include "harness/isolated.h"
#include "harness/recovery.h"
#include "harness/shrink.h"
#include "harness/story.h"

enum { DRAW_EVERY = 50, STORY_SECONDS_MAX = 60 };

/* Shared with the process that simulates, which may end at any moment. */
struct tally {
    uint32_t number; /* of the story that is simulated */
    uint32_t simulated, skipped, found, recovered;
    uint64_t requests;
};

struct hunt {
    const struct hunt_options *options; /* borrowed */
    struct tally *tally;                /* owned */
    instant_ns end;                     /* without a count */
    bool shows;                         /* on a terminal: how far it is */
};

static void print_others(const struct verdicts *verdicts, const char *check)
{
    const char *lead = " (also ";
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct check *other = &verdicts->checks[i];
        if (other->status != CHECK_FAIL || strcmp(other->name, check) == 0) continue;
        printf("%s%s", lead, other->name);
        lead = ", ";
    }
    if (lead[0] == ',') putchar(')');
}

/* The scenario as `text` to the folder of finds. */
static int save(const struct hunt *hunt, const struct buf *text, const char *what,
                const char *sentence)
{
    const struct hunt_options *options = hunt->options;
    struct err_note note = { .err = ERR_OK };
    char path[HUNT_PATH_MAX + 64];
    struct buf file;
    buf_init(&file, BUF_UNBOUNDED);
    buf_printf(&file, "# teaches that %s fails: %s\n", what, sentence);
    buf_put(&file, text->data, text->length);
    snprintf(path, sizeof path, "%.1000s/hunt-%" PRIu64 "-%u.yaml", options->out, options->seed,
             hunt->tally->number);
    enum err rc = file_make_folder(options->out, &note);
    if (rc == ERR_OK) rc = file_write(path, file.data, file.length, &note);
    if (rc != ERR_OK) {
        err_note_print(stderr, &note);
        buf_deinit(&file);
        return EXIT_INVALID_RUN;
    }
    buf_clear(&file);
    capsule_write_path(&file, options->configs, CAPSULE_FOR_SHELL);
    buf_putc(&file, ' ');
    capsule_write_path(&file, path, CAPSULE_FOR_SHELL);
    printf("  %s\n  replay: tollgate run --world sim --configs %s\n", sentence, buf_text(&file));
    fflush(stdout);
    buf_deinit(&file);
    return EXIT_OK;
}

/* Reduced to what `check` (NULL: a crash) needs; as it is when it cannot be reduced. */
static int save_smallest(const struct hunt *hunt, const struct buf *story, const char *check)
{
    struct err_note note = { .err = ERR_OK };
    struct shrink_options options = {
        .path = "hunt", .configs = hunt->options->configs, .check = check
    };
    struct shrink_result result;
    struct buf smallest;
    buf_init(&smallest, BUF_UNBOUNDED);
    enum err rc = shrink(buf_text(story), story->length, &options, &smallest, &result, &note);
    int code = rc == ERR_OK ? save(hunt, &smallest, result.check, result.sentence)
                            : save(hunt, story, check == NULL ? "crash" : check, note.sentence);
    buf_deinit(&smallest);
    return code;
}

static const struct check *find_failure(const struct verdicts *verdicts, const char *wanted)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct check *check = &verdicts->checks[i];
        if (check->status != CHECK_FAIL) continue;
        if (wanted == NULL || strcmp(check->name, wanted) == 0) return check;
    }
    return NULL;
}

static int judge(struct hunt *hunt, const struct buf *story, const struct run *run,
                 const struct verdicts *verdicts)
{
    const struct check *failure = find_failure(verdicts, hunt->options->check);
    hunt->tally->recovered += recovery_is_shown(run);
    if (failure == NULL) return EXIT_OK;
    hunt->tally->found++;
    printf("found in story %u: %s", hunt->tally->number, failure->name);
    print_others(verdicts, failure->name);
    putchar('\n');
    return save_smallest(hunt, story, failure->name);
}

static int search_one(struct hunt *hunt)
{
    const struct hunt_options *options = hunt->options;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct suite_scenario item;
    struct run run;
    struct verdicts verdicts;
    struct buf story;
    int code = EXIT_OK;
    buf_init(&story, BUF_UNBOUNDED);
    enum err rc = hunt_story_make(&arena, options->seed, hunt->tally->number, options->configs,
                                  options->environment, &story, &item, &note);
    if (rc == ERR_OK) {
        rc = story_simulate(&item, &run, &verdicts, &note);
        if (rc == ERR_OK) {
            hunt->tally->simulated++;
            hunt->tally->requests += run.schedule->count;
            alarm(0); /* reducing it takes many simulations */
            code = judge(hunt, &story, &run, &verdicts);
            verdict_deinit(&verdicts);
            run_deinit(&run);
        }
        schedule_destroy(&item.schedule);
    }
    if (rc != ERR_OK) hunt->tally->skipped++;
    arena_deinit(&arena);
    buf_deinit(&story);
    return code;
}

static bool is_over(const struct hunt *hunt)
{
    const struct hunt_options *options = hunt->options;
    if (interrupt_came() || hunt->tally->found >= options->finds) return true;
    if (options->count == 0) return clock_now() >= hunt->end;
    return hunt->tally->number - options->first >= options->count;
}

static int search(void *context)
{
    struct hunt *hunt = context;
    int code = EXIT_OK;
    while (code == EXIT_OK && !is_over(hunt)) {
        alarm(STORY_SECONDS_MAX);
        code = search_one(hunt);
        if (hunt->shows && hunt->tally->number % DRAW_EVERY == 0) {
            printf("\r%u scenarios, %u found", hunt->tally->simulated, hunt->tally->found);
            fflush(stdout);
        }
        hunt->tally->number++;
    }
    return code;
}

/* The story at which the simulation ended. */
static int keep_crash(struct hunt *hunt, int signal)
{
    const struct hunt_options *options = hunt->options;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct suite_scenario item;
    struct buf story;
    int code = EXIT_INVALID_RUN;
    buf_init(&story, BUF_UNBOUNDED);
    hunt->tally->found++;
    printf("found in story %u: crash\n", hunt->tally->number);
    enum err rc = hunt_story_make(&arena, options->seed, hunt->tally->number, options->configs,
                                  options->environment, &story, &item, &note);
    if (rc != ERR_OK) {
        err_note_print(stderr, &note);
    } else {
        schedule_destroy(&item.schedule);
        code = signal == SIGALRM ? save(hunt, &story, "crash", "it did not end within a minute")
                                 : save_smallest(hunt, &story, NULL);
    }
    arena_deinit(&arena);
    buf_deinit(&story);
    return code;
}

static void print_tally(const struct hunt *hunt, instant_ns began)
{
    const struct tally *tally = hunt->tally;
    uint64_t ms = (clock_now() - began) / NS_PER_MS;
    if (hunt->shows) putchar('\r');
    printf("%u scenarios simulated (%" PRIu64 " requests; in %u a recovery was seen), %u of %u "
           "made were not valid, %u found, in %" PRIu64 ".%01" PRIu64 " s\n",
           tally->simulated, tally->requests, tally->recovered, tally->skipped,
           tally->simulated + tally->skipped, tally->found, ms / 1000, ms % 1000 / 100);
    printf("go on with: tollgate hunt --config %s/%s.yaml --seed %" PRIu64 " --first %u\n",
           hunt->options->configs, hunt->options->environment, hunt->options->seed,
           tally->number);
}

int hunt_search(const struct hunt_options *options)
{
    interrupt_listen();
    instant_ns began = clock_now();
    struct hunt hunt = {
        .options = options,
        .tally = isolated_share(sizeof *hunt.tally),
        .end = instant_add(began, options->minutes * 60 * NS_PER_S),
        .shows = isatty(STDOUT_FILENO) != 0,
    };
    int code = EXIT_OK;
    hunt.tally->number = options->first;
    printf("hunting with seed %" PRIu64 " from %s/%s.yaml\n", options->seed, options->configs,
           options->environment);
    while (code == EXIT_OK && !is_over(&hunt)) {
        struct isolated_end end = isolated_run(search, &hunt, false);
        code = end.code;
        if (!end.by_signal) continue;
        if (end.signal == SIGKILL || end.signal == SIGTERM || end.signal == SIGINT) {
            code = EXIT_INVALID_RUN; /* somebody wants it to end */
            break;
        }
        code = keep_crash(&hunt, end.signal);
        hunt.tally->number++;
    }
    if (interrupt_came()) puts("interrupted: not all was searched");
    print_tally(&hunt, began);
    if (code == EXIT_OK && hunt.tally->found > 0) code = 1;
    if (code == EXIT_OK && interrupt_came()) code = EXIT_INVALID_RUN;
    isolated_unshare(hunt.tally, sizeof *hunt.tally);
    return code;
}
