#include "harness/shrink.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/discover.h"
#include "harness/isolated.h"
#include "harness/shrink_guard.h"
#include "harness/story.h"

/* A crash's simulations that take longer than this are no crash. */
enum { CRASH_SECONDS_MAX = 20 };

struct shrinker {
    const struct shrink_options *options;
    struct shrink_result *result;
    struct arena *arena; /* of the tree's texts */
    struct yaml_node *root;
    uint32_t runs_max;
    int crash;    /* the signal that ends the simulation; 0: a check fails */
    bool frozen;  /* load, faults and time stay as they are */
    uint64_t digest; /* what must stay of the run: shrink_guard.h */
    bool changed; /* in this round */
};

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
        shrinker->frozen = shrink_guard_freezes(&run, check->name);
        shrinker->digest = digest;
    }
    bool same = check != NULL && digest == shrinker->digest;
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

/* A try costs a simulation; what does not parse any more costs none worth mentioning. */
static bool keeps_failing(struct shrinker *shrinker)
{
    struct err_note note = { .err = ERR_OK };
    if (shrinker->result->runs >= shrinker->runs_max || !still_fails(shrinker, false, &note)) {
        return false;
    }
    shrinker->changed = true;
    return true;
}

/* [from, from + count) are taken out; put back when that mends the failure. */
static bool take_out(struct shrinker *shrinker, struct yaml_node *node, size_t from, size_t count)
{
    struct yaml_node *items[64];
    struct yaml_node *keys[64];
    bool map = node->kind == YAML_MAP;
    if (count > 64 || count > node->count - from || count == node->count) return false;
    size_t behind = node->count - from - count;
    memcpy(items, &node->items[from], count * sizeof *items);
    memmove(&node->items[from], &node->items[from + count], behind * sizeof *items);
    if (map) {
        memcpy(keys, &node->keys[from], count * sizeof *keys);
        memmove(&node->keys[from], &node->keys[from + count], behind * sizeof *keys);
    }
    node->count -= count;
    if (keeps_failing(shrinker)) return true;
    memmove(&node->items[from + count], &node->items[from], behind * sizeof *items);
    memcpy(&node->items[from], items, count * sizeof *items);
    if (map) {
        memmove(&node->keys[from + count], &node->keys[from], behind * sizeof *keys);
        memcpy(&node->keys[from], keys, count * sizeof *keys);
    }
    node->count += count;
    return false;
}

/* Halves first, then quarters, ..., then one by one. */
static void take_out_all(struct shrinker *shrinker, struct yaml_node *node)
{
    for (size_t chunk = node->count / 2; chunk > 0; chunk /= 2) {
        for (size_t at = 0; at < node->count;) {
            if (!take_out(shrinker, node, at, chunk)) at += chunk;
        }
    }
}

/* "80/s" -> "40/s", "60/s" or "79/s" by `step`; false for what is no whole number, or as small as
 * it gets. */
static bool make_smaller(const char *text, int step, char *out, size_t size)
{
    unsigned value = 0;
    int digits = 0;
    if (sscanf(text, "%7u%n", &value, &digits) != 1 || value < 2) return false;
    if (text[digits] == '.') return false;
    unsigned smaller = step == 0 ? value / 2 : step == 1 ? value - value / 4 : value - 1;
    if (smaller == value) return false;
    snprintf(out, size, "%u%s", smaller, text + digits);
    return true;
}

/* By halves as far as it goes, then by quarters, then by ones, of these a few. */
static void shrink_scalar(struct shrinker *shrinker, struct yaml_node *node)
{
    enum { STEPS = 3, TRIES = 8 };
    char text[64];
    for (int step = 0; step < STEPS && !node->quoted; step++) {
        for (int tries = 0; tries < TRIES; tries++) {
            if (!make_smaller(node->text, step, text, sizeof text)) break;
            const char *before = node->text;
            node->text = text;
            bool kept = keeps_failing(shrinker);
            node->text = kept ? arena_printf(shrinker->arena, "%s", text) : before;
            if (!kept) break;
        }
    }
}

/* Whether a key of the scenario itself says what happens in it. */
static bool is_story(const char *key)
{
    static const char *const keys[] = { "duration", "workload", "upstream", "redis" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(key, keys[i]) == 0) return true;
    }
    return false;
}

/* What the story is made of, the larger parts first. A list of words is one value. */
static void reduce(struct shrinker *shrinker, struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR) return;
    if (node->kind == YAML_LIST && node->items[0]->kind == YAML_SCALAR) return;
    take_out_all(shrinker, node);
    for (size_t i = 0; i < node->count; i++)
        reduce(shrinker, node->items[i]);
}

/* All but what must stay. */
static void reduce_frozen(struct shrinker *shrinker, struct yaml_node *root)
{
    for (size_t i = 0; i < root->count;) {
        bool kept = is_story(root->keys[i]->text);
        if (!kept && take_out(shrinker, root, i, 1)) continue;
        if (!kept) reduce(shrinker, root->items[i]);
        i++;
    }
}

/* The sizes that say how much happens, and how long it takes. */
static void reduce_sizes(struct shrinker *shrinker, struct yaml_node *node)
{
    static const char *const sizes[] = {
        "duration", "from", "to",      "constant", "poisson",       "size", "clients",
        "top",      "count", "workers", "queue",    "concurrency", "y_len", "horizon_steps",
    };
    if (node->kind == YAML_SCALAR) return;
    for (size_t i = 0; i < node->count; i++) {
        struct yaml_node *item = node->items[i];
        reduce_sizes(shrinker, item);
        if (node->kind != YAML_MAP || item->kind != YAML_SCALAR) continue;
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            if (strcmp(node->keys[i]->text, sizes[j]) == 0) shrink_scalar(shrinker, item);
        }
    }
}

/* What is easier to read and to reckon with, when it does as well. */
static void simplify(struct shrinker *shrinker, struct yaml_node *node)
{
    static const struct {
        const char *key, *text;
    } plain[] = {
        { "latency", "10ms" }, { "zipf", "0" },         { "breaker_cooldown_jitter", "0" },
        { "delay", "100ms" },  { "cache_ttl_s", "0" },
    };
    if (node->kind == YAML_SCALAR) return;
    for (size_t i = 0; i < node->count; i++) {
        simplify(shrinker, node->items[i]);
        for (size_t j = 0; node->kind == YAML_MAP && j < sizeof plain / sizeof plain[0]; j++) {
            struct yaml_node *before = node->items[i];
            bool other = before->kind != YAML_SCALAR || strcmp(before->text, plain[j].text) != 0;
            if (strcmp(node->keys[i]->text, plain[j].key) != 0 || !other) continue;
            struct yaml_node simple = { .kind = YAML_SCALAR, .text = plain[j].text };
            node->items[i] = arena_alloc(shrinker->arena, 1, sizeof simple);
            *node->items[i] = simple;
            if (!keeps_failing(shrinker)) node->items[i] = before;
        }
    }
}

/* A scenario must expect something; what it is does not matter to an invariant. */
static void expect_little(struct shrinker *shrinker)
{
    struct yaml_node *root = shrinker->root;
    struct yaml_file file;
    struct err_note note = { .err = ERR_OK };
    static const char least[] = "- order: guide\n";
    if (strncmp(shrinker->result->check, "invariant.", 10) != 0) return;
    if (yaml_parse(shrinker->arena, "expect", least, sizeof least - 1, &file, &note) != ERR_OK) {
        return;
    }
    for (size_t i = 0; i < root->count; i++) {
        if (strcmp(root->keys[i]->text, "expect") != 0) continue;
        struct yaml_node *before = root->items[i];
        root->items[i] = file.root;
        if (!keeps_failing(shrinker)) root->items[i] = before;
    }
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
    expect_little(&shrinker);
    do {
        shrinker.changed = false;
        if (shrinker.frozen) {
            reduce_frozen(&shrinker, shrinker.root);
            continue;
        }
        reduce(&shrinker, shrinker.root);
        simplify(&shrinker, shrinker.root);
        reduce_sizes(&shrinker, shrinker.root);
    } while (shrinker.changed && result->runs < shrinker.runs_max);
    (void)still_fails(&shrinker, false, note); /* the sentence of the last one kept */
    story_write(out, shrinker.root);
out:
    arena_deinit(&arena);
    return rc;
}
