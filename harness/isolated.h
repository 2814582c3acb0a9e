#ifndef HARNESS_ISOLATED_H
#define HARNESS_ISOLATED_H
/* Work in a process of its own, so that an assert that fails in it, or a loop that never ends, is a
 * finding and not the end of the program. Standard output is shared; what the work changes in
 * memory is lost, but for memory that is shared. */

#include <stdbool.h>
#include <stddef.h>

struct isolated_end {
    bool by_signal;
    int signal; /* by_signal; SIGALRM: it took longer than it was given */
    int code;   /* else: what the work returned, 0 .. 255 */
};

/* Runs `work`, which may call alarm() for its own bound. `silent`: what it writes to standard error
 * is not shown. A process that cannot be made counts as ended by SIGKILL. */
struct isolated_end isolated_run(int (*work)(void *context), void *context, bool silent);

/* Zeroed memory that such work shares with who runs it; never NULL. */
void *isolated_share(size_t bytes);
void isolated_unshare(void *memory, size_t bytes);

#endif
