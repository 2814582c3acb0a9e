#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "harness/cli.h"
#include "harness/hunt.h"
#include "harness/shrink.h"
#include "harness/story.h"

enum { HUNT_MINUTES = 1, HUNT_PATH_MAX = 1024, HUNT_DRAW_EVERY = 50, HUNT_FINDS_MAX = 10 };

static const char help[] =
    "usage: tollgate hunt [options]\n"
    "\n"
    "Makes random scenarios (subsets of all faults, settings and kinds of load, then a time to "
    "heal),\n"
    "simulates each, and looks for a broken invariant or a wrong order of fallbacks. What it finds "
    "is\n"
    "reduced and written as a scenario.\n"
    "\n"
    "  --minutes N     search so long (default 1)\n"
    "  --count N       search so many scenarios instead\n"
    "  --seed N        of the search (default: from the commit that is checked out, so that each\n"
    "                  commit explores new ground and can be searched again)\n"
    "  --config FILE   settings to start from (default configs/prod.yaml)\n"
    "  --out DIR       where finds are written (default reports/hunt)\n"
    "  --print N       print the Nth scenario of the search, and do nothing else\n"
    "  --help\n"
    "\n"
    "exit codes: 0 nothing found; 1 found something; 2 bad usage\n";

struct hunt {
    uint64_t seed;
    uint64_t minutes;
    uint32_t count; /* 0: by time */
    const char *out;
    char configs[HUNT_PATH_MAX];
    char environment[64];
    uint32_t simulated, skipped, found;
    uint64_t requests;
};

static int usage(const char *sentence)
{
    fprintf(stderr, "error: %s; see tollgate hunt --help\n", sentence);
    return EXIT_BAD_USAGE;
}

/* The commit's id, as text; "" when there is none to be found. */
static void find_commit(char *out, size_t size)
{
    static const char *const variables[] = { "GITHUB_SHA", "CI_COMMIT_SHA" };
    char path[HUNT_PATH_MAX] = ".git/HEAD";
    out[0] = '\0';
    for (size_t i = 0; i < 2; i++) {
        const char *value = getenv(variables[i]);
        if (value == NULL || value[0] == '\0') continue;
        snprintf(out, size, "%s", value);
        return;
    }
    for (int hops = 0; hops < 2; hops++) {
        char *text = NULL;
        size_t length = 0;
        struct err_note note = { .err = ERR_OK };
        if (file_read(path, 4096, &text, &length, &note) != ERR_OK) return;
        text[strcspn(text, "\r\n")] = '\0';
        bool link = strncmp(text, "ref: ", 5) == 0;
        if (link) {
            snprintf(path, sizeof path, ".git/%.900s", text + 5);
        } else {
            snprintf(out, size, "%.100s", text);
        }
        mem_free(text);
        if (!link) return;
    }
}

/* "configs/prod.yaml" -> folder and name. */
static bool cut_config(struct hunt *hunt, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t length = strlen(name);
    if (length < 6 || strcmp(name + length - 5, ".yaml") != 0 || length - 5 >= 64) return false;
    snprintf(hunt->configs, sizeof hunt->configs, "%.*s", slash == NULL ? 1 : (int)(slash - path),
             slash == NULL ? "." : path);
    snprintf(hunt->environment, sizeof hunt->environment, "%.*s", (int)(length - 5), name);
    return file_exists(path);
}

static const struct check *first_failure(const struct verdicts *verdicts)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        if (verdicts->checks[i].status == CHECK_FAIL) return &verdicts->checks[i];
    }
    return NULL;
}

static int save(struct hunt *hunt, uint32_t number, const struct buf *story, const char *check)
{
    struct err_note note = { .err = ERR_OK };
    struct shrink_options options = { .path = "hunt", .configs = hunt->configs, .check = check };
    struct shrink_result result;
    struct buf text;
    struct buf smallest;
    char path[HUNT_PATH_MAX];
    buf_init(&text, BUF_UNBOUNDED);
    buf_init(&smallest, BUF_UNBOUNDED);
    snprintf(path, sizeof path, "%.900s/hunt-%" PRIu64 "-%u.yaml", hunt->out, hunt->seed, number);
    enum err rc = shrink(buf_text(story), story->length, &options, &smallest, &result, &note);
    if (rc == ERR_OK) rc = file_make_folder(hunt->out, &note);
    if (rc == ERR_OK) {
        buf_printf(&text, "# teaches that %s fails: %s\n", result.check, result.sentence);
        buf_put(&text, smallest.data, smallest.length);
        rc = file_write(path, text.data, text.length, &note);
    }
    if (rc == ERR_OK) {
        printf("found: %s\n  %s\n  replay: tollgate run --world sim --configs %s %s\n",
               result.check, result.sentence, hunt->configs, path);
    } else {
        err_note_print(stderr, &note);
    }
    buf_deinit(&smallest);
    buf_deinit(&text);
    return rc == ERR_OK ? EXIT_OK : EXIT_INVALID_RUN;
}

static int search_one(struct hunt *hunt, uint32_t number)
{
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct suite_scenario item;
    struct run run;
    struct verdicts verdicts;
    struct buf story;
    int code = EXIT_OK;
    buf_init(&story, BUF_UNBOUNDED);
    hunt_story(hunt->seed, number, hunt->environment, &story);
    enum err rc =
        story_prepare(&arena, "hunt", buf_text(&story), story.length, hunt->configs, &item, &note);
    if (rc == ERR_OK) {
        rc = story_simulate(&item, &run, &verdicts, &note);
        if (rc == ERR_OK) {
            const struct check *failure = first_failure(&verdicts);
            hunt->simulated++;
            hunt->requests += run.schedule->count;
            if (failure != NULL) {
                hunt->found++;
                code = save(hunt, number, &story, failure->name);
            }
            verdict_deinit(&verdicts);
            run_deinit(&run);
        }
        schedule_destroy(&item.schedule);
    }
    if (rc != ERR_OK) hunt->skipped++;
    arena_deinit(&arena);
    buf_deinit(&story);
    return code;
}

static int search(struct hunt *hunt)
{
    instant_ns began = clock_now();
    instant_ns end = instant_add(began, hunt->minutes * 60 * NS_PER_S);
    bool shows = isatty(STDOUT_FILENO) != 0;
    int code = EXIT_OK;
    printf("hunting with seed %" PRIu64 " from %s/%s.yaml\n", hunt->seed, hunt->configs,
           hunt->environment);
    for (uint32_t number = 0; code == EXIT_OK && hunt->found < HUNT_FINDS_MAX; number++) {
        if (hunt->count > 0 ? number >= hunt->count : clock_now() >= end) break;
        code = search_one(hunt, number);
        if (shows && number % HUNT_DRAW_EVERY == 0) {
            printf("\r%u scenarios, %u found", hunt->simulated, hunt->found);
            fflush(stdout);
        }
    }
    if (shows) putchar('\r');
    uint64_t ms = (clock_now() - began) / NS_PER_MS;
    printf("%u scenarios simulated (%" PRIu64 " requests), %u of %u made were not valid, %u found, "
           "in %" PRIu64 ".%01" PRIu64 " s\n",
           hunt->simulated, hunt->requests, hunt->skipped, hunt->simulated + hunt->skipped,
           hunt->found, ms / 1000, ms % 1000 / 100);
    if (code != EXIT_OK) return code;
    return hunt->found > 0 ? 1 : EXIT_OK;
}

static bool parse_number(const char *text, uint64_t least, uint64_t *out)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && *out >= least && *out <= UINT32_MAX;
}

struct hunt_words {
    const char *config;
    uint64_t print; /* UINT64_MAX: none */
};

/* One option with its value; false with a sentence on stderr. */
static bool parse_option(struct hunt *hunt, struct hunt_words *words, const char *name,
                         const char *value)
{
    uint64_t number = 0;
    bool good = true;
    if (strcmp(name, "--minutes") == 0) {
        good = parse_number(value, 1, &hunt->minutes);
    } else if (strcmp(name, "--count") == 0) {
        good = parse_number(value, 1, &number);
        hunt->count = (uint32_t)number;
    } else if (strcmp(name, "--seed") == 0) {
        good = parse_number(value, 0, &hunt->seed);
    } else if (strcmp(name, "--print") == 0) {
        good = parse_number(value, 0, &words->print);
    } else if (strcmp(name, "--config") == 0) {
        words->config = value;
    } else if (strcmp(name, "--out") == 0) {
        hunt->out = value;
    } else {
        fprintf(stderr, "error: unknown option \"%s\"; see tollgate hunt --help\n", name);
        return false;
    }
    if (!good) {
        fprintf(stderr, "error: %s: \"%s\" is not a number that fits; see tollgate hunt --help\n",
                name, value);
    }
    return good;
}

int hunt_command(int argc, char **argv)
{
    struct hunt hunt = { .minutes = HUNT_MINUTES, .out = "reports/hunt" };
    struct hunt_words words = { .config = "configs/prod.yaml", .print = UINT64_MAX };
    char commit[128];
    find_commit(commit, sizeof commit);
    hunt.seed = commit[0] == '\0' ? 1 : hash_text(commit) >> 32;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return EXIT_OK;
        }
        if (argv[i][0] != '-') return usage("no scenario is named here: they are made");
        if (i + 1 == argc) return usage("the last option has no value");
        if (!parse_option(&hunt, &words, argv[i], argv[i + 1])) return EXIT_BAD_USAGE;
    }
    if (!cut_config(&hunt, words.config)) {
        return usage("--config names a file that is there and ends in .yaml");
    }
    if (words.print == UINT64_MAX) return search(&hunt);
    struct buf story;
    buf_init(&story, BUF_UNBOUNDED);
    hunt_story(hunt.seed, (uint32_t)words.print, hunt.environment, &story);
    fputs(buf_text(&story), stdout);
    buf_deinit(&story);
    return EXIT_OK;
}
