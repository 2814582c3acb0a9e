#ifndef HARNESS_PLAY_PRIVATE_H
#define HARNESS_PLAY_PRIVATE_H
/* Between play.c, which goes from state to state, and play_programs.c, which starts what is played
 * with: with which arguments, and where its log goes, and play_watch.c, which looks whether the
 * machine lets them. */

#include "harness/play.h"

enum { PLAY_TICK_MS = 20 };

/* Into a state, with the time that it may take. */
void play_enter(struct play *play, enum play_state state);

/* Each starts one program; when that fails, the play is aborted with a sentence. */
void play_start_mock(struct play *play);
void play_start_runtime(struct play *play);
/* The service that is judged instead: started when there is a command for that. */
void play_start_target(struct play *play);

/* Whether the machine lets them go on while the load plays (play_watch.c): from its begin, at each
 * tick, and until PLAYING is left. */
void play_watch_begin(struct play *play);
void play_watch_tick(struct play *play);
void play_watch_end(struct play *play);

#endif
