#include "harness/recording.h"

#include <string.h>

#include "base/mem.h"
#include "base/sort.h"
#include "harness/replay_input.h"

struct reader {
    struct recording *out;
    const struct trace_changes *changes;
    const char *path;
    int line;
    const char *at; /* the line's text */
    size_t length;
    uint32_t *request_of; /* owned: by call */
    uint32_t *attempt_of; /* owned: by call: the one that runs */
};

/* Room for one more; the caller counts it. */
static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return items;
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    return mem_resize(items, *capacity, size);
}

void recorded_add_answer(struct recorded_figures *figures, enum served served, uint64_t latency_ns)
{
    figures->answers++;
    figures->served[served]++;
    if (served == SERVED_NOBODY) return;
    figures->latencies = grow(figures->latencies, figures->latency_count,
                              &figures->latency_capacity, sizeof *figures->latencies);
    figures->latencies[figures->latency_count++] = latency_ns;
}

void recorded_add_transition(struct recorded_figures *figures, instant_ns at,
                            enum breaker_state from, enum breaker_state to)
{
    uint64_t index = figures->transition_count++;
    if (index >= RECORDED_TRANSITIONS_MAX) return;
    figures->transitions[index].at = at;
    figures->transitions[index].from = from;
    figures->transitions[index].to = to;
}

uint64_t recorded_p95_ns(struct recorded_figures *figures)
{
    size_t n = figures->latency_count;
    if (n == 0) return 0;
    sort_u64(figures->latencies, n);
    return figures->latencies[(n * 95 + 99) / 100 - 1];
}

void recorded_release(struct recorded_figures *figures)
{
    mem_free(figures->latencies);
    figures->latencies = NULL;
}

static void on_request(struct reader *reader, const struct engine_input *input, instant_ns now)
{
    struct recording *out = reader->out;
    out->requests = grow(out->requests, out->request_count, &out->request_capacity,
                         sizeof *out->requests);
    struct recorded_request *request = &out->requests[out->request_count];
    *request = (struct recorded_request){ .at = now, .input = *input, .gone = INSTANT_NEVER };
    for (size_t i = 0; i < ATTEMPTS_MAX; i++) request->attempts[i] = RECORDING_NONE;
    reader->request_of[input->call] = (uint32_t)out->request_count++;
}

static void on_event(struct reader *reader, const struct engine_input *input, instant_ns now)
{
    struct recording *out = reader->out;
    struct recorded_attempt *attempt = &out->attempts[reader->attempt_of[input->call]];
    out->events = grow(out->events, out->event_count, &out->event_capacity, sizeof *out->events);
    uint32_t index = (uint32_t)out->event_count++;
    out->events[index] = (struct recorded_event){
        .after_ns = now - attempt->started,
        .kind = input->kind,
        .outcome = input->outcome,
        .http_status = input->http_status,
        .has_retry_after = input->has_retry_after,
        .retry_after_ns = input->retry_after_ns,
        .body_bytes = input->body_bytes,
        .next = RECORDING_NONE,
    };
    if (attempt->first == RECORDING_NONE) attempt->first = index;
    else out->events[attempt->last].next = index;
    attempt->last = index;
    attempt->known_ns = now - attempt->started;
    attempt->done = input->kind == ENGINE_ATTEMPT_DONE;
}

static void on_input(struct reader *reader, const struct engine_input *input, instant_ns now)
{
    struct recording *out = reader->out;
    if (input->kind == ENGINE_TIMER) return;
    if (input->kind == ENGINE_REQUEST) {
        on_request(reader, input, now);
        return;
    }
    struct recorded_request *request = &out->requests[reader->request_of[input->call]];
    switch (input->kind) {
    case ENGINE_TIMER:
    case ENGINE_REQUEST: break;
    case ENGINE_CLIENT_GONE: request->gone = now; break;
    case ENGINE_ATTEMPT_CONNECTED:
    case ENGINE_ATTEMPT_PROGRESS:
    case ENGINE_ATTEMPT_SENT:
    case ENGINE_ATTEMPT_DONE: on_event(reader, input, now); break;
    case ENGINE_BASELINE_DONE: request->baseline_failed = !input->baseline_ok; break;
    case ENGINE_L2_DONE:
        request->lookup = LOOKUP_DONE;
        request->lookup_ns = now - request->lookup_ns;
        request->lookup_input = *input;
        break;
    }
}

static void on_start(struct reader *reader, uint32_t call, uint64_t number, instant_ns now)
{
    struct recording *out = reader->out;
    out->attempts = grow(out->attempts, out->attempt_count, &out->attempt_capacity,
                         sizeof *out->attempts);
    uint32_t index = (uint32_t)out->attempt_count++;
    out->attempts[index] = (struct recorded_attempt){ .started = now,
                                                      .first = RECORDING_NONE,
                                                      .last = RECORDING_NONE };
    out->requests[reader->request_of[call]].attempts[number] = index;
    reader->attempt_of[call] = index;
    out->figures.attempts++;
}

static void on_breaker(struct recording *out, const struct trace_line *line, instant_ns now)
{
    char text[TRACE_TEXT_MAX];
    enum breaker_state from = BREAKER_CLOSED;
    enum breaker_state to = BREAKER_CLOSED;
    if (!trace_field_text(trace_line_find(line, "from"), text) || !breaker_state_parse(text, &from))
        return;
    if (!trace_field_text(trace_line_find(line, "to"), text) || !breaker_state_parse(text, &to))
        return;
    recorded_add_transition(&out->figures, now, from, to);
}

static void on_answer(struct reader *reader, const struct trace_line *line, uint32_t call,
                      instant_ns now)
{
    char text[TRACE_TEXT_MAX];
    enum served served = SERVED_NOBODY;
    struct recorded_request *request = &reader->out->requests[reader->request_of[call]];
    request->answered = trace_field_text(trace_line_find(line, "served"), text) &&
                        served_parse(text, &served);
    if (request->answered) recorded_add_answer(&reader->out->figures, served, now - request->at);
}

/* The trace replays identically, so its actions are what an engine writes. */
static void on_action(struct reader *reader, const struct trace_line *line, instant_ns now)
{
    const struct trace_field *name = trace_line_find(line, "do");
    uint64_t call = 0;
    uint64_t number = 0;
    if (trace_field_is(name, "breaker")) {
        on_breaker(reader->out, line, now);
        return;
    }
    if (!trace_field_u64(trace_line_find(line, "call"), &call)) return;
    if (trace_field_is(name, "start_attempt")) {
        if (!trace_field_u64(trace_line_find(line, "attempt"), &number)) return;
        on_start(reader, (uint32_t)call, number, now);
    } else if (trace_field_is(name, "cancel_attempt")) {
        struct recorded_attempt *attempt = &reader->out->attempts[reader->attempt_of[call]];
        attempt->known_ns = now - attempt->started;
        attempt->cancelled = true;
    } else if (trace_field_is(name, "l2_get")) {
        struct recorded_request *request = &reader->out->requests[reader->request_of[call]];
        request->lookup = LOOKUP_SILENT;
        request->lookup_ns = now; /* its moment, until it is answered */
    } else if (trace_field_is(name, "answer")) {
        on_answer(reader, line, (uint32_t)call, now);
    }
}

static enum err on_reload(struct reader *reader, instant_ns now, struct err_note *note)
{
    struct recording *out = reader->out;
    struct err_note inner = { .err = ERR_OK };
    out->reloads = grow(out->reloads, out->reload_count, &out->reload_capacity,
                        sizeof *out->reloads);
    struct recorded_reload *reload = &out->reloads[out->reload_count++];
    reload->at = now;
    reload->config = mem_alloc(1, sizeof *reload->config);
    enum err rc = trace_reload_read(reader->at, reader->length, reader->changes,
                                            reload->config, &inner);
    if (rc == ERR_OK) return rc;
    return err_note_set(note, rc, reader->path, reader->line, 0, "%s", inner.sentence);
}

static enum err on_line(struct reader *reader, struct err_note *note)
{
    struct trace_line line;
    struct engine_input input;
    instant_ns now = 0;
    const char *reason = "";
    if (!trace_line_parse(reader->at, reader->length, &line)) return ERR_OK;
    if (!trace_field_u64(trace_line_find(&line, "t"), &now)) return ERR_OK; /* the end mark */
    struct recording *out = reader->out;
    if (out->first == INSTANT_NEVER) out->first = now;
    out->last = now;
    const struct trace_field *in = trace_line_find(&line, "in");
    if (in == NULL) {
        on_action(reader, &line, now);
    } else if (trace_field_is(in, "reload")) {
        return on_reload(reader, now, note);
    } else if (replay_input_parse(&line, &input, &now, &reason)) {
        on_input(reader, &input, now);
    }
    return ERR_OK;
}

/* What still ran when the trace ended was silent until then. */
static void close_attempts(struct recording *out)
{
    for (size_t i = 0; i < out->attempt_count; i++) {
        struct recorded_attempt *attempt = &out->attempts[i];
        bool open = !attempt->done && !attempt->cancelled;
        if (open) attempt->known_ns = out->last - attempt->started;
    }
}

enum err recording_read(const char *path, const char *text, size_t length,
                        const struct trace_changes *changes, struct recording *out,
                        struct err_note *note)
{
    *out = (struct recording){ .first = INSTANT_NEVER };
    const char *end = text + length;
    const char *newline = memchr(text, '\n', length);
    size_t head_length = newline == NULL ? length : (size_t)(newline - text);
    /* Ids are bounded by the recorded settings, not by the changed ones. */
    struct trace_head *recorded = mem_alloc(1, sizeof *recorded);
    enum err rc = trace_head_read(path, text, head_length, recorded, note);
    if (rc == ERR_OK) {
        rc = trace_head_read_changed(path, text, head_length, changes, &out->head, note);
    }
    struct reader reader = { .out = out, .changes = changes, .path = path, .line = 1 };
    if (rc == ERR_OK) {
        uint32_t calls_max = recorded->config.engine.calls_max;
        reader.request_of = mem_alloc(calls_max, sizeof *reader.request_of);
        reader.attempt_of = mem_alloc(calls_max, sizeof *reader.attempt_of);
    }
    while (rc == ERR_OK && newline != NULL) {
        reader.at = newline + 1;
        newline = memchr(reader.at, '\n', (size_t)(end - reader.at));
        if (newline == NULL) break;
        reader.length = (size_t)(newline - reader.at);
        reader.line++;
        rc = on_line(&reader, note);
    }
    close_attempts(out);
    mem_free(reader.attempt_of);
    mem_free(reader.request_of);
    mem_free(recorded);
    return rc;
}

void recording_deinit(struct recording *recording)
{
    for (size_t i = 0; i < recording->reload_count; i++) mem_free(recording->reloads[i].config);
    mem_free(recording->reloads);
    mem_free(recording->events);
    mem_free(recording->attempts);
    mem_free(recording->requests);
    recorded_release(&recording->figures);
}
