#include "promtool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { DONE_CLEAN = 0, DONE_WITH_COMPLAINTS = 3 };

/* What the checker may say: the names that dashboards have used for years break its rules. */
static const char *const allowed[] = {
    "tsfm_request_latency_ms metric names should not contain abbreviated units",
};

int promtool_run(const char *page, char said[PROMTOOL_SAID_MAX])
{
    char path[] = "/tmp/tollgate-metrics-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, page, strlen(page)), strlen(page));
    close(fd);
    char command[256];
    snprintf(command, sizeof command, "%s check metrics <%s 2>&1", TOLLGATE_PROMTOOL, path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t length = fread(said, 1, PROMTOOL_SAID_MAX - 1, pipe);
    said[length] = '\0';
    int rc = pclose(pipe);
    unlink(path);
    assert_true(WIFEXITED(rc));
    return WEXITSTATUS(rc);
}

void promtool_check(const char *page)
{
    char said[PROMTOOL_SAID_MAX];
    int rc = promtool_run(page, said);
    if (rc != DONE_CLEAN && rc != DONE_WITH_COMPLAINTS) fail_msg("exit %d: %s", rc, said);
    size_t seen = 0;
    char *rest = NULL;
    for (char *line = strtok_r(said, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        bool known = false;
        for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
            known = known || strcmp(line, allowed[i]) == 0;
        }
        if (!known) fail_msg("promtool: %s", line);
        seen++;
    }
    assert_int_equal(seen, sizeof allowed / sizeof *allowed);
}
