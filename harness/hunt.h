#ifndef HARNESS_HUNT_H
#define HARNESS_HUNT_H
/* Random scenarios against the invariants: swarm testing (Groce et al. 2012). Each story takes a
 * random subset of the faults, of the settings and of the kinds of load, with random weights; then
 * the upstream heals for as long as the settings allow the service to take (recovery.h), and a few
 * seconds more in which it must be well. One number makes one story, always the same:
 *
 *     hunt_story_make(seed, 17, "prod", ...) -> the scenario hunt-<seed>-17 */

#include <stdint.h>

#include "base/buf.h"
#include "harness/suite.h"

/* The text of a story that heals for `heal_ns`; the same but for that, and what lasts to its end,
 * whatever `heal_ns` is. */
void hunt_story(uint64_t seed, uint32_t number, const char *environment, uint64_t heal_ns,
                struct buf *out);

/* The story with the time to heal that its settings ask for: its text, and ready to be simulated
 * (story_prepare()). Not every story is a valid scenario: settings may contradict each other, a
 * fault may be refused in the company of another. Then `note` says why. */
MUST_USE enum err hunt_story_make(struct arena *arena, uint64_t seed, uint32_t number,
                                  const char *configs, const char *environment, struct buf *text,
                                  struct suite_scenario *out, struct err_note *note);

/* `tollgate hunt` */
int hunt_command(int argc, char **argv);

#endif
