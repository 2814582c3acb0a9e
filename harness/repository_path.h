#ifndef HARNESS_REPOSITORY_PATH_H
#define HARNESS_REPOSITORY_PATH_H
/* Where a file stands within its repository, which is how GitHub and GitLab want it: an annotation
 * of any other path is shown at no line. The repository is $GITHUB_WORKSPACE, else $CI_PROJECT_DIR,
 * else the nearest folder above the file that holds a .git, else the working folder.
 *
 *     in /w/sub, GITHUB_WORKSPACE=/w:    ./a.yaml       -> sub/a.yaml
 *                                        /w/b//c.yaml   -> b/c.yaml
 *                                        /elsewhere/d   -> /elsewhere/d    (outside: as it is) */

#include "base/buf.h"

/* Appends it; the file need not be there. */
void repository_path(struct buf *out, const char *path);

#endif
