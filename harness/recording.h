#ifndef HARNESS_RECORDING_H
#define HARNESS_RECORDING_H
/* A trace by its requests: what came when, and what the upstream answered to each attempt, at its
 * distance from the attempt's start. So the same requests can be given to an engine that decides
 * otherwise (whatif.h).
 *
 * Of an attempt that the engine cancelled, only that it had not ended by then is known. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/trace_head.h"
#include "core/engine.h"

#define RECORDING_NONE UINT32_MAX

enum { RECORDED_TRANSITIONS_MAX = 12 };

/* What an attempt reported: connected, progress, sent, done. */
struct recorded_event {
    uint64_t after_ns; /* the attempt's start */
    enum engine_input_kind kind;
    enum outcome outcome;
    uint16_t http_status;
    bool has_retry_after;
    uint64_t retry_after_ns;
    uint64_t body_bytes;
    uint32_t next; /* index of the attempt's next event; RECORDING_NONE: the last */
};

struct recorded_attempt {
    instant_ns started;
    uint32_t first; /* event; RECORDING_NONE: nothing was reported */
    uint32_t last;
    bool done;         /* it ended by itself: then its last event says how */
    bool cancelled;    /* by the engine */
    uint64_t known_ns; /* nothing is known of it from this distance on */
};

struct recorded_request {
    instant_ns at;
    struct engine_input input; /* ENGINE_REQUEST; its `call` is the recorded one's */
    bool answered;             /* the trace holds its answer */
    instant_ns gone;           /* when its client left; INSTANT_NEVER */
    bool baseline_failed;
    enum { LOOKUP_UNKNOWN, LOOKUP_SILENT, LOOKUP_DONE } lookup; /* in the second level */
    uint64_t lookup_ns;
    struct engine_input lookup_input;
    uint32_t attempts[ATTEMPTS_MAX]; /* indices; RECORDING_NONE: not made */
};

struct recorded_reload {
    instant_ns at;
    struct runtime_config *config; /* owned: with the changes */
};

/* What came out: recorded, or played. */
struct recorded_figures {
    uint64_t answers;
    uint64_t served[SERVED_COUNT];
    uint64_t *latencies; /* owned; of all but SERVED_NOBODY */
    size_t latency_count, latency_capacity;
    uint64_t attempts;
    uint64_t transition_count;
    struct { /* the first of them */
        instant_ns at;
        enum breaker_state from, to;
    } transitions[RECORDED_TRANSITIONS_MAX];
};

struct recording {
    struct trace_head head; /* with the changes */
    struct recorded_request *requests; /* owned, in order of arrival */
    size_t request_count, request_capacity;
    struct recorded_attempt *attempts; /* owned, in order of their start */
    size_t attempt_count, attempt_capacity;
    struct recorded_event *events; /* owned */
    size_t event_count, event_capacity;
    struct recorded_reload *reloads; /* owned */
    size_t reload_count, reload_capacity;
    instant_ns first, last; /* of its inputs */
    struct recorded_figures figures;
};

/* `text` is a trace that replays identically (replay.h), which is what makes it trustworthy; its
 * settings are read with `changes`. To be released in any case. */
MUST_USE enum err recording_read(const char *path, const char *text, size_t length,
                                 const struct trace_changes *changes, struct recording *out,
                                 struct err_note *note);
void recording_deinit(struct recording *recording);

void recorded_add_answer(struct recorded_figures *figures, enum served served, uint64_t latency_ns);
void recorded_add_transition(struct recorded_figures *figures, instant_ns at,
                            enum breaker_state from, enum breaker_state to);
/* Nearest rank; sorts. 0 when there are none. */
uint64_t recorded_p95_ns(struct recorded_figures *figures);
void recorded_release(struct recorded_figures *figures);

#endif
