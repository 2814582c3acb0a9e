#ifndef HARNESS_HUNT_H
#define HARNESS_HUNT_H
/* Random scenarios against the invariants: swarm testing (Groce et al. 2012). Each story takes a
 * random subset of the fault table, of the settings and of the kinds of load, with random weights;
 * then the upstream heals, and the service must recover. One number makes one story, always the
 * same:
 *
 *     hunt_story(seed, 17, environment) -> the text of a scenario named hunt-<seed>-17 */

#include <stdint.h>

#include "base/buf.h"

/* Not every story is a valid scenario: settings may contradict each other, a fault may be refused
 * in the company of another. Such a story is skipped by the caller. */
void hunt_story(uint64_t seed, uint32_t number, const char *environment, struct buf *out);

/* `tollgate hunt` */
int hunt_command(int argc, char **argv);

#endif
