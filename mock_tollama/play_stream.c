#include "mock/play_stream.h"

#include <assert.h>

#include "base/clock.h"
#include "mock/player_private.h"

static bool stream_is_chunked(const struct play *play)
{
    return play->plan.framing == FRAMING_CHUNKED && head_has_body(play->order.status) &&
           !play->stream.source->bodiless;
}

uint64_t play_stream_body_sent(const struct play_stream *stream)
{
    uint64_t in_frame = instant_until(stream->frame_sent, stream->line_length);
    return stream->framed - stream->frame_body + u64_min(in_frame, stream->frame_body);
}

bool play_stream_is_out(const struct play *play)
{
    const struct play_stream *stream = &play->stream;
    size_t waiting = 0;
    (void)stream->source->bytes(stream->source, &waiting);
    return stream->source->state == SOURCE_WHOLE && waiting == 0 &&
           stream->frame_sent == stream->frame.length;
}

bool play_stream_cuts_chunks(const struct play *play)
{
    const struct play_stream *stream = &play->stream;
    return stream->source != NULL && stream_is_chunked(play) && !stream->ended &&
           play->has_response && play->sent == play->response.spool.length;
}

static void frame_clear(struct play_stream *stream)
{
    buf_clear(&stream->frame);
    stream->frame_sent = 0;
    stream->line_length = 0;
    stream->frame_body = 0;
}

/* The next `length` bytes of the source become a frame. */
static void frame_fill(struct play *play, const char *bytes, size_t length)
{
    struct play_stream *stream = &play->stream;
    bool chunked = stream_is_chunked(play);
    if (chunked) buf_printf(&stream->frame, "%zx\r\n", length);
    stream->line_length = stream->frame.length;
    stream->frame_body = length;
    stream->framed += length;
    buf_put(&stream->frame, bytes, length);
    if (chunked) buf_puts(&stream->frame, "\r\n");
    stream->source->take(stream->source, length);
}

static enum play_progress frame_flush(struct play *play)
{
    struct play_stream *stream = &play->stream;
    struct spool spool;
    if (stream->frame.length == 0) return PLAY_NEXT;
    spool_init(&spool);
    spool_borrow(&spool, stream->frame.data, stream->frame.length);
    enum play_progress progress = play_push(play, &spool, spool.length, &stream->frame_sent);
    if (progress == PLAY_NEXT) frame_clear(stream);
    return progress;
}

/* The server failed in mid-body: the client is shown the same. */
static enum play_progress stream_cut(struct play *play)
{
    bool reset = play->stream.source->state == SOURCE_RESET;
    play->cut_above = true;
    play->plan.steps[play->step] =
        (struct plan_step){ .kind = reset ? PLAN_RESET : PLAN_CLOSE };
    return play_end_early(play);
}

/* Nothing waits at the source. */
static enum play_progress stream_dry(struct play *play)
{
    switch (play->stream.source->state) {
    case SOURCE_OPEN:
        play->stream.awaits = true;
        play->stream.waited = true;
        play_wait(play, UV_DISCONNECT);
        return PLAY_PAUSED;
    case SOURCE_WHOLE: return PLAY_NEXT;
    case SOURCE_RESET:
    case SOURCE_CLOSED: return stream_cut(play);
    }
    assert(false && "unknown state");
    return PLAY_ENDED;
}

/* Whether the step's next piece may leave; a rhythm begins anew behind what the source held up. */
static bool piece_is_due(struct play *play, const struct plan_step *step)
{
    if (step->piece_bytes == 0) return true;
    instant_ns now = clock_now();
    instant_ns due = instant_add(play->begun_at, play->pieces * step->piece_ns);
    if (now < due) {
        (void)wire_wait(&play->wire, UV_DISCONNECT);
        play_wake_at(play, due);
        return false;
    }
    if (play->stream.waited)
        play->begun_at = instant_until(now, play->pieces * step->piece_ns);
    else
        play->late_max_ns = u64_max(play->late_max_ns, now - due);
    play->stream.waited = false;
    play->pieces++;
    return true;
}

static enum play_progress stream_to(struct play *play, const struct plan_step *step, uint64_t to)
{
    struct play_stream *stream = &play->stream;
    for (;;) {
        enum play_progress progress = frame_flush(play);
        if (progress != PLAY_NEXT) return progress;
        if (stream->framed >= to) return PLAY_NEXT;
        size_t length = 0;
        const char *bytes = stream->source->bytes(stream->source, &length);
        if (length == 0) return stream_dry(play);
        if (!piece_is_due(play, step)) return PLAY_PAUSED;
        uint64_t most = step->piece_bytes > 0 ? step->piece_bytes : PLAY_FRAME_BYTES_MAX;
        most = u64_min(u64_min(most, PLAY_FRAME_BYTES_MAX), to - stream->framed);
        frame_fill(play, bytes, (size_t)u64_min(length, most));
    }
}

/* Bytes of the body that are to be out behind a step. */
static uint64_t stream_target(const struct play_stream *stream, const struct plan_step *step)
{
    static const uint32_t all_ppm = 1000000;
    if (step->kind == PLAN_END) return UINT64_MAX;
    if (step->to_is_bytes) return step->to_bytes;
    if (step->to_ppm == all_ppm) return UINT64_MAX;
    return plan_step_end(step, stream->source->length);
}

enum play_progress play_stream_step(struct play *play, const struct plan_step *step)
{
    struct play_stream *stream = &play->stream;
    enum play_progress progress =
        play_push(play, &play->response.spool, play->response.spool.length, &play->sent);
    if (progress != PLAY_NEXT) return progress;
    progress = stream_to(play, step, stream_target(stream, step));
    if (progress != PLAY_NEXT || step->kind != PLAN_END || stream->ended) return progress;
    stream->ended = true;
    if (!stream_is_chunked(play)) return PLAY_NEXT;
    buf_puts(&stream->frame, "0\r\n\r\n");
    stream->line_length = stream->frame.length;
    return stream_to(play, step, 0);
}

void play_stream_free(struct play *play)
{
    buf_deinit(&play->stream.frame);
}
