#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/replay.h"

enum err replay_file(const char *path, struct replay *out, struct err_note *note)
{
    *out = (struct replay){ .end = REPLAY_CUT };
    char *text = NULL;
    size_t length = 0;
    enum err rc = file_read(path, REPLAY_BYTES_MAX, &text, &length, note);
    if (rc == ERR_OK) rc = replay_text(path, text, length, out, note);
    mem_free(text);
    return rc;
}

void replay_checked(const char *path, struct replay *out)
{
    struct err_note note = { .err = ERR_OK };
    if (replay_file(path, out, &note) == ERR_OK) return;
    out->identical = false;
    out->line = note.line;
    snprintf(out->sentence, sizeof out->sentence, "%.*s", REPLAY_SENTENCE_MAX - 1, note.sentence);
}

void replay_deinit(struct replay *replay)
{
    mem_free(replay->expected);
    mem_free(replay->got);
    for (uint32_t i = 0; i < replay->before_count; i++) mem_free(replay->before[i]);
    *replay = (struct replay){ .identical = false };
}

void replay_sentence_write(const struct replay *replay, struct buf *out)
{
    if (!replay->identical) {
        buf_printf(out, "DIVERGED at line %d: %s", replay->line, replay->sentence);
        return;
    }
    if (replay->end != REPLAY_WHOLE) buf_puts(out, "INCOMPLETE: ");
    buf_printf(out, "identical, %" PRIu64 " inputs", replay->inputs);
    switch (replay->end) {
    case REPLAY_WHOLE: break;
    case REPLAY_TRUNCATED:
        buf_puts(out, ", but the trace reached its bound: what came after it is unknown");
        break;
    case REPLAY_CUT:
        buf_puts(out, ", but the trace has no end mark: what came after its last line is unknown");
        break;
    }
}
