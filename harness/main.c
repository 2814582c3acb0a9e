#include <fcntl.h>
#include <unistd.h>

#include "harness/cli.h"

/* A file that is opened where standard output was closed would be written to as if it were that. */
static void open_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) continue;
        if (open("/dev/null", O_RDWR) != fd) return;
    }
}

int main(int argc, char **argv)
{
    open_standard_files();
    return cli_main(argc, argv);
}
