#ifndef SCENARIO_FAULT_KIND_H
#define SCENARIO_FAULT_KIND_H
/* One kind of fault: how it is written in YAML, what it does to a plan, how it is worded. To add
 * one: a file in this folder, a row in ../fault_kinds.c, its rows in ../fault_table.c. */

#include "base/buf.h"
#include "scenario/plan_edit.h"
#include "scenario/value.h"

struct fault_kind {
    const char *key;  /* the YAML key that makes it; "do" when it has a position */
    const char *keys; /* what else may stand beside it, "retry_after headers"; "" for nothing */
    /* Reads its own values; effect, position and selection are the caller's. */
    enum err (*parse)(const struct value_reader *reader, const struct yaml_node *node,
                      struct fault *out);
    void (*apply)(struct reply_plan *plan, const struct fault *fault,
                  const struct fault_moment *moment);
    /* Without the position, which the caller adds: "reset", "status 503 retry_after 1s". */
    void (*write)(struct buf *out, const struct fault *fault);
};

extern const struct fault_kind fault_answer, fault_close, fault_cold_start, fault_delay,
    fault_dribble, fault_garbage, fault_huge_body, fault_huge_head, fault_interim, fault_malformed,
    fault_rate_limit, fault_refuse, fault_reset, fault_slow_close, fault_stall, fault_status,
    fault_stray_answer, fault_syn_drop, fault_throttle;

const struct fault_kind *fault_kind(enum fault_effect effect);

/* For kinds without a value of their own. */
enum err fault_parse_nothing(const struct value_reader *reader, const struct yaml_node *node,
                             struct fault *out);
/* For kinds that change no plan by themselves: a connection has none yet (plan_connect_at() tells
 * of it), or what comes of it depends on what came before (plan_state.c adds it). */
void fault_apply_nothing(struct reply_plan *plan, const struct fault *fault,
                         const struct fault_moment *moment);
/* "retry_after" or "retry_after_date", whichever stands there; at most one. */
enum err fault_parse_retry_after(const struct value_reader *reader, const struct yaml_node *node,
                                 struct fault *out);
void fault_write_retry_after(struct buf *out, const struct fault *fault);
/* A number of bytes, 1 .. `most`. */
enum err fault_parse_size(const struct value_reader *reader, const struct yaml_node *node,
                          const char *what, uint64_t most, uint64_t *out);
/* A duration over 0 that must be there. */
enum err fault_parse_time(const struct value_reader *reader, const struct yaml_node *node,
                          const char *key, const char *example, uint64_t *out_ns);

#endif
