#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/suggest.h"
#include "base/yaml.h"

/* The place of `key`, `count` when it is not there. */
static size_t find_key(const struct yaml_node *map, const char *key)
{
    assert(map->kind == YAML_MAP);
    size_t at = 0;
    while (at < map->count && strcmp(map->keys[at]->text, key) != 0) at++;
    return at;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    size_t at = find_key(map, key);
    return at == map->count ? NULL : map->items[at];
}

const struct yaml_node *yaml_get_key(const struct yaml_node *map, const char *key)
{
    size_t at = find_key(map, key);
    return at == map->count ? NULL : map->keys[at];
}

enum err yaml_note(const struct yaml_file *file, const struct yaml_node *node,
                   struct err_note *note, const char *format, ...)
{
    char sentence[ERR_SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return err_note_set(note, ERR_INVALID, file->path, node->line, node->column, "%s", sentence);
}

/* A list may be put together of parts that share words; each is shown once. */
static bool stands_before(const char *const *allowed, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(allowed[i], allowed[at]) == 0) return true;
    }
    return false;
}

static enum err note_unknown_key(const struct yaml_file *file, const struct yaml_node *key,
                                 const char *where, const char *const *allowed, size_t count,
                                 struct err_note *note)
{
    struct buf list;
    buf_init(&list, ERR_SENTENCE_MAX);
    for (size_t i = 0; i < count; i++) {
        if (stands_before(allowed, i)) continue;
        buf_puts(&list, i == 0 ? "" : ", ");
        buf_puts(&list, allowed[i]);
    }
    const char *near = suggest(key->text, allowed, count);
    enum err err = yaml_note(file, key, note, "unknown key \"%.80s\" in %s%s%s%s Allowed: %s",
                             key->text, where, near == NULL ? "." : "; did you mean \"",
                             near == NULL ? "" : near, near == NULL ? "" : "\"?", buf_text(&list));
    buf_deinit(&list);
    return err;
}

enum err yaml_check_keys(const struct yaml_file *file, const struct yaml_node *node,
                         const char *where, const char *const *allowed, size_t count,
                         struct err_note *note)
{
    if (node->kind != YAML_MAP) {
        return yaml_note(file, node, note, "%s must be a map of \"key: value\" lines", where);
    }
    for (size_t i = 0; i < node->count; i++) {
        bool known = false;
        for (size_t j = 0; j < count && !known; j++) {
            known = strcmp(node->keys[i]->text, allowed[j]) == 0;
        }
        if (!known) return note_unknown_key(file, node->keys[i], where, allowed, count, note);
    }
    return ERR_OK;
}
