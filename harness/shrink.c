#include "harness/shrink.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "harness/story.h"

struct shrinker {
    const struct shrink_options *options;
    struct shrink_result *result;
    struct arena *arena; /* of the tree's texts */
    struct yaml_node *root;
    uint32_t runs_max;
    bool changed; /* in this round */
};

static const struct check *find_failure(const struct verdicts *verdicts, const char *name)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct check *check = &verdicts->checks[i];
        if (check->status != CHECK_FAIL) continue;
        if (name == NULL || strcmp(check->name, name) == 0) return check;
    }
    return NULL;
}

static uint32_t count_faults(const struct scenario *scenario)
{
    uint32_t count = 0;
    for (size_t i = 0; i < scenario->phase_count; i++)
        count += (uint32_t)scenario->phases[i].fault_count;
    return count;
}

/* Whether the scenario as it stands fails the check; then its figures are the result's. */
static bool still_fails(struct shrinker *shrinker, struct err_note *note)
{
    struct arena arena = { .head = NULL };
    struct suite_scenario item;
    struct run run;
    struct verdicts verdicts;
    struct buf text;
    bool fails = false;
    buf_init(&text, BUF_UNBOUNDED);
    story_write(&text, shrinker->root);
    shrinker->result->runs++;
    enum err rc = story_prepare(&arena, shrinker->options->path, buf_text(&text), text.length,
                                shrinker->options->configs, &item, note);
    if (rc != ERR_OK) goto out;
    if (story_simulate(&item, &run, &verdicts, note) == ERR_OK) {
        struct shrink_result *result = shrinker->result;
        const char *name = result->check[0] != '\0' ? result->check : shrinker->options->check;
        const struct check *check = find_failure(&verdicts, name);
        fails = check != NULL;
        if (fails) {
            snprintf(result->check, sizeof result->check, "%s", check->name);
            snprintf(result->sentence, sizeof result->sentence, "%s", check->sentence);
            result->requests[1] = (uint32_t)run.schedule->count;
            result->faults[1] = count_faults(&item.scenario);
        }
        verdict_deinit(&verdicts);
        run_deinit(&run);
    }
    schedule_destroy(&item.schedule);
out:
    arena_deinit(&arena);
    buf_deinit(&text);
    return fails;
}

/* A try costs a simulation; what does not parse any more costs none worth mentioning. */
static bool keeps_failing(struct shrinker *shrinker)
{
    struct err_note note = { .err = ERR_OK };
    if (shrinker->result->runs >= shrinker->runs_max || !still_fails(shrinker, &note)) return false;
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

/* "80/s" -> "40/s", "400ms" -> "200ms"; false for what is no number, or as small as it gets. */
static bool halve(const char *text, char *out, size_t size)
{
    unsigned value = 0;
    int digits = 0;
    if (sscanf(text, "%7u%n", &value, &digits) != 1 || value < 2) return false;
    if (text[digits] == '.') return false;
    snprintf(out, size, "%u%s", value / 2, text + digits);
    return true;
}

static void halve_scalar(struct shrinker *shrinker, struct yaml_node *node)
{
    char text[64];
    while (!node->quoted && halve(node->text, text, sizeof text)) {
        const char *before = node->text;
        node->text = text;
        if (!keeps_failing(shrinker)) {
            node->text = before;
            return;
        }
        node->text = arena_printf(shrinker->arena, "%s", text);
    }
}

/* What the story is made of, the larger parts first. */
static void reduce(struct shrinker *shrinker, struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR) return;
    take_out_all(shrinker, node);
    for (size_t i = 0; i < node->count; i++)
        reduce(shrinker, node->items[i]);
}

/* The sizes that say how much happens, not where it happens. */
static void reduce_sizes(struct shrinker *shrinker, struct yaml_node *node)
{
    static const char *const sizes[] = { "constant", "poisson", "count", "y_len",
                                         "size",     "clients", "top",   "horizon_steps" };
    if (node->kind == YAML_SCALAR) return;
    for (size_t i = 0; i < node->count; i++) {
        struct yaml_node *item = node->items[i];
        reduce_sizes(shrinker, item);
        if (node->kind != YAML_MAP || item->kind != YAML_SCALAR) continue;
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            if (strcmp(node->keys[i]->text, sizes[j]) == 0) halve_scalar(shrinker, item);
        }
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
    if (!still_fails(&shrinker, note)) {
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
    do {
        shrinker.changed = false;
        reduce(&shrinker, shrinker.root);
        reduce_sizes(&shrinker, shrinker.root);
    } while (shrinker.changed && result->runs < shrinker.runs_max);
    (void)still_fails(&shrinker, note); /* the sentence of the last one kept */
    story_write(out, shrinker.root);
out:
    arena_deinit(&arena);
    return rc;
}
