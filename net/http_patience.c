#include "net/http_patience.h"

#include <assert.h>
#include <stdbool.h>

const char *http_phase_name(enum http_phase phase)
{
    switch (phase) {
    case HTTP_PHASE_HEAD: return "head";
    case HTTP_PHASE_BODY: return "body";
    case HTTP_PHASE_WORK: return "work";
    case HTTP_PHASE_SEND: return "send";
    case HTTP_PHASE_IDLE: return "idle";
    }
    assert(false && "not a phase");
    return "";
}

void http_patience_enter(struct http_patience *patience, enum http_phase phase, instant_ns now)
{
    *patience = (struct http_patience){ .phase = phase, .since = now, .progress = now };
}

void http_patience_progress(struct http_patience *patience, uint64_t bytes, instant_ns now)
{
    patience->bytes += bytes;
    patience->progress = now;
}

static instant_ns limit_from(instant_ns since, uint64_t limit_ns)
{
    return limit_ns == 0 ? INSTANT_NEVER : instant_add(since, limit_ns);
}

/* How much patience these bytes have earned; everything when it would not fit. */
static uint64_t earned_ns(uint64_t bytes, uint32_t bytes_per_s)
{
    uint64_t seconds = bytes / bytes_per_s;
    if (seconds > UINT64_MAX / NS_PER_S - 1) return UINT64_MAX;
    return seconds * NS_PER_S + bytes % bytes_per_s * NS_PER_S / bytes_per_s;
}

static instant_ns body_end(const struct http_patience *patience, const struct http_limits *limits)
{
    instant_ns end = limit_from(patience->progress, limits->body_ns);
    if (limits->body_ns == 0 || limits->body_bytes_per_s_min == 0) return end;
    instant_ns total = instant_add(instant_add(patience->since, limits->body_ns),
                                   earned_ns(patience->bytes, limits->body_bytes_per_s_min));
    return instant_min(end, total);
}

instant_ns http_patience_end(const struct http_patience *patience,
                             const struct http_limits *limits)
{
    switch (patience->phase) {
    case HTTP_PHASE_HEAD: return limit_from(patience->since, limits->head_ns);
    case HTTP_PHASE_BODY: return body_end(patience, limits);
    case HTTP_PHASE_WORK: return INSTANT_NEVER;
    case HTTP_PHASE_SEND: return limit_from(patience->since, limits->send_ns);
    case HTTP_PHASE_IDLE: return limit_from(patience->since, limits->idle_ns);
    }
    assert(false && "not a phase");
    return INSTANT_NEVER;
}
