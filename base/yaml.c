#include "base/yaml.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/yaml_text.h"

struct builder {
    yaml_parser_t parser;
    struct arena *arena;   /* borrowed */
    const char *path;      /* borrowed */
    const char *text;      /* borrowed: for excerpts in notes */
    size_t length;
    struct err_note *note; /* borrowed; may be NULL */
};

/* The children of a node while it is being read; grows inside the arena. */
struct children {
    struct yaml_node **keys; /* all NULL in a list */
    struct yaml_node **items;
    size_t count;
    size_t capacity;
};

static enum err note_at(struct builder *builder, enum err err, yaml_mark_t mark,
                        const char *format, ...) PRINTF_LIKE(4, 5);

static enum err note_at(struct builder *builder, enum err err, yaml_mark_t mark,
                        const char *format, ...)
{
    char sentence[ERR_SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return err_note_set(builder->note, err, builder->path, (int)mark.line + 1,
                        (int)mark.column + 1, "%s", sentence);
}

/* What libyaml found, in words that say what to do. */
static enum err note_parser_error(struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;
    const char *problem = parser->problem == NULL ? "not YAML" : parser->problem;
    bool at_context = false;
    const char *advice = yaml_text_advice(problem, &at_context);
    yaml_mark_t mark = at_context ? parser->context_mark : parser->problem_mark;
    struct yaml_place tab;
    if (yaml_text_find_tab_indent(builder->text, builder->length,
                                  (int)parser->problem_mark.line + 1, &tab)) {
        return err_note_set(builder->note, ERR_SYNTAX, builder->path, tab.line, tab.column,
                            "a tab is used for indentation; YAML allows only spaces there");
    }
    char excerpt[YAML_EXCERPT_MAX];
    yaml_text_excerpt(builder->text, builder->length, (int)mark.line + 1, excerpt);
    return note_at(builder, ERR_SYNTAX, mark, "\"%s\" is not well-formed YAML: %s", excerpt,
                   advice);
}

static enum err next_event(struct builder *builder, yaml_event_t *event)
{
    if (yaml_parser_parse(&builder->parser, event)) return ERR_OK;
    *event = (yaml_event_t){ .type = YAML_NO_EVENT };
    return note_parser_error(builder);
}

static void children_add(struct arena *arena, struct children *children, struct yaml_node *key,
                         struct yaml_node *item)
{
    if (children->count == children->capacity) {
        size_t capacity = children->capacity == 0 ? 8 : children->capacity * 2;
        struct yaml_node **keys = arena_alloc(arena, capacity, sizeof(struct yaml_node *));
        struct yaml_node **items = arena_alloc(arena, capacity, sizeof(struct yaml_node *));
        for (size_t i = 0; i < children->count; i++) {
            keys[i] = children->keys[i];
            items[i] = children->items[i];
        }
        children->keys = keys;
        children->items = items;
        children->capacity = capacity;
    }
    children->keys[children->count] = key;
    children->items[children->count++] = item;
}

/* By text, then by place. */
static int compare_keys(const void *left, const void *right)
{
    const struct yaml_node *a = *(struct yaml_node *const *)left;
    const struct yaml_node *b = *(struct yaml_node *const *)right;
    int order = strcmp(a->text, b->text);
    if (order != 0) return order;
    if (a->line != b->line) return a->line < b->line ? -1 : 1;
    return a->column < b->column ? -1 : a->column > b->column;
}

/* Sorted, so that a file of a million keys does not take hours. */
static enum err check_duplicates(struct builder *builder, const struct yaml_node *map)
{
    if (map->count < 2) return ERR_OK;
    struct yaml_node **sorted = mem_copy(map->keys, map->count * sizeof(struct yaml_node *));
    qsort(sorted, map->count, sizeof(struct yaml_node *), compare_keys);
    const struct yaml_node *first = NULL;
    const struct yaml_node *second = NULL;
    for (size_t i = 1; i < map->count; i++) {
        if (strcmp(sorted[i - 1]->text, sorted[i]->text) != 0) continue;
        bool earlier = second == NULL || sorted[i]->line < second->line ||
                       (sorted[i]->line == second->line && sorted[i]->column < second->column);
        if (!earlier) continue;
        first = sorted[i - 1];
        second = sorted[i];
    }
    mem_free(sorted);
    if (second == NULL) return ERR_OK;
    return err_note_set(builder->note, ERR_INVALID, builder->path, second->line, second->column,
                        "duplicate key \"%s\"; it already stands in line %d, remove one of them",
                        second->text, first->line);
}

static enum err check_properties(struct builder *builder, const yaml_char_t *anchor,
                                 const yaml_char_t *tag, yaml_mark_t mark)
{
    if (anchor != NULL) {
        return note_at(builder, ERR_INVALID, mark,
                       "the anchor \"&%s\" is not allowed; write the value out where it is used",
                       (const char *)anchor);
    }
    if (tag != NULL) {
        /* libyaml spells "!!int" out; people should see what they wrote. */
        static const char standard[] = "tag:yaml.org,2002:";
        const char *name = (const char *)tag;
        bool is_standard = strncmp(name, standard, sizeof standard - 1) == 0;
        return note_at(builder, ERR_INVALID, mark, "the tag \"%s%s\" is not allowed; remove it",
                       is_standard ? "!!" : "", is_standard ? name + sizeof standard - 1 : name);
    }
    return ERR_OK;
}

static enum err read_scalar(struct builder *builder, const yaml_event_t *event,
                            struct yaml_node *node)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    node->kind = YAML_SCALAR;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    enum err err = check_properties(builder, event->data.scalar.anchor, event->data.scalar.tag,
                                    event->start_mark);
    if (err != ERR_OK) return err;
    if (memchr(text, '\0', length) != NULL) {
        return note_at(builder, ERR_INVALID, event->start_mark,
                       "a text with a zero byte (\\0) in it is not allowed");
    }
    node->text = arena_copy_text(builder->arena, text, length);
    return ERR_OK;
}

static enum err read_node(struct builder *builder, yaml_event_t *event, int depth,
                          struct yaml_node **out);

static enum err read_key(struct builder *builder, yaml_event_t *event, int depth,
                         struct yaml_node **out)
{
    if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT) {
        yaml_mark_t mark = event->start_mark;
        yaml_event_delete(event);
        return note_at(builder, ERR_INVALID, mark,
                       "a list or a map cannot be a key; write a plain word");
    }
    enum err err = read_node(builder, event, depth, out);
    if (err == ERR_OK && (*out)->text[0] == '\0') {
        return err_note_set(builder->note, ERR_INVALID, builder->path, (*out)->line,
                            (*out)->column, "a key is missing in front of the \":\"");
    }
    return err;
}

/* Reads the children up to the event that ends the list or map. */
static enum err read_children(struct builder *builder, struct yaml_node *node, int depth)
{
    struct children children = { .count = 0 };
    yaml_event_type_t end =
        node->kind == YAML_LIST ? YAML_SEQUENCE_END_EVENT : YAML_MAPPING_END_EVENT;
    for (;;) { /* ends: each turn takes an event, and the text has finitely many */
        yaml_event_t event;
        struct yaml_node *key = NULL;
        struct yaml_node *item = NULL;
        enum err err = next_event(builder, &event);
        if (err != ERR_OK) return err;
        if (event.type == end) {
            yaml_event_delete(&event);
            break;
        }
        if (node->kind == YAML_MAP) {
            err = read_key(builder, &event, depth, &key);
            if (err == ERR_OK) err = next_event(builder, &event);
            if (err != ERR_OK) return err;
        }
        err = read_node(builder, &event, depth, &item);
        if (err != ERR_OK) return err;
        children_add(builder->arena, &children, key, item);
    }
    node->items = children.items;
    node->keys = node->kind == YAML_MAP ? children.keys : NULL;
    node->count = children.count;
    return node->kind == YAML_MAP ? check_duplicates(builder, node) : ERR_OK;
}

/* Takes the event over. `depth` is the number of lists and maps around the node. */
static enum err read_node(struct builder *builder, yaml_event_t *event, int depth,
                          struct yaml_node **out)
{
    struct yaml_node *node = arena_alloc(builder->arena, 1, sizeof *node);
    node->line = (int)event->start_mark.line + 1;
    node->column = (int)event->start_mark.column + 1;
    *out = node;
    enum err err = ERR_OK;
    bool nested = false;
    if (event->type == YAML_SCALAR_EVENT) {
        err = read_scalar(builder, event, node);
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        nested = true;
        node->kind = YAML_LIST;
        err = check_properties(builder, event->data.sequence_start.anchor,
                               event->data.sequence_start.tag, event->start_mark);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        nested = true;
        node->kind = YAML_MAP;
        err = check_properties(builder, event->data.mapping_start.anchor,
                               event->data.mapping_start.tag, event->start_mark);
    } else {
        assert(event->type == YAML_ALIAS_EVENT);
        err = note_at(builder, ERR_INVALID, event->start_mark,
                      "the alias \"*%s\" is not allowed; write the value out here",
                      (const char *)event->data.alias.anchor);
    }
    if (err == ERR_OK && nested && depth >= YAML_DEPTH_MAX) {
        err = note_at(builder, ERR_INVALID, event->start_mark,
                      "lists and maps are nested too deeply; allowed: at most %d levels",
                      YAML_DEPTH_MAX);
    }
    yaml_event_delete(event);
    if (err == ERR_OK && nested) err = read_children(builder, node, depth + 1);
    return err;
}

static enum err read_file(struct builder *builder, struct yaml_node **out)
{
    yaml_event_t event;
    int documents = 0;
    for (;;) { /* stream start, one document, stream end; anything else returns */
        enum err err = next_event(builder, &event);
        if (err != ERR_OK) return err;
        yaml_event_type_t type = event.type;
        yaml_mark_t mark = event.start_mark;
        bool value = type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
                     type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT;
        if (value) {
            err = read_node(builder, &event, 0, out);
        } else {
            yaml_event_delete(&event);
        }
        if (err != ERR_OK) return err;
        if (type == YAML_STREAM_END_EVENT) break;
        if (type == YAML_DOCUMENT_START_EVENT && ++documents > 1) {
            return note_at(builder, ERR_INVALID, mark,
                           "a second document (\"---\") is not allowed; write one file for each");
        }
    }
    bool empty = *out == NULL || ((*out)->kind == YAML_SCALAR && (*out)->text[0] == '\0');
    if (!empty) return ERR_OK;
    return err_note_set(builder->note, ERR_INVALID, builder->path, 1, 1,
                        "the file is empty; it must hold keys and values");
}

enum err yaml_parse(struct arena *arena, const char *path, const char *text, size_t length,
                    struct yaml_file *out, struct err_note *note)
{
    *out = (struct yaml_file){ .path = arena_copy_text(arena, path, strlen(path)) };
    if (length > YAML_BYTES_MAX) {
        return err_note_set(note, ERR_TOO_LARGE, path, 0, 0,
                            "the file has %zu bytes; allowed: at most %d", length, YAML_BYTES_MAX);
    }
    yaml_text_skip_mark(&text, &length);
    enum err err = yaml_text_check(path, text, length, note);
    if (err != ERR_OK) return err;
    struct builder builder = { .arena = arena, .path = out->path, .text = text,
                               .length = length, .note = note };
    if (!yaml_parser_initialize(&builder.parser)) {
        return err_note_set(note, ERR_IO, path, 0, 0, "out of memory");
    }
    yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text, length);
    struct yaml_node *root = NULL;
    err = read_file(&builder, &root);
    if (err == ERR_OK) out->root = root;
    yaml_parser_delete(&builder.parser);
    return err;
}

enum err yaml_load(struct arena *arena, const char *path, struct yaml_file *out,
                   struct err_note *note)
{
    char *text = NULL;
    size_t length = 0;
    *out = (struct yaml_file){ .path = NULL };
    enum err err = file_read(path, YAML_BYTES_MAX, &text, &length, note);
    if (err != ERR_OK) return err;
    err = yaml_parse(arena, path, text, length, out, note);
    mem_free(text);
    return err;
}
