#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/sweep_report.h"

enum { CONFIG_BYTES_MAX = 1024 * 1024 };

static void put_effect(struct buf *out, const struct sweep *sweep, size_t parameter)
{
    const struct sweep_parameter *at = &sweep->spec->space.parameters[parameter];
    const struct sweep_effect *effect = &sweep->effects[parameter];
    buf_puts(out, "# from ");
    sweep_value_format(at->row, at->current, out);
    buf_puts(out, " to ");
    sweep_value_format(at->row, sweep->finalists[0].point.values[parameter], out);
    if (effect->why[0] != '\0') {
        buf_printf(out, ": with the former, %s\n", effect->why);
        return;
    }
    buf_puts(out, ": loss ");
    sweep_put_interval(out, SWEEP_OBJECTIVES, &effect->loss);
    buf_puts(out, "\n#");
    for (enum sweep_objective i = SWEEP_FRESH; i < SWEEP_OBJECTIVES; i++) {
        if (sweep->spec->weights[i] <= 0) continue;
        buf_printf(out, "  %s ", sweep_objective_names[i]);
        sweep_put_interval(out, i, &effect->objectives[i]);
    }
    buf_putc(out, '\n');
}

static void put_assignment(struct buf *out, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    buf_printf(out, "%.*s: %s\n", (int)(equals - assignment), assignment, equals + 1);
}

static void put_changed(struct buf *out, const struct sweep *sweep, size_t parameter)
{
    const struct option *row = sweep->spec->space.parameters[parameter].row;
    put_effect(out, sweep, parameter);
    buf_printf(out, "%s: ", row->key);
    sweep_value_format(row, sweep->finalists[0].point.values[parameter], out);
    buf_putc(out, '\n');
}

/* Which of the sweep's settings a line of the base file is about, and so is written anew. */
struct rewriting {
    bool parameter_done[SWEEP_PARAMETERS_MAX];
    bool *set_done; /* of base.set */
};

static bool line_is(const char *line, const char *key, size_t key_length)
{
    return strncmp(line, key, key_length) == 0 && line[key_length] == ':';
}

static void put_line(struct buf *out, const struct sweep *sweep, const char *line, size_t length,
                     struct rewriting *rewriting)
{
    const struct sweep_spec *spec = sweep->spec;
    for (size_t i = 0; i < spec->space.count; i++) {
        const char *key = spec->space.parameters[i].row->key;
        if (!sweep->effects[i].changed || !line_is(line, key, strlen(key))) continue;
        rewriting->parameter_done[i] = true;
        put_changed(out, sweep, i);
        return;
    }
    for (size_t i = 0; i < spec->set_count; i++) {
        if (!line_is(line, spec->sets[i], strcspn(spec->sets[i], "="))) continue;
        rewriting->set_done[i] = true;
        put_assignment(out, spec->sets[i]);
        return;
    }
    buf_put(out, line, length);
    buf_putc(out, '\n');
}

static bool is_changed(const struct sweep *sweep, const char *assignment)
{
    size_t length = strcspn(assignment, "=");
    for (size_t i = 0; i < sweep->spec->space.count; i++) {
        const char *key = sweep->spec->space.parameters[i].row->key;
        bool same = strlen(key) == length && strncmp(key, assignment, length) == 0;
        if (same && sweep->effects[i].changed) return true;
    }
    return false;
}

static void put_new_lines(struct buf *out, const struct sweep *sweep,
                          const struct rewriting *rewriting)
{
    const struct sweep_spec *spec = sweep->spec;
    bool first = true;
    for (size_t i = 0; i < spec->set_count; i++) {
        if (rewriting->set_done[i] || is_changed(sweep, spec->sets[i])) continue;
        if (first) buf_puts(out, "\n# Not in the file before.\n");
        first = false;
        put_assignment(out, spec->sets[i]);
    }
    for (size_t i = 0; i < spec->space.count; i++) {
        if (!sweep->effects[i].changed || rewriting->parameter_done[i]) continue;
        if (first) buf_puts(out, "\n# Not in the file before.\n");
        first = false;
        put_changed(out, sweep, i);
    }
}

enum err sweep_report_config(struct buf *out, const struct sweep *sweep, struct err_note *note)
{
    char *text = NULL;
    size_t length = 0;
    enum err rc =
        file_read(sweep->world->config_path, CONFIG_BYTES_MAX, &text, &length, note);
    if (rc != ERR_OK) return rc;
    struct rewriting rewriting = {
        .set_done = mem_alloc(sweep->spec->set_count + 1, sizeof *rewriting.set_done),
    };
    buf_printf(out,
               "# Found by `tollgate sweep %s` (configuration %u). Above each changed line: the\n"
               "# mean change of this line alone over the fresh seeds, with its 95 %% interval;\n"
               "# less loss is better.\n",
               sweep->spec->path, sweep->finalists[0].id);
    for (const char *line = text; *line != '\0';) {
        size_t line_length = strcspn(line, "\n");
        put_line(out, sweep, line, line_length, &rewriting);
        line += line_length + (line[line_length] == '\n');
    }
    put_new_lines(out, sweep, &rewriting);
    mem_free(rewriting.set_done);
    mem_free(text);
    return ERR_OK;
}
