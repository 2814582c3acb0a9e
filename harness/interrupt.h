#ifndef HARNESS_INTERRUPT_H
#define HARNESS_INTERRUPT_H
/* Ctrl-C and its like (SIGINT, SIGTERM, SIGHUP) while something long goes on. The first one is
 * noted, so that what was found so far can be kept and told; a second one, at least 0.3 s later,
 * ends the program at once, as the first one does before interrupt_listen(). A SIGHUP that is
 * ignored (nohup) stays ignored.
 *
 *     interrupt_listen();
 *     for (...) {
 *         if (interrupt_signal() != 0) break;
 *         ...
 *     }
 *
 * Processes made by fork() after that share the note, whichever of them was sent the signal. */

#include <stdbool.h>

/* Once is enough, again does no harm. To be called again after a uv_signal handle of the same
 * signals was closed, since libuv leaves them as they were at the program's start. */
void interrupt_listen(void);

/* The first signal that came; 0: none. */
int interrupt_signal(void);
/* The same as a question with two answers, for whoever asks through a pointer. */
bool interrupt_came(void);

/* As if this signal had come: for who hears of it in another way. */
void interrupt_note(int number);

#endif
