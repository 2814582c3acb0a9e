#ifndef RUNTIME_RELOAD_H
#define RUNTIME_RELOAD_H
/* SIGHUP: the file, the environment and --set are read again as at start.
 *
 *     a bad file            -> one log line "reload_refused" with the place and the sentence;
 *                              everything stays
 *     a good one            -> live values hold from now on: one log line "reload" with their keys
 *     a value that is not   -> a warning "reload_needs_restart" with its key; the old one stays
 *
 * No request is dropped: those in work go on (core/engine.h, engine_reconfigure()). */

#include <stdbool.h>

#include "config/config_reload.h"
#include "runtime/log.h"

/* Reads into `out`, with the seed that `running` has. False when it was refused: that is logged. */
bool reload_read(struct log *log, const struct config_source *source,
                 const struct runtime_config *running, struct runtime_config *out);
/* The lines about what config_reload() did. */
void reload_log(struct log *log, const struct config_changes *changes);

#endif
