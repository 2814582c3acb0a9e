#ifndef BASE_YAML_H
#define BASE_YAML_H
/* A YAML file as a tree in which every node knows its line and column (libyaml does the parsing).
 *
 * Refused with a note, because they change meaning silently or cannot be meant: duplicate keys,
 * several documents, aliases and anchors, tags, keys that are not scalars, nesting over
 * YAML_DEPTH_MAX, files over YAML_BYTES_MAX, an empty file, bytes that are not UTF-8. */

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum { YAML_DEPTH_MAX = 32, YAML_BYTES_MAX = 4 * 1024 * 1024 };

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    int line;   /* 1-based, of the node's first character */
    int column; /* 1-based, counted in characters */
    const char *text;             /* YAML_SCALAR: NUL-terminated; borrowed from the arena */
    int quoted;                   /* YAML_SCALAR: written in quotes, so never a number */
    struct yaml_node **items;     /* YAML_LIST, YAML_MAP: values in file order */
    struct yaml_node **keys;      /* YAML_MAP: scalars, same order */
    size_t count;                 /* items */
};

struct yaml_file {
    const char *path;       /* borrowed from the arena; as the caller gave it */
    struct yaml_node *root; /* borrowed from the arena; never NULL after a successful parse */
};

/* Reads and parses `path` into `arena`. */
MUST_USE enum err yaml_load(struct arena *arena, const char *path, struct yaml_file *out,
                            struct err_note *note);
/* The same for text in memory; `path` only names it in notes. */
MUST_USE enum err yaml_parse(struct arena *arena, const char *path, const char *text,
                             size_t length, struct yaml_file *out, struct err_note *note);

/* The value of `key` in a map, NULL when it is not there. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* The key's own node (for its place), NULL when it is not there. */
const struct yaml_node *yaml_get_key(const struct yaml_node *map, const char *key);

/* A note at a node's place. */
enum err yaml_note(const struct yaml_file *file, const struct yaml_node *node,
                   struct err_note *note, const char *format, ...) PRINTF_LIKE(4, 5);

/* ERR_OK when `node` is a map and each of its keys is one of `allowed`; else a note at the first
 * unknown key: `unknown key "lattency" in an upstream; did you mean "latency"? Allowed: ...`.
 * `where` completes "unknown key ... in %s" (for example "a fault"). */
MUST_USE enum err yaml_check_keys(const struct yaml_file *file, const struct yaml_node *node,
                                  const char *where, const char *const *allowed, size_t count,
                                  struct err_note *note);

#endif
