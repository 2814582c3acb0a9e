#ifndef HARNESS_SWEEP_CONFIRM_H
#define HARNESS_SWEEP_CONFIRM_H
/* Whether what the simulation says of the best settings holds over real sockets: the top three, the
 * current setting and one configuration that is predicted to fail are played by the mock and the
 * runtime. */

#include "harness/sweep_search.h"

enum { SWEEP_CONFIRM_MAX = 5 };

/* One configuration in one scenario, in both worlds with the same seed. */
struct sweep_pair {
    size_t scenario;              /* index in the world's suite */
    const char *name;             /* borrowed: the scenario's */
    struct sweep_measure sim;
    struct sweep_measure real;
    enum check_status status;     /* of the real world's verdict */
    bool disagrees;               /* the worlds do, as tollgate run --world both finds it */
    bool compared;                /* request by request: */
    uint32_t same, requests;      /* served as simulated, of those with one fate */
};

struct sweep_confirmed {
    const char *role;             /* "pick", "second", "third", "current", "control" */
    struct sweep_point point;
    uint64_t key;
    struct sweep_pair *pairs;     /* owned; by scenario */
    size_t pair_count;
};

struct sweep_confirmation {
    bool done;
    struct sweep_confirmed items[SWEEP_CONFIRM_MAX];
    size_t count;
    int exit_code; /* 0 confirmed; 1 the pick failed; 4 invalid runs; 5 the worlds disagree, or the
                    * control passed */
    char sentence[512];
};

struct sweep_confirm_options {
    const char *folder;   /* the sweep's */
    const char *programs; /* NULL: this program's own */
    bool quiet;
};

/* Plays them; false with a message on stderr when it could not. */
bool sweep_confirm(const struct sweep *sweep, const struct sweep_confirm_options *options,
                   struct sweep_confirmation *out);
/* Fills exit_code and sentence; the pick is the first item, a control the last. */
void sweep_confirmation_judge(struct sweep_confirmation *confirmation);
void sweep_confirmation_deinit(struct sweep_confirmation *confirmation);

#endif
