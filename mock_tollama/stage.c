#include "mock/stage.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/units.h"
#include "base/yaml.h"
#include "scenario/phase_parse.h"
#include "scenario/value.h"

/* What a file for the mock alone may leave out. To follow a new key that scenarios must have: a
 * row. */
static const struct {
    const char *key;
    const char *text;
} COMPLETIONS[] = {
    { "version", "version: 1\n" },
    { "name", "name: mock\n" },
    { "duration", "duration: 24h\n" },
    { "workload", "workload:\n"
                  "  - arrival: { constant: 1/s }\n"
                  "    request: { y_len: 64, horizon_steps: 12 }\n" },
    { "expect", "expect:\n  - order: guide\n" },
};

static const char HEALTHY_TEXT[] = "upstream: { latency: 0s }\n";
static const struct stage_text HEALTHY = { .name = "healthy",
                                           .bytes = HEALTHY_TEXT,
                                           .length = sizeof HEALTHY_TEXT - 1 };

/* Behind the text, so that its lines keep their numbers. A map in braces is left as it is. */
static enum err complete(const struct stage_text *text, struct buf *out, struct err_note *note)
{
    struct arena arena = { .head = NULL };
    struct yaml_file file;
    enum err rc = yaml_parse(&arena, text->name, text->bytes, text->length, &file, note);
    buf_put(out, text->bytes, text->length);
    bool block = rc == ERR_OK && file.root->kind == YAML_MAP && file.root->count > 0 &&
                 file.root->line == file.root->keys[0]->line &&
                 file.root->column == file.root->keys[0]->column;
    for (size_t i = 0; block && i < sizeof COMPLETIONS / sizeof COMPLETIONS[0]; i++) {
        if (yaml_get(file.root, COMPLETIONS[i].key) != NULL) continue;
        if (out->length == text->length) buf_putc(out, '\n');
        buf_puts(out, COMPLETIONS[i].text);
    }
    arena_deinit(&arena);
    return rc;
}

static struct stage *stage_new(void)
{
    struct stage *stage = mem_alloc(1, sizeof *stage);
    *stage = (struct stage){ .references = 1, .lasts_ns = UINT64_MAX };
    return stage;
}

struct stage *stage_parse(const struct stage_text *text, const uint64_t *seed,
                          struct err_note *note)
{
    struct buf whole;
    struct stage *stage = stage_new();
    buf_init(&whole, BUF_UNBOUNDED);
    enum err rc = complete(text, &whole, note);
    if (rc == ERR_OK) {
        rc = scenario_parse(&stage->arena, text->name, buf_text(&whole), whole.length,
                            &stage->scenario, note);
    }
    buf_deinit(&whole);
    if (rc != ERR_OK) {
        stage_release(stage);
        return NULL;
    }
    stage->seed = seed != NULL ? *seed : stage->scenario.seed;
    stage->plans = plan_state_create(&stage->scenario, stage->seed);
    stage->delays = realised_delays_create(&stage->scenario);
    return stage;
}

struct stage *stage_load(const char *path, const uint64_t *seed, struct err_note *note)
{
    char *text = NULL;
    size_t length = 0;
    if (file_read(path, YAML_BYTES_MAX, &text, &length, note) != ERR_OK) return NULL;
    struct stage *stage = stage_parse(
        &(struct stage_text){ .name = path, .bytes = text, .length = length }, seed, note);
    mem_free(text);
    return stage;
}

static struct yaml_node *scalar(struct arena *arena, const struct yaml_node *at, const char *text)
{
    struct yaml_node *node = arena_alloc(arena, 1, sizeof *node);
    *node = (struct yaml_node){
        .kind = YAML_SCALAR, .line = at->line, .column = at->column, .text = text
    };
    return node;
}

/* The node itself when it is a list, else a list that holds it. */
static struct yaml_node *as_list(struct arena *arena, struct yaml_node *node)
{
    if (node->kind == YAML_LIST) return node;
    struct yaml_node *list = arena_alloc(arena, 1, sizeof *list);
    struct yaml_node **items = arena_alloc(arena, 1, sizeof *items);
    items[0] = node;
    *list = (struct yaml_node){
        .kind = YAML_LIST, .line = node->line, .column = node->column, .items = items, .count = 1
    };
    return list;
}

/* A list of one phase that holds these faults: the scenario's own parser then reads them. */
static struct yaml_node *phase_around(struct arena *arena, struct yaml_node *faults,
                                      const char *lasts)
{
    static const char *const KEYS[] = { "name", "from", "to", "faults" };
    enum { COUNT = 4 };
    struct yaml_node *phase = arena_alloc(arena, 1, sizeof *phase);
    struct yaml_node **keys = arena_alloc(arena, COUNT, sizeof *keys);
    struct yaml_node **items = arena_alloc(arena, COUNT, sizeof *items);
    for (size_t i = 0; i < COUNT; i++)
        keys[i] = scalar(arena, faults, KEYS[i]);
    items[0] = scalar(arena, faults, "now");
    items[1] = scalar(arena, faults, "0s");
    items[2] = scalar(arena, faults, lasts);
    items[3] = as_list(arena, faults);
    *phase = (struct yaml_node){ .kind = YAML_MAP,
                                 .line = faults->line,
                                 .column = faults->column,
                                 .keys = keys,
                                 .items = items,
                                 .count = COUNT };
    return as_list(arena, phase);
}

/* Takes { faults: ..., for: 60s } apart; other shapes are the faults themselves. */
static enum err read_envelope(const struct value_reader *reader, struct yaml_node *root,
                              struct yaml_node **faults, uint64_t *lasts_ns)
{
    static const char *const KEYS[] = { "faults", "for" };
    *faults = root;
    if (root->kind != YAML_MAP || yaml_get(root, "faults") == NULL) return ERR_OK;
    enum err rc = yaml_check_keys(reader->file, root, "a fault set by hand", KEYS, 2, reader->note);
    for (size_t i = 0; rc == ERR_OK && i < root->count; i++) {
        if (strcmp(root->keys[i]->text, "faults") == 0) {
            *faults = root->items[i];
            continue;
        }
        rc = value_duration(reader, root->items[i], "for", lasts_ns);
        if (rc == ERR_OK && *lasts_ns == 0) {
            rc = yaml_note(reader->file, root->items[i], reader->note,
                           "for: nothing lasts 0s; write 60s, or leave it out");
        }
    }
    return rc;
}

static enum err read_faults(struct stage *stage, const struct stage_text *text,
                            struct err_note *note)
{
    struct yaml_file file;
    struct yaml_node *faults = NULL;
    char lasts[UNITS_TEXT_MAX];
    enum err rc = yaml_parse(&stage->arena, text->name, text->bytes, text->length, &file, note);
    if (rc != ERR_OK) return rc;
    struct value_reader reader = { .file = &file, .arena = &stage->arena, .note = note };
    rc = read_envelope(&reader, file.root, &faults, &stage->lasts_ns);
    if (rc != ERR_OK) return rc;
    stage->scenario.duration_ns = VALUE_DURATION_MAX;
    units_format_duration(u64_min(stage->lasts_ns, VALUE_DURATION_MAX), lasts);
    char *to = arena_copy_text(&stage->arena, lasts, strlen(lasts));
    return phase_parse_list(&reader, phase_around(&stage->arena, faults, to), &stage->scenario);
}

struct stage *stage_fault(struct stage *below, const struct stage_text *text, const uint64_t *seed,
                          struct err_note *note)
{
    struct stage *stage = stage_new();
    stage->below = below != NULL ? stage_hold(below) : stage_parse(&HEALTHY, NULL, note);
    assert(stage->below != NULL);
    stage->scenario = stage->below->scenario;
    stage->seed = seed != NULL ? *seed : stage->below->seed;
    if (read_faults(stage, text, note) == ERR_OK) {
        stage->plans = plan_state_create(&stage->scenario, stage->seed);
        stage->delays = realised_delays_create(&stage->scenario);
        return stage;
    }
    stage_release(stage);
    return NULL;
}

struct stage *stage_hold(struct stage *stage)
{
    stage->references++;
    return stage;
}

void stage_release(struct stage *stage)
{
    if (stage == NULL) return;
    assert(stage->references > 0);
    if (--stage->references > 0) return;
    stage_release(stage->below);
    if (stage->plans != NULL) plan_state_destroy(stage->plans);
    realised_delays_destroy(stage->delays);
    arena_deinit(&stage->arena);
    mem_free(stage);
}

static void show_changed(struct show *show)
{
    show->generation++;
    if (show->on_change != NULL) show->on_change(show->context);
}

static void put_fault(struct show *show, struct stage *fault, instant_ns now)
{
    stage_release(show->fault);
    show->fault = fault;
    show->fault_start = now;
}

void show_set_fault(struct show *show, struct stage *fault, instant_ns now)
{
    put_fault(show, fault, now);
    show_changed(show);
}

void show_swap(struct show *show, struct stage *scenario, instant_ns now)
{
    put_fault(show, NULL, now);
    stage_release(show->scenario);
    show->scenario = scenario;
    show->start = now;
    show_changed(show);
}

void show_set_start(struct show *show, instant_ns start)
{
    show->start = start;
    show_changed(show);
}

struct show_pick show_pick(struct show *show, instant_ns now)
{
    struct stage *fault = show->fault;
    if (fault != NULL && now >= instant_add(show->fault_start, fault->lasts_ns)) {
        show_set_fault(show, NULL, now);
    }
    bool by_hand = show->fault != NULL && now >= show->fault_start;
    instant_ns start = by_hand ? show->fault_start : show->start;
    return (struct show_pick){
        .stage = by_hand ? show->fault : show->scenario,
        .offset_ns = now >= start ? now - start : UINT64_MAX,
    };
}

int64_t show_offset_ns(const struct show *show, instant_ns at)
{
    if (show->start == INSTANT_NEVER) return -1;
    return (int64_t)(at - show->start);
}

void show_deinit(struct show *show)
{
    stage_release(show->fault);
    stage_release(show->scenario);
    *show = (struct show){ .start = 0 };
}
