#ifndef MOCK_STAGE_H
#define MOCK_STAGE_H
/* What is being played, and what was: scenarios come and go while answers under way still point
 * into the one they began with.
 *
 *   struct stage   one scenario that was loaded, or one list of faults set by hand. Lives as long
 *                  as somebody holds it: the show, and each play that began with it
 *   struct show    what holds for the next request: a fault set by hand while it lasts, else the
 *                  scenario, else nothing (healthy)
 *
 *     show_swap(&show, stage_load("a.yaml", NULL, &note), now)    from now on requests meet a.yaml
 *     show_set_fault(&show, stage_fault(...), now)                for a minute they meet the fault
 *     show_pick(&show, now)                                       whom this request meets */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/instant.h"
#include "scenario/plan_state.h"
#include "scenario/realised_delay.h"
#include "scenario/scenario.h"

struct stage {
    uint32_t references;
    struct arena arena; /* owned: what `scenario` points to */
    struct scenario scenario;
    uint64_t seed;
    struct plan_state *plans; /* owned: what was counted while it plays */
    struct realised_delays *delays; /* owned: the same of how long it took */
    uint64_t lasts_ns;        /* a fault set by hand with "for"; else UINT64_MAX */
    struct stage *below;      /* held: a fault's latency is its scenario's; NULL: none */
};

struct stage_text {
    const char *name; /* for notes */
    const char *bytes;
    size_t length;
};

/* `seed` NULL: the scenario's own. NULL and a note when it is refused. The caller holds it.
 *
 * For the mock a file may leave out everything but `upstream`: what only a run needs (version,
 * name, duration, workload, expect) is then filled in, with a duration of 24 h. */
struct stage *stage_load(const char *path, const uint64_t *seed, struct err_note *note);
struct stage *stage_parse(const struct stage_text *text, const uint64_t *seed,
                          struct err_note *note);
/* Faults set by hand, as YAML: one fault, a list of them, or { faults: ..., for: 60s }. They stand
 * in a phase "now" that begins when the stage does and replaces the phases of `below` (which may be
 * NULL; its latency stays). */
struct stage *stage_fault(struct stage *below, const struct stage_text *text, const uint64_t *seed,
                          struct err_note *note);
struct stage *stage_hold(struct stage *stage);
/* Accepts NULL. */
void stage_release(struct stage *stage);

struct show {
    struct stage *scenario; /* held; NULL: none */
    instant_ns start;       /* its zero; before it no phase is in force */
    struct stage *fault;    /* held; NULL: none */
    instant_ns fault_start;
    uint64_t generation;              /* counts the changes */
    void (*on_change)(void *context); /* what is played, or its zero, is another; may be NULL */
    void *context;
};

/* What a request that was read at `now` meets. */
struct show_pick {
    struct stage *stage; /* borrowed; NULL: healthy */
    uint64_t offset_ns;  /* since the stage's zero; UINT64_MAX before it, where no phase is */
};

/* Both take over the caller's hold; NULL takes down what is there. A new scenario takes the fault
 * down, too. */
void show_swap(struct show *show, struct stage *scenario, instant_ns now);
void show_set_fault(struct show *show, struct stage *fault, instant_ns now);
/* Moves the scenario's zero. */
void show_set_start(struct show *show, instant_ns start);
struct show_pick show_pick(struct show *show, instant_ns now);
/* Since the scenario's zero; negative: before it. */
int64_t show_offset_ns(const struct show *show, instant_ns at);
void show_deinit(struct show *show);

#endif
