#include "harness/story.h"

#include <string.h>

#include "base/mem.h"
#include "harness/discover.h"
#include "harness/sim.h"

enum { FLOW_COLUMNS = 92, INDENT = 2 };

enum err story_prepare(struct arena *arena, const char *path, const char *text, size_t length,
                       const char *configs, struct suite_scenario *out, struct err_note *note)
{
    *out = (struct suite_scenario){ .seed = 0 };
    enum err rc = scenario_parse(arena, path, text, length, &out->scenario, note);
    if (rc == ERR_OK) rc = discover_settings(out, configs, note);
    if (rc != ERR_OK) return rc;
    out->seed = out->scenario.seed;
    out->config.engine.seed = out->seed;
    schedule_create(&out->scenario, out->seed, &out->schedule);
    if (out->schedule.count > 0) return ERR_OK;
    schedule_destroy(&out->schedule);
    return err_note_set(note, ERR_INVALID, path, 0, 0, "its load sends no request at all");
}

struct yaml_node *story_copy(struct arena *arena, const struct yaml_node *node)
{
    struct yaml_node *copy = arena_alloc(arena, 1, sizeof *copy);
    *copy = *node;
    if (node->kind == YAML_SCALAR) return copy;
    copy->items = arena_alloc(arena, node->count + 1, sizeof *copy->items);
    copy->keys = arena_alloc(arena, node->count + 1, sizeof *copy->keys);
    for (size_t i = 0; i < node->count; i++) {
        copy->items[i] = story_copy(arena, node->items[i]);
        if (node->kind == YAML_MAP) copy->keys[i] = node->keys[i];
    }
    return copy;
}

/* In double quotes when it was quoted, or could be read as anything but itself. */
static void write_scalar(struct buf *out, const struct yaml_node *node)
{
    bool quoted =
        node->quoted || node->text[0] == '\0' || strpbrk(node->text, ":#{}[],&*!|>'\"%@`") != NULL;
    /* "60%" and "p95: 300ms" alike; a percent sign at the end is plain. */
    if (!node->quoted && strpbrk(node->text, ":#{}[],&*!|>'\"@`") == NULL && node->text[0] != '%' &&
        node->text[0] != '\0') {
        quoted = false;
    }
    if (!quoted) {
        buf_puts(out, node->text);
        return;
    }
    buf_putc(out, '"');
    for (const char *at = node->text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') buf_putc(out, '\\');
        buf_putc(out, *at);
    }
    buf_putc(out, '"');
}

static void write_flow(struct buf *out, const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR) {
        write_scalar(out, node);
        return;
    }
    bool map = node->kind == YAML_MAP;
    buf_puts(out, map ? "{ " : "[");
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0) buf_puts(out, ", ");
        if (map) buf_printf(out, "%s: ", node->keys[i]->text);
        write_flow(out, node->items[i]);
    }
    buf_puts(out, map ? " }" : "]");
}

/* Whether it fits one line, and is no list of maps, which reads better in lines. */
static bool is_short(const struct yaml_node *node, size_t column)
{
    struct buf line;
    if (node->kind == YAML_SCALAR) return true;
    for (size_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind == YAML_MAP && node->kind == YAML_LIST) return false;
    }
    buf_init(&line, BUF_UNBOUNDED);
    write_flow(&line, node);
    bool fits = column + line.length <= FLOW_COLUMNS;
    buf_deinit(&line);
    return fits;
}

static void write_blanks(struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_putc(out, ' ');
}

/* The node's lines, each after `indent` blanks but the first, which continues a begun one. */
static void write_block(struct buf *out, const struct yaml_node *node, size_t indent)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        if (i > 0) write_blanks(out, indent);
        if (node->kind == YAML_LIST) {
            buf_puts(out, "- ");
            if (is_short(item, indent + INDENT)) {
                write_flow(out, item);
                buf_putc(out, '\n');
            } else {
                write_block(out, item, indent + INDENT);
            }
            continue;
        }
        buf_printf(out, "%s:", node->keys[i]->text);
        if (is_short(item, indent + strlen(node->keys[i]->text) + INDENT)) {
            buf_putc(out, ' ');
            write_flow(out, item);
            buf_putc(out, '\n');
        } else {
            buf_putc(out, '\n');
            write_blanks(out, indent + INDENT);
            write_block(out, item, indent + INDENT);
        }
    }
}

void story_write(struct buf *out, const struct yaml_node *root)
{
    write_block(out, root, 0);
}

enum err story_simulate(const struct suite_scenario *item, struct run *run,
                        struct verdicts *verdicts, struct err_note *note)
{
    const struct sim_options options = { .jitter_seed = 0 };
    run_init(run, WORLD_SIM, &item->scenario, &item->schedule, &item->config, item->seed);
    enum err rc = sim_run(run, &options, NULL, note);
    if (rc == ERR_OK) {
        verdict_judge(run, verdicts);
    } else {
        run_deinit(run);
    }
    return rc;
}
