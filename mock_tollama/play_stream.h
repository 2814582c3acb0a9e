#ifndef MOCK_PLAY_STREAM_H
#define MOCK_PLAY_STREAM_H
/* The body of a play whose answer is still coming (mock/source.h). Positions of the plan count the
 * body's own bytes as they pass. One frame at a time is on its way to the kernel:
 *
 *     source -> frame: (chunk line) body (line end) -> socket */

#include "base/buf.h"
#include "mock/source.h"

enum { PLAY_FRAME_BYTES_MAX = 64 * 1024 };

struct play_stream {
    struct source *source; /* borrowed; NULL: the answer was there from the beginning */
    struct buf frame;      /* owned */
    uint64_t frame_sent;   /* of it */
    size_t line_length;    /* of the chunk line at its front */
    size_t frame_body;     /* bytes of the body behind that */
    uint64_t framed;       /* bytes of the body in all frames */
    bool ended;            /* the last chunk is in the frame, or was */
    bool awaits;           /* the source */
    bool waited;           /* for the piece that comes next */
};

#endif
