#ifndef HARNESS_SWEEP_STORE_H
#define HARNESS_SWEEP_STORE_H
/* What has been tried already, in memory and in a journal of JSON lines. The journal is only ever
 * appended to, one whole line at a time, so a killed sweep loses at most what was under way and
 * goes on where it was: whatever is in the journal is not simulated again.
 *
 *     {"journal":1,"file":"sweeps/prod.yaml","fingerprint":"9c...","shard":1,"shards":1}
 *     {"point":"03af...","scenario":"healthy","seed":1,"state":"feasible","failed":0,"check":"",
 *      "fresh_ppm":1000000,"slow_ppm":0,"calls_ppm":412000,"recovery_ns":null}
 *
 * The fingerprint is of everything that a result depends on; a journal of another one is
 * refused. */

#include "harness/sweep_world.h"

struct sweep_entry {
    uint64_t point; /* its key */
    uint32_t block;
    bool used;
    struct sweep_measure measure;
};

struct sweep_store {
    const struct sweep_world *world; /* borrowed */
    struct sweep_entry *entries;     /* owned: open addressing, a power of two */
    size_t capacity;
    size_t count;
    int fd; /* of the journal; -1: none */
};

struct sweep_head {
    uint64_t fingerprint;
    uint32_t shard;  /* 1 .. shards */
    uint32_t shards; /* 1: the whole sweep */
};

void sweep_store_init(struct sweep_store *store, const struct sweep_world *world);
void sweep_store_deinit(struct sweep_store *store);

/* NULL when it was not tried. Borrowed until the next put. */
const struct sweep_measure *sweep_store_get(const struct sweep_store *store, uint64_t point,
                                            uint32_t block);
/* Keeps it, and appends it to the journal when there is one. */
MUST_USE enum err sweep_store_put(struct sweep_store *store, uint64_t point, uint32_t block,
                                  const struct sweep_measure *measure, struct err_note *note);

/* Opens `path` for appending. An existing journal is read first: its head must be `head`. `resumed`
 * is how many results it held. A last line that was cut off is cut away. */
MUST_USE enum err sweep_store_open(struct sweep_store *store, const char *path,
                                   const struct sweep_head *head, size_t *resumed,
                                   struct err_note *note);
/* Takes the results of another journal over, into this store's too; `head` is what it begins
 * with. Its fingerprint must be `fingerprint`. */
MUST_USE enum err sweep_store_merge(struct sweep_store *store, const char *path,
                                    uint64_t fingerprint, struct sweep_head *head,
                                    struct err_note *note);

/* The sweep file that the journal at `path` names; in `arena`. */
MUST_USE enum err sweep_journal_file(const char *path, struct arena *arena, const char **file,
                                     struct err_note *note);

/* "feasible", "infeasible", "impossible", "unknown" */
const char *sweep_state_name(enum sweep_state state);

#endif
