#ifndef HARNESS_TARGET_H
#define HARNESS_TARGET_H
/* `tollgate run --target URL`: judges another service of the same contract (docs/target.md) instead
 * of the bundled runtime. The service must use the mock as its model server, so either the mock's
 * address is given (--mock-listen) and the service was set up for it, or tollgate starts the
 * service itself (--target-command) and tells it.
 *
 *     --target http://127.0.0.1:8000 --mock-listen 127.0.0.1:11435
 *     --target-command "python3 -m service --upstream {upstream} --port {port}" */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct target_options {
    const char *url;         /* of the service; NULL: the command's, on a port of this machine */
    const char *command;     /* starts it; NULL: it runs already */
    const char *mock_listen; /* HOST:PORT; NULL: any free port */
    bool strict;             /* what cannot be observed makes the run inconclusive */
};

extern const char target_help[];

/* Where the value of one of these options goes; NULL: `word` is none of them. */
const char **target_slot(struct target_options *target, const char *word);
/* True when a service other than the bundled runtime is judged. */
bool target_is_given(const struct target_options *target);
/* True when one service serves all scenarios, so that they are played one after the other. */
bool target_is_shared(const struct target_options *target);
/* Refuses what does not fit together, and addresses that are none. */
MUST_USE enum err target_check(const struct target_options *target, struct err_note *note);

/* A port of 127.0.0.1 that was free just now; 0 when there is none. */
uint16_t target_free_port(void);
/* The command with {upstream} (the mock's URL) and {port} filled in. Lives in the arena. */
const char *target_command(struct arena *arena, const char *command, const char *upstream,
                           uint16_t port);

#endif
