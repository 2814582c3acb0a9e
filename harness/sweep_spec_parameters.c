#include "base/option_value.h"
#include "harness/sweep_spec.h"
#include "harness/unmodelled.h"

static const char *const parameter_keys[] = { "from", "to", "scale", "list", "where_set" };
static const char *const scale_names[] = { "linear", "log", NULL };
/* In the order of enum sweep_where_set. */
static const char *const where_set_names[] = { "replaced", "scaled", "kept", NULL };

struct parameter_reader {
    const struct value_reader *reader;
    struct runtime_config scratch; /* where a text becomes a number */
    struct sweep_parameter *out;
};

static enum err find_row(const struct value_reader *reader, const struct yaml_node *key,
                         const struct option **out)
{
    const char *near = NULL;
    *out = sweep_row(key->text, &near);
    if (*out != NULL && unmodelled_find(key->text) != NULL) {
        return yaml_note(reader->file, key, reader->note,
                         "the simulator does not model %s, so all its values would look the same; "
                         "leave it out, and try it over sockets (docs/parity.md)",
                         key->text);
    }
    if (*out != NULL && (*out)->kind != OPTION_TEXT) return ERR_OK;
    if (*out != NULL) {
        return yaml_note(reader->file, key, reader->note,
                         "%s is a text, which cannot be swept; set it in base", key->text);
    }
    if (near != NULL) {
        return yaml_note(reader->file, key, reader->note,
                         "unknown option \"%.80s\"; did you mean \"%s\"?", key->text, near);
    }
    return yaml_note(reader->file, key, reader->note,
                     "unknown option \"%.80s\"; see: tollgate options", key->text);
}

static enum err read_value(struct parameter_reader *parameter, const struct yaml_node *node,
                           uint64_t *out)
{
    const struct value_reader *reader = parameter->reader;
    const struct option *row = parameter->out->row;
    const char *text;
    enum err rc = value_scalar(reader, node, row->key, &text);
    if (rc != ERR_OK) return rc;
    struct option_place place = { .path = reader->file->path,
                                  .line = node->line,
                                  .column = node->column };
    rc = option_parse(row, &parameter->scratch, row->key, text, place, reader->note);
    if (rc == ERR_OK) *out = sweep_value_get(row, &parameter->scratch);
    return rc;
}

static enum err read_list(struct parameter_reader *parameter, const struct yaml_node *list)
{
    const struct value_reader *reader = parameter->reader;
    struct sweep_parameter *out = parameter->out;
    out->scale = SWEEP_LIST;
    enum err rc = value_list(reader, list, out->row->key, "at least two values");
    if (rc != ERR_OK) return rc;
    if (list->count < 2 || list->count > SWEEP_ITEMS_MAX) {
        return yaml_note(reader->file, list, reader->note, "%s: a list has 2 to %d values, not %zu",
                         out->row->key, SWEEP_ITEMS_MAX, list->count);
    }
    for (size_t i = 0; i < list->count && rc == ERR_OK; i++) {
        rc = read_value(parameter, list->items[i], &out->items[i]);
        out->item_count = i + 1;
        for (size_t j = 0; j < i && rc == ERR_OK; j++) {
            if (out->items[j] != out->items[i]) continue;
            rc = yaml_note(reader->file, list->items[i], reader->note, "%s: \"%s\" stands twice",
                           out->row->key, list->items[i]->text);
        }
    }
    return rc;
}

static enum err read_range(struct parameter_reader *parameter, const struct yaml_node *map)
{
    const struct value_reader *reader = parameter->reader;
    struct sweep_parameter *out = parameter->out;
    const struct yaml_node *from, *to;
    if (out->row->kind == OPTION_BOOL || out->row->kind == OPTION_CHOICE) {
        return yaml_note(reader->file, map, reader->note,
                         "%s has no range; write the values as a list", out->row->key);
    }
    enum err rc = value_require(reader, map, out->row->key, "from", &from);
    if (rc == ERR_OK) rc = value_require(reader, map, out->row->key, "to", &to);
    if (rc == ERR_OK) rc = read_value(parameter, from, &out->from);
    if (rc == ERR_OK) rc = read_value(parameter, to, &out->to);
    if (rc != ERR_OK) return rc;
    if (out->from >= out->to) {
        return yaml_note(reader->file, to, reader->note, "%s: \"to\" (%s) must be over \"from\" "
                         "(%s)", out->row->key, to->text, from->text);
    }
    const struct yaml_node *scale = yaml_get(map, "scale");
    size_t chosen = SWEEP_LINEAR;
    if (scale != NULL) rc = value_choice(reader, scale, "scale", scale_names, &chosen);
    if (rc != ERR_OK) return rc;
    out->scale = (enum sweep_scale)chosen;
    if (out->scale == SWEEP_LOG && out->from == 0) {
        return yaml_note(reader->file, from, reader->note,
                         "%s: a log scale cannot begin at 0; begin higher or write scale: linear",
                         out->row->key);
    }
    return ERR_OK;
}

static enum err read_parameter(struct parameter_reader *parameter, const struct yaml_node *node)
{
    const struct value_reader *reader = parameter->reader;
    struct sweep_parameter *out = parameter->out;
    if (node->kind == YAML_LIST) return read_list(parameter, node);
    enum err rc = yaml_check_keys(reader->file, node, "a parameter", parameter_keys,
                                  sizeof parameter_keys / sizeof parameter_keys[0], reader->note);
    if (rc != ERR_OK) return rc;
    const struct yaml_node *list = yaml_get(node, "list");
    if (list != NULL && yaml_get(node, "from") != NULL) {
        return yaml_note(reader->file, list, reader->note,
                         "%s: either a list or a range, not both", out->row->key);
    }
    rc = list != NULL ? read_list(parameter, list) : read_range(parameter, node);
    const struct yaml_node *where_set = yaml_get(node, "where_set");
    if (rc != ERR_OK || where_set == NULL) return rc;
    size_t chosen = SWEEP_SET_REPLACED;
    rc = value_choice(reader, where_set, "where_set", where_set_names, &chosen);
    if (rc != ERR_OK) return rc;
    out->where_set = (enum sweep_where_set)chosen;
    bool number = out->row->kind != OPTION_BOOL && out->row->kind != OPTION_CHOICE;
    if (out->where_set == SWEEP_SET_SCALED && (!number || out->current == 0)) {
        return yaml_note(reader->file, where_set, reader->note,
                         "%s cannot be scaled, because %s; write replaced or kept", out->row->key,
                         number ? "its current value is 0" : "it is no number");
    }
    return ERR_OK;
}

enum err sweep_spec_parameters(const struct value_reader *reader, const struct yaml_node *map,
                               struct sweep_spec *out)
{
    if (map->kind != YAML_MAP || map->count == 0) {
        return yaml_note(reader->file, map, reader->note,
                         "parameters: name at least one option, for example retry_count: "
                         "{ from: 0, to: 4 }");
    }
    if (map->count > SWEEP_PARAMETERS_MAX) {
        return yaml_note(reader->file, map, reader->note, "%zu parameters; allowed: at most %d",
                         map->count, SWEEP_PARAMETERS_MAX);
    }
    enum err rc = ERR_OK;
    for (size_t i = 0; i < map->count && rc == ERR_OK; i++) {
        struct sweep_parameter *parameter = &out->space.parameters[i];
        *parameter = (struct sweep_parameter){ .line = map->keys[i]->line,
                                               .column = map->keys[i]->column };
        rc = find_row(reader, map->keys[i], &parameter->row);
        if (rc != ERR_OK) break;
        parameter->current = sweep_value_get(parameter->row, &out->base);
        struct parameter_reader at = { .reader = reader, .out = parameter };
        rc = read_parameter(&at, map->items[i]);
        out->space.count = i + 1;
    }
    return rc;
}
