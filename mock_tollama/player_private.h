#ifndef MOCK_PLAYER_PRIVATE_H
#define MOCK_PLAYER_PRIVATE_H
/* Shared by player.c (all plays) and play.c (the steps of one on its socket). */

#include "mock/play_stream.h"
#include "mock/player.h"
#include "mock/response.h"
#include "mock/wire.h"

enum play_state {
    PLAY_WAITING,
    PLAY_SENDING,
    PLAY_RAW,
    PLAY_SETTLING,
    PLAY_LINGERING,
    PLAY_STALLED,
};

/* Of a step: go on with the next one, wait, or nothing more. */
enum play_progress { PLAY_NEXT, PLAY_PAUSED, PLAY_ENDED };

struct play {
    struct player *player;
    struct http_exchange *exchange; /* NULL: not in use */
    struct player_order order;      /* its plan is `plan` */
    TAILQ_ENTRY(play) unprepared;
    bool is_unprepared;
    bool plain; /* an ordinary reply does it */
    enum play_state state;
    uint32_t step;  /* the next one */
    instant_ns due; /* of the next one */
    bool begun;     /* that one is being made */
    instant_ns begun_at;
    uint64_t pieces;     /* of it that are out */
    uint64_t piece_from; /* where its first began */
    uint64_t late_ns, late_max_ns;
    uint64_t first_ns, last_ns; /* as in the ledger */
    instant_ns since;           /* SETTLING, LINGERING */
    struct wire wire;
    bool has_response;
    uint64_t target; /* bytes of the response that are to be out */
    uint64_t sent;   /* that are */
    bool has_insert;
    char *garbage; /* owned; in `insert` */
    uint64_t insert_sent;
    uint64_t other_bytes;   /* inserts that are out */
    struct play_stream stream;
    struct http_sent reply; /* SENDING: what the server has sent, once it is over */
    bool reply_known;
    bool cut_above; /* the server failed in mid-body, and this play ends as that did */
    /* What follows is not cleared for a new play. */
    struct response response; /* with has_response */
    struct spool insert;      /* with has_insert: garbage, a stray answer */
    struct reply_plan plan;   /* last: steps behind step_count are not copied */
};

/* Makes every step that is due. */
void play_advance(struct play *play);
/* The client left. */
void play_on_gone(struct play *play);
/* Writes the ledger's line, forgets everything; the exchange is the caller's. */
void play_free(struct play *play, enum ledger_end end);
/* The same, and the exchange is ended raw. */
void play_end_raw(struct play *play, enum http_raw_end how, enum ledger_end end);
/* Fills what the answer lacks. */
void play_prepare(struct play *play);
/* Sends the answer through the server. */
void play_reply(struct play *play);
/* Sends from *sent up to `target`, or waits until there is room. */
enum play_progress play_push(struct play *play, const struct spool *spool, uint64_t target,
                             uint64_t *sent);
/* For the socket; without a descriptor to wait on the step is tried again a little later. */
void play_wait(struct play *play, int events);
/* The step at hand has become a RESET or a CLOSE: makes it. */
enum play_progress play_end_early(struct play *play);

/* play_stream.c: a BODY or END step of an answer that is still coming; its head may wait yet. */
enum play_progress play_stream_step(struct play *play, const struct plan_step *step);
uint64_t play_stream_body_sent(const struct play_stream *stream);
/* All of it has come and is out. */
bool play_stream_is_out(const struct play *play);
/* What is put between the body's bytes now must be a chunk, too. */
bool play_stream_cuts_chunks(const struct play *play);
void play_stream_free(struct play *play);
/* INSTANT_NEVER: not at all. */
void play_wake_at(struct play *play, instant_ns when);

#endif
