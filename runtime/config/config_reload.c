#include "config/config_reload.h"

#include <string.h>

static size_t field_bytes(const struct option *row)
{
    switch (row->kind) {
    case OPTION_SECONDS:
    case OPTION_MILLIS:
    case OPTION_U64: return sizeof(uint64_t);
    case OPTION_U32:
    case OPTION_PERMILLE: return sizeof(uint32_t);
    case OPTION_BOOL: return sizeof(bool);
    case OPTION_TEXT: return OPTION_TEXT_MAX;
    case OPTION_CHOICE: return sizeof(int);
    }
    return 0;
}

static const char *field(const struct runtime_config *config, const struct option *row)
{
    return (const char *)config + row->offset;
}

static bool is_equal(const struct runtime_config *a, const struct runtime_config *b,
                     const struct option *row)
{
    /* What stands behind the end of a text says nothing. */
    if (row->kind == OPTION_TEXT) return strcmp(field(a, row), field(b, row)) == 0;
    return memcmp(field(a, row), field(b, row), field_bytes(row)) == 0;
}

static bool is_larger(const struct runtime_config *a, const struct runtime_config *b,
                      const struct option *row)
{
    uint32_t of_a;
    uint32_t of_b;
    if (row->kind != OPTION_U32) return true; /* no such row: sizes are U32 */
    memcpy(&of_a, field(a, row), sizeof of_a);
    memcpy(&of_b, field(b, row), sizeof of_b);
    return of_a > of_b;
}

static bool may_change(const struct runtime_config *start, const struct runtime_config *loaded,
                       const struct option *row)
{
    switch (row->reload) {
    case OPTION_RESTART: return false;
    case OPTION_LIVE: return true;
    case OPTION_UP_TO_START: return !is_larger(loaded, start, row);
    }
    return false;
}

struct config_changes config_reload(struct runtime_config *running,
                                    const struct runtime_config *start,
                                    const struct runtime_config *loaded)
{
    struct config_changes changes = { .applied = 0 };
    size_t count;
    const struct option *rows = config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        const struct option *row = &rows[i];
        if (is_equal(running, loaded, row)) continue;
        if (!may_change(start, loaded, row)) {
            changes.items[i] = CONFIG_NEEDS_RESTART;
            changes.need_restart++;
            continue;
        }
        memcpy((char *)running + row->offset, field(loaded, row), field_bytes(row));
        running->options.source[i] = loaded->options.source[i];
        running->options.line[i] = loaded->options.line[i];
        running->options.column[i] = loaded->options.column[i];
        changes.items[i] = CONFIG_APPLIED;
        changes.applied++;
    }
    config_derive(running);
    return changes;
}
