#ifndef HARNESS_RUN_PLACE_H
#define HARNESS_RUN_PLACE_H
/* Where a run's programs are found and where its report goes. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { RUN_PATH_MAX = 1024 };

struct run_place {
    char programs[RUN_PATH_MAX]; /* folder of tollgate-runtime and mock-tollama */
    char folder[RUN_PATH_MAX];   /* of the report */
    char name[32];               /* of the run: its UTC time, "20260131-235959" */
    bool mock_alone;             /* the runtime is not needed: another service is judged */
    bool is_latest;              /* nobody chose the folder: reports/latest will point to it */
};

/* `programs`, or this program's own folder when NULL. ERR_NOT_FOUND when one is not there. */
MUST_USE enum err run_find_programs(struct run_place *place, const char *programs,
                                    struct err_note *note);
/* Names the run; its folder is `out`, or a new reports/<name> when NULL. Makes nothing. */
void run_name(struct run_place *place, const char *out, uint64_t started_wall_ms);
/* reports/latest -> the run's folder, replaced in one step; nothing when somebody chose the folder.
 */
void run_link_latest(const struct run_place *place);

#endif
