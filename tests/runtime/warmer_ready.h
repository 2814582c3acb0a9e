#ifndef TESTS_RUNTIME_WARMER_READY_H
#define TESTS_RUNTIME_WARMER_READY_H
/* What the tests of the warmup ask of the rig. Include cmocka's headers first. */

#include <stdio.h>
#include <string.h>

#include "rig.h"

enum { POINTS = 40 };

#define QUICK "warmup_enabled=true", "warmup_retry_max_s=0.02", "retry_count=0"

static inline unsigned readiness(struct rig *rig, char text[512])
{
    struct rig_answer answer = rig_get(rig, "GET", "/health/ready");
    unsigned status = answer.status;
    snprintf(text, 512, "%s", answer.body);
    rig_answer_free(&answer);
    return status;
}

static inline bool is_ready(struct rig *rig)
{
    char text[512];
    return readiness(rig, text) == 200;
}

static inline void assert_says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static inline bool is_hung(struct rig *rig)
{
    return rig->hung_count > 0;
}

#endif
