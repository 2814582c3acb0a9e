#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/story.h"
#include "scenario/latency.h"

static enum err carry(struct arena *arena, const char *name, const char *from, const char *to,
                      struct err_note *note)
{
    char *bytes = NULL;
    size_t length = 0;
    const char *target = file_beside(arena, to, name);
    const char *source = file_beside(arena, from, name);
    if (strcmp(source, target) == 0) return ERR_OK;
    enum err rc = file_read(source, LATENCY_FILE_BYTES_MAX, &bytes, &length, note);
    if (rc == ERR_OK && strchr(name, '/') != NULL) {
        rc = file_make_folder(file_beside(arena, target, ""), note);
    }
    if (rc == ERR_OK) rc = file_write(target, bytes, length, note);
    mem_free(bytes);
    return rc;
}

enum err story_carry_samples(struct arena *arena, const struct yaml_node *node, const char *from,
                             const char *to, struct err_note *note)
{
    enum err rc = ERR_OK;
    for (size_t i = 0; node->kind != YAML_SCALAR && i < node->count && rc == ERR_OK; i++) {
        const struct yaml_node *item = node->items[i];
        bool named = node->kind == YAML_MAP && item->kind == YAML_SCALAR &&
                     strcmp(node->keys[i]->text, "samples") == 0;
        rc = named ? carry(arena, item->text, from, to, note)
                   : story_carry_samples(arena, item, from, to, note);
    }
    return rc;
}
