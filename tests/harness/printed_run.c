#include "printed_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "scratch.h"

int printed_run(const struct run_options *options, char **said)
{
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    assert_non_null(freopen(scratch_path("printed"), "w", stdout));
    int code = run_command(options);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    mem_free(*said);
    *said = scratch_read("printed");
    return code;
}
