#ifndef HARNESS_CAPSULE_H
#define HARNESS_CAPSULE_H
/* A failing run as one file: its scenario, with the seed that was used and every setting that is
 * not the default, so that one command plays it again in either world, from any folder.
 *
 *     reports/<run>/<scenario>/capsule.yaml   the scenario; which check failed stands at its head
 *     reports/<run>/configs/<env>.yaml        the defaults, which capsules stand on
 *
 * Texts of the configuration (addresses, files) are left out, because they may be secrets, unless
 * the scenario itself sets them. */

#include "base/buf.h"
#include "base/err.h"
#include "harness/suite.h"

/* Writes below `folder`, the report's, and sets item->capsule; when no check of the scenario
 * failed, it takes what an earlier run left there away instead. */
MUST_USE enum err capsule_write(const char *folder, struct suite_scenario *item,
                                struct err_note *note);

/* Who reads a command: a person before a shell, who may be in another folder when it is used and
 * gets the whole path; or a file, which may be read on another machine, and names it as the run
 * did. */
enum capsule_reader { CAPSULE_FOR_SHELL, CAPSULE_FOR_FILE };

/* A file or folder as a word of such a command. */
void capsule_write_path(struct buf *out, const char *path, enum capsule_reader reader);
/* "tollgate run --world sim reports/x/y/capsule.yaml"; item->capsule is not NULL. */
void capsule_replay_command(struct buf *out, const struct suite_scenario *item,
                            enum capsule_reader reader);
/* "tollgate shrink ..."; false when the check failed over sockets alone: shrinking simulates. */
bool capsule_shrink_command(struct buf *out, const struct suite_scenario *item,
                            enum capsule_reader reader);

#endif
