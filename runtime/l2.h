#ifndef RUNTIME_L2_H
#define RUNTIME_L2_H
/* The second-level cache, on Redis: obeys the engine's ENGINE_L2_* actions. A Redis that is dead,
 * slow, full or full of rubbish costs hits and nothing else: every lookup ends with one
 * ENGINE_L2_DONE unless the engine cancels it, at once when Redis is not connected.
 *
 * A forecast is written under "tsfm:v1:" and the request's key in hex, as l2_envelope.h says, to be
 * dropped by Redis when it would be neither fresh nor stale any more. Its age is that of the
 * envelope, by the wall clocks of writer and reader. */

#include <stdbool.h>

struct job;
struct l2;
struct service;

/* Connects to the configuration's redis_url; NULL when that is empty. Needs the service's
 * configuration, log, loop and inbox. */
struct l2 *l2_create(struct service *service);
/* No lookup may be under way. Run the loop once more before closing it. Accepts NULL. */
void l2_destroy(struct l2 *l2);

bool l2_is_connected(const struct l2 *l2); /* false for NULL */

/* What is found goes to job->l2_body, the result to the inbox. */
void l2_get(struct job *job);
/* The engine has waited long enough, or nobody waits any more: no ENGINE_L2_DONE follows. */
void l2_cancel(struct job *job);
/* Writes job->body; nothing is reported. */
void l2_put(const struct job *job);

#endif
