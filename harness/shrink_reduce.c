#include <stdio.h>
#include <string.h>

#include "harness/shrink_private.h"

/* Without its share a fault hits everybody, and without its seed a scenario has another's luck. */
static bool must_stay(const struct shrinker *shrinker, const struct yaml_node *node, size_t from,
                      size_t count)
{
    for (size_t i = from; node->kind == YAML_MAP && i < from + count; i++) {
        const char *key = node->keys[i]->text;
        if (shrinker->keeps_shares && strcmp(key, "share") == 0) return true;
        if (node == shrinker->root && strcmp(key, "seed") == 0) return true;
    }
    return false;
}

/* [from, from + count) are taken out; put back when that mends the failure. */
static bool take_out(struct shrinker *shrinker, struct yaml_node *node, size_t from, size_t count)
{
    struct yaml_node *items[64];
    struct yaml_node *keys[64];
    bool map = node->kind == YAML_MAP;
    if (count > 64 || count > node->count - from || count == node->count) return false;
    if (must_stay(shrinker, node, from, count)) return false;
    size_t behind = node->count - from - count;
    memcpy(items, &node->items[from], count * sizeof *items);
    memmove(&node->items[from], &node->items[from + count], behind * sizeof *items);
    if (map) {
        memcpy(keys, &node->keys[from], count * sizeof *keys);
        memmove(&node->keys[from], &node->keys[from + count], behind * sizeof *keys);
    }
    node->count -= count;
    if (shrink_keeps_failing(shrinker)) return true;
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
            bool kept = shrink_keeps_failing(shrinker);
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
            if (!shrink_keeps_failing(shrinker)) node->items[i] = before;
        }
    }
}

/* A scenario must expect something; what it is does not matter to an invariant. */
void shrink_expectations(struct shrinker *shrinker)
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
        if (!shrink_keeps_failing(shrinker)) root->items[i] = before;
    }
}

void shrink_story(struct shrinker *shrinker)
{
    if (shrinker->frozen) {
        reduce_frozen(shrinker, shrinker->root);
        return;
    }
    reduce(shrinker, shrinker->root);
    simplify(shrinker, shrinker->root);
    reduce_sizes(shrinker, shrinker->root);
}
