#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/suggest.h"
#include "config/config.h"
#include "harness/cli.h"
#include "harness/hunt.h"
#include "harness/hunt_search.h"
#include "harness/verdict_private.h"

enum { HUNT_MINUTES = 1, HUNT_FINDS = 10 };

static const char help[] =
    "usage: tollgate hunt [options]\n"
    "\n"
    "Makes random scenarios (subsets of all faults, settings and kinds of load, then a time to "
    "heal),\n"
    "simulates each, and looks for a broken invariant (one is that all is well again in a bounded\n"
    "time), a wrong order of fallbacks, a crash. What it finds is reduced and written as a "
    "scenario.\n"
    "\n"
    "  --minutes N     search so long (default 1)\n"
    "  --count N       search so many scenarios instead\n"
    "  --first N       begin with the Nth scenario of the seed (default 0), to go on from there\n"
    "  --finds N       stop after so many finds (default 10)\n"
    "  --check NAME    look for this check alone (invariant.hold, order, crash)\n"
    "  --seed N        of the search (default: from the commit that is checked out, so that each\n"
    "                  commit explores new ground and can be searched again)\n"
    "  --config FILE   settings to start from (default configs/prod.yaml)\n"
    "  --out DIR       where finds are written (default reports/hunt)\n"
    "  --print N       print the Nth scenario of the search, and do nothing else\n"
    "  --help\n"
    "\n"
    "exit codes: 0 nothing found; 1 found something; 2 bad usage; 4 interrupted before it found\n"
    "anything\n";

static int usage(const char *sentence)
{
    fprintf(stderr, "error: %s; see tollgate hunt --help\n", sentence);
    return EXIT_BAD_USAGE;
}

/* The commit's id, as text; "" when none is found. */
static void find_commit(char *out, size_t size)
{
    static const char *const variables[] = { "GITHUB_SHA", "CI_COMMIT_SHA" };
    out[0] = '\0';
    for (size_t i = 0; i < 2; i++) {
        const char *value = getenv(variables[i]);
        if (value == NULL || value[0] == '\0') continue;
        snprintf(out, size, "%s", value);
        return;
    }
    /* Git knows of packed references and of work trees. */
    FILE *git = popen("git rev-parse HEAD 2>/dev/null", "re");
    if (git == NULL) return;
    if (fgets(out, (int)size, git) == NULL) out[0] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    (void)pclose(git);
}

static uint64_t seed_of_commit(void)
{
    char commit[128];
    find_commit(commit, sizeof commit);
    return commit[0] == '\0' ? 1 : hash_text(commit) >> 32;
}

/* "configs/prod.yaml" -> folder and name. */
static bool cut_config(struct hunt_options *hunt, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t length = strlen(name);
    if (length < 6 || strcmp(name + length - 5, ".yaml") != 0) return false;
    if (length - 5 >= HUNT_ENVIRONMENT_MAX) return false;
    snprintf(hunt->configs, sizeof hunt->configs, "%.*s", slash == NULL ? 1 : (int)(slash - path),
             slash == NULL ? "." : path);
    snprintf(hunt->environment, sizeof hunt->environment, "%.*s", (int)(length - 5), name);
    return file_exists(path);
}

static bool parse_number(const char *text, uint64_t least, uint64_t *out)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && *out >= least && *out <= UINT32_MAX;
}

/* A name that no check has would find nothing, for ever. */
static bool is_check(const char *name)
{
    const char *names[VERDICT_INVARIANTS_MAX + 2];
    size_t count = invariants_names(names);
    names[count++] = "order";
    names[count++] = "crash";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) return true;
    }
    const char *near = suggest(name, names, count);
    fprintf(stderr, "error: --check: no check of a hunt is called \"%s\"; ", name);
    if (near != NULL) fprintf(stderr, "did you mean \"%s\"? ", near);
    fputs("Allowed: order, crash", stderr);
    for (size_t i = 0; i < count - 2; i++)
        fprintf(stderr, ", %s", names[i]);
    fputc('\n', stderr);
    return false;
}

/* Settings with a mistake make every story invalid, and an empty hunt look like a clean one. */
static bool settings_load(const char *path)
{
    const struct config_source source = { .path = path };
    struct err_note note = { .err = ERR_OK };
    struct runtime_config *config = mem_alloc(1, sizeof *config);
    bool good = config_load(config, &source, &note) == ERR_OK;
    if (!good) err_note_print(stderr, &note);
    mem_free(config);
    return good;
}

struct hunt_words {
    const char *config;
    uint64_t print; /* UINT64_MAX: none */
    bool has_seed;
};

/* One option with its value; false with a sentence on stderr. */
static bool parse_option(struct hunt_options *hunt, struct hunt_words *words, const char *name,
                         const char *value)
{
    uint64_t number = 0;
    bool good = true;
    if (strcmp(name, "--minutes") == 0) {
        good = parse_number(value, 1, &hunt->minutes);
    } else if (strcmp(name, "--count") == 0) {
        good = parse_number(value, 1, &number);
        hunt->count = (uint32_t)number;
    } else if (strcmp(name, "--first") == 0) {
        good = parse_number(value, 0, &number);
        hunt->first = (uint32_t)number;
    } else if (strcmp(name, "--finds") == 0) {
        good = parse_number(value, 1, &number);
        hunt->finds = (uint32_t)number;
    } else if (strcmp(name, "--check") == 0) {
        hunt->check = value;
    } else if (strcmp(name, "--seed") == 0) {
        good = words->has_seed = parse_number(value, 0, &hunt->seed);
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

/* A story that is no valid scenario is printed too, to see why. */
static int print_story(const struct hunt_options *hunt, uint32_t number)
{
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct suite_scenario item;
    struct buf story;
    buf_init(&story, BUF_UNBOUNDED);
    enum err rc = hunt_story_make(&arena, hunt->seed, number, hunt->configs, hunt->environment,
                                  &story, &item, &note);
    if (rc == ERR_OK) schedule_destroy(&item.schedule);
    else err_note_print(stderr, &note);
    fputs(buf_text(&story), stdout);
    buf_deinit(&story);
    arena_deinit(&arena);
    return EXIT_OK;
}

int hunt_command(int argc, char **argv)
{
    struct hunt_options hunt = { .minutes = HUNT_MINUTES,
                                 .finds = HUNT_FINDS,
                                 .out = "reports/hunt" };
    struct hunt_words words = { .config = "configs/prod.yaml", .print = UINT64_MAX };
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
        fprintf(stderr,
                "error: the settings to start from, %s, are not there or do not end in .yaml; name "
                "them with --config, for example --config CHECKOUT/configs/prod.yaml\n",
                words.config);
        return EXIT_BAD_USAGE;
    }
    if (!settings_load(words.config)) return EXIT_BAD_USAGE;
    if (hunt.check != NULL && !is_check(hunt.check)) return EXIT_BAD_USAGE;
    if (!words.has_seed) hunt.seed = seed_of_commit();
    if (words.print == UINT64_MAX) return hunt_search(&hunt);
    return print_story(&hunt, (uint32_t)words.print);
}
