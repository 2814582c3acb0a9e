#ifndef SCENARIO_VALUE_H
#define SCENARIO_VALUE_H
/* Single values of a scenario file, read with the note that a person needs when one is wrong: its
 * place, the text as written, what is allowed, and the nearest thing that would be right. Used by
 * the parsers of this folder only.
 *
 *     value_duration(reader, node, "duration", &ns)
 *     -> a.yaml:4:11: error: duration: "40sec" is not a length of time; did you mean "40s"? ... */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"

struct value_reader {
    const struct yaml_file *file; /* borrowed */
    struct arena *arena;          /* borrowed: owner of the texts that are kept */
    struct err_note *note;        /* borrowed; may be NULL */
};

struct value_range {
    uint64_t min, max; /* inclusive */
};

/* `what` names the value in the note, usually its key. */
MUST_USE enum err value_scalar(const struct value_reader *reader, const struct yaml_node *node,
                               const char *what, const char **out);
/* In ns; at most 24 h, so that sums of several never overflow. */
MUST_USE enum err value_duration(const struct value_reader *reader, const struct yaml_node *node,
                                 const char *what, uint64_t *out_ns);
MUST_USE enum err value_rate(const struct value_reader *reader, const struct yaml_node *node,
                             const char *what, uint64_t *out_micro_per_s);
MUST_USE enum err value_share(const struct value_reader *reader, const struct yaml_node *node,
                              const char *what, uint32_t *out_ppm);
MUST_USE enum err value_whole(const struct value_reader *reader, const struct yaml_node *node,
                              const char *what, struct value_range range, uint64_t *out);
/* One of `names` (NULL-terminated); `out` is its index. */
MUST_USE enum err value_choice(const struct value_reader *reader, const struct yaml_node *node,
                               const char *what, const char *const *names, size_t *out);
/* Letters, digits and '-' ('_' too), 1 .. VALUE_NAME_MAX of them; the text is the file's. */
MUST_USE enum err value_name(const struct value_reader *reader, const struct yaml_node *node,
                             const char *what, const char **out);
/* A list with at least one item; `needs` completes "...: the list is empty; write ". */
MUST_USE enum err value_list(const struct value_reader *reader, const struct yaml_node *node,
                             const char *what, const char *needs);
/* The value of a key that must be there; `where` names the map ("a phase"). */
MUST_USE enum err value_require(const struct value_reader *reader, const struct yaml_node *map,
                                const char *where, const char *key, const struct yaml_node **out);
/* `; did you mean "x"?` for one of `names` (NULL-terminated), else "". Lives in the arena. */
const char *value_did_you_mean(const struct value_reader *reader, const char *typed,
                               const char *const *names);
/* "a, b, c" of a NULL-terminated list. Lives in the arena. */
const char *value_join(const struct value_reader *reader, const char *const *names);

enum { VALUE_NAME_MAX = 64 };

#define VALUE_DURATION_MAX (UINT64_C(24) * 3600 * 1000000000)

#endif
